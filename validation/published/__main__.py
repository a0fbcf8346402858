"""Compute the tables again: python -m validation.published; 1 if a number is off."""

from __future__ import annotations

import sys

from validation.published import table
from validation.published.curves import half_line_table, mode_table, power_table
from validation.published.estimators import TITLE, precision_table
from validation.published.guidance import TITLE as GUIDANCE
from validation.published.guidance import guidance_table
from validation.published.ncsn_toy import TITLE as TOY
from validation.published.ncsn_toy import toy_table
from validation.published.samplers import TITLE as SAMPLERS
from validation.published.samplers import sampler_table
from validation.published.tables import sampler_cells, sampler_lines

POWERS = (
    "Efficiency of score matching for the rate of exp(−θ|x|^a/a), from repeated samples of 2000;"
    " for a ≤ 7/4, where squares of estimates have no variance, from weighted draws of the"
    " sandwich."
)
MODES = (
    "Variance of the weight of ½N(±a, 1) over maximum likelihood's, from weighted draws"
    " of the sandwich; estimates themselves are far from normal at any usual n once the modes"
    " are apart."
)
HALF_LINE = (
    "n·Var of the mean of a half-normal by the weight h, repeated samples of 2000; maximum"
    " likelihood has 2.751938."
)


def tables() -> list[tuple[str, list]]:
    """(title, rows) of every table."""
    return [
        (TITLE, precision_table()),
        (POWERS, power_table()),
        (MODES, mode_table()),
        (HALF_LINE, half_line_table()),
        (TOY, toy_table()),
        (SAMPLERS, sampler_table()),
        (GUIDANCE, guidance_table()),
    ]


def report() -> tuple[str, int]:
    """All tables in Markdown, and how many numbers are off."""
    made, cells = tables(), list(sampler_cells())
    wrong = sum(not row.holds for _, rows in made for row in rows)
    total = sum(len(rows) for _, rows in made)
    lines = [
        f"{total - wrong} of {total} numbers agree: the formula with what was published, to its"
        " digits (or within five Monte-Carlo errors, where that was a simulation), and samples"
        " with the formula, within five Monte-Carlo errors.",
        "",
    ]
    for title, rows in made:
        lines += table(rows, title)
    lines += sampler_lines(cells)
    return "\n".join(lines).rstrip(), wrong + sum(not cell.holds for cell in cells)


def main() -> int:
    """Print the tables; 1 if a number is off."""
    text, wrong = report()
    print(text)
    return int(wrong > 0)


if __name__ == "__main__":
    sys.exit(main())
