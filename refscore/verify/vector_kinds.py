"""What the objects in a file of vectors are: a formula for every kind, for readers without us."""

from __future__ import annotations

from typing import Any

from refscore.verify.arguments import ARGUMENTS
from refscore.verify.ports import PORTS
from refscore.verify.returned import PARTS, RETURNS

# Laws of points x (d,); N(m, C) is Gaussian. A number in place of an array (d,) is the same in
# every coordinate; of a covariance, (d,) is its diagonal and a number c is c I.
KINDS: dict[str, str] = {
    "gaussian": "N(mean, covariance)",
    "mixture": "sum_k weights[k] N(means[k], covariances[k])",
    "student_t": "prop. to (1 + (x - location).shape^-1 (x - location) / dof)^(-(dof + d) / 2)",
    "laplace": "independent: prop. to exp(-|x_i - location_i| / scale_i)",
    "logistic": "independent: prop. to 1 / cosh^2((x_i - location_i) / (2 scale_i)); as a"
    " velocity, which has a rate instead: x_i' = rate_i x_i (1 - x_i)",
    "generalised_normal": "independent: prop. to exp(-|(x_i - location_i) / scale_i|^power)",
    "uniform": "uniform on the box low <= x <= high",
    "smoothed_uniform": "the law of U + sigma Z, U uniform on the box [low, high], Z ~ N(0, I)",
    "truncated_normal": "independent: N(mean_i, sd_i^2) given low_i <= x_i <= high_i",
    "half_normal": "independent: |Z_i| with Z_i ~ N(0, sd_i^2)",
    "funnel": "x_1 ~ N(0, scale^2); given x_1, x_2 ... x_dim ~ N(0, exp(x_1)) independently",
    "banana": "x_1 ~ N(0, scale^2); given x_1, x_2 ~ N(curvature (x_1^2 - scale^2), 1)",
    "empirical": "1/m sum_j N(data[j], bandwidth^2 I)",
    "affine": "a field: s(x) = matrix x + offset; parameters: matrix row by row, then offset",
    "mixture_score": "a field: the gradient of log sum_k weights[k] N(x; means[k], covariances[k])",
    "mlp": "a field: h = x; for every layer h = weights[l] h + biases[l], then tanh(h) after all"
    " but the last; parameters: weights[0] row by row, biases[0], weights[1], ...",
    "polynomial": "E(x) = sum_k coefficients[k] prod_i x_i^exponents[k][i]; as a log density: -E",
    "quadratic": "f(y) = y.(matrix y) / 2 + linear.y + constant, matrix not symmetric",
    "exponential_sum": "f(y) = sum_k amplitudes[k] exp(directions[k].y)",
    "per_level": "a family: fields[l] at the level sigmas[l]; parameters: of one after the other",
    "noised": "score_at(x, t): the score of `law` plus t Z, Z ~ N(0, I)",
    "class": "likelihood_score_at(x, t): the score at time t of the mixture of the components"
    " `members` of `law` alone, minus that of `law`",
    "noisy": "gradient(x, z) = the score of `law` at x, plus root z",
    "power": "h(x_i) = x_i^exponent",
    "capped": "h(x_i) = min(x_i, cap)",
    "log": "h(x_i) = log(1 + x_i)",
    "box": "h(x_i) = (x_i - low_i)(high_i - x_i)",
    "distance": "h(x_i) = min(x_i - low_i, high_i - x_i)",
    "transport": "drift(x, t) = (matrices[0] + t matrices[1]) x + offset - cubic x^3, the cube by"
    " coordinate",
    "langevin": "drift(x, t) = factor times the score of `law` at x",
    "spread": "diffusion(x, t) = sqrt((rates[0] + t rates[1])(floor + curvature |x|^2))",
    "still": "log_density_at(x, t) = the log density of `law` at x",
    "diffused": "log_density_at(x, t): that of `law` diffused by `process` up to the time t",
    "linear": "a velocity: matrix x + offset; parameters: matrix row by row, then offset",
    "rotating": "a velocity in the plane: R matrix R^T x, R the turn by frequency times t;"
    " parameters: matrix row by row, then frequency",
    "hopf": "a velocity in the plane: (growth - |x|^2) x + frequency (-x_2, x_1); parameters:"
    " growth, frequency",
    "cubic": "a velocity: x_i' = -rate_i x_i^3; parameters: rate",
    "sine": "a velocity: x_i' = rate_i sin x_i; parameters: rate",
    "forced": "a velocity: x_i' = rate_i x_i + force_i cos(frequency_i t); parameters: rate, force,"
    " frequency",
    "time_mlp": "a velocity: the network mlp of the d + 1 numbers x and t; parameters as of mlp",
    "cost": "running(x, t) = (rate + ramp t) |x|^2 / 2 + level sum_i x_i",
    "carried": "log_density_at(x, t): that of z(t), which starts from `law` at t0 and follows"
    " `velocity`",
    "flow": "velocity(x, t) = drift - 1/2 diffusion^2 score of density",
    "affine_in_state": "drift_of, diffusion_of: (rate + ramp t) x + level; as diffusion_slope its"
    " derivative rate + ramp t",
    "conditioner": "(m, s), the halves of output_weights tanh(hidden_weights x + hidden_biases) +"
    " output_biases",
    "layers": "for every l: x = matrices[l] x + offsets[l], then x = sinh(tails[l] (arcsinh x +"
    " skewness[l])); 2 L layers, with their log-determinants",
    "vp": "dX = -beta/2 X dt + sqrt(beta) dW, beta(t) = beta_min + (beta_max - beta_min) t",
    "sub_vp": "the drift of vp, noise sqrt(beta (1 - exp(-2 B))), B the integral of beta",
    "ve": "dX = g dW, g^2 = d s^2/dt, s = sigma_min (sigma_max/sigma_min)^t; sigma = s, or with"
    " `exact` sqrt(s^2 - s(0)^2)",
    "edm": "alpha = 1, sigma = t",
    "straight": "alpha = 1 - t, sigma = t",
    "cosine": "alpha = cos a(t)/cos a(0), a = pi/2 (t + offset)/(1 + offset);"
    " sigma^2 = 1 - alpha^2",
    "boltzmann": "log p(x) / p(x with bit i flipped), p prop. to exp(x.weights x / 2 + biases.x)"
    " on {0, 1}^d; parameters: weights[i][j] for i < j, row by row, then biases",
}
_TIMED = (
    "; a law in its place: its score after dX = -beta/2 X dt + sqrt(beta) dW up to the time t,"
    " beta(t) = 0.1 + 19.9 t"
)


