"""Speed against what a reader, torch and JAX would write: `python -m validation.benchmarks`.

One file a workload, each with `WORKLOAD` (its name), `cases()` and nothing else public;
`growth` measures how time and memory grow with the sizes instead of racing anyone.
Process CPU time on one thread, all contenders interleaved (A B C A B C), warm-up and
compilation excluded, medians; every contender first has to give our numbers.
"""

import os

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "1")  # read when NumPy is first imported
os.environ.setdefault(
    "XLA_FLAGS", "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
)

NAMES = (
    "implicit", "sliced", "denoising", "ladder", "divergence", "mixture_score", "langevin", "mala",
    "stein", "mmd", "likelihood", "fokker_planck", "reverse_sde", "neural_ode",
    "gumbel", "quantise",
)  # fmt: skip
GROWTH = "growth"


def rows(names=NAMES, repeats: int = 7):
    """The measured rows of the named workloads, for validation/RESULTS.md."""
    from importlib import import_module

    from validation.benchmarks.timing import measure

    modules = [import_module(f"validation.benchmarks.{name}") for name in names]
    return [row for module in modules for case in module.cases() for row in measure(case, repeats)]
