"""Steps back from noise to data on given noise, and their exact laws on Gaussian data.

Steps are written out from their definitions: drifts, posteriors of X_s given X_t and a guess of
X_0 by adding precisions, guesses of data and of noise. Laws of Gaussian data follow one number at
a time in the eigenbasis of the data's covariance. Times fall: t is the noisier end of a step.
"""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np

from . import diffusion, scores
from ._elliptical import square_matrix
from ._exact import as_float, eigh, extended
from ._memory import known
from .bayes import diffused


def drift(law, process, x, t, level, direction="backward"):
    """f x - (1 +- level^2)/2 g^2 s, plus for dt < 0, minus for dt > 0. x: (..., d)."""
    f, g2 = diffusion.rates(process, float(t))
    share = (1 + level**2) / 2 if direction == "backward" else (1 - level**2) / 2
    return f * np.asarray(x) - share * g2 * _score(law, process, x, t)


def euler(law, process, x, t, s, noise, level=1.0):
    """x + (s - t) drift + level g sqrt(t - s) noise."""
    spread = level * np.sqrt(diffusion.rates(process, float(t))[1] * (t - s))
    return x + (s - t) * drift(law, process, x, t, level) + spread * noise


def heun(law, process, x, t, s, noise, level=1.0):
    """Slopes and noise averaged over both ends, the far one at Euler's guess."""
    guess = euler(law, process, x, t, s, noise, level)
    slope = drift(law, process, x, t, level) + drift(law, process, guess, s, level)
    g = [np.sqrt(diffusion.rates(process, float(u))[1]) for u in (t, s)]
    return x + (s - t) / 2 * slope + level * (g[0] + g[1]) / 2 * np.sqrt(t - s) * noise


def guesses(law, process, x, t):
    """(the guess of X_0, the guess of the noise) at time t, by Tweedie."""
    alpha, sigma = _marginal(process, t)
    noise = -sigma * _score(law, process, x, t)
    return (x - sigma * noise) / alpha, noise


def posterior(process, t, s):
    """(a, b, v): X_s given X_t = x and X_0 = y is N(a x + b y, v), by adding precisions.

    Also the variance of X_t given X_s."""
    (alpha_t, sigma_t), (alpha_s, sigma_s) = (
        tuple(extended(m) for m in _marginal(process, u)) for u in (t, s)
    )
    kept = alpha_t / alpha_s
    beta = sigma_t**2 - kept**2 * sigma_s**2
    if sigma_s == 0:
        return 0.0, float(alpha_s), 0.0, float(beta)
    v = 1 / (1 / sigma_s**2 + kept**2 / beta)
    return as_float(v * kept / beta), as_float(v * alpha_s / sigma_s**2), float(v), float(beta)


def ancestral(law, process, x, t, s, noise, variance="small"):
    """A draw of X_s given X_t = x and X_0 = its guess, its variance that of `spread_of`."""
    a, b = posterior(process, t, s)[:2]
    spread = spread_of(process, t, s, variance)
    return a * x + b * guesses(law, process, x, t)[0] + np.sqrt(spread) * noise


def spread_of(process, t, s, variance="small"):
    """The posterior's variance, or, `large`, that of X_t given X_s; none where sigma_s = 0."""
    v, beta = posterior(process, t, s)[2:]
    return v if variance == "small" or v == 0 else beta


def ddim(law, process, x, t, s, eta, noise):
    """alpha_s X_0 + sqrt(sigma_s^2 - eta^2 v) eps + eta sqrt(v) noise, at the guesses."""
    alpha, sigma = _marginal(process, s)
    v = posterior(process, t, s)[2]
    data, eps = guesses(law, process, x, t)
    return alpha * data + np.sqrt(sigma**2 - eta**2 * v) * eps + eta * np.sqrt(v) * noise


def corrected(law, process, x, t, s, step_size, noise):
    """Euler's step, then one Langevin step at time s; noise (2, ..., d)."""
    moved = euler(law, process, x, t, s, noise[0])
    pull = step_size / 2 * _score(law, process, moved, s)
    return moved + pull + np.sqrt(step_size) * noise[1]


def sample(law, process, x, times, noise, last="noise"):
    """Euler's steps over the times, noise (N, ..., d)."""
    for k, (t, s) in enumerate(zip(times[:-1], times[1:])):
        still = last == "mean" and k == len(times) - 2
        x = euler(law, process, x, t, s, 0 * noise[k] if still else noise[k])
    return guesses(law, process, x, times[-1])[0] if last == "denoise" else x


def law_after(law, process, sampler, times, mean, covariance, last="noise"):
    """(mean, covariance) of a sampler's points on gaussian data, from its own at times[0].

    Per eigenvalue the centred point c = x - alpha mu moves by c' = a c + b z; both ends are in the
    eigenbasis of the data's covariance, in which `covariance` need not be diagonal."""
    mu, values, vectors = _basis(law)
    m = vectors.T @ (np.asarray(mean, extended) - _alpha(process, times[0]) * mu)
    C = vectors.T @ np.asarray(covariance, extended) @ vectors
    for k, (t, s) in enumerate(zip(times[:-1], times[1:])):
        a, b, drop = _coefficients(process, sampler, t, s, values)
        still = last == "mean" and k == len(times) - 2
        m = a * m + drop * (vectors.T @ mu)
        C = a[:, None] * C * a + np.diag(0 * b if still else b**2)
    end = times[-1]
    if last == "denoise":
        alpha, sigma = (extended(v) for v in _marginal(process, end))
        a = alpha * values / (alpha**2 * values + sigma**2)
        m, C, end = a * m, a[:, None] * C * a, None
    centre = mu if end is None else _alpha(process, end) * mu
    return as_float(centre + vectors @ m), as_float(vectors @ C @ vectors.T)


