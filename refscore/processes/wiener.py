"""Wiener paths that are the same path however finely, and in whatever order, they are asked."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from refscore._arguments import as_array, as_like, as_positive, as_rng, as_scalar, require_finite


def wiener_increments(times, noise) -> np.ndarray:
    """Increments of a Wiener process over consecutive times.

        W(t_{i+1}) - W(t_i) = √(t_{i+1} - t_i) z_i

    Arguments: times (n + 1,), rising, or falling for a path followed backwards (the root of the
    time that passes, |t_{i+1} - t_i|); noise (n, ...), standard normal. Returns: noise's shape.
    Raises: ValueError naming what is wrong. Source: Särkkä and Solin 2019; erratum J17.
    Checked by: wiener_moments
    """
    h = np.abs(np.diff(as_times(times)))
    noise = as_array(noise, "noise", None)
    if noise.ndim == 0 or len(noise) != len(h):
        raise ValueError(f"noise must have shape ({len(h)}, ...), got shape {noise.shape}")
    return np.sqrt(h).reshape(-1, *[1] * (noise.ndim - 1)) * noise


def brownian_bridge(t, start, end, w_start, w_end, noise) -> np.ndarray:
    """W(t) given W(start) and W(end), start <= t <= end.

        N( ((e - t) W_s + (t - s) W_e)/(e - s), (t - s)(e - t)/(e - s) I )

    Arguments: start s < end e; w_start, w_end and standard normal noise of one shape. Returns:
    that shape. Raises: ValueError naming what is wrong. Source: Glasserman 2003.
    Checked by: bridge_refines
    """
    s, e, t = as_scalar(start, "start"), as_scalar(end, "end"), as_scalar(t, "t")
    if not s < e:
        raise ValueError(f"end must be after start = {s:g}, got {e:g}")
    if not s <= t <= e:
        raise ValueError(f"t must lie in [{s:g}, {e:g}], got {t:g}")
    w_s = as_array(w_start, "w_start", None)
    w_e = as_like(w_end, "w_end", w_s, "w_start")
    noise = as_like(noise, "noise", w_s, "w_start")
    return _bridge(s, t, e, w_s, w_e, noise)


@dataclass(frozen=True, init=False)
class WienerPath:
    """One path of a Wiener process W on [0, T], W(0) = 0, known at every floating-point time.

        path(times) -> W there;  path.increments(times) -> W(t_{i+1}) - W(t_i)

    T's value is drawn first, then bridges halve the interval until t is met: every float in
    [0, T] is met, about 50 halvings down. The normals of a halving belong to its place in the
    tree (a counter-based generator keyed by the seed), not to the order of queries. So one seed
    is one path: any times, in any order, once or again, on coarse or fine grids; and values have
    their exact joint law, Cov(W_s, W_t) = min(s, t) I. Nothing is stored. There are no Lévy areas:
    methods that need them (several noises that do not commute) have no order 1 on it.

    Arguments: shape of W at one time, such as (n, d); final_time T; rng, what default_rng takes
    (a Generator gives one key). Cost: 50 draws of `shape` a new time, fewer where times share
    halvings; T 2^-k i costs k. Source: Li et al. 2020 (virtual Brownian tree); here
    exact, not to a tolerance.
    Tested in: tests/processes/test_wiener.py
    """

    shape: tuple[int, ...]
    final_time: float
    key: tuple[int, int]

    def __init__(self, shape, final_time=1.0, *, rng):
        sizes = (shape,) if np.ndim(shape) == 0 else tuple(shape)
        for size in sizes:
            if isinstance(size, bool) or not isinstance(size, (int, np.integer)) or size < 1:
                raise ValueError(f"shape must be whole numbers of at least 1, got {shape!r}")
        object.__setattr__(self, "shape", tuple(int(size) for size in sizes))
        object.__setattr__(self, "final_time", as_positive(final_time, "final_time"))
        drawn = as_rng(rng, "wiener").integers(2**63, size=2)
        object.__setattr__(self, "key", (int(drawn[0]), int(drawn[1])))

    def __call__(self, times) -> np.ndarray:
        """W at times (...,), in any order: (..., *shape)."""
        t = require_finite(np.asarray(as_array(times, "times", None)), "times")
        if t.size and not (t.min() >= 0 and t.max() <= self.final_time):
            raise ValueError(f"times must lie in [0, {self.final_time:g}]")
        distinct, place = np.unique(t.ravel(), return_inverse=True)
        return self._at(distinct)[place.ravel()].reshape(*t.shape, *self.shape)

    def increments(self, times) -> np.ndarray:
        """W(t_{i+1}) - W(t_i) over times (n + 1,), rising or falling: (n, *shape)."""
        return np.diff(self(as_times(times)), axis=0)

    def _normals(self) -> Callable[[int], np.ndarray]:
        """Node of the tree -> its standard normals; node 0 the end, 1 the middle, 2k and 2k + 1
        the middles of the halves of node k's interval."""
        bits = np.random.Philox(key=self.key[0] | self.key[1] << 64)
        generator, state = np.random.Generator(bits), bits.state

        def of_node(node: int) -> np.ndarray:
            name = node.to_bytes(node.bit_length() // 8 + 1, "big")
            digest = hashlib.blake2b(name, digest_size=16).digest()
            state["state"]["counter"][2:] = np.frombuffer(digest, "<u8")
            bits.state = state
            return generator.standard_normal(self.shape)

        return of_node

    def _at(self, t) -> np.ndarray:
        """W at distinct rising times."""
        out, normals = np.zeros((len(t), *self.shape)), self._normals()
        end = np.sqrt(self.final_time) * normals(0)
        out[t == self.final_time] = end
        stack = [(1, 0.0, self.final_time, np.zeros(self.shape), end, 0, len(t))]
        while stack:
            node, a, b, w_a, w_b, low, high = stack.pop()
            low += int(np.searchsorted(t[low:high], a, side="right"))  # strictly within (a, b)
            high = low + int(np.searchsorted(t[low:high], b, side="left"))
            if low >= high:
                continue
            m = a + 0.5 * (b - a)
            w_m = _bridge(a, m, b, w_a, w_b, normals(node))
            out[low:high][t[low:high] == m] = w_m
            stack.append((2 * node, a, m, w_a, w_m, low, high))
            stack.append((2 * node + 1, m, b, w_m, w_b, low, high))
        return out


def as_times(value, name: str = "times") -> np.ndarray:
    """Times (n + 1,), at least one step, strictly rising or strictly falling."""
    times = as_array(value, name, (None,))
    if len(times) < 2:
        raise ValueError(f"{name} must have at least two entries, one step; got {len(times)}")
    h = np.diff(times)
    if not ((h > 0).all() or (h < 0).all()):
        raise ValueError(f"{name} must rise strictly or fall strictly")
    return times


def _bridge(s, t, e, w_s, w_e, noise) -> np.ndarray:
    left, right = (t - s) / (e - s), (e - t) / (e - s)
    return right * w_s + left * w_e + np.sqrt(left * (e - t)) * noise
