"""What a network may predict, and how one prediction becomes another.

At time t, X_t = α X_0 + σ ε. Every prediction is a combination of X_0 and ε:

    "data"      x₀                     "noise"     ε
    "score"     s = -ε/σ               "velocity"  v = α ε - σ x₀
    "flow"      dx/dt = α' x₀ + σ' ε, the velocity of the probability flow

so with x it fixes every other: target = p x + q value.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from refscore._arguments import as_callable, as_like, as_points, as_positive, beyond_float
from refscore.diffusion.probability_flow import score_values
from refscore.fields import Affine, Family, Field
from refscore.processes import as_process, as_time, rowwise

PARAMETRISATIONS = ("score", "noise", "data", "velocity", "flow")


def convert(process, x, t, value, source: str, target: str) -> np.ndarray:
    """A prediction at x and time t in another parametrisation: p x + q value.

        x = α x₀ + σ ε,  value = a x₀ + b ε,  target = a' x₀ + b' ε,  δ = α b - σ a
        p = (a' b - b' a)/δ,  q = (α b' - σ a')/δ

    Arguments: process; x (..., d); t, one time or one a point (...,); value (..., d), a
    prediction of the kind source; source and target, of "score", "noise", "data", "velocity"
    (α ε - σ x₀) and "flow" (α' x₀ + σ' ε). Returns: (..., d).
    Raises: ValueError where source does not fix target: at σ = 0 "data" fixes nothing else, and
    nothing fixes a score; at α = 0 "noise" and "score" fix each other alone; a flow needs
    finite rates. Cost: one pass. Source: Salimans and Ho 2022, appendix D; derived.
    Checked by: parametrisations_convert, predictions_from_score
    """
    x = as_points(x, "x")
    value = as_like(value, "value", x, "x")
    p, q = conversion(process, t, source, target)
    p, q = (rowwise(c, x, "t") for c in (p, q))
    with beyond_float():
        return p * x + q * value


def conversion(process, t, source: str, target: str) -> tuple[np.ndarray, np.ndarray]:
    """(p, q) of target = p x + q value, shapes of t; arguments and errors as for `convert`.

    Checked by: parametrisations_convert, predictions_from_score
    """
    process = as_process(process)
    for name, kind in (("source", source), ("target", target)):
        if kind not in PARAMETRISATIONS:
            raise ValueError(f"{name} must be one of {PARAMETRISATIONS}, got {kind!r}")
    t = as_time(t, process)
    if source == target:
        return np.zeros_like(t)[()], np.ones_like(t)[()]
    alpha, sigma = (np.asarray(c, dtype=float) for c in process.marginal(t))
    with np.errstate(all="ignore"):
        p, q = _by_noise(process, t, alpha, sigma, source, target)
    bad = ~(np.isfinite(p) & np.isfinite(q))
    if bad.any():
        at = tuple(np.argwhere(bad)[0])
        raise ValueError(
            f"t must be a time at which {source!r} fixes {target!r}; at t = {t[at]:g}, where"
            f" alpha = {alpha[at]:.3g} and sigma = {sigma[at]:.3g}, it does not"
        )
    return p[()], q[()]


def _by_noise(process, t, alpha, sigma, source: str, target: str):
    """(p, q), a score being -ε/σ on either side; not finite where source does not fix target."""
    from_score = -sigma if source == "score" else 1.0
    to_score = -1 / sigma if target == "score" else 1.0
    if {source, target} <= {"noise", "score"}:
        return np.zeros_like(t), np.broadcast_to(from_score * to_score, t.shape)
    a, b = _weights(process, t, alpha, sigma, source)
    a_to, b_to = _weights(process, t, alpha, sigma, target)
    delta = alpha * b - sigma * a
    delta = np.where(delta == 0, np.nan, delta)
    p, q = (a_to * b - b_to * a) / delta, (alpha * b_to - sigma * a_to) / delta
    return p * to_score, from_score * q * to_score


def _weights(process, t, alpha, sigma, kind: str):
    """(a, b) of a x₀ + b ε; of the noise for a score."""
    zero, one = np.zeros_like(t), np.ones_like(t)
    if kind == "flow":
        rates = process.marginal_rates(t)
        return tuple(np.asarray(rate, dtype=float) for rate in rates)
    return {"data": (one, zero), "velocity": (-sigma, alpha)}.get(kind, (zero, one))


class Predictions(Family):
    """The scores of a process from a family, or a function t -> field, that predicts `kind`.

    `.at(t)` is the score at time t, so that it drives every sampler, flow and likelihood:
    s = p x + q F_t(x), with the derivatives and parameters of F_t where that is a Field.
    `.native(t)` is F_t itself: a sampler that uses another prediction converts from that one.

    Arguments: process; predicted, a family with .at(t) or a function of t; kind, one of the
    parametrisations. Raises: as `convert`, where a score is asked for at σ = 0.
    Source: Karras et al. 2022, table 1.
    Tested in: tests/diffusion/test_parametrisation.py
    """

    def __init__(self, process, predicted, kind: str):
        if kind not in PARAMETRISATIONS:
            raise ValueError(f"kind must be one of {PARAMETRISATIONS}, got {kind!r}")
        at = as_callable(getattr(predicted, "at", predicted), "predicted")
        super().__init__(at)
        self.process, self.kind, self.native = as_process(process), kind, at

    def at(self, t):
        """The score at one time, a Field where F_t is one."""
        return self.converted(t, "score")

    def converted(self, t, target: str) -> Callable:
        """The prediction of the kind target at one time."""
        p, q = (float(c) for c in conversion(self.process, t, self.kind, target))
        field = self.native(t)
        if isinstance(field, Field):
            return field if (p, q) == (0, 1) else Affine(p * np.eye(field.dim)) + q * field
        name = f"the {self.kind} prediction"
        return lambda x: p * np.asarray(x) + q * score_values(field, np.asarray(x), t, name)


def predictions(process, predicted, kind: str) -> Predictions:
    """`Predictions`: what a network of another parametrisation gives every sampler as a score_at.

    Tested in: tests/diffusion/test_parametrisation.py
    """
    return Predictions(process, predicted, kind)


class LadderScores(Family):
    """What `ladder_scores` returns."""

    def __init__(self, process, family):
        if not hasattr(family, "at"):
            raise TypeError(f"family must offer .at, got {type(family).__name__}")
        super().__init__(family.at)
        self.process, self.ladder = as_process(process), family

    def at(self, t):
        """The score at one time, a Field where the ladder's is one."""
        alpha, sigma = (float(c) for c in self.process.marginal(as_time(t, self.process)))
        if alpha == 0 or sigma == 0:
            raise ValueError(f"t must be a time with alpha and sigma above 0, got {float(t):g}")
        field = self.ladder.at(sigma / alpha)
        if isinstance(field, Field):
            return field if alpha == 1 else field.restrict(np.eye(field.dim) / alpha)
        return lambda x: score_values(field, np.asarray(x) / alpha, t) / alpha


