"""How much of the data an estimator uses: asymptotic variances against the Cramér-Rao bound."""

from __future__ import annotations

import math

import numpy as np

from refscore._arguments import (
    as_array,
    as_callable,
    as_count,
    as_covariance,
    as_offering,
    as_positive,
    as_scalar,
    as_symmetric,
    beyond_float,
)
from refscore.estimation._quadratic import Block, Quadratic, features_of
from refscore.estimation._rank import solve_symmetric

PROBES = ("rademacher", "gaussian", "sphere")


def sandwich(hessian, variance) -> np.ndarray:
    """D⁻¹ V D⁻¹, the covariance of √n(θ̂ − θ*) for a loss of mean Hessian D.

    hessian D (p, p), symmetric and not singular; variance V (p, p), of the gradient of the loss
    at one point (for m fresh probes a point V + W/m, W the mean variance over one probe).
    Raises ValueError if D is singular.
    Tested in: tests/estimation/test_efficiency.py
    """
    D = as_symmetric(hessian, "hessian")
    V = as_symmetric(variance, "variance", len(D))
    solve = solve_symmetric(D, [f"parameter {j}" for j in range(len(D))], 0)
    return solve(solve(V).T)


def asymptotic_covariance(field, nodes, *, probes=None, n_probes=1, variance_reduced=False):
    """The covariance (p, p) of √n(θ̂ − θ*) for a linear field, from nodes that stand for the law.

        implicit D⁻¹ V D⁻¹;  sliced D⁻¹(V + W/m)D⁻¹,
        V = Cov of the probe-averaged gradient, W = mean over x of the variance over one probe

    field a LinearInParameters field; nodes a `refscore.nodes.Nodes` with weights that sum to 1;
    probes the same for the law of one probe (`nodes.signs(d)`, `gauss_hermite`), none for the
    implicit estimator; n_probes m fresh ones a point; variance_reduced keeps ½‖s‖² whole.
    Returns (p, p). Cost: one pass over the nodes a probe node.
    Tested in: tests/estimation/test_efficiency.py
    """
    nodes = as_offering(nodes, "nodes", "points", "weights")
    x, w = nodes.points, nodes.weights
    features = features_of(field, x, "nodes.points")
    m = as_count(n_probes, "n_probes")
    if probes is None:
        parts = [(1.0, _implicit(features, x, w))]
    else:
        probes = as_offering(probes, "probes", "points", "weights")
        v = as_array(probes.points, "probes.points", (None, field.dim))
        pairs = zip(probes.weights, v, strict=True)
        parts = [(omega, _sliced(features, x, w, u, variance_reduced)) for omega, u in pairs]
    G, g = (sum(omega * one for omega, one in _equations(parts, k)) for k in (0, 1))
    solve = solve_symmetric(G, features.names, len(x))
    theta = -solve(g)
    gradients = [
        (omega, np.concatenate([grad for _, grad, _ in part.gradients_and_losses(theta)]))
        for omega, part in parts
    ]
    mean = sum(omega * grad for omega, grad in gradients)  # over the probes, at every node
    V = (mean * w[:, None]).T @ mean
    second = sum(omega * (grad * w[:, None]).T @ grad for omega, grad in gradients)
    covariance = solve(solve(V + (second - V) / m).T)
    return features.back(theta, 0.5 * (covariance + covariance.T))[1]


def _equations(parts, k):
    return [(omega, part.normal_equations()[k]) for omega, part in parts]


def _implicit(features, x, w):
    def block(rows):
        psi = features.values(x[rows])
        n = len(psi)
        return Block(psi, np.zeros(psi.shape[:2]), features.paired(x[rows]), np.zeros(n))

    return Quadratic(len(x), features, block, w)


def _sliced(features, x, w, v, variance_reduced):
    def block(rows):
        psi = features.values(x[rows])
        n = len(psi)
        linear = features.paired(x[rows], np.broadcast_to(np.outer(v, v), (n, len(v), len(v))))
        R = psi if variance_reduced else (v @ psi)[:, None]
        return Block(R, np.zeros(R.shape[:2]), linear, np.zeros(n))

    return Quadratic(len(x), features, block, w)


