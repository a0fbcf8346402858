"""Guidance: scores tilted towards a condition, and what samplers make of them on Gaussians."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import numpy as np

from refscore._arguments import (
    as_array,
    as_count,
    as_covariance,
    as_points,
    as_positive,
    as_real,
    as_scalar,
    beyond_float,
    require_finite,
)
from refscore.diffusion._given import whole
from refscore.diffusion._pieces import piece_ends, this_side
from refscore.diffusion._scores import affine_part, combined
from refscore.diffusion.ancestral import Ancestral, pair_of
from refscore.diffusion.probability_flow import one_time, score_at_time, score_values
from refscore.distributions.gaussian import Gaussian
from refscore.distributions.mixture import GaussianMixture

LIKELIHOOD = "the likelihood's score"
SPELLINGS = ("u + w (c - u)", "(1 + w) c - w u")


def classifier_free(
    process, conditional, unconditional, weight=1.0, *, spelling: str = SPELLINGS[0]
) -> Callable:
    """The score of classifier-free guidance, in either spelling of its weight.

        s = u + w (c - u): no guidance at w = 1        s = (1 + w) c - w u: none at w = 0

    Both are c + γ' (c - u), with γ' = w - 1 and γ' = w. At one noise level s is the score of
    c^{1+γ'} u^{-γ'}; over all levels together, samplers make another law of it (`reverse_law`).
    Arguments: process; conditional c and unconditional u, each a law, a family or a function
    t -> score; weight w; spelling. Returns: a function t -> score, a score_at for every
    sampler. Cost: both scores. Source: Ho and Salimans 2021, equation 6 (the second spelling).
    Checked by: classifier_free_score
    """
    c = score_at_time(process, conditional, "conditional")
    u = score_at_time(process, unconditional, "unconditional")
    w = as_scalar(weight, "weight") + _spelled(spelling, "spelling")
    names = "the conditional score", "the unconditional score"
    return lambda t: combined(one_time(t, process, "t"), (w, c(t)), (1 - w, u(t)), names=names)


def guidance_weight(weight, source: str, target: str = SPELLINGS[0]) -> float:
    """The weight of classifier-free guidance in another spelling, for one and the same score.

        u + w (c - u) = (1 + ω) c - ω u  for  w = 1 + ω

    Arguments: weight; source, target of "u + w (c - u)" and "(1 + w) c - w u". Returns: float.
    Tested in: tests/diffusion/test_guidance.py
    """
    shift = _spelled(source, "source") - _spelled(target, "target")
    return as_scalar(weight, "weight") + shift


def _spelled(spelling, name: str) -> int:
    """What a weight in this spelling is short of the first one's."""
    if not isinstance(spelling, str) or spelling not in SPELLINGS:
        raise ValueError(f"{name} must be one of {SPELLINGS}, got {spelling!r}")
    return SPELLINGS.index(spelling)


def classifier_guided(process, score_at, likelihood_score_at, weight=1.0) -> Callable:
    """The score of classifier guidance, s_t(x) + w ∇ log p_t(y | x).

        ∇ log p_t(x | y) = ∇ log p_t(x) + ∇ log p_t(y | x)

    Exact for w = 1 with the classifier of the *noised* point at time t; another classifier,
    or w ≠ 1 at all levels, samples another law.
    Arguments: process; score_at and likelihood_score_at, each a law, a family or a function
    t -> score; weight w. Returns: a function t -> score. Cost: both scores.
    Source: Dhariwal and Nichol 2021, section 4; Song et al. 2021, equation 14.
    Checked by: guided_score_of_a_class
    """
    s = score_at_time(process, score_at)
    likelihood = score_at_time(process, likelihood_score_at, "likelihood_score_at")
    w = as_scalar(weight, "weight")
    names = "the score", LIKELIHOOD
    return lambda t: combined(
        one_time(t, process, "t"), (1.0, s(t)), (w, likelihood(t)), names=names
    )


