"""The normal draws of torch handed out by a function, so that a sampler's noise is known."""

from __future__ import annotations

import contextlib
from unittest import mock

import numpy as np
import torch


@contextlib.contextmanager
def drawn(draw):
    """Inside, torch.randn and torch.randn_like return draw((rows, d)), further axes being 1."""

    def randn(*size, dtype=None, **_):
        shape = size[0] if len(size) == 1 and not isinstance(size[0], int) else size
        return given(shape, dtype or torch.get_default_dtype())

    def randn_like(x, dtype=None, **_):
        return given(x.shape, dtype or x.dtype)

    def given(shape, dtype):
        return torch.from_numpy(draw(tuple(shape[:2]))).reshape(shape).to(dtype)

    with mock.patch.multiple(torch, randn=randn, randn_like=randn_like):
        yield


class Zeros:
    """Draws that are zero, counted."""

    def __init__(self):
        self.count = 0

    def __call__(self, shape) -> np.ndarray:
        self.count += 1
        return np.zeros(shape)


class Units:
    """The k-th draw is e_j in row `first` + k d + j and zero elsewhere."""

    def __init__(self, first: int):
        self.at = first

    def __call__(self, shape) -> np.ndarray:
        z = np.zeros(shape)
        z[self.at : self.at + shape[1]] = np.eye(shape[1])
        self.at += shape[1]
        return z


class Given:
    """The arrays given, in order."""

    def __init__(self, arrays):
        self.left = iter(arrays)

    def __call__(self, shape) -> np.ndarray:
        return np.broadcast_to(next(self.left), shape).copy()


class Path:
    """A Brownian path in the level, built of torch's draws: what a noise sampler on a tree gives.

    Asked for (a, b) it returns (W(b) - W(a)) / √|b - a|, each level drawn once and in order.
    """

    def __init__(self, x):
        self.like, self.levels, self.values = x, [], []

    def __call__(self, start, end):
        a, b = float(start), float(end)
        start = self.at(a)
        return (self.at(b) - start) / abs(b - a) ** 0.5

    def at(self, level):
        for seen, value in zip(self.levels, self.values, strict=True):
            if abs(seen - level) < 1e-6 * level:
                return value
        made = torch.zeros_like(self.like)
        if self.levels:
            made = self.values[-1] + abs(level - self.levels[-1]) ** 0.5 * torch.randn_like(
                self.like
            )
        self.levels.append(level)
        self.values.append(made)
        return made