def cramer_rao_bound(statistics, nodes) -> np.ndarray:
    """Cov(F)⁻¹ (p, p): the least covariance of √n(θ̂ − θ), for p ∝ exp(θ·F(x)).

    statistics F, a function of points (m, d) to (m, p); nodes that stand for the law.
    Raises ValueError if the statistics are collinear. Divide by n for a sample of n.
    Tested in: tests/estimation/test_efficiency.py
    """
    nodes = as_offering(nodes, "nodes", "points", "weights")
    values = as_callable(statistics, "statistics")(nodes.points)
    F = as_array(values, "statistics(x)", (len(nodes.points), None))
    centred = F - nodes.weights @ F
    covariance = (centred * nodes.weights[:, None]).T @ centred
    names = [f"statistic {j}" for j in range(F.shape[1])]
    return solve_symmetric(covariance, names, len(F))(np.eye(F.shape[1]))


def relative_efficiency(bound, covariance) -> np.ndarray:
    """bound_jj / covariance_jj, (p,): 1 is efficient, ½ wastes half of the data.

    bound and covariance (p, p), both of one estimate or both of √n times it.
    Tested in: tests/estimation/test_efficiency.py
    """
    bound = as_symmetric(bound, "bound")
    covariance = as_covariance(covariance, "covariance", len(bound))
    return np.diagonal(bound) / np.diagonal(covariance)


def generalised_normal_variance(power) -> float:
    """n Var(θ̂)/θ² of score matching for the rate θ of p ∝ exp(−θ|x|^a/a).

        [m_{4a−4} − 2(a−1) m_{3a−4} + (a−1)² m_{2a−4}] / m_{2a−2}²,
        m_k = E|x|^k = a^{k/a} Γ((k+1)/a)/Γ(1/a) at θ = 1

    power a > 1; infinite for a ≤ 3/2. Maximum likelihood has the variance a.
    Checked by: generalised_normal_efficiencies
    """
    a = as_scalar(power, "power")
    if a <= 1:
        raise ValueError(f"power must be above 1, got {a!r}")
    if a <= 1.5:
        return math.inf

    def log_moment(k):
        return k / a * math.log(a) + math.lgamma((k + 1) / a) - math.lgamma(1 / a)

    scale = 2 * log_moment(2 * a - 2)
    first, second, third = (
        math.exp(log_moment(k) - scale) for k in (4 * a - 4, 3 * a - 4, 2 * a - 4)
    )
    return first - 2 * (a - 1) * second + (a - 1) ** 2 * third


def generalised_normal_efficiency(power) -> float:
    """The efficiency of score matching for the rate of p ∝ exp(−θ|x|^a/a): a / (n Var/θ²).

    power a > 1; 1 at a = 2, 0 for a ≤ 3/2.
    Checked by: generalised_normal_efficiencies
    """
    variance = generalised_normal_variance(power)
    return float(power) / variance


def mixture_weight_variances(separation) -> tuple[float, float]:
    """n Var of the weight w of w N(a, 1) + (1−w) N(−a, 1) at w = ½: score matching, and the bound.

        D⁻² Var(s u + u′), s = −x + a tanh ax, u = ∂s/∂w = 2a sech² ax, D = E u²;  1/(4 E tanh² ax)

    separation a > 0, half the distance of the modes. Both by one panel rule on the line, exact
    to rounding. Returns (score matching, maximum likelihood); their ratio grows like e^{a²/2}.
    Checked by: mixture_weight_ratios
    """
    a = as_positive(separation, "separation")
    step = min(0.1, 0.2 / a)
    x = step * np.arange(-math.ceil(40 / step), math.ceil(40 / step) + 1)
    # over N(a, 1) alone, as every integrand is even in x
    weight = step * np.exp(-0.5 * (x - a) ** 2) / math.sqrt(2 * math.pi)
    decay = np.exp(-2 * np.abs(a * x))
    tanh, sech2 = np.tanh(a * x), 4 * decay / (1 + decay) ** 2
    u, s = 2 * a * sech2, -x + a * tanh
    slope = -2 * a * tanh * u
    gradient, D = s * u + slope, weight @ u**2
    return float(weight @ gradient**2 / D**2), float(1 / (4 * weight @ tanh**2))


