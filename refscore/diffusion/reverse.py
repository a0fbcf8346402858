"""Reversal of a forward SDE: the drifts that have its marginals, in either direction of time."""

from __future__ import annotations

from collections.abc import Callable

from refscore._arguments import as_callable, as_points, as_positive, as_scalar, beyond_float
from refscore.diffusion.base import vector_of

DIRECTIONS = ("backward", "forward")


def reversal(
    drift: Callable, diffusion: Callable, score: Callable, stochasticity=1.0,
    direction: str = "backward",
) -> Callable:  # fmt: skip
    """The drift that, with noise l g dw, has the marginals of dx = f dt + g dw.

        backward, dt < 0:  dx = [f - ½(1 + l²) g² s_t(x)] dt + l g dw
        forward,  dt > 0:  dx = [f - ½(1 - l²) g² s_t(x)] dt + l g dw

    In each case dw is fresh noise of variance |dt|: run backward, x moves by drift · dt, dt < 0,
    plus l g √|dt| z. l = 0 is the probability flow both ways; l = 1 the reverse SDE backward and
    the process itself forward; only they carry the law of whole paths.
    Arguments: drift f(x, t), (..., d) -> (..., d), any; diffusion g(t), a number; score s(x, t) of
    the law at time t, (..., d); stochasticity l >= 0; direction.
    Returns: drift(x, t), x (..., d), t a number. Raises: ValueError naming the argument.
    Cost: one score and one drift. Source: Anderson 1982; Song et al. 2021, appendix D.
    Checked by: reverse_drift_family, reversal_keeps_marginals, only_reverse_sde_reverses,
    erratum_flow_more_stable
    """
    f, g = as_callable(drift, "drift"), as_callable(diffusion, "diffusion")
    score = as_callable(score, "score")
    level = as_positive(stochasticity, "stochasticity", zero=True)
    if direction not in DIRECTIONS:
        raise ValueError(f"direction must be one of {', '.join(DIRECTIONS)}; got {direction!r}")
    share = 0.5 * (1 + level**2 if direction == "backward" else 1 - level**2)

    def reversed_drift(x, t):
        x, t = as_points(x, "x"), as_scalar(t, "t")
        with beyond_float():
            pull = share * as_scalar(g(t), "diffusion(t)") ** 2 * vector_of(score, "score", x, t)
            return vector_of(f, "drift", x, t) - pull

    return reversed_drift
