"""The oracles of the Fokker-Planck entries by a second way, and what the kit hands over."""

import numpy as np
import pytest

from refscore.identities import settings
from refscore.identities.fokker_planck import diffused, langevin, spread, still, transport
from refscore.oracles import fokker_planck as oracle
from refscore.verify.evolving import EVOLVING
from refscore.verify.frameworks import framework


@pytest.mark.parametrize(
    ("beta", "gap", "ratio"),
    [(2, 0.422945, 1.549), (4, 0.187170, 1.130), (8, 0.056818, 0.933), (16, 0.0074449, 0.903)],
)
def test_double_well_gaps_are_the_printed_ones_and_those_of_another_way(beta, gap, ratio):
    assert oracle.double_well_gap(beta) == pytest.approx(gap, rel=1e-5)
    assert oracle.kramers_ratio(beta) == pytest.approx(ratio, abs=6e-4)
    # φ <- β ∫_0^x e^{βU} ∫_y^∞ e^{-βU} φ, whose odd φ tend to the slowest, shrunk by 1/λ
    x, h = np.linspace(0, 3.4, 20001, retstep=True)
    U, phi = x**4 / 4 - x**2 / 2, np.tanh(x)
    for _ in range(12):
        inner = cumulative(np.exp(-beta * U)[::-1] * phi[::-1], h)[::-1]
        longer = beta * cumulative(np.exp(beta * U) * inner, h)
        found, phi = phi[6000] / longer[6000], longer / longer[6000]
    assert found == pytest.approx(oracle.double_well_gap(beta), rel=1e-6)


def cumulative(values, h):
    """∫ from the first point, by the trapezoid rule."""
    return h * np.concatenate([[0.0], np.cumsum(values[1:] + values[:-1]) / 2])


def _line(density):
    """A density of numbers and a time as rates: (∂_t p, p, p', p'') by differences."""
    h = 1e-3

    def of(x, t):
        p = [density(x + k * h, t) for k in (-2, -1, 0, 1, 2)]
        rate = (density(x, t + h) - density(x, t - h)) / (2 * h)
        slope = (8 * (p[3] - p[1]) - (p[4] - p[0])) / (12 * h)
        bend = (16 * (p[3] + p[1]) - p[4] - p[0] - 30 * p[2]) / (12 * h * h)
        return rate, p[2], slope, bend

    return of


def test_exact_densities_on_the_line_solve_their_equations():
    x = np.array([-0.2, 0.35, 0.8])
    drift, warming = transport(-1.3, later=0.5, offset=0.4), spread(0.4, 2.0)
    rate, p, slope, bend = _line(
        lambda x, t: oracle.linear_density(settings.mixture(1), drift, warming, x, 0.1, t)
    )(x, 0.5)
    pull = -1.3 + 0.25
    want = -(pull * p + (pull * x + 0.4) * slope) + 0.5 * 1.4 * bend
    np.testing.assert_allclose(rate, want, atol=1e-5)
    rate, p, slope, bend = _line(
        lambda x, t: oracle.lognormal_density(0.1 + 0.375 * t, 0.03 + 0.25 * t, x)
    )(x + 1, 0.5)
    y = x + 1  # growth .5, g² = .25 y²
    want = -0.5 * (p + y * slope) + 0.125 * (2 * p + 4 * y * slope + y**2 * bend)
    np.testing.assert_allclose(rate, want, atol=1e-5)


@pytest.mark.parametrize("velocity", [0.0, 0.8])
def test_the_box_has_no_flux_through_its_walls(velocity):
    low, high, D = -0.5, 1.0, 0.3

    def density(x, t):
        return oracle.box_density(low, high, velocity, D, (0.2, 0.1), x, t)

    ends = np.array([low, high])
    rate, p, slope, bend = _line(density)(ends, 0.3)
    np.testing.assert_allclose(velocity * p - D * slope, 0, atol=1e-8)
    np.testing.assert_allclose(rate, -velocity * slope + D * bend, atol=1e-5)
    node, weight = np.polynomial.legendre.leggauss(30)
    assert np.sum(weight * density(0.25 + 0.75 * node, 0.1)) * 0.75 == pytest.approx(1)


@pytest.mark.parametrize("described", [
    ("drift", transport(settings.matrix(2), later=0.4, offset=0.3, cubic=0.2)),
    ("drift", langevin(settings.mixture(2), 1.3)),
    ("diffusion", spread(0.8, 0.5, 1.0, 0.3)),
    ("log_density_at", still(settings.mixture(2))),
    ("log_density_at", diffused(settings.gaussian(2))),
], ids=lambda d: d[1].kind)  # fmt: skip
def test_what_is_handed_over_has_its_derivatives_also_backwards(described):
    torch = pytest.importorskip("torch")
    name, value = described
    f, x, h = EVOLVING[name](framework("torch"), value), settings.points(3, 2), 1e-5

    def at(y):
        return f(torch.tensor(y), 0.3).detach().numpy()

    rows = [(at(x + h * e) - at(x - h * e)) / (2 * h) for e in np.eye(2)]
    leaf = torch.tensor(np.array(x), requires_grad=True)
    f(leaf, 0.3).sum().backward()
    summed = np.stack([r.reshape(3, -1).sum(-1) for r in rows], axis=-1)
    np.testing.assert_allclose(leaf.grad.numpy(), summed, rtol=1e-6, atol=1e-8)
    if name == "drift":
        divergence = rows[0][:, 0] + rows[1][:, 1]
        got = f.divergence(torch.tensor(np.array(x)), 0.3).numpy()
        np.testing.assert_allclose(got, divergence, rtol=1e-6, atol=1e-8)
    if name == "log_density_at":
        got = f.score(torch.tensor(np.array(x)), 0.3).numpy()
        np.testing.assert_allclose(got, np.stack(rows, axis=-1), rtol=1e-6, atol=1e-8)