def _coefficients(process, sampler, t, s, values):
    """(a, b, drop): c' = a c + b z + drop mu for c = x - alpha mu, eigenvalue by eigenvalue.

    drop is what a step misses of the mean's own motion, alpha_t mu -> alpha_s mu."""
    if sampler.startswith(("ancestral", "ddim")):
        return _posterior_coefficients(process, sampler, t, s, values)
    level = extended(1 if sampler in ("euler_maruyama", "stochastic_heun") else 0)
    h, (alpha_t, sigma_t), (alpha_s, sigma_s) = _ends(process, t, s)
    (f, g2), (f_s, g2_s) = (map(extended, diffusion.rates(process, float(u))) for u in (t, s))
    pull = (1 + level) / 2 * g2 / (alpha_t**2 * values + sigma_t**2)
    guessed = (1 - h * f) * alpha_t  # where alpha_t mu comes
    a, b = 1 - h * (f + pull), level * np.sqrt(g2 * h)
    if sampler in ("euler_maruyama", "flow_euler"):
        return a, b + 0 * values, guessed - alpha_s
    far = (1 + level) / 2 * g2_s / (alpha_s**2 * values + sigma_s**2)
    spread = (b + level * np.sqrt(g2_s * h)) / 2 - h / 2 * (f_s + far) * b
    # the far score is centred at alpha_s mu, the far drift at 0
    drop = alpha_t - h / 2 * (f * alpha_t + f_s * guessed + far * (guessed - alpha_s)) - alpha_s
    return 1 - h / 2 * (f + pull + (f_s + far) * a), spread, drop


def _posterior_coefficients(process, sampler, t, s, values):
    """The same of ancestral and implicit steps, which move the mean exactly."""
    _, (alpha_t, sigma_t), (alpha_s, sigma_s) = _ends(process, t, s)
    S_t = alpha_t**2 * values + sigma_t**2
    first, second, v, beta = (extended(number) for number in posterior(process, t, s))
    if sampler.startswith("ancestral"):
        variance = v if sampler == "ancestral_small" or v == 0 else beta
        a = first + second * alpha_t * values / S_t
        return a, np.sqrt(variance) + 0 * values, 0 * values
    eta = extended({"ddim": 0.0, "ddim_half": 0.5}[sampler])
    a = (alpha_s * alpha_t * values + np.sqrt(sigma_s**2 - eta**2 * v) * sigma_t) / S_t
    return a, eta * np.sqrt(v) + 0 * values, 0 * values


def propagator(law, process, t, s, level):
    """The matrix by which the backward family's mean path carries a deviation from t to s < t.

    (S_s S_t^-1)^{(1 + level^2)/2} (alpha_t / alpha_s)^{level^2}; times S_t: Cov(X_s, X_t)."""
    mu, values, vectors = _basis(law)
    _, (alpha_t, sigma_t), (alpha_s, sigma_s) = _ends(process, t, s)
    ratio = (alpha_s**2 * values + sigma_s**2) / (alpha_t**2 * values + sigma_t**2)
    gain = ratio ** ((1 + extended(level) ** 2) / 2) * (alpha_t / alpha_s) ** (extended(level) ** 2)
    return as_float((vectors * gain) @ vectors.T)


def forward_covariance(law, process, t, s):
    """Cov(X_s, X_t) of the forward process, s < t: (alpha_t / alpha_s) S_s."""
    _, values, vectors = _basis(law)
    _, (alpha_t, _), (alpha_s, sigma_s) = _ends(process, t, s)
    spread = alpha_s**2 * values + sigma_s**2
    return as_float(alpha_t / alpha_s * (vectors * spread) @ vectors.T)


def _marginal(process, t):
    """`diffusion.marginal`, kept: a recursion asks for one time many times."""
    return _kept_marginal(tuple(sorted(vars(process).items())), float(t))


@known
def _kept_marginal(parameters, t):
    return diffusion.marginal(SimpleNamespace(**dict(parameters)), t)


def _ends(process, t, s):
    pairs = [tuple(extended(m) for m in _marginal(process, u)) for u in (t, s)]
    return extended(t) - extended(s), *pairs


def _alpha(process, t):
    return extended(_marginal(process, t)[0])


def _basis(law):
    if law.kind != "gaussian":
        raise ValueError(f"exact laws of samplers need gaussian data, got {law.kind!r}")
    mu = np.asarray(law.mean, dtype=extended)
    return mu, *eigh(square_matrix(law.covariance, len(mu)))


def _score(law, process, x, t):
    return scores.score(diffused(law, *_marginal(process, t)), x)
