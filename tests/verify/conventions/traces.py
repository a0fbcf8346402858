"""Probes in every reading."""

from .subjects import sphere, subject


def trace_on_the_sphere(matvec, dim, *, rng):
    v = sphere(rng, 1, dim)
    return (v * matvec(v)).sum()


SUBJECTS = {
    ("trace_probes", "unit norm"): subject(trace_estimate=trace_on_the_sphere),
}
