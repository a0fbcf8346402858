"""Gumbel-max and Gumbel-softmax: a million draws of 64 codes."""

from __future__ import annotations

import numpy as np

from refscore import discrete
from validation.benchmarks import network
from validation.benchmarks.chains import generator
from validation.benchmarks.timing import Case

WORKLOAD = "Gumbel-{}, 1,000,000 draws of 64 codes, {}"
N, K, SEEN = 1_000_000, 64, 50_000
ONE, EACH = "one row of logits", "a row of logits each"


def cases():
    row = np.random.default_rng(0).standard_normal(K)
    rows = row + np.zeros((N, 1))
    return [
        _largest(row, ONE), _largest(rows, EACH),
        _relaxed(row, 1.0, ONE), _relaxed(row, 0.7, ONE), _relaxed(rows, 0.7, EACH),
    ]  # fmt: skip


def _largest(logits, of):
    many = N if logits.ndim == 1 else None
    others = {
        "NumPy, largest of l + gumbel": lambda: _frequencies(
            (logits + np.random.default_rng(0).gumbel(size=(N, K))).argmax(1)
        ),
        "torch, Categorical": network.missing("torch") or _torch_categorical(logits, many),
        "torch, l - log E": network.missing("torch") or _torch(logits, None),
        "JAX, categorical": network.missing("jax") or _jax_categorical(logits),
    }

    def ours():
        return _frequencies(discrete.gumbel_max(logits, rng=generator(), n=many))

    return Case(WORKLOAD.format("max", of), ours, others, _floor, _FLOOR_IS, 0.1)


def _relaxed(logits, tau, of):
    many = N if logits.ndim == 1 else None
    others = {
        "NumPy, softmax of l + gumbel": lambda: _means(_numpy(logits, tau)),
        "torch, F.gumbel_softmax": network.missing("torch") or _torch_functional(logits, tau),
        "torch, l - log E": network.missing("torch") or _torch(logits, tau),
        "JAX, softmax of l + gumbel": network.missing("jax") or _jax(logits, tau),
    }

    def ours():
        return _means(discrete.gumbel_softmax(logits, tau, rng=generator(), n=many))

    name = WORKLOAD.format("softmax", f"temperature {tau:g}, {of}")
    return Case(name, ours, others, _floor, _FLOOR_IS, 0.1)


def _frequencies(codes):
    return (np.bincount(codes, minlength=K) / N,)


def _means(y):
    return (y[:SEEN].mean(0),)


def _numpy(logits, tau):
    z = (logits + np.random.default_rng(0).gumbel(size=(N, K))) / tau
    y = np.exp(z - z.max(1, keepdims=True))
    return y / y.sum(1, keepdims=True)


def _torch_rows(logits):
    import torch

    torch.set_num_threads(1)
    return torch.tensor(logits).expand(N, K)


def _torch_categorical(logits, many):
    import torch

    torch.set_num_threads(1)
    law = torch.distributions.Categorical(logits=torch.tensor(logits))
    return lambda: _frequencies(law.sample(() if many is None else (many,)).numpy())


def _torch_functional(logits, tau):
    import torch

    rows = _torch_rows(logits)
    return lambda: _means(torch.nn.functional.gumbel_softmax(rows, tau).numpy())


def _torch(logits, tau):
    import torch

    rows = _torch_rows(logits)

    def call():
        z = rows - torch.empty(N, K, dtype=rows.dtype).exponential_().log_()
        if tau is None:
            return _frequencies(z.argmax(1).numpy())
        return _means(torch.softmax(z.div_(tau), 1).numpy())

    return call


def _jax_categorical(logits):
    import jax

    jax.config.update("jax_enable_x64", True)
    draw = jax.jit(lambda key, l: jax.random.categorical(key, l, shape=(N,)))
    rows = jax.numpy.asarray(logits)
    return lambda: _frequencies(np.asarray(draw(jax.random.key(0), rows)))


def _jax(logits, tau):
    import jax

    jax.config.update("jax_enable_x64", True)
    rows = jax.numpy.asarray(logits)

    @jax.jit
    def draw(key, l):
        return jax.nn.softmax((l + jax.random.gumbel(key, (N, K), l.dtype)) / tau)

    return lambda: _means(np.asarray(draw(jax.random.key(0), rows)))


_FLOOR_IS = "drawing 64,000,000 exponentials (SFC64), kept nowhere"


def _floor():
    rng, block = generator(), np.empty((1000, K))
    for _ in range(N // len(block)):
        rng.standard_exponential(out=block)
