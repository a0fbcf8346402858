"""The tables of `validation.published`: formulas beside repeated samples."""

from validation.published.estimators import markdown, precision_table


def test_formulas_agree_with_repeated_samples():
    """Each within five Monte-Carlo errors, and a tenth for what n = 1000 is short of infinity."""
    rows = precision_table(60)
    assert len(rows) == 13
    for row in rows:
        assert abs(row.found - row.exact) < 5 * row.error + 0.1 * row.exact, row


def test_all_tables_are_printed():
    text = markdown(4, rng=0)
    for value in ("0.623892", "5542.81", "3.00829", "| sliced, sphere | 12.5 |"):
        assert value in text
