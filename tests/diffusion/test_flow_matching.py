"""Runge-Kutta tableaux of the flow's velocity, and clocks that start at the noise."""

import numpy as np
import pytest

from refscore import diffusion, processes
from refscore.diffusion.flow_matching import TABLEAUX


@pytest.mark.parametrize("name", TABLEAUX)
def test_the_order_conditions_hold_and_the_next_one_does_not(name):
    a, b, c, order = TABLEAUX[name]
    A = np.zeros((len(b), len(b)))
    for i, row in enumerate(a):
        A[i, : len(row)] = row
    b, c = np.array(b), np.array(c)
    np.testing.assert_allclose(A.sum(1), c)
    of_order = {
        1: [(b.sum(), 1)],
        2: [(b @ c, 1 / 2)],
        3: [(b @ c**2, 1 / 3), (b @ A @ c, 1 / 6)],
        4: [(b @ c**3, 1 / 4), (b @ (c * (A @ c)), 1 / 8), (b @ A @ c**2, 1 / 12),
            (b @ A @ A @ c, 1 / 24)],
        5: [(b @ c**4, 1 / 5)],
    }  # fmt: skip
    for p, conditions in of_order.items():
        held = [left == pytest.approx(right, abs=1e-14) for left, right in conditions]
        if p <= order:
            assert all(held)
        elif p == order + 1:
            assert not all(held)


def test_a_velocity_of_the_other_clock_is_turned_round():
    turned = diffusion.from_noise_first(lambda x, u: u * x, 2.0)
    np.testing.assert_allclose(turned(0.5)(np.ones(3)), -1.5 * np.ones(3))


def test_the_flow_of_a_preserving_process_is_its_velocity():
    law = processes.VP()
    x = np.array([[0.4, -0.2]])
    from refscore.distributions import Gaussian

    data = Gaussian([0.7, -1.1], [[0.9, 0.4], [0.4, 0.5]])
    step = diffusion.flow_matching(law, data)
    right = x - 0.1 * diffusion.flow_velocity(law, data)(x, 0.5)
    np.testing.assert_allclose(step(x, 0.5, 0.4), right)


@pytest.mark.parametrize("process", [processes.VP(), processes.SubVP()], ids=repr)
def test_the_flow_is_followed_to_data_with_a_density(process):
    """At σ = 0 under VP neither σ' nor ε is finite, but f x - ½ g² s is."""
    from refscore.distributions import Gaussian

    data, x = Gaussian([0.7, -1.1], [[0.9, 0.4], [0.4, 0.5]]), np.array([[0.4, -0.2]])
    exact = diffusion.decode(process, data, x, end=0.01)
    for name, size in (("heun", 2e-5), ("rk4", 1e-8)):
        step = diffusion.flow_matching(process, data, name)
        np.testing.assert_allclose(step(x, 0.01, 0.0), exact, atol=size)
    near = diffusion.flow_heun(process, data)(x, 0.01, 0.0)
    np.testing.assert_allclose(
        diffusion.flow_matching(process, data, "heun")(x, 0.01, 0.0), near, rtol=1e-12
    )


def test_where_the_velocity_is_infinite_it_is_refused():
    from refscore.distributions import Gaussian

    process, x = processes.VP(), np.ones((1, 1))
    for score_at in (
        Gaussian([0.0], [[0.0]]),
        diffusion.predictions(process, lambda t: lambda x: x, "noise"),
    ):
        with pytest.raises(ValueError, match="positive definite|does not"):
            diffusion.flow_matching(process, score_at, "heun")(x, 0.01, 0.0)
