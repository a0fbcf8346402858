"""The oracle of paths against second witnesses: quadrature, recursion, differences."""

import numpy as np
import pytest
from scipy.integrate import quad, solve_ivp

from refscore.identities import flow_settings, settings
from refscore.identities.cases import Description
from refscore.oracles import velocities


def close(got, want, tol=1e-12):
    np.testing.assert_allclose(got, want, rtol=0, atol=tol * max(1.0, np.abs(want).max(initial=0)))


def test_picard_by_integrating_the_iterates():
    v, times = flow_settings.linear(1), np.array([0.3, 0.7, 1.4])
    (a,), b, x0 = v.matrix[0], v.offset[0], 0.8

    def iterate(n, t):
        return x0 if n == 0 else x0 + quad(lambda s: a * iterate(n - 1, s) + b, 0.3, t)[0]

    for n in (0, 1, 3):
        want = [[[iterate(n, t)]] for t in times]
        close(velocities.picard(v, np.array([[x0]]), times, n), np.array(want))


def test_square_roots_solve_their_equation():
    times, h = np.array([0.2, 0.9, 2.0]), 1e-4
    path = velocities.square_root_path(times, 0.5)
    ahead, behind = (velocities.square_root_path(times + s, 0.5) for s in (h, -h))
    close((ahead - behind) / (2 * h), np.sqrt(path), 1e-9)
    close(path, [0.0, 0.04, 0.5625])


@pytest.mark.parametrize("rate", [0.7, -1.2])
def test_sine_paths_by_a_solver(rate):
    x0 = np.array([-7.9, -2.0, -0.3, 0.4, 3.0, 5.5])
    for T in (0.9, -0.6):
        end = solve_ivp(lambda t, z: rate * np.sin(z), (0, T), x0, "DOP853", rtol=1e-12,
                        atol=1e-13).y[:, -1]  # fmt: skip
        close(velocities.sine_path(rate, x0, T), end, 1e-10)


@pytest.mark.parametrize("own", [flow_settings.rotating(), flow_settings.hopf()])
def test_terms_of_the_continuity_equation_by_differences(own):
    from refscore.distributions import GaussianMixture
    from refscore.verify import library

    law, other, x = settings.mixture(2), flow_settings.rotating(), flow_settings.points(own)
    density = Description("carried", velocity=own, law=law, t0=0.3)
    base, flow, h = (
        GaussianMixture(law.weights, law.means, law.covariances),
        library.velocity(own),
        1e-3,
    )

    def log_density(y, t):
        return base.log_density(flow.flow(y, t, 0.3)) + flow.log_det(y, t, 0.3)

    def central(f):
        return (8 * (f(h) - f(-h)) - (f(2 * h) - f(-2 * h))) / (12 * h)

    terms = velocities.terms(density, other, x, 0.8)
    close(terms[0], central(lambda s: log_density(x, 0.8 + s)), 1e-8)
    score = np.stack([central(lambda s, e=e: log_density(x + s * e, 0.8)) for e in np.eye(2)], -1)
    close(terms[2], np.sum(library.velocity(other)(x, 0.8) * score, axis=1), 1e-8)
    close(terms[1], np.full(len(x), np.trace(other.matrix)))
    close(velocities.continuity(density, own, x, 0.8), np.zeros(len(x)), 1e-10)
