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
    distances from the median, "split" the numbers as they are ("identity" without a split, for
    two chains or more). One chain is compared with itself, its first half with its last.
    chains: what `langevin.run(..., trajectory=True)` returns, or its trajectory: draws first,
    coordinates last, chains between, (n, d) or (n, ..., d), n ≥ 4.
    Returns (d,), nan for a coordinate that never moves.
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
    Returns (d,), nan for a coordinate that never moves.
    Tested in: tests/test_diagnostics.py
    """
    return _each_coordinate("ess", chains, method, _ESS, (0.05, 0.95))


def mcse(chains, *, method: str = "mean") -> np.ndarray:
    """The Monte Carlo standard error of every coordinate's "mean", "sd" or "median".

    For the mean sd/√ess. Arguments, errors and source as in `rhat`.
    Returns (d,), nan for a coordinate that never moves.
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
    size = np.frexp(np.abs(draws).max(axis=(0, 1)))[1]  # arviz-stats takes below 1e-15 for frozen
    scaled, frozen = np.ldexp(draws, -size), np.ptp(draws, axis=(0, 1)) == 0
    with np.errstate(all="ignore"):
        if function == "rhat" and len(draws) == 1:
            found = _rhat_of_halves(scaled, method)
        else:
            found = getattr(array_stats, function)(
                scaled, chain_axis=0, draw_axis=1, method=method, **prob
            )
        found = np.ldexp(found, size) if function == "mcse" else np.asarray(found, np.float64)
    return np.where(frozen, np.nan, found)


def _rhat_of_halves(draws: np.ndarray, method: str) -> np.ndarray:
    """The same for one chain (1, n, d), which arviz-stats refuses."""
    if method == "identity":
        raise ValueError('chains must be two chains or more for method "identity", got one')
    half = draws.shape[1] // 2
    pair = np.concatenate([draws[:, :half], draws[:, -half:]])
    if method == "split":
        return _rhat(pair)
    folded = np.abs(pair - np.median(pair, axis=(0, 1)))
    kept = {"z_scale": (pair,), "folded": (folded,), "rank": (pair, folded)}[method]
    return np.max([_rhat(_as_normal(x)) for x in kept], axis=0)


def _rhat(x: np.ndarray) -> np.ndarray:
    n, W = x.shape[1], x.var(axis=1, ddof=1).mean(axis=0)
    return np.sqrt((n - 1) / n + x.mean(axis=1).var(axis=0, ddof=1) / W)


def _as_normal(x: np.ndarray) -> np.ndarray:
    """Normal quantiles of the ranks among all draws of a coordinate, Blom's."""
    from scipy.special import ndtri
    from scipy.stats import rankdata

    rows = x.reshape(-1, x.shape[-1])
    return ndtri((rankdata(rows, axis=0) - 0.375) / (len(rows) + 0.25)).reshape(x.shape)


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
