"""Distributions with exact scores; each name is loaded from its file when first used."""

from __future__ import annotations

from importlib import import_module

_FILES = {
    "base": ("Distribution",),
    "gaussian": ("Gaussian",),
    "mixture": ("GaussianMixture",),
    "empirical": ("Empirical",),
    "heavy_tails": ("StudentT", "Laplace", "Logistic", "GeneralisedNormal"),
    "bounded": ("Uniform", "SmoothedUniform", "TruncatedNormal", "HalfNormal"),
    "curved": ("Funnel", "Banana"),
    "arcs": ("Ring", "Arc"),
    "patterns": ("TwoMoons", "Checkerboard"),
    "exponential_family": ("ExponentialFamily",),
    "energy": ("Energy",),
    "normalised": ("Normalised",),
    "discrete": ("BoltzmannBinary", "Categorical"),
}
_HOME = {name: file for file, names in _FILES.items() for name in names}
__all__ = list(_HOME)


def __getattr__(name: str):
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
    globals()[name] = value
    return value


def __dir__():
    return sorted(set(globals()) | set(__all__))
