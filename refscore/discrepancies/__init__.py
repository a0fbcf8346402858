"""How far two laws are apart, or a sample and a law: exact, blocked, in bounded memory."""

from refscore.discrepancies.embeddings import mmd
from refscore.discrepancies.energy import energy_distance
from refscore.discrepancies.kernels import median_bandwidth
from refscore.discrepancies.kolmogorov import kolmogorov_smirnov
from refscore.discrepancies.quantiles import wasserstein_quantile
from refscore.discrepancies.stein import kernel_stein
from refscore.discrepancies.wasserstein import wasserstein_1d, wasserstein_gaussian

__all__ = [
    "energy_distance", "kernel_stein", "kolmogorov_smirnov", "median_bandwidth", "mmd",
    "wasserstein_1d", "wasserstein_gaussian", "wasserstein_quantile",
]  # fmt: skip
