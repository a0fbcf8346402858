"""Figures that hold the exact curve, the estimate and its error bar.

Needs matplotlib (`refscore[plot]`), which is imported only when a function here is called.
Dark lines are exact, coloured dots are estimates. Every function draws into `ax`, or into
axes of a new figure, and returns the axes.
"""

from refscore.plotting.arrows import score_arrows
from refscore.plotting.chains import ellipse, evidence_paths, histogram
from refscore.plotting.curves import estimates, exact_and_estimates, exact_curve, trace_decay
from refscore.plotting.evolution import animate, density_frames
from refscore.plotting.figures import COLOURS, INK, LINE, SOFT, axes, finish, label
from refscore.plotting.trajectories import density_map, trajectories
from refscore.plotting.work_precision import work_precision

__all__ = [
    "COLOURS", "INK", "LINE", "SOFT", "animate", "axes", "density_frames", "density_map", "ellipse",
    "estimates", "evidence_paths", "exact_and_estimates", "exact_curve", "finish", "histogram",
    "label", "score_arrows", "trace_decay", "trajectories",
    "work_precision",
]  # fmt: skip
