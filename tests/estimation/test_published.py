"""The tables of `validation.published`: published numbers, formulas, repeated samples."""

import pytest

from validation.published import Row, __main__, printed_as, table
from validation.published.curves import half_line_table, mode_table, power_table
from validation.published.estimators import precision_table


@pytest.mark.parametrize(
    ("rows", "count"),
    [
        (lambda: power_table(400, 100_000), 7),
        (lambda: mode_table(100_000), 5),
        (lambda: half_line_table(400), 5),
    ],
)
def test_published_formula_and_samples_agree(rows, count):
    rows = rows()
    assert len(rows) == count
    for row in rows:
        # the error of an error: a few hundred repeats
        assert abs(row.apart) < 7, row
        assert printed_as(row.exact, row.published), row


def test_precisions_agree_with_repeated_samples():
    """A tenth for what n = 1000 is short of infinity."""
    rows = precision_table(60, 1000)
    assert len(rows) == 13
    for row in rows:
        assert abs(row.found - row.exact) < 5 * row.error + 0.1 * row.exact, row
        assert printed_as(row.exact, row.published), row


def test_printed_as_counts_digits():
    assert printed_as(5542.81, 5543.0)
    assert printed_as(3.99880012, 3.999)
    assert not printed_as(3.9984, 3.999)
    assert not printed_as(5542.4, 5543.0)


@pytest.mark.parametrize(
    ("row", "text", "code"),
    [
        (Row("right", 2.0, 2.0, 2.1, 0.05), "+2.0 |", 0),
        (Row("samples off", 2.0, 2.0, 2.3, 0.05), "+6.0 FAILS", 1),
        (Row("formula off", 2.1, 2.0, 2.0, 0.05), "+0.0 FAILS", 1),
    ],
)
def test_a_number_that_is_off_fails(row, text, code, monkeypatch, capsys):
    assert text in table([row], "A title")[-2]
    monkeypatch.setattr(__main__, "tables", lambda: [("A title", [row])])
    monkeypatch.setattr(__main__, "sampler_cells", lambda: [])
    assert __main__.main() == code
    assert f"{1 - code} of 1 numbers agree" in capsys.readouterr().out
