"""What every framework offers the kit: arrays and fields there and back."""

from __future__ import annotations

import contextlib
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from typing import Any

import numpy as np

DTYPES = ("float64", "float32")


class Framework(ABC):
    """Conversions between NumPy and one framework."""

    name: str

    @abstractmethod
    def to(self, array, dtype: str | None = None) -> Any:
        """A NumPy array in the framework, in float64 unless dtype is "float32"; a copy."""

    @abstractmethod
    def field(self, description) -> Any:
        """The described field (affine, mixture_score, mlp) written in the framework.

        It is called on points (..., d) and has `jacobian(x)`, `jvp(x, v)`, `vjp(x, v)`,
        `divergence(x)`, `parameters` (flat), `with_parameters(theta)`, and `energy(x)`, which
        raises NotOffered unless the field is known to be a gradient. It computes in the
        precision of x.
        """

    @abstractmethod
    def velocity(self, description) -> Any:
        """The described velocity written in the framework, differentiable in x, t, parameters.

        It is called on points (..., d) and t, a number or one a point, and has `at(t)`, a field,
        `vjp(x, t, v)`, `divergence(x, t)`, `parameters` (flat), `with_parameters(theta)` and
        `vjp_parameters(x, t, a)`. It computes in the precision of x.
        """

    @abstractmethod
    def rng(self, seed: int) -> Any:
        """A generator of the framework's own kind, seeded."""

    @abstractmethod
    def callable(self, f, vjp: Callable | None = None) -> Callable:
        """A rowwise NumPy function as a function of the framework's arrays.

        f: a function of a NumPy array first, row i of whose value depends on row i alone; a
        matrix (d, d) stands for v ↦ A v on rows and is differentiable as such.
        vjp: (x, cotangent) ↦ array like x, the derivative in the first argument; by default
        `f.vjp` where f has one. Without it a gradient through f raises NotOffered.
        """

    def static(self, made: type) -> type:
        """A class with `tree_flatten` and `tree_unflatten`, known to the framework as such."""
        return made

    def session(self, dtype: str | None = None) -> AbstractContextManager:
        """A context to call the subject in: its default precision is `dtype`."""
        check_dtype(dtype)
        return contextlib.nullcontext()

    def back(self, value) -> Any:
        """Whatever a subject returns, in NumPy: float64 or complex128, gradients detached.

        Mappings, tuples and lists are converted entry by entry (a list of equal shapes
        becomes one array); None, strings and objects that are no arrays pass through.
        """
        if isinstance(value, Mapping):
            return {key: self.back(v) for key, v in value.items()}
        if isinstance(value, tuple):
            return tuple(self.back(v) for v in value)
        if isinstance(value, list):
            return _stacked([self.back(v) for v in value])
        return as_numpy(value)


def check_dtype(dtype: str | None) -> str:
    """The precision: float64 if None; raises ValueError unless it is one of the two."""
    if dtype is None:
        return "float64"
    if dtype not in DTYPES:
        raise ValueError(f"dtype must be one of {DTYPES}, got {dtype!r}")
    return dtype


def as_numpy(value) -> Any:
    """An array or number of any framework in float64 or complex128; anything else as it is."""
    if hasattr(value, "detach"):
        tensor = value.detach().cpu().resolve_conj().resolve_neg()
        narrow = tensor.is_floating_point() and tensor.element_size() < 4
        value = (tensor.double() if narrow else tensor).numpy()
    if not hasattr(value, "__array__") and not isinstance(value, (int, float, complex)):
        return value
    array = np.asarray(value)
    if array.dtype.kind == "c":
        return np.array(array, dtype=np.complex128)
    if array.dtype.kind in "OSUMm":
        return value
    return np.array(array, dtype=np.float64)


def _stacked(values: list):
    arrays = all(isinstance(v, np.ndarray) for v in values)
    if arrays and len({v.shape for v in values}) == 1:
        return np.array(values)
    return values
