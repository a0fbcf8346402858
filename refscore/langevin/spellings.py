"""One Langevin step in three spellings, η = ε² = 2h.

x + (η/2) s + √η z        x + (ε²/2) s + ε z        x + h s + √(2h) z
"""

from __future__ import annotations

import math

from refscore._arguments import as_positive


def _within_floats(size: float, name: str, value) -> float:
    if not 0 < size < math.inf:
        raise ValueError(f"{name} must give a number within float64, got {float(value)!r}")
    return size


def step_size_from_epsilon(epsilon) -> float:
    """The step size η = ε²; ValueError where it leaves float64.

    Tested in: tests/langevin/test_unadjusted.py
    """
    epsilon = as_positive(epsilon, "epsilon")
    return _within_floats(epsilon * epsilon, "epsilon", epsilon)


def step_size_from_h(h) -> float:
    """The step size η = 2h; ValueError where it leaves float64.

    Tested in: tests/langevin/test_unadjusted.py
    """
    return _within_floats(2 * as_positive(h, "h"), "h", h)


def epsilon_from_step_size(step_size) -> float:
    """The root of the step size, ε = √η.

    Tested in: tests/langevin/test_unadjusted.py
    """
    return math.sqrt(as_positive(step_size, "step_size"))


def h_from_step_size(step_size) -> float:
    """Half the step size, h = η/2; ValueError where it leaves float64.

    Tested in: tests/langevin/test_unadjusted.py
    """
    return _within_floats(as_positive(step_size, "step_size") / 2, "step_size", step_size)
