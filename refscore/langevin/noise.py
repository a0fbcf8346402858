"""The noise of a run: drawn in blocks from one stream, or handed in."""

from __future__ import annotations

import math

import numpy as np

from refscore._arguments import as_count, as_real, require_finite
from refscore._checkpoints import generator_state
from refscore.langevin.steps import KINDS

BLOCK = 1 << 16


def shapes_for(step, shape: tuple, noise_shape=None) -> tuple[tuple[str, ...], tuple[tuple, ...]]:
    """(parts, their shapes) of a step for points of this shape."""
    parts = tuple(getattr(step, "parts", ("normal",)))
    if any(part not in KINDS for part in parts):
        raise ValueError(f"step.parts must be among {', '.join(KINDS)}; got {parts!r}")
    if noise_shape is not None:
        if not isinstance(noise_shape, (tuple, list)):
            raise TypeError(f"noise_shape must be a tuple of whole numbers, got {noise_shape!r}")
        if len(parts) != 1:
            raise ValueError("noise_shape is for steps that take one part of noise")
        return parts, (tuple(as_count(s, "noise_shape", minimum=0) for s in noise_shape),)
    own = getattr(step, "noise_shapes", None)
    if own is not None:
        return parts, tuple(tuple(s) for s in own(shape))
    return parts, tuple(shape[:-1] if part == "uniform" else shape for part in parts)


class Drawn:
    """Noise from a generator, step after step; neither blocks nor pauses change the stream."""

    def __init__(self, parts, shapes, n_steps: int, rng: np.random.Generator, sharers: int = 1):
        self.parts, self.rng, self.n_steps, self.start = parts, rng, n_steps, 0
        each = max(1, sharers * sum(math.prod(shape) for shape in shapes))
        self.length = max(1, min(n_steps, BLOCK // each))
        self.buffers = [np.empty((self.length, *shape)) for shape in shapes]
        self.remembers = False  # whether to keep the generator's state before the last block
        self.before: dict | None = None

    def block(self) -> list:
        """The noise of the next steps, over the buffer of the last block."""
        n = min(self.length, self.n_steps - self.start)
        self.start += n
        self.before = generator_state(self.rng) if self.remembers else None
        if len(self.parts) == 1:
            self._fill(self.parts[0], self.buffers[0][:n])
        else:  # step by step, or the stream would depend on the length of the block
            for k in range(n):
                for part, buffer in zip(self.parts, self.buffers):
                    self._fill(part, buffer[k, ...])
        return _steps([buffer[:n] for buffer in self.buffers], n)

    def _fill(self, part: str, out: np.ndarray) -> None:
        (self.rng.standard_normal if part == "normal" else self.rng.random)(out=out)


class Given:
    """Noise handed in: one array (n_steps, ...) a part, all of it one block."""

    def __init__(self, arrays: list, n_steps: int):
        self.buffers, self.length, self.n_steps = arrays, max(1, n_steps), n_steps

    def block(self) -> list:
        """The noise of all steps."""
        return _steps(self.buffers, self.n_steps)

    def rows(self, rows: slice) -> Given:
        """The noise of some of the chains."""
        return Given([a[:, rows] for a in self.buffers], self.n_steps)


def given(noise, parts, shapes, n_steps: int) -> Given:
    """Noise handed in, checked and read-only."""
    noise = (noise,) if len(parts) == 1 else noise
    if not isinstance(noise, (tuple, list)) or len(noise) != len(parts):
        raise ValueError(f"noise must be a tuple of {len(parts)} arrays, {', '.join(parts)}")
    names = ["noise"] if len(parts) == 1 else [f"noise[{i}]" for i in range(len(parts))]
    arrays = [as_real(array, name).view() for array, name in zip(noise, names)]
    for array, name, shape in zip(arrays, names, shapes):
        if array.shape != (n_steps, *shape):
            raise ValueError(f"{name} must have shape {(n_steps, *shape)}, got {array.shape}")
        require_finite(array, name)
        array.flags.writeable = False
    return Given(arrays, n_steps)


def _steps(buffers: list, n: int) -> list[tuple]:
    """The parts of the noise of each step."""
    return list(zip(*buffers)) if buffers else [()] * n
