"""One Langevin step in three spellings, η = ε² = 2h.

x + (η/2) s + √η z        x + (ε²/2) s + ε z        x + h s + √(2h) z
"""

from __future__ import annotations

import math

from refscore._arguments import as_positive


def step_size_from_epsilon(epsilon) -> float:
    """The step size η = ε².

    Tested in: tests/langevin/test_unadjusted.py
    """
    return as_positive(epsilon, "epsilon") ** 2


def step_size_from_h(h) -> float:
    """The step size η = 2h.

    Tested in: tests/langevin/test_unadjusted.py
    """
    return 2 * as_positive(h, "h")


def epsilon_from_step_size(step_size) -> float:
    """The root of the step size, ε = √η.

    Tested in: tests/langevin/test_unadjusted.py
    """
    return math.sqrt(as_positive(step_size, "step_size"))


def h_from_step_size(step_size) -> float:
    """Half the step size, h = η/2.

    Tested in: tests/langevin/test_unadjusted.py
    """
    return as_positive(step_size, "step_size") / 2