def legend(checks: list[dict]) -> dict[str, Any]:
    """The ports, arguments and kinds these checks use, in words."""
    calls = [call for check in checks for case in check["cases"] for call in case["calls"]]
    names = {name for call in calls for name in call["arguments"]}
    kinds = {kind for call in calls for kind in _kinds(call["arguments"])}
    timed = ("score_at", "conditional_at", "unconditional_at")
    said = {**ARGUMENTS, **{name: ARGUMENTS[name] + _TIMED for name in timed}}
    return {
        "ports": {name: _port(name) for name in sorted({call["port"] for call in calls})},
        "arguments": {name: said[name] for name in sorted(names) if name in said},
        "kinds": {kind: KINDS[kind] for kind in sorted(kinds)},
    }


def _port(name: str) -> dict[str, Any]:
    port = PORTS[name]
    return {
        "signature": port.signature,
        "meaning": port.meaning,
        "returns": RETURNS.get(port.returns, port.returns),
        "parts": list(PARTS.get(port.returns, ())),
    }


def _kinds(value) -> set[str]:
    if isinstance(value, dict):
        own = {value["kind"]} if isinstance(value.get("kind"), str) else set()
        return own.union(*map(_kinds, value.values()))
    if isinstance(value, list) and value and isinstance(value[0], dict):
        return set().union(*map(_kinds, value))
    return set()
