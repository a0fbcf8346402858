"""The closed forms of flows by second ways: quadrature, determinants, Frechet derivatives."""

import numpy as np
import pytest

from refscore.identities import settings
from refscore.identities.flow_densities import flow_cases, given, wide_case
from refscore.oracles import flows, scores

CASES = {case.name: case for case in flow_cases() if case.velocity.kind != "time_mlp"}


def integral(case, value):
    """∫ value(f, J) dt along the path of the case, by panels."""
    return flows._summed(*given(case)[:2], case.t0, case.t1, value)


@pytest.mark.parametrize("name", CASES)
def test_the_path_solves_its_equation_and_its_volume_is_the_determinant(name):
    v, x, _, t0, t1 = given(CASES[name])
    h, z = 1e-6, flows.carried(v, x, t1, t0)
    rate = (flows.carried(v, z, t0, t1 + h) - flows.carried(v, z, t0, t1 - h)) / (2 * h)
    np.testing.assert_allclose(rate, flows.slope(v, x, t1)[0], atol=1e-8)
    np.testing.assert_allclose(flows.carried(v, z, t0, t1), x, atol=1e-13)
    step = 1e-20j
    columns = [flows.carried(v, x + step * e, t1, t0).imag / 1e-20 for e in np.eye(2)]
    found = np.linalg.slogdet(np.stack(columns, -1))[1]
    np.testing.assert_allclose(flows.log_det(v, x, t0, t1), found, atol=1e-13)
    trace = integral(CASES[name], lambda f, J: np.trace(J, axis1=1, axis2=2))
    np.testing.assert_allclose(flows.log_det(v, x, t0, t1), -trace, atol=1e-12)


@pytest.mark.parametrize("name", [n for n in CASES if "hopf" not in n])
def test_estimates_are_the_integrals_of_their_forms(name):
    case = CASES[name]
    v = settings.normals(len(case.x), 3, 2, key=1)

    def form(f, J):
        return np.einsum("nmi,nij,nmj->nm", v, J, v).mean(-1)

    exact = flows.log_base(case.base, flows.carried(*given(case)[:2], case.t1, case.t0))
    found = flows.estimate(*given(case), v)
    np.testing.assert_allclose(found, exact - integral(case, form), atol=1e-12)


def test_complex_steps_and_frechet_derivatives_agree():
    case = wide_case()
    for one, other in zip(flows.gradient(*given(case)), flows.linear_gradient(*given(case))):
        np.testing.assert_allclose(one, other, rtol=1e-12, atol=1e-13)


def test_energies_of_linear_velocities_are_their_integrals():
    case = wide_case()
    v, x, _, t0, t1 = given(case)
    kinetic = integral(case, lambda f, J: (f**2).sum(-1) / 2)
    np.testing.assert_allclose(flows.kinetic_energy(v, x, t0, t1), kinetic, rtol=1e-12)
    bent = integral(case, lambda f, J: (np.einsum("nij,nj->ni", J, f) ** 2).sum(-1))
    np.testing.assert_allclose(flows.directional_energy(v, x, t0, t1), bent, rtol=1e-12)


def test_the_base_is_that_of_the_scores_and_a_network_s_volume_its_determinant():
    x = settings.points(4, 2)
    for law in (settings.gaussian(2), settings.mixture(2)):
        np.testing.assert_allclose(flows.log_base(law, x), scores.log_density(law, x), atol=1e-13)
    v, x, _, t0, t1 = given(flow_cases(("time_mlp",))[0])
    h, columns = 1e-5, []
    for e in np.eye(2):
        ends = [flows.carried(v, x + s * h * e, t1, t0) for s in (1, -1)]
        columns.append((ends[0] - ends[1]) / (2 * h))
    found = np.linalg.slogdet(np.stack(columns, -1))[1]
    np.testing.assert_allclose(flows.log_det(v, x, t0, t1), found, atol=1e-8)


def test_the_variance_of_an_estimate_is_that_over_all_signs():
    matrix, signs = settings.matrix(3, 5), settings.all_signs(3)
    forms = -0.7 * np.einsum("mi,ij,mj->m", signs, matrix, signs)
    assert flows.estimate_variance(matrix, 0.7, "rademacher") == pytest.approx(forms.var())
    nodes, weights = settings.hermite(3, 4)
    forms = -0.7 * np.einsum("mi,ij,mj->m", nodes, matrix, nodes)
    spread = weights @ forms**2 - (weights @ forms) ** 2
    assert flows.estimate_variance(matrix, 0.7, "gaussian") == pytest.approx(spread)
