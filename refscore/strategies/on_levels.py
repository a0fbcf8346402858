"""Families of cases on noise levels: ladders of fields, weightings, levels drawn and laid out."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from hypothesis import strategies as st

from refscore.identities.cases import FieldDescription, Law
from refscore.identities.ladder import FamilyDescription, gaussian_scores
from refscore.strategies.draws import (
    dims,
    fields,
    gaussians,
    ladders,
    mixtures,
    normals,
    points,
    scales,
)
from refscore.strategies.on_fields import parametric_fields


def _ladder(strategy):
    def make(draw):
        dim, sigmas = draw(dims()), draw(ladders())
        x = draw(points(dim))
        each = st.integers(0, len(sigmas) - 1)
        levels = np.array(draw(st.lists(each, min_size=len(x), max_size=len(x))))
        family = FamilyDescription([draw(strategy(dim)) for _ in sigmas], sigmas)
        return {"family": family, "x": x, "levels": levels, "noise": draw(normals(*x.shape))}

    return make


def _zero(draw):
    dim, sigmas = draw(dims(high=3)), draw(ladders())
    point = normals(dim).map(lambda mean: Law("point", mean=mean))
    law = draw(st.one_of(point, gaussians(dim), mixtures(dim, components=2)))
    zero = FieldDescription("affine", matrix=np.zeros((dim, dim)), offset=np.zeros(dim))
    return {"law": law, "family": FamilyDescription([zero] * len(sigmas), sigmas)}


def _optimum(draw):
    law = draw(gaussians(draw(dims(high=3))))
    return {"law": law, "family": gaussian_scores(law, draw(ladders()))}


def _numbers(draw, low, high, most=6):
    return np.array([draw(scales(low, high)) for _ in range(draw(st.integers(1, most)))])


def _ratios(draw):
    prediction = draw(st.sampled_from(["noise", "velocity", "data"]))
    gamma = draw(scales(0.1, 20.0))
    return {"snr": _numbers(draw, 1e-4, 1e4), "gamma": gamma, "prediction": prediction}


def _one_ratio(draw):
    return {"snr": np.array([draw(scales(1e-3, 1e3))]), "gamma": draw(scales(0.1, 20.0))}


def _weight(draw):
    target = draw(st.sampled_from(["score", "noise", "data", "velocity", "flow"]))
    alpha, sigma, weight = (draw(scales(*ends)) for ends in ((0.1, 2), (0.01, 5), (0.1, 9)))
    return {"target": target, "alpha": alpha, "sigma": sigma, "weight": weight}


def _levels(draw):
    return {"sigmas": _numbers(draw, 2e-3, 80.0), "sigma_data": draw(scales(0.1, 5.0))}


def _log_normal(draw):
    mean = draw(st.floats(-2.0, 2.0))
    z = draw(normals(draw(st.integers(1, 6))))
    return {"normals": z, "p_mean": mean, "p_std": draw(scales(0.2, 2.0))}


def _range(draw):
    low = draw(scales(1e-3, 1.0))
    return {"sigma_min": low, "sigma_max": low * draw(scales(1.1, 1e4))}


def _log_uniform(draw):
    u = np.array(draw(st.lists(st.floats(0.0, 1.0, exclude_max=True), min_size=1, max_size=6)))
    return {"uniforms": u, **_range(draw)}


def _geometric(draw):
    return {**_range(draw), "n": draw(st.integers(2, 40))}


def _squares(draw):
    n = draw(st.integers(1, 6))
    return {"squares": draw(normals(n)) ** 2, "log_variance": 1.5 * draw(normals(n))}


ON_LEVELS: dict[str, Callable] = {
    "ladder": _ladder(fields),
    "parametric ladder": _ladder(parametric_fields),
    "law on a ladder of zeros": _zero,
    "Gaussian on its ladder": _optimum,
    "signal-to-noise ratios": _ratios,
    "signal-to-noise ratio": _one_ratio,
    "weight on a target": _weight,
    "noise levels": _levels,
    "normal numbers for levels": _log_normal,
    "uniform numbers for levels": _log_uniform,
    "geometric ladder": _geometric,
    "squares and log variances": _squares,
}
