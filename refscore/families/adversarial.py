"""Adversarial models at their optimum: the discriminator, what the game is worth, and W₁."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from refscore._arguments import as_offering, as_points, as_positive, as_scalar, beyond_float
from refscore.families._numbers import numbers, weights


class Game(NamedTuple):
    """What a discriminator earns: the value, and its gradient in the log odds of x and of y."""

    value: float
    x: np.ndarray
    y: np.ndarray


def log_ratio(p, q, x) -> np.ndarray:
    """The optimal discriminator's log odds log p(x) − log q(x), (..., d) to (...,).

        D*(x) = p/(p + q) = σ(log p(x) − log q(x))

    p the data's law, q the generator's: objects with .log_density, normalised.
    Raises: TypeError for laws without densities. Cost: two densities.
    Source: derived from I3; Goodfellow et al. 2014, proposition 1.
    Checked by: discriminator_at_the_optimum
    """
    as_offering(p, "p", "log_density")
    as_offering(q, "q", "log_density")
    x = as_points(x, "x")
    with beyond_float():
        return p.log_density(x) - q.log_density(x)


def log_ratio_gradient(p, q, x) -> np.ndarray:
    """∇ log p − ∇ log q, the gradient of the optimal log odds: a difference of scores, (..., d).

    p, q with .score. Source: derived from I3.
    Checked by: discriminator_slope_is_scores
    """
    as_offering(p, "p", "score")
    as_offering(q, "q", "score")
    x = as_points(x, "x")
    return p.score(x) - q.score(x)


def game(log_odds_x, log_odds_y, x_weights=None, y_weights=None) -> Game:
    """E_p log D + E_q log(1 − D) from log odds on data x and on generated y, and its slopes.

        log σ(a) = −log(1 + e^{−a}),  d/da log σ(a) = σ(−a)

    log_odds_x (n,), log_odds_y (m,); weights that sum to 1, else means. At the optimum the value is
    2 JSD(p, q) − log 4. Raises ValueError for empty or other shapes. Cost O(n + m).
    Source: Goodfellow et al. 2014.
    Checked by: game_given_log_odds, game_slopes_given_log_odds, game_at_the_optimum
    """
    from scipy.special import expit  # σ

    x, y = numbers(log_odds_x, "log_odds_x"), numbers(log_odds_y, "log_odds_y")
    v, w = weights(x_weights, "x_weights", x), weights(y_weights, "y_weights", y)
    value = -v @ np.logaddexp(0.0, -x) - w @ np.logaddexp(0.0, y)
    return Game(float(value), v * expit(-x), -w * expit(y))


def generator_loss(log_odds_y, kind="saturating", y_weights=None) -> Game:
    """What a generator is trained on, and its slope in the log odds of its draws y.

        saturating       E_q log(1 − D) = −E log(1 + e^a)
        non-saturating   −E_q log D     = E log(1 + e^{−a})
        likelihood       −E_q D/(1 − D) = −E e^a, whose gradient at the optimum is that of KL(p‖q)

    log_odds_y (m,). Returns a Game without slopes in x. Cost O(m).
    Source: Goodfellow et al. 2014; Goodfellow 2016.
    Checked by: generator_losses_given_log_odds, generator_slopes_given_log_odds
    """
    from scipy.special import expit  # σ

    y = numbers(log_odds_y, "log_odds_y")
    w, none = weights(y_weights, "y_weights", y), np.zeros(0)
    if kind == "saturating":
        return Game(float(-w @ np.logaddexp(0.0, y)), none, -w * expit(y))
    if kind == "non-saturating":
        return Game(float(w @ np.logaddexp(0.0, -y)), none, -w * expit(-y))
    if kind == "likelihood":
        with beyond_float():
            odds = np.exp(y)
            return Game(float(-w @ odds), none, -w * odds)
    raise ValueError(f"kind must be 'saturating', 'non-saturating' or 'likelihood', got {kind!r}")


def jensen_shannon(p, q, p_nodes, q_nodes) -> float:
    """JSD(p, q) = ½ KL(p ‖ m) + ½ KL(q ‖ m), m = ½(p + q), from 0 to log 2, in nats.

        = ½ E_p log 2σ(a) + ½ E_q log 2σ(−a),  a = log p − log q

    p, q with .log_density; p_nodes, q_nodes the expectations, of points (m, d) and weights, such as
    `nodes.gauss_hermite(p, order)`. Cost: densities at all nodes.
    Source: definition; Lin 1991.
    Checked by: jensen_shannon_of_laws
    """
    for name, value in (("p_nodes", p_nodes), ("q_nodes", q_nodes)):
        as_offering(value, name, "points", "mean")
    a, b = log_ratio(p, q, p_nodes.points), log_ratio(p, q, q_nodes.points)
    from_p, from_q = p_nodes.mean(-np.logaddexp(0.0, -a)), q_nodes.mean(-np.logaddexp(0.0, b))
    return float(np.maximum(np.log(2) + 0.5 * (from_p + from_q), 0.0))  # rounding may pass 0


def wasserstein_1_gaussian(mean, sd, other_mean, other_sd) -> float:
    """The Wasserstein-1 distance of two Gaussians of the line, what a Lipschitz critic earns.

        W₁ = E|Δm + Δs Z| = Δm (1 − 2Φ(−Δm/Δs)) + 2Δs φ(Δm/Δs),  |Δm| where Δs = 0

    mean, other_mean numbers; sd, other_sd > 0 (0 is a point). Cost O(1).
    Source: derived from I3; the mean of a folded normal law.
    Checked by: wasserstein_1_of_gaussians
    """
    from scipy.special import ndtr

    shift = as_scalar(mean, "mean") - as_scalar(other_mean, "other_mean")
    sds = as_positive(sd, "sd", zero=True), as_positive(other_sd, "other_sd", zero=True)
    spread = abs(sds[0] - sds[1])
    if spread == 0:
        return abs(shift)
    with np.errstate(over="ignore", under="ignore"):
        r = shift / spread
        density = np.exp(-0.5 * r * r) / np.sqrt(2 * np.pi)
        return float(shift * (1 - 2 * ndtr(-r)) + 2 * spread * density)
