"""Forward processes dx = f(t) x dt + g(t) dw with their marginals X_t = α_t X_0 + σ_t Z."""

from refscore.processes.base import Process, as_process, as_time, linear_drift, rowwise
from refscore.processes.exploding import VE
from refscore.processes.preserving import VP

__all__ = ["VE", "VP", "Process", "as_process", "as_time", "linear_drift", "rowwise"]
