"""The log-likelihood of data by the probability flow and the change of variables."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from refscore._arguments import (
    as_array,
    as_callable,
    as_count,
    as_points,
    as_positive,
    as_real,
    beyond_float,
    require_finite,
)
from refscore.diffusion._given import whole
from refscore.diffusion._pieces import solve_in_pieces, solved_or
from refscore.diffusion._timed import flow_of, points_of
from refscore.diffusion.encoding import encode
from refscore.diffusion.probability_flow import diffused, flow_map, one_time
from refscore.processes import as_process
from refscore.traces.divergences import point_probes


class Likelihood(NamedTuple):
    """What a flow says about data x (..., d): `log_density` = `log_terminal` + `volume`.

    log_density (...,), at the time `start`; standard_error (...,), over the probes: 0 for
    the exact divergence, nan for one probe; end_points (..., d), x_T; log_terminal (...,),
    log p_T(x_T); volume (...,), ∫ div v dt; evaluations (...,), of the velocity.
    """

    log_density: np.ndarray
    standard_error: np.ndarray
    end_points: np.ndarray
    log_terminal: np.ndarray
    volume: np.ndarray
    evaluations: np.ndarray


class LikelihoodErrors(NamedTuple):
    """What a cut-off and a prior add to log p_0(x), (...,) each."""

    cut_off: np.ndarray
    prior_mismatch: np.ndarray


def log_likelihood(
    process, score_at, x, *, probes=None, terminal: Callable | None = None,
    start=0.0, end=None, **options,
) -> np.ndarray:  # fmt: skip
    """Log-density at time `start` by integrating the flow of x and the divergence of its velocity.

        log p_s(x_s) = log p_T(x_T) + ∫_s^T div v(x_t, t) dt,  dx/dt = v = f x - ½ g² s_t
        div v = f d - ½ g² div s_t,  or with probes held fixed: mean over m of vᵀ (∂v/∂x) v

    Arguments: process, VP, VE or anything with their methods; score_at, a law, a family or a
    function t -> field (with .divergence, or .jvp when probes are used); x (..., d); probes
    (..., m, d), unbiased for the log density; terminal, log p_T as a function (..., d) ->
    (...,): the exact diffused law when score_at is a law, else N(0, prior_std² I), an
    approximation (`likelihood_errors` says by how much); start, end within [0, T]; options:
    rtol, atol (1e-8), the error a step of each point's own state and volume, and method
    (DOP853), a name scipy's solve_ivp knows; shared_steps, as of `encode`. No point's answer
    depends on the others, but for shared steps, within the tolerance.
    Returns: (...,). Raises: ValueError naming the argument, or the first point that a solve fails
    for; the error's attribute `finished` is then the `Likelihood` of all, nan where it failed.
    Far points of narrow laws may be stiff: method="Radau". Cost: about 300 evaluations of the
    velocity and its divergence a point, or 14 for every interval of a table's process, solved
    from one of its levels to the next; all points at once for Gaussians, mixtures and empirical
    laws; any other score is called at every stage for every point, or once a stage with
    shared_steps=True.
    Source: Song et al. 2021, equation 39; Grathwohl et al. 2019.
    Checked by: flow_log_likelihood, flow_log_likelihood_of_mixtures
    """
    return likelihood(
        process, score_at, x, probes=probes, terminal=terminal, start=start, end=end, **options
    ).log_density


def likelihood(
    process, score_at, x, *, probes=None, rng=None, n_probes=1, probe="rademacher",
    terminal: Callable | None = None, start=0.0, end=None, **options,
) -> Likelihood:  # fmt: skip
    """The log-likelihood with its parts, and its standard error where probes estimate it.

        log p_s(x_s) = log p_T(x_T) + ∫_s^T div v(x_t, t) dt
        standard error: sd over the m probes of ∫ vᵀ (∂v/∂x) v dt, / √m

    Arguments: as of `log_likelihood`; rng in place of probes: n_probes of the kind `probe`
    are drawn for every point, once, and held through the solve, so that the integrand is
    smooth; neither: the exact divergence. Returns: Likelihood. Raises: as log_likelihood.
    Source: Song et al. 2021, equation 39; Grathwohl et al. 2019, section 3.1.
    Checked by: flow_log_likelihood, flow_log_likelihood_on_probes
    """
    x, process = points_of(score_at, x), whole(process)
    end = process.final_time if end is None else one_time(end, process, "end")
    start = one_time(start, process, "start")
    if terminal is None:
        terminal = prior_log_density(process, score_at, end, x.shape[-1])
    terminal = log_density_by(terminal)
    if probes is not None or rng is not None:
        probes = point_probes(x, probes, rng=rng, n_probes=n_probes, probe=probe)
    lead, dim = x.shape[:-1], x.shape[-1]
    rows = x.reshape(-1, dim)
    held = None if probes is None else probes.reshape(len(rows), -1, dim)
    count = 1 if held is None else held.shape[1]
    flow = flow_of(process, score_at, rows, (start, end), held)

    def parts(solved) -> Likelihood:
        ends, volumes = solved.y[:dim].T.reshape(x.shape), solved.y[dim:]
        volume, error = volumes.mean(axis=0).reshape(lead), _standard_error(volumes, held)
        failed = np.isnan(volume)
        log_terminal = np.where(failed, np.nan, terminal(np.where(failed[..., None], 0.0, ends)))
        error = np.where(failed, np.nan, error.reshape(lead))
        evaluations = solved.evaluations.reshape(lead)
        return Likelihood(log_terminal + volume, error, ends, log_terminal, volume, evaluations)

    with beyond_float():
        state = np.concatenate([rows.T, np.zeros((count, len(rows)))])
        return solved_or(
            lambda: solve_in_pieces(process, flow, start, end, state, **options), parts
        )


def _standard_error(volumes, probes) -> np.ndarray:
    if probes is None:
        return np.zeros(volumes.shape[1])
    if len(volumes) == 1:
        return np.full(volumes.shape[1], np.nan)
    return volumes.std(axis=0, ddof=1) / np.sqrt(len(volumes))


def gaussian_log_likelihood(
    law, process, x, *, probes=None, terminal: Callable | None = None
) -> np.ndarray:
    """What `log_likelihood` gives for Gaussian data, in closed form: no solver.

        log p_T(x_T) + tr G,  x_T = m_T + e^G (x - m_0),  G = ½ log(S_T S_0⁻¹)
        with probes: log p_T(x_T) + mean over m of vᵀ G v

    Arguments: law, Gaussian; process, VP, VE or anything with their methods; x (..., d), data
    at time 0; probes (..., m, d); terminal, log p_T as a function (..., d) -> (...,), the exact
    diffused law's unless given. Returns: (...,). Cost: O(d³) once, d² a point. Source: derived.
    Tested in: tests/diffusion/test_likelihood.py
    """
    x, process = as_points(x, "x"), as_process(process)
    flow = flow_map(law, process, 0.0, process.final_time)
    if terminal is None:
        terminal = prior_log_density(process, law, process.final_time, law.dim)
    end = log_density_by(terminal)(flow(x))
    if probes is None:
        return end + flow.log_det
    v = point_probes(x, probes)
    with beyond_float():
        return end + np.mean(np.sum(v * (v @ flow.generator), axis=-1), axis=-1)


def likelihood_errors(process, law, x, *, start=0.0, terminal=None, **options) -> LikelihoodErrors:
    """By how much a cut-off and a prior move the log-likelihood of data x, told apart.

        log p̂(x) = log p_0(x) + cut-off + prior mismatch
        cut-off: log p_start(x) - log p_0(x),  the data taken for a point at time `start`
        prior mismatch: log p̂_T(x_T) - log p_T(x_T),  x_T where the exact flow ends

    Arguments: process; law of the data, with .diffuse; x (..., d); start; terminal, log p̂_T as
    a function (..., d) -> (...,), N(0, prior_std² I) unless given; options of `encode`.
    Returns: LikelihoodErrors. Cost: one `encode`. Source: derived from Song et al. 2021, 39.
    Checked by: prior_error_of_a_likelihood, cutoff_error_of_a_likelihood
    """
    x, process = points_of(law, x), whole(process)
    start, end = one_time(start, process, "start"), process.final_time
    if terminal is None:
        terminal = prior_log_density(process, None, end, x.shape[-1])
    terminal = log_density_by(terminal)
    ends = encode(process, law, x, start=start, **options)
    with np.errstate(all="ignore"):
        first = diffused(process, law, start).log_density(x) - law.log_density(x)
        last = terminal(ends) - diffused(process, law, end).log_density(ends)
    why = "x far from the data: the difference of two log densities"
    return LikelihoodErrors(*(require_finite(error, why) for error in (first, last)))


def bits_per_dimension(log_density, dim: int, *, bin_width=1.0) -> np.ndarray:
    """The code length in bits a dimension of data quantised to bins, their density given.

        -(log p(x) + d log δ) / (d log 2)

    δ^d p(x) stands for the probability of x's bin; with noise uniform on the bin added to the
    data its mean log is a lower bound on the log-probability. Data scaled from 256 levels to
    [0, 1] have δ = 1/256, an offset of 8 bits; to [-1, 1] δ = 1/128, 7 bits.
    Arguments: log_density (...,), in nats; dim d; bin_width δ in the units of x. Returns: (...,).
    Source: Theis, van den Oord and Bethge 2016, section 3.1.
    Checked by: bits_of_quantised_data
    """
    log_density, dim = as_array(log_density, "log_density"), as_count(dim, "dim")
    offset = -np.log2(as_positive(bin_width, "bin_width"))
    return (-log_density / (dim * np.log(2)) + offset)[()]


def prior_log_density(process, score_at, end: float, dim: int) -> Callable:
    """log p_T of the exact diffused law where score_at is a law, else of N(0, prior_std² I)."""
    if hasattr(score_at, "diffuse"):
        return diffused(process, score_at, end).log_density
    variance = whole(process).prior_std() ** 2
    return lambda x: -0.5 * (np.sum(x**2, axis=-1) / variance + dim * np.log(2 * np.pi * variance))


def log_density_by(terminal) -> Callable:
    """`terminal`, whose log densities must be one a point, none of them nan or inf."""
    terminal = as_callable(terminal, "terminal")

    def log_density(x: np.ndarray) -> np.ndarray:
        found = as_real(terminal(x.copy()), "terminal(x)")
        if found.shape != x.shape[:-1]:
            raise ValueError(
                f"terminal(x) must have shape {x.shape[:-1]}, one log density a point;"
                f" got shape {found.shape}"
            )
        if not (found < np.inf).all():
            bad = found[~(found < np.inf)][0]
            raise ValueError(f"terminal(x) must be log densities, finite or -inf; got {bad}")
        return found

    return log_density
