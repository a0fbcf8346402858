"""Log densities, scores, Jacobians and divergences against arithmetic in many digits.

`python -m validation.precision` prints the table and fails if a bound does. Other families
join by adding a function that returns PrecisionCases to `FAMILIES`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

from validation.precision.cases import (
    PrecisionCase,
    empirical_cases,
    gaussian_cases,
    mixture_cases,
)
from validation.precision.families import bounded_cases, heavy_tail_cases
from validation.precision.reference import relative_errors

FAMILIES: list[Callable[[], list[PrecisionCase]]] = [
    gaussian_cases,
    mixture_cases,
    empirical_cases,
    heavy_tail_cases,
    bounded_cases,
]


class Row(NamedTuple):
    """One measured case; the four errors are relative, see `reference.relative_errors`."""

    family: str
    case: str
    log_density: float
    score: float
    jacobian: float
    divergence: float
    bound: float

    @property
    def holds(self) -> bool:
        """Whether all four errors are within the bound (NaN is not)."""
        return all(error <= self.bound for error in self[2:6])


def table() -> Iterator[Row]:
    """The rows for RESULTS.md, one case at a time."""
    for family in FAMILIES:
        for case in family():
            errors = relative_errors(
                case.law, case.log_density, case.points, case.digits, case.step
            )
            yield Row(case.family, case.name, *errors.values(), case.bound)
