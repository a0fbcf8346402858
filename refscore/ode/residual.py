"""Residual networks as Euler's method."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from refscore._arguments import as_points, as_scalar, require_finite
from refscore.fields import as_velocity
from refscore.ode.steps import runge_kutta_step


def residual_network(blocks: Sequence, step_size=1.0) -> Callable:
    """The network x ↦ x_L of residual blocks: Euler's method with one velocity a step.

        x_{k+1} = x_k + h f_k(x_k, k h),  x_0 = x

    Arguments: blocks f_k, Fields or Families; step_size h, the time a block stands for, of either
    sign. Returns: a function of x (..., d) to (..., d). Raises: TypeError, ValueError naming the
    argument, or the block after which the state is not finite. Cost: one call of each block.
    Source: He et al. 2016, equation 1; Chen et al. 2018, equation 1.
    Checked by: residual_block_is_an_euler_step
    """
    if not isinstance(blocks, Sequence):
        raise TypeError(f"blocks must be a sequence of fields, got {type(blocks).__name__}")
    velocities = [as_velocity(one, f"blocks[{k}]") for k, one in enumerate(blocks)]
    h = as_scalar(step_size, "step_size")

    def network(x) -> np.ndarray:
        x = np.array(as_points(x, "x"))
        for k, velocity in enumerate(velocities):
            x = runge_kutta_step("euler", velocity, x, k * h, h)
            require_finite(x, f"the state after blocks[{k}]")
        return x

    return network
