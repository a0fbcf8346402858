"""The table of samplers' distances on Gaussian data, to its printed digits."""

import numpy as np

from refscore.discrepancies import wasserstein_gaussian
from refscore.laws import sampler_law
from validation.published.samplers import COUNTS, PUBLISHED, sampler_table
from validation.published.tables import DATA, SAMPLERS, sampler_cells, sampler_lines


def test_every_published_distance_is_the_laws_and_the_recursions():
    rows = sampler_table(COUNTS[:1])  # the others as `python -m validation.published` is run
    assert len(rows) == len(PUBLISHED) + 2
    assert not [row for row in rows if not row.holds]


def test_another_number_is_told_from_it():
    row = sampler_table(())[0]
    assert row.holds
    assert not row._replace(published=row.published + 2e-5).holds
    assert not row._replace(found=row.found + 1e-7).holds


def test_distances_of_samplers_are_the_runners_and_those_published():
    rule = "to t = .001, noise in every step"
    cells = list(sampler_cells((8,), (rule, "to t = 0")))
    assert all(cell.holds for cell in cells)
    assert not cells[0]._replace(found=cells[0].found + 1e-8).holds
    lines = sampler_lines(cells)
    assert sum("| N = 8 |" in line for line in lines) == 2
    assert not any("FAILS" in line for line in lines)
    names = [cell.sampler for cell in cells]
    assert names.count("DPM-Solver-3") == 2
    assert names.count("probability flow, Runge-Kutta 4") == 1


def test_the_two_tables_of_samplers_agree_where_they_meet():
    for name in ("Euler-Maruyama", "probability flow, Euler", "probability flow, Heun"):
        step = SAMPLERS[name](50)
        law = sampler_law(step, np.zeros(20), np.eye(20), np.linspace(1, 1e-3, 51))
        assert round(float(wasserstein_gaussian(law, DATA)), 4) == PUBLISHED[name][0]
