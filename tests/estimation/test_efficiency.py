"""Population variances: closed forms against nodes, and against repeated samples."""

import numpy as np
import pytest

from refscore import nodes
from refscore.distributions import Gaussian, GeneralisedNormal
from refscore.estimation import (
    asymptotic_covariance,
    cramer_rao_bound,
    denoised_precision_variance,
    diagonal_precision,
    fit_denoising,
    generalised_normal_efficiency,
    generalised_normal_rate,
    generalised_normal_variance,
    half_line_variance,
    isotropic_precision,
    mixture_weight_variances,
    relative_efficiency,
    sandwich,
    sliced_precision_variance,
)

LAMBDA = np.array([0.7, 1.3, 2.0])
LAW = Gaussian(np.zeros(3), np.diag(1 / LAMBDA))
NODES = nodes.gauss_hermite(LAW, 4)
NORMAL = nodes.gauss_hermite(Gaussian(np.zeros(3), np.eye(3)), 4)


def test_sandwich_is_the_formula():
    rng = np.random.default_rng(0)
    A, B = rng.standard_normal((2, 4, 4))
    D, V = A @ A.T + np.eye(4), B @ B.T
    np.testing.assert_allclose(sandwich(D, V), np.linalg.inv(D) @ V @ np.linalg.inv(D))
    with pytest.raises(ValueError, match="parameter 0 and parameter 1 are collinear"):
        sandwich(np.ones((2, 2)), np.eye(2))


@pytest.mark.parametrize("m", [1, 5])
@pytest.mark.parametrize("reduced", [False, True])
@pytest.mark.parametrize("probe", ["rademacher", "gaussian"])
def test_closed_form_of_slicing_is_that_of_the_nodes(m, reduced, probe):
    given = nodes.signs(3) if probe == "rademacher" else NORMAL
    got = asymptotic_covariance(
        diagonal_precision(3), NODES, probes=given, n_probes=m, variance_reduced=reduced
    )
    want = sliced_precision_variance(LAMBDA, n_probes=m, probe=probe, variance_reduced=reduced)
    np.testing.assert_allclose(np.diagonal(got), want, rtol=1e-12)


def test_score_matching_of_a_diagonal_gaussian_is_efficient():
    bound = cramer_rao_bound(lambda x: -(x**2) / 2, NODES)
    found = asymptotic_covariance(diagonal_precision(3), NODES)
    np.testing.assert_allclose(found, bound, atol=1e-12)
    np.testing.assert_allclose(relative_efficiency(bound, found), 1, rtol=1e-12)


@pytest.mark.parametrize("d", [1, 2, 3])
def test_one_precision_for_all_coordinates(d):
    """Per projection and point: 2 + 4/d with Gaussian probes, 2 with signs; reduced 4/d, 2/d."""
    law = Gaussian(np.zeros(d), np.eye(d))
    field, x = isotropic_precision(d), nodes.gauss_hermite(law, 4)
    for probes, reduced, want in (
        (x, False, 2 + 4 / d),
        (nodes.signs(d), False, 2),
        (x, True, 4 / d),
        (nodes.signs(d), True, 2 / d),
    ):
        got = asymptotic_covariance(field, x, probes=probes, variance_reduced=reduced)
        np.testing.assert_allclose(got, [[want]], rtol=1e-12)


def test_the_table_of_ten_coordinates():
    one = np.ones(10)
    kinds = {"rademacher": (11, 2), "sphere": (12.5, 3.5), "gaussian": (15, 4)}
    for probe, (plain, reduced) in kinds.items():
        got = sliced_precision_variance(one, probe=probe)
        np.testing.assert_allclose(got, plain, rtol=1e-14)
        got = sliced_precision_variance(one, probe=probe, variance_reduced=True)
        np.testing.assert_allclose(got, reduced, rtol=1e-14)
    want = {0.01: (9998, 3.999), 0.1: (98.03, 3.882), 0.5: (2.56, 2.048)}
    for sigma, (plain, controlled) in want.items():
        got = [denoised_precision_variance([1.0], sigma, control_variate=c)[0] for c in (0, 1)]
        np.testing.assert_allclose(got, [plain, controlled], rtol=2e-4)


@pytest.mark.parametrize("controlled", [False, True])
def test_denoised_variance_is_that_of_the_fit(controlled):
    """The sandwich on many points of unequal variances tends to the closed form."""
    variance, n = np.array([0.5, 1.7]), 200_000
    x = Gaussian(np.zeros(2), np.diag(variance)).sample(n, rng=1)
    fit = fit_denoising(diagonal_precision(2), x, 0.6, rng=2, control_variate=controlled)
    want = denoised_precision_variance(variance, 0.6, control_variate=controlled)
    np.testing.assert_allclose(n * fit.standard_errors**2, want, rtol=0.05)


@pytest.mark.parametrize("power", [2.0, 3.0, 4.5])
def test_generalised_normal_on_nodes(power):
    law = GeneralisedNormal([0.0], [power ** (1 / power)], [power])
    x = nodes.trapezoid([-9], [9], 4000).under(law.log_density)
    got = asymptotic_covariance(generalised_normal_rate(power), x)
    # panels of width h lose h² where |x|^(a−1) has a kink
    np.testing.assert_allclose(got, generalised_normal_variance(power), rtol=1e-5)
    bound = cramer_rao_bound(lambda x: -(np.abs(x) ** power) / power, x)
    np.testing.assert_allclose(bound, power, rtol=1e-8)
    np.testing.assert_allclose(bound / got, generalised_normal_efficiency(power), rtol=1e-5)


def test_named_values():
    want = {1.6: 0.623892, 1.75: 0.914466, 2: 1, 3: 0.821356, 4: 0.68542, 6: 0.553483, 8: 0.492182}
    for power, value in want.items():
        np.testing.assert_allclose(generalised_normal_efficiency(power), value, atol=6e-7)
    assert generalised_normal_variance(1.5) == np.inf
    assert generalised_normal_efficiency(1.2) == 0
    for a, ratio in {0.5: 1.082, 1: 1.663, 2: 9.423, 3: 139.5, 4: 5543}.items():
        matching, likelihood = mixture_weight_variances(a)
        np.testing.assert_allclose(matching / likelihood, ratio, rtol=4e-4)
    weights = [
        (lambda x: x**2, lambda x: 2 * x, 7),
        (lambda x: x, np.ones_like, np.pi),
        (lambda x: np.minimum(x, 1), lambda x: 1.0 * (x < 1), 3.008293),
        (lambda x: np.minimum(x, 2), lambda x: 1.0 * (x < 2), 3.074790),
        (np.log1p, lambda x: 1 / (1 + x), 2.795459),
    ]
    for h, slope, value in weights:
        np.testing.assert_allclose(half_line_variance(h, slope), value, rtol=2e-7)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: generalised_normal_variance(1.0), "power must be above 1"),
        (lambda: mixture_weight_variances(0), "separation must be positive"),
        (lambda: sliced_precision_variance([1.0, -1.0]), "precision must hold positive"),
        (lambda: sliced_precision_variance([1.0], probe="x"), "probe must be one of"),
        (lambda: denoised_precision_variance([1.0], 0), "sigma must be positive"),
        (lambda: half_line_variance(np.square, np.square, 0), "sd must be positive"),
    ],
)
def test_bad_arguments_are_refused_by_name(call, message):
    with pytest.raises(ValueError, match=message):
        call()
