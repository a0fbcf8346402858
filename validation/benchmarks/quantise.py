"""The nearest of 1,024 codes, d = 64, for 100,000 and a million points in single precision."""

from __future__ import annotations

import numpy as np

from refscore.discrete import nearest_codes
from validation.benchmarks import network
from validation.benchmarks.timing import Case

WORKLOAD, K, DIM = "nearest of 1,024 codes, d = 64, n = {}", 1024, 64
ROWS = 2000  # of the blocks that a careful writer works in: 8 MB of distances


def cases():
    return [_case(n) for n in (100_000, 1_000_000)]


def inputs(n):
    rng = np.random.default_rng(0)
    return (rng.standard_normal((m, DIM), dtype=np.float32) for m in (n, K))


def _case(n):
    x, codes = inputs(n)

    def answer(find):
        """Contenders in single precision may differ in a few codes: the errors of some points."""
        some = slice(None, None, n // 10_000)
        return (((x[some] - codes[np.asarray(find())[some]]) ** 2).sum(1),)

    finds = {
        "NumPy, blocks": lambda: _numpy(x, codes),
        "torch, cdist, blocks": network.missing("torch") or _torch(x, codes, True),
        "torch, products, blocks": network.missing("torch") or _torch(x, codes, False),
        "JAX, products, scan": network.missing("jax") or _jax(x, codes),
        "scikit-learn, pairwise_distances_argmin": network.missing("sklearn") or _sklearn(x, codes),
        "SciPy, vq": lambda: _scipy(x, codes),
    }
    if n > 100_000:
        finds |= dict.fromkeys(["NumPy, blocks", "torch, cdist, blocks", "SciPy, vq"], "as above")
    others = {
        name: (lambda find=find: answer(find)) if callable(find) else find
        for name, find in finds.items()
    }
    ours = lambda: answer(lambda: nearest_codes(x, codes))  # noqa: E731
    floor = "one product of matrices in single precision, by blocks"
    return Case(WORKLOAD.format(f"{n:,}"), ours, others, _floor(x, codes), floor, rtol=1e-5)


def _blocks(x, find):
    return np.concatenate([np.asarray(find(x[i : i + ROWS])) for i in range(0, len(x), ROWS)])


def _numpy(x, codes):
    half, turned = 0.5 * (codes**2).sum(1), np.ascontiguousarray(codes.T)
    return _blocks(x, lambda rows: (half - rows @ turned).argmin(1))


def _torch(x, codes, by_distance):
    import torch

    torch.set_num_threads(1)
    x, codes = torch.from_numpy(x), torch.from_numpy(codes)
    half, turned = 0.5 * (codes**2).sum(1), codes.T.contiguous()

    def find(rows):
        scores = (
            torch.cdist(rows, codes) if by_distance else torch.addmm(half, rows, turned, alpha=-1)
        )
        return scores.argmin(1)

    return lambda: _blocks(x, find)


def _jax(x, codes):
    import jax
    import jax.numpy as jnp

    x, codes = jnp.array(x).reshape(-1, ROWS, DIM), jnp.array(codes)

    @jax.jit
    def find(x, codes):
        half = 0.5 * (codes**2).sum(1)
        return jax.lax.map(lambda rows: (half - rows @ codes.T).argmin(1), x).ravel()

    return lambda: np.asarray(jax.block_until_ready(find(x, codes)))


def _sklearn(x, codes):
    from sklearn.metrics import pairwise_distances_argmin

    return lambda: pairwise_distances_argmin(x, codes)


def _scipy(x, codes):
    from scipy.cluster.vq import vq

    return vq(x, codes, check_finite=False)[0]


def _floor(x, codes):
    turned, out = np.ascontiguousarray(codes.T), np.empty((512, K), dtype=np.float32)

    def call():
        for i in range(0, len(x) - 511, 512):
            np.matmul(x[i : i + 512], turned, out=out)

    return call
