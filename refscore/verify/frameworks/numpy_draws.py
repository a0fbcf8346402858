"""NumPy's random functions and its Generator, answered from given draws."""

from __future__ import annotations

import numpy as np

from refscore.verify.frameworks.draws import Draws, as_bits, as_shape, whole


class ReplayGenerator(np.random.Generator):
    """A `numpy.random.Generator` that returns given draws, in their order.

    Scaled forms are computed from the standard draw: normal(loc, scale) is loc + scale z.
    Methods that have no given draws to answer from raise ReplayError. As a context manager it
    raises at the end if draws are left.
    """

    def __init__(self, draws: Draws):
        super().__init__(np.random.PCG64(0))
        self._draws = draws

    def __enter__(self) -> ReplayGenerator:
        return self

    def __exit__(self, kind, error, traceback) -> None:
        if kind is None:
            self.finish()

    def finish(self) -> None:
        """Raise if a call was refused or draws are left."""
        self._draws.finish()

    def spawn(self, n_children):
        """The same generator n_children times: all draws come from one queue."""
        return [self] * n_children

    def standard_normal(self, size=None, dtype=np.float64, out=None):
        """Normal draws."""
        return self._standard("standard_normal", "normal", size, dtype, out)

    def random(self, size=None, dtype=np.float64, out=None):
        """Uniform draws in [0, 1]."""
        return self._standard("random", "uniform", size, dtype, out)

    def standard_exponential(self, size=None, dtype=np.float64, method="zig", out=None):
        """Exponential draws of mean one."""
        return self._standard("standard_exponential", "exponential", size, dtype, out)

    def normal(self, loc=0.0, scale=1.0, size=None):
        """The numbers loc + scale z."""
        return loc + scale * self._scaled("normal", "normal", size, loc, scale)

    def uniform(self, low=0.0, high=1.0, size=None):
        """The numbers low + (high − low) u."""
        return low + np.subtract(high, low) * self._scaled("uniform", "uniform", size, low, high)

    def exponential(self, scale=1.0, size=None):
        """The numbers scale e."""
        return scale * self._scaled("exponential", "exponential", size, scale)

    def gumbel(self, loc=0.0, scale=1.0, size=None):
        """The numbers loc + scale g."""
        return loc + scale * self._scaled("gumbel", "gumbel", size, loc, scale)

    def integers(self, low, high=None, size=None, dtype=np.int64, endpoint=False):
        """Given whole numbers, or signs as bits where there are two values."""
        low, high = (0, low) if high is None else (low, high)
        value = whole(self._draws, "integers", low, high + bool(endpoint), as_shape(size))
        return _answer(value, size, dtype)

    def binomial(self, n, p, size=None):
        """Coins, n = 1: uniforms as u < p, or signs as bits where p is ½."""
        if np.any(np.not_equal(n, 1)):
            self._draws.refuse(f"binomial is replayed for n = 1 only, got {n}")
        kinds = ("sign", "uniform") if np.all(np.equal(p, 0.5)) else ("uniform",)
        shape = np.shape(p) if size is None else as_shape(size)
        draw, kind = self._draws.take("binomial", shape, *kinds)
        return _answer(as_bits(draw, kind, p), shape or None, np.int64)

    def choice(self, a, size=None, replace=True, p=None, axis=0, shuffle=True):
        """One of two values: the smaller for the sign −1, the larger for +1."""
        values = np.arange(a) if np.ndim(a) == 0 else np.asarray(a)
        fair = replace and (p is None or np.ptp(p) == 0)
        if not fair or len(values) != 2:
            self._draws.refuse("choice is replayed for two equally likely values only")
        draw, _ = self._draws.take("choice", as_shape(size), "sign")
        picked = np.sort(values)[(draw > 0).astype(int)]
        return picked if size is not None else picked[()]

    def _standard(self, call, kind, size, dtype, out):
        shape = out.shape if size is None and out is not None else as_shape(size)
        draw, _ = self._draws.take(call, shape, kind)
        if out is None:
            return _answer(draw, size, dtype)
        out[...] = draw
        return out

    def _scaled(self, call, kind, size, *parameters):
        shape = np.broadcast_shapes(*map(np.shape, parameters)) if size is None else as_shape(size)
        return self._draws.take(call, shape, kind)[0][()]


def _answer(draw, size, dtype):
    return np.asarray(draw, dtype=dtype)[()] if size is None else np.asarray(draw, dtype=dtype)


def _refusing(name: str):
    def method(self, *args, **kwargs):
        self._draws.refuse(f"{name} cannot be replayed; answer it with a seed instead")

    method.__name__ = name
    return method


_FROM_NORMALS = {"multivariate_normal", "bit_generator", "spawn"}
for _name in set(dir(np.random.Generator)) - set(vars(ReplayGenerator)) - _FROM_NORMALS:
    if not _name.startswith("_"):
        setattr(ReplayGenerator, _name, _refusing(_name))


def patches(draws: Draws) -> list[tuple]:
    """(owner, name, replacement) for NumPy's global functions and `default_rng`."""
    rng = ReplayGenerator(draws)
    same = "standard_normal normal uniform choice binomial exponential standard_exponential gumbel"
    functions = {name: getattr(rng, name) for name in same.split()}
    functions |= dict.fromkeys(("random", "random_sample", "ranf", "sample"), rng.random)
    functions["randn"] = lambda *size: rng.standard_normal(size or None)
    functions["rand"] = lambda *size: rng.random(size or None)
    functions["randint"] = lambda low, high=None, size=None, dtype=int: rng.integers(
        low, high, size, dtype
    )
    functions["default_rng"] = lambda seed=None: rng
    return [(np.random, name, f) for name, f in functions.items()]
