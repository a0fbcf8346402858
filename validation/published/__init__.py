"""Tables computed elsewhere, computed again: what a formula says and what samples show."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

ERRORS = 5.0


class Row(NamedTuple):
    """One number: as published, by formula, and from samples with its Monte-Carlo error."""

    name: str
    published: float
    exact: float
    found: float
    error: float

    @property
    def apart(self) -> float:
        """How many Monte-Carlo errors lie between the samples and the formula."""
        return (self.found - self.exact) / self.error

    @property
    def holds(self) -> bool:
        """The samples within five errors, and the formula as printed, to the digits given."""
        return abs(self.apart) < ERRORS and printed_as(self.exact, self.published)


def printed_as(value: float, published: float) -> bool:
    """Whether a number is rounded to the digits of the published one."""
    digits = len(str(published).partition(".")[2].rstrip("0"))
    return abs(value - published) <= 0.5001 * 10.0**-digits


def variance(estimates) -> tuple[float, float]:
    """The variance of estimates (repeats, ...) about their mean, and its standard error.

    Further axes are averaged over; the error is over repeats.
    """
    squares = (estimates - estimates.mean(0)) ** 2
    squares = squares.reshape(len(estimates), -1).mean(1)
    n = len(squares)
    return n / (n - 1) * squares.mean(), squares.std(ddof=1) / np.sqrt(n)


def product(*factors) -> tuple[float, float]:
    """The product of mean(draws)^power over pairs (draws, power), and its standard error."""
    means = np.array([draws.mean() for draws, _ in factors])
    powers = np.array([power for _, power in factors])
    value = float(np.prod(means**powers))
    influence = sum(k * draws / m for (draws, k), m in zip(factors, means, strict=True))
    return value, abs(value) * influence.std(ddof=1) / np.sqrt(len(influence))


def table(rows: Iterable[Row], title: str) -> list[str]:
    """Lines of Markdown."""
    lines = [
        title,
        "",
        "| | published | exact | found | ± | errors apart |",
        "|---|---|---|---|---|---|",
    ]
    return [
        *lines,
        *(
            f"| {r.name} | {r.published:.6g} | {r.exact:.6g} | {r.found:.4g} | {r.error:.2g} |"
            f" {r.apart:+.1f}{'' if r.holds else ' FAILS'} |"
            for r in rows
        ),
        "",
    ]


def say(text: str) -> None:
    """Progress, apart from the tables."""
    print(text, file=sys.stderr, flush=True)
