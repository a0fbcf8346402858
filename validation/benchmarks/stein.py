"""The kernel Stein discrepancy, inverse multiquadric kernel, n = 5,000 and 20,000, d = 2 and 10."""

from __future__ import annotations

import numpy as np

from refscore.discrepancies import kernel_stein
from validation.benchmarks import network
from validation.benchmarks.timing import Case

WORKLOAD = "kernel Stein discrepancy, IMQ, n = {}, d = {}"
ROWS = 250  # of the blocks that a careful writer works in


def cases():
    return [_case(n, dim) for n in (5000, 20_000) for dim in (2, 10)]


def _case(n, dim):
    x = np.random.default_rng(0).standard_normal((n, dim))
    s = 0.3 - x
    others = {
        "NumPy, all pairs": (lambda: (_numpy(x, s),))
        if n <= 5000
        else "each array of all pairs takes 3 GB",
        "NumPy, blocks": lambda: (_blocks(x, s, _numpy) / n**2,),
        "torch, blocks": network.missing("torch") or _torch(x, s),
        "JAX, vmap": network.missing("jax") or _jax(x, s),
        "stein_thinning": network.missing("stein_thinning") or _thinning(x, s),
    }
    name = WORKLOAD.format(f"{n:,}", dim)
    floor = "square root and reciprocal of pairs i < j"
    return Case(name, lambda: (kernel_stein(s, x),), others, _floor(n), floor)


def _numpy(x, s, y=None, t=None):
    """All pairs at once: the mean, or the sum for two different blocks."""
    y, t, total = (x, s, np.mean) if y is None else (y, t, np.sum)
    squares = (x**2).sum(1)[:, None] + (y**2).sum(1) - 2 * x @ y.T
    u = 1 + squares
    along = (s * x).sum(1)[:, None] + (t * y).sum(1) - s @ y.T - x @ t.T
    h = u**-0.5 * (s @ t.T) + u**-1.5 * (along + x.shape[1]) - 3 * squares * u**-2.5
    return total(h)


def _blocks(x, s, function):
    starts = range(0, len(x), ROWS)
    return sum(function(x[i : i + ROWS], s[i : i + ROWS], x, s) for i in starts)


def _torch(x, s):
    import torch

    torch.set_num_threads(1)
    x, s = torch.tensor(x), torch.tensor(s)

    def part(x, s, y, t):
        squares = torch.cdist(x, y) ** 2
        root = torch.rsqrt(1 + squares)
        along = (s * x).sum(1)[:, None] + (t * y).sum(1) - s @ y.T - x @ t.T
        inverse = root**2
        h = root * (s @ t.T + inverse * (along + x.shape[1] - 3 * squares * inverse))
        return h.sum()

    return lambda: ((_blocks(x, s, part) / len(x) ** 2).numpy(),)


def _jax(x, s):
    """One pair, twice vmapped and jitted; rows in a scan, so that nothing of size n² is kept."""
    import jax
    import jax.numpy as jnp

    jax.config.update("jax_enable_x64", True)
    x, s = jnp.array(x), jnp.array(s)

    def pair(x, s, y, t):
        gap = x - y
        squares = gap @ gap
        root = jax.lax.rsqrt(1 + squares)
        inverse = root**2
        along = (s - t) @ gap + x.shape[0] - 3 * squares * inverse
        return root * (s @ t + inverse * along)

    rows = jax.vmap(jax.vmap(pair, (None, None, 0, 0)), (0, 0, None, None))

    @jax.jit
    def total(x, s):
        def add(sofar, block):
            return sofar + rows(*block, x, s).sum(), None

        blocks = tuple(a.reshape(-1, ROWS, x.shape[1]) for a in (x, s))
        return jax.lax.scan(add, 0.0, blocks)[0] / len(x) ** 2

    return lambda: (np.asarray(jax.block_until_ready(total(x, s))),)


def _thinning(x, s):
    """The package's Stein kernel, a row of pairs at a time."""
    if len(x) > 5000:
        return "takes half a minute"
    from stein_thinning.kernel import make_imq

    kernel = make_imq(x, "id")

    def call():
        rows = (kernel(x[i : i + 1], x, s[i : i + 1], s).sum() for i in range(len(x)))
        return (np.array(sum(rows) / len(x) ** 2),)

    return call


def _floor(n):
    pairs, u = n * (n - 1) // 2, np.full((256, 256), 1.7)
    out = np.empty_like(u)

    def call():
        for _ in range(pairs // u.size):
            np.sqrt(np.reciprocal(u, out=out), out=out)

    return call