def class_law(law, members) -> GaussianMixture:
    """The law of x given that it comes from the components `members` of a mixture.

        p(x | y) = Σ_{k∈y} π_k N(x; m_k, S_k) / Σ_{k∈y} π_k,  ∇ log p_t(y | x) = s_{t|y} - s_t

    Arguments: law, a GaussianMixture; members, indices of components. Returns: GaussianMixture.
    Tested in: tests/diffusion/test_guidance.py
    """
    if not isinstance(law, GaussianMixture):
        raise TypeError(f"law must be a GaussianMixture, got {type(law).__name__}")
    if np.asarray(members).dtype == bool:
        raise TypeError(
            f"members must be indices of components, got booleans; np.flatnonzero(mask) makes"
            f" them: {members!r}"
        )
    chosen = np.atleast_1d(as_real(members, "members"))
    inside = np.isin(chosen, np.arange(len(law.weights)))
    if chosen.ndim != 1 or not len(chosen) or not inside.all():
        raise ValueError(f"members must be components 0 to {len(law.weights) - 1}, got {members!r}")
    k = np.unique(chosen.astype(int))
    weights = law.weights[k]
    if not weights.sum() > 0:
        raise ValueError(f"members must hold a component of positive weight, got {members!r}")
    return GaussianMixture(weights / weights.sum(), law.means[k], law.covariances[k])


def classifier_score(logits, jacobian, label: int, *, temperature=1.0) -> np.ndarray:
    """The gradient in x of the log-probability that a softmax classifier gives a label.

        ∇ log softmax(l/τ)_y = (∇l_y - Σ_j softmax(l/τ)_j ∇l_j) / τ

    Arguments: logits l (..., C) at the points; jacobian (..., C, d), ∂l_j/∂x; label y of
    0, ..., C - 1; temperature τ > 0. Returns: (..., d). Source: Dhariwal and Nichol 2021, 4.1.
    Checked by: softmax_classifier_score
    """
    l, J = as_points(logits, "logits"), as_array(jacobian, "jacobian")
    if J.shape[:-1] != l.shape:
        raise ValueError(f"jacobian must have shape {(*l.shape, 'd')}, got shape {J.shape}")
    y, tau = as_count(label, "label", minimum=0), as_positive(temperature, "temperature")
    if y >= l.shape[-1]:
        raise ValueError(f"label must be below the {l.shape[-1]} classes, got {y}")
    with beyond_float():
        p = np.exp((l - l.max(axis=-1, keepdims=True)) / tau)
        p /= p.sum(axis=-1, keepdims=True)
        return (J[..., y, :] - np.einsum("...c,...cd->...d", p, J)) / tau


def composed(process, score_at, posterior_scores) -> Callable:
    """The score given several observations, from the scores given each: the prior counts once.

        s = Σ_i s_i - (n - 1) s_0,   p(x | y_1, ..., y_n) ∝ p(x)^{1-n} Π_i p(x | y_i)

    Exact at t = 0 for observations independent given x; at t > 0 they are not independent
    given the noised x_t, and this is an approximation.
    Arguments: process; score_at s_0 of the prior; posterior_scores, a list of s_i; each a law,
    a family or a function t -> score. Returns: a function t -> score.
    Source: Geffner, Papamakarios and Mnih 2023, equation 3.
    Checked by: several_observations
    """
    prior = score_at_time(process, score_at)
    each = [score_at_time(process, s, "posterior_scores") for s in posterior_scores]
    if not each:
        raise ValueError("posterior_scores must hold at least one score, got none")
    names = "the prior's score", *(f"posterior score {i}" for i in range(len(each)))

    def at(t):
        parts = (1.0 - len(each), prior(t)), *((1.0, s(t)) for s in each)
        return combined(one_time(t, process, "t"), *parts, names=names)

    return at


class GuidedAncestral(Ancestral):
    """(x + β s)/r + v w ∇ log p(y | ·) + √v z; see `guided_ancestral`."""

    def __init__(self, process, score_at, likelihood_score_at, weight=1.0, *, variance="small"):
        super().__init__(process, score_at, variance)
        self.likelihood_of = score_at_time(process, likelihood_score_at, "likelihood_score_at")
        self.weight = as_scalar(weight, "weight")

    def plan(self, t: float, s: float) -> Callable:
        """x' = μ + v w ∇ log p_s(y | μ) + √v z,  μ = (x + β s_t(x))/r."""
        p, mean = pair_of(self.process, t, s), super().plan(t, s)
        v = p.beta * (p.sigma_s / p.sigma_t) ** 2 if self.variance == "small" else p.beta
        spread = v**0.5 if p.sigma_s else 0.0
        likelihood = self.likelihood_of(s)

        def move(x, noise):
            mu = mean(x, np.zeros_like(x))
            if not v:
                return mu
            pull = score_values(likelihood, mu, s, LIKELIHOOD)
            if np.isfinite(mu).all():
                require_finite(pull, f"{LIKELIHOOD} at time {s:.6g}")
            return mu + v * self.weight * pull + spread * noise

        move.by_rows = False  # type: ignore[attr-defined]
        return move