def ladder_scores(process, family) -> Family:
    """The scores of a process from a family s(x, σ) of scores of X_0 + σ Z, as a ladder fits it.

        s_t(x) = s(x/α_t, σ_t/α_t)/α_t

    Arguments: process; family, whose .at(sigma) is a Field or a function of points, such as a
    `ConditionalMLP` or an exact one. Returns: a family with .at(t) for 0 <= t <= T, of the same
    kind. Raises: ValueError at α = 0 or σ = 0. Source: Karras et al. 2022, section 2.
    Tested in: tests/diffusion/test_parametrisation.py
    """
    return LadderScores(process, family)


def edm_denoiser(network: Callable, sigma_data: float) -> Callable:
    """The denoiser of X_0 + σ Z that EDM's preconditioning makes of a network.

        D(x, σ) = c_skip x + c_out F(c_in x, c_noise)

    Arguments: network(x, c_noise) on points (..., d); sigma_data > 0. Returns: a function of
    σ > 0 that gives the function x -> D(x, σ): data predictions of the process α = 1, σ = t.
    Source: Karras et al. 2022, equation 7 and table 1.
    Tested in: tests/diffusion/test_parametrisation.py
    """
    from refscore.networks import edm_preconditioning

    network, sigma_data = as_callable(network, "network"), as_positive(sigma_data, "sigma_data")

    def at(sigma) -> Callable:
        skip, out, scale, label = edm_preconditioning(sigma, sigma_data)

        def labelled(y):
            return network(y, label)

        def denoised(x):
            x = np.asarray(x)
            return skip * x + out * score_values(labelled, scale * x, sigma, "the network")

        return denoised

    return at
