"""Ports of the library: existence and uniqueness of paths."""

from __future__ import annotations

from refscore import ode

__all__ = ["picard_iterate", "square_root_solution"]


def picard_iterate(velocity, x0, times, n_iterations):
    """Picard's iterate."""
    return ode.picard(velocity, x0, times, n_iterations)[-1]


def square_root_solution(times, wait):
    """One of the many solutions."""
    return ode.square_root_solution(times, wait)
