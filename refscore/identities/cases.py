"""What a check is run on: plain descriptions of laws and fields, and cases made of them.

A description is arrays and a kind, nothing else, so that NumPy, torch, JAX and the
independent oracles can each build their own object from it.
"""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np


class Description(SimpleNamespace):
    """A kind and its parameters as plain arrays or numbers."""

    def __init__(self, kind: str, **parameters):
        super().__init__(kind=kind, **{k: _freeze(v) for k, v in parameters.items()})

    @property
    def parameters_by_name(self) -> dict:
        """The parameters alone, as keyword arguments of a constructor."""
        return {k: v for k, v in vars(self).items() if k != "kind"}


class Law(Description):
    """A probability law: gaussian, mixture, student_t, laplace, ... (see `refscore ports`)."""


class FieldDescription(Description):
    """A vector field: affine (matrix, offset), mixture_score (weights, means,
    covariances), mlp (weights, biases: tuples, tanh between, (out, in) matrices)."""


class VelocityDescription(Description):
    """A velocity f(x, t): linear (matrix, offset), rotating (matrix, frequency), hopf (growth,
    frequency), cubic, logistic, sine (rate (d,)), forced (rate, force, frequency, each (d,)),
    time_mlp (weights, biases: a tanh network of x and t beside it); parameters in this order.
    """


class Case(SimpleNamespace):
    """Named inputs of one evaluation: any of law, field, x, probes, noise, sigma, ..."""

    def __init__(self, name: str, **inputs):
        super().__init__(name=name, **inputs)

    @property
    def inputs(self) -> dict:
        """Everything but the name."""
        return {k: v for k, v in vars(self).items() if k != "name"}


def _freeze(value):
    if isinstance(value, (tuple, list)) and any(isinstance(v, np.ndarray) for v in value):
        return tuple(_freeze(v) for v in value)
    if isinstance(value, (np.ndarray, list, tuple)):
        array = np.array(value, dtype=np.float64)
        array.flags.writeable = False
        return array
    return value
