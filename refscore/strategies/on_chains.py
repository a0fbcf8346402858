"""Families of cases of Langevin steps: with noise, uniform numbers, momenta, metrics, ladders."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from hypothesis import strategies as st

from refscore.strategies.draws import covariances, gaussians, mixtures, normals, scales

_DIMS = st.integers(1, 3)


def _law(draw, condition: float = 30.0):
    dim, spread = draw(_DIMS), draw(scales(1.0, condition))
    return draw(st.one_of(gaussians(dim, condition=spread), mixtures(dim, condition=spread)))


def _dim(law) -> int:
    return np.shape(law.mean if law.kind == "gaussian" else law.means)[-1]


def _least(law) -> float:
    """The smallest variance of all components."""
    covariances = [law.covariance] if law.kind == "gaussian" else law.covariances
    return float(min(np.linalg.eigvalsh(c)[0] for c in covariances))


def _near(draw, law, n: int = 5):
    """Points where the law is: about its components' means."""
    d, spread = _dim(law), draw(scales(0.3, 2.0))
    means = np.reshape(law.mean if law.kind == "gaussian" else law.means, (-1, d))
    return means[np.arange(n) % len(means)] + spread * draw(normals(n, d))


def _uniform(draw, *shape):
    return np.clip(0.5 + draw(normals(*shape)) / 6, 1e-3, 1 - 1e-3)


def _step(draw) -> dict:
    law = _law(draw)
    return {"law": law, "x": _near(draw, law), "step_size": _least(law) * draw(scales(0.05, 3.0))}


def _pair(draw):
    inputs = _step(draw)
    moved = inputs["x"] + inputs["step_size"] ** 0.5 * draw(normals(*inputs["x"].shape))
    return {**inputs, "proposal": moved}


def _adjusted(draw):
    inputs = _step(draw)
    n, d = inputs["x"].shape
    return {**inputs, "noise": draw(normals(n, d)), "uniform": _uniform(draw, n)}


def _scaled(draw):
    inputs = _adjusted(draw)
    scale = inputs.pop("step_size") ** 0.5
    return {**inputs, "scale": scale, "uniforms": _uniform(draw, *inputs["x"].shape)}


def _momentum(draw):
    inputs = _adjusted(draw)
    inputs["momentum"] = inputs.pop("noise")
    h = _least(inputs["law"]) ** 0.5 * draw(scales(0.1, 1.2))
    return {**inputs, "step_size": h, "n_leapfrog": draw(st.integers(1, 4))}


def _splitting(draw):
    inputs = _step(draw)
    n, d = inputs["x"].shape
    h = _least(inputs["law"]) ** 0.5 * draw(scales(0.1, 1.2))
    more = {"v": draw(normals(n, d)), "noise": draw(normals(2, n, d))}
    return {**inputs, **more, "step_size": h, "friction": draw(scales(0.1, 5.0))}


def _metric(draw):
    inputs = _step(draw)
    n, d = inputs["x"].shape
    G = draw(covariances(d, condition=draw(scales(1.0, 30.0))))
    return {**inputs, "preconditioner": G, "noise": draw(normals(n, d))}


def _walk(draw):
    law, k = _law(draw), draw(st.integers(1, 5))
    x0, share = _near(draw, law), draw(scales(0.05, 1.5))
    noise = draw(normals(k, *x0.shape))
    return {"law": law, "x0": x0, "step_size": _least(law) * share, "n_steps": k, "noise": noise}


def _levels(draw):
    inputs = _walk(draw)
    count, each = draw(st.integers(1, 4)), inputs.pop("n_steps")
    sigmas = draw(scales(0.1, 2.0)) * np.cumprod(1 + 1.5 * _uniform(draw, count))[::-1]
    size = (_least(inputs["law"]) + sigmas[-1] ** 2) * draw(scales(0.02, 0.5))
    noise = draw(normals(count, each, *inputs["x0"].shape))
    more = {"sigmas": sigmas, "step_size": size, "n_steps_each": each, "noise": noise}
    return {**inputs, **more}


def _corrected(draw):
    inputs = _step(draw)
    del inputs["step_size"]
    return {**inputs, "snr": draw(scales(0.05, 1.0)), "noise": draw(normals(*inputs["x"].shape))}


def _stable(draw):
    law = draw(gaussians(draw(_DIMS), condition=draw(scales(1.0, 30.0))))
    d, share = len(law.mean), draw(scales(0.02, 3.5))
    direction = draw(normals(d)) + 0.1
    return {"law": law, "step_size": float(_least(law) * share), "direction": direction}


ON_CHAINS: dict[str, Callable] = {
    "pair": _pair,
    "adjusted step": _adjusted,
    "scaled proposal": _scaled,
    "momentum": _momentum,
    "splitting": _splitting,
    "step in a metric": _metric,
    "chain of steps": _walk,
    "ladder of steps": _levels,
    "step by norms": _corrected,
    "stable step": _stable,
}
