"""Convergence of chains through arviz-stats: split R-hat, effective sample sizes, their errors."""

from __future__ import annotations

import numpy as np

from refscore._arguments import as_array

_RHAT = ("rank", "split", "folded", "z_scale", "identity")
_ESS = ("bulk", "tail", "mean", "sd", "median", "mad", "z_scale")
_MCSE = ("mean", "sd", "median")


def rhat(chains, *, method: str = "rank") -> np.ndarray:
    """The potential scale reduction of every coordinate; 1 where chains agree, above where not.

        R = √[((n − 1)/n W + B/n)/W], W the mean variance within chains, B between them

    Chains are split in halves; "rank" takes the larger value of ranks made normal and of their
    distances from the median, "split" the numbers as they are ("identity" without a split).
    chains: what `langevin.run(..., trajectory=True)` returns, or its trajectory: draws first,
    coordinates last, chains between, (n, d) or (n, ..., d), n ≥ 4. Returns (d,).
    Raises: ImportError naming the extra; ValueError or TypeError naming the argument.
    Source: Vehtari, Gelman, Simpson, Carpenter and Bürkner 2021, as arviz-stats has it.
    Tested in: tests/test_diagnostics.py
    """
    return _each_coordinate("rhat", chains, method, _RHAT)


def ess(chains, *, method: str = "bulk") -> np.ndarray:
    """The effective sample size of every coordinate: the draws of all chains over their IACT.

        n m / (1 + 2 Σ_k ρ_k); the unadjusted chain on N(0, λ) has (1 + a)/(1 − a), a = 1 − η/2λ

    "bulk" is of normalised ranks, "mean" of the numbers, "sd" and "median" for those, "tail"
    the smaller one of the 5% and 95% quantiles. Arguments, errors and source as in `rhat`.
    Returns (d,).
    Tested in: tests/test_diagnostics.py
    """
    return _each_coordinate("ess", chains, method, _ESS, (0.05, 0.95))


def mcse(chains, *, method: str = "mean") -> np.ndarray:
    """The Monte Carlo standard error of every coordinate's "mean", "sd" or "median".

    For the mean sd/√ess. Arguments, errors and source as in `rhat`. Returns (d,).
    Tested in: tests/test_diagnostics.py
    """
    return _each_coordinate("mcse", chains, method, _MCSE)


def to_arviz(chains, *, name: str = "x"):
    """Chains as ArviZ keeps them: a DataTree with a group `posterior`, (chain, draw, d).

    chains as in `rhat`, with any number of draws; name, that of the variable.
    Returns: xarray.DataTree, for arviz_stats.summary, arviz_plots and the like.
    Raises: ImportError naming the extra; ValueError or TypeError naming the argument.
    Cost: one copy of the trajectory.
    Tested in: tests/test_diagnostics.py
    """
    if not isinstance(name, str) or not name:
        raise TypeError(f"name must be a string, got {name!r}")
    draws = _chains(chains)
    try:
        from arviz_base import from_dict
    except ImportError as error:
        raise _missing("arviz-base", error) from error
    return from_dict({"posterior": {name: draws}})


def _each_coordinate(function: str, chains, method, methods, tails=None) -> np.ndarray:
    if not isinstance(method, str) or method not in methods:
        raise ValueError(f"method must be one of {', '.join(methods)}, got {method!r}")
    draws = _chains(chains)
    if draws.shape[1] < 4:
        raise ValueError(f"chains must hold at least 4 draws, got {draws.shape[1]}")
    try:
        from arviz_stats.base import array_stats
    except ImportError as error:
        raise _missing("arviz-stats", error) from error
    prob = {"prob": tails} if method == "tail" else {}
    with np.errstate(all="ignore"):
        found = getattr(array_stats, function)(
            draws, chain_axis=0, draw_axis=1, method=method, **prob
        )
    return np.asarray(found, dtype=np.float64)


def _chains(chains) -> np.ndarray:
    """(chain, draw, d) from a run or a trajectory (draw, ..., d)."""
    if hasattr(chains, "trajectory"):
        chains = chains.trajectory
        if chains is None:
            raise ValueError("chains must hold a trajectory: run with trajectory=True")
    x = as_array(chains, "chains")
    if x.ndim < 2 or x.size == 0:
        raise ValueError(
            "chains must have shape (n, d) or (n, ..., d), draws first and coordinates last,"
            f" got shape {x.shape}"
        )
    return np.moveaxis(x.reshape(len(x), -1, x.shape[-1]), 0, 1).copy()


def _missing(package: str, error) -> ImportError:
    return ImportError(
        f"diagnostics need {package}, the extra `arviz`: pip install 'refscore[arviz]' ({error})"
    )