def guided_ancestral(
    process, score_at, likelihood_score_at, weight=1.0, *, variance: str = "small"
) -> GuidedAncestral:
    """The ancestral step with its mean pulled along the classifier at that mean, at time s.

        μ = (x + β s_t(x))/r,   x' = μ + v w ∇ log p_s(y | μ) + √v z

    The kernel p(x_s | x_t) p_s(y | x_s)^w to first order around μ. Adding the classifier's
    score at (x_t, t) to s_t instead, as `classifier_guided` does, is the other reading, with β
    for v; they agree in the limit of small steps. No noise is added where σ_s = 0.
    Arguments: process; score_at; likelihood_score_at, of (x, s); each a law, a family or a
    function t -> score; weight w; variance v, "small" or "large" as in `ancestral`. Returns:
    step(x, t, s, noise). Source: Dhariwal and Nichol 2021, algorithm 1.
    Checked by: guided_ancestral_given_noise
    """
    return GuidedAncestral(process, score_at, likelihood_score_at, weight, variance=variance)


def reverse_law(
    process, score_at, mean, covariance, *, stochasticity=1.0, start=0.0, end=None
) -> Gaussian:
    """The law that infinitely small reverse steps with an affine score make of a Gaussian.

        dx = [f x - (1+l²)/2 g² s_t(x)] dt + l g dw from t = end to start,  s_t(x) = A x + b
        m' = M m - c,  C' = M C + C Mᵀ - l² g² I,  M = f I - (1+l²)/2 g² A,  c = (1+l²)/2 g² b

    What guidance or an approximate posterior score samples, apart from any discretisation.
    Arguments: process; score_at, affine at every t: a Gaussian law, a family or a function
    t -> score; mean (d,), covariance (d, d) at time end (T unless given); stochasticity l, 1 for
    the reverse SDE, 0 for the probability flow; start. Returns: Gaussian.
    Raises: ValueError where the score is not affine, l < 0, or α = 0 at end (give end < T).
    Cost: an ODE of d (d + 1) numbers.
    Source: Särkkä and Solin 2019, section 6.2; Song et al. 2021, appendix D.1 for the family.
    Checked by: guided_laws_on_gaussians
    """
    from scipy.integrate import solve_ivp

    process = whole(process)
    end = process.final_time if end is None else one_time(end, process, "end")
    if float(process.marginal(end)[0]) == 0:
        raise ValueError(
            f"end must be a time before {end:g}, where alpha is 0 and the drift rate infinite:"
            " give an end below it"
        )
    start = one_time(start, process, "start")
    if start > end:
        raise ValueError(f"start must not be after end = {end:g}, got {start:g}")
    m = as_array(mean, "mean", (None,))
    d = len(m)
    C = as_covariance(covariance, "covariance", d, singular=True)
    l = as_positive(stochasticity, "stochasticity", zero=True)
    score_of = score_at_time(process, score_at)
    as_array(m, "mean", (getattr(score_of(end), "dim", d),))

    def slope(t, y, low, high):
        t = min(max(t, low), high)
        m, C = y[:d], y[d:].reshape(d, d)
        A, b = affine_part(score_of(t), d, t)
        g2 = float(process.diffusion(t)) ** 2
        M = float(process.drift_rate(t)) * np.eye(d) - 0.5 * (1 + l**2) * g2 * A
        growth = M @ C + C @ M.T - l**2 * g2 * np.eye(d)
        return np.append(M @ m - 0.5 * (1 + l**2) * g2 * b, growth.ravel())

    options = {"method": "DOP853", "rtol": 1e-9, "atol": 1e-11}
    y, kinks = np.append(m, C.ravel()), getattr(process, "kinks", ())
    for a, b in itertools.pairwise(piece_ends(process, end, start)):
        with beyond_float():
            solution = solve_ivp(slope, (a, b), y, args=this_side(a, b, kinks), **options)
        if not solution.success:
            raise ValueError(f"the law could not be carried to {start:g}: {solution.message}")
        y = solution.y[:, -1]
    C = y[d:].reshape(d, d)
    return Gaussian(y[:d], 0.5 * (C + C.T))
