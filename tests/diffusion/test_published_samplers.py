"""The table of samplers' distances on Gaussian data, to its printed digits."""

from validation.published.samplers import COUNTS, PUBLISHED, sampler_table


def test_every_published_distance_is_the_laws_and_the_recursions():
    rows = sampler_table(COUNTS[:1])  # the others as `python -m validation.published` is run
    assert len(rows) == len(PUBLISHED) + 2
    assert not [row for row in rows if not row.holds]


def test_another_number_is_told_from_it():
    row = sampler_table(())[0]
    assert row.holds
    assert not row._replace(published=row.published + 2e-5).holds
    assert not row._replace(found=row.found + 1e-7).holds
