"""The toy of `validation.published`: exact weights, few chains, and what a row has to fail."""

import numpy as np
import pytest

from validation.published.ncsn_toy import Simulated, toy_table


def test_weights_and_variances_agree_with_the_exact_laws():
    rows = toy_table(1500, 600)
    assert len(rows) == 9
    for row in rows:
        assert abs(row.apart) < 5, row
    exact = {row.name: row.exact for row in rows}
    by_steps = [exact[f"annealed, 10 × {k}, 600 chains: weight"] for k in (10, 30, 100, 300)]
    assert np.all(np.diff(by_steps) > 0)
    assert by_steps[-1] < 0.8
    assert exact["Langevin, 1000 steps: weight"] == pytest.approx(0.509, abs=5e-4)


def test_the_first_column_is_a_run_of_its_own():
    assert Simulated("both near", 0.52, 0.5, 0.49, 0.005).holds
    assert not Simulated("first off", 0.53, 0.5, 0.5, 0.005).holds
    assert not Simulated("found off", 0.5, 0.5, 0.47, 0.005).holds
