"""Relaxation rates where fluxes go round: slow pairs far up the imaginary axis are not missed."""

import numpy as np
import pytest

from refscore import diffusion as fp
from refscore.diffusion.fokker_planck.stationary import _rates_at
from refscore.diffusion.fokker_planck.steps import generator


def test_a_turning_ornstein_uhlenbeck_process_relaxes_at_its_real_parts():
    def turn(x):
        return np.stack([-x[:, 0] - 10 * x[:, 1], 10 * x[:, 0] - x[:, 1]], axis=1)

    grid = fp.uniform_grid((-4, -4), (4, 4), (24, 24))  # λ = 1 ± 10i, 2, 2 ± 20i, ...
    assert fp.spectral_gap(turn, 2**0.5, grid) == pytest.approx(1, rel=0.1)


@pytest.mark.parametrize("n", [2, 5, 8])
def test_a_current_round_a_strip_relaxes_as_its_two_directions_apart(n):
    def around(x):
        return np.stack([20 + 0 * x[:, 0], 0 * x[:, 0]], axis=1)

    ends = ("periodic", "reflecting")
    grid = fp.uniform_grid((0, 0), (2 * np.pi, 1), (50, 6), ends=ends)
    ring = fp.uniform_grid(0, 2 * np.pi, 50, ends="periodic")
    sides = [(lambda x: 20 + 0 * x, ring), (lambda x: 0 * x, fp.uniform_grid(0, 1, 6))]
    parts = [np.linalg.eigvals(-generator(*_rates_at(f, 1.0, g, 0.0)).toarray()) for f, g in sides]
    each = np.sort((parts[0][:, None] + parts[1]).real.ravel())
    np.testing.assert_allclose(fp.relaxation_rates(around, 1.0, grid, n), each[:n], atol=1e-8)