def sliced_precision_variance(
    precision, *, n_probes=1, probe="rademacher", variance_reduced=False
) -> np.ndarray:
    """n Var of sliced estimates of the diagonal precision λ of N(0, diag 1/λ), (d,).

        λⱼ²(V + Wⱼ/m),  V = 2,  Wⱼ = 2κ − 2 + c Σ_{k≠j} λₖ/λⱼ;  reduced W = κ − 1

    with κ = E vᵢ⁴ and c = E vᵢ²vₖ²: rademacher 1, 1; gaussian 3, 1; sphere (‖v‖² = d)
    3d/(d+2), d/(d+2).

    precision λ (d,), all positive; m = n_probes fresh probes a point; probe "rademacher",
    "gaussian" or "sphere". With equal λ, d = 10 and m = 1: 11, 15, 12.5, and 2, 4, 3.5 reduced.
    Checked by: sliced_precision_variances
    """
    precision = as_array(precision, "precision", (None,))
    if precision.size == 0 or precision.min() <= 0:
        raise ValueError("precision must hold positive numbers")
    if probe not in PROBES:
        raise ValueError(f"probe must be one of {', '.join(PROBES)}; got {probe!r}")
    d, m = precision.size, as_count(n_probes, "n_probes")
    kappa, c = {  # E v_i⁴ and E v_i² v_k²
        "rademacher": (1.0, 1.0),
        "gaussian": (3.0, 1.0),
        "sphere": (3 * d / (d + 2), d / (d + 2)),
    }[probe]
    # λ_j times the gradient is v_j y_j Σ_k v_k y_k − λ_j v_j² with y ~ N(0, diag λ)
    others = precision.sum() / precision - 1
    W = kappa - 1 if variance_reduced else 2 * kappa - 2 + c * others
    with beyond_float():
        return precision**2 * (2 + W / m)


def denoised_precision_variance(variance, sigma, *, control_variate=False) -> np.ndarray:
    """n Var of denoising estimates of the diagonal precision 1/(v + σ²) of noised N(0, diag v).

        v / (σ² (v + σ²)²);  with the control variate 4 v / (v + σ²)³

    variance v (d,), of the clean data; sigma σ > 0. Without a control variate it grows as σ⁻².
    Tested in: tests/estimation/test_efficiency.py
    """
    v = as_array(variance, "variance", (None,))
    if v.size == 0 or v.min() <= 0:
        raise ValueError("variance must hold positive numbers")
    sigma = as_positive(sigma, "sigma")
    with beyond_float():
        total = v + sigma**2
        if not control_variate:
            return v / sigma**2 / total**2
        # the gradient is x̃²/t − z², t = v + σ²; Corr(x̃, z)² = σ²/t, so its variance 4(1 − σ²/t)
        return 4 * v / total**3


def half_line_variance(weight, weight_derivative, sd=1.0) -> float:
    """n Var of generalised score matching for the mean of N(μ, σ²) on x ≥ 0, at μ = 0.

        E[σ² h² + σ⁴ h′²] / (E h)²

    weight h and weight_derivative h′, functions of x (n,) on the half-line, h(0) = 0; sd σ.
    Maximum likelihood has σ²/(1 − 2/π). h = x² gives 7, h = x gives π (σ = 1).
    Cost: an adaptive quadrature. Raises ValueError if it does not settle.
    Checked by: half_normal_variances
    """
    from scipy.integrate import quad

    h, slope = as_callable(weight, "weight"), as_callable(weight_derivative, "weight_derivative")
    sd = as_positive(sd, "sd")

    def mean(f):
        def integrand(z):
            x = np.array([sd * z])
            return float(np.asarray(f(x)).reshape(())) * math.exp(-0.5 * z * z)

        cuts = [0.0, 0.5, 1.0, 2.0, 4.0, 40.0]
        whole = sum(
            quad(integrand, a, b, epsabs=0, epsrel=1e-12)[0] for a, b in zip(cuts, cuts[1:])
        )
        return math.sqrt(2 / math.pi) * whole

    across = mean(lambda x: sd**2 * h(x) ** 2 + sd**4 * slope(x) ** 2)
    return across / mean(h) ** 2
