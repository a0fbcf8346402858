"""Chapters B and J: gaps, kinks and levels, which a score objective sees badly or not at all."""

from __future__ import annotations

import numpy as np

from refscore import oracles
from refscore.identities import settings
from refscore.identities.base import Sides, identity
from refscore.identities.cases import Case, FieldDescription, Law
from refscore.identities.errata import argmin, noisy_mean
from refscore.identities.fields import by_point


def two_modes(weight, means, covariance=1.0):
    """Two Gaussians of one covariance."""
    means = np.atleast_2d(np.asarray(means, dtype=float))
    one = covariance * np.eye(means.shape[1])
    return Law(
        "mixture", weights=[weight, 1 - weight], means=means, covariances=np.stack([one, one])
    )


def _score_of(law):
    return FieldDescription("mixture_score", **law.parameters_by_name)


def _gaps():
    for a in (1.0, 2.0, 4.0):
        laws = {p: two_modes(p, [[-a], [a]]) for p in (0.5, 0.9)}
        yield Case(f"modes at +-{a:g}", law=laws[0.5], other=laws[0.9])
    means = [[-1.0, 0.6], [0.8, -0.4]]
    yield Case("d = 2", law=two_modes(0.5, means, 0.7), other=two_modes(0.9, means, 0.7))


@identity(
    "B17",
    ports="fisher_loss",
    statement=r"\tfrac12N(\pm a,1)\ \text{against}\ .9/.1:\ F = \tfrac12E[(2a)^2(r-r')^2] = "
    r".171,\ .0999,\ 5.4\cdot10^{-4}\ \text{at}\ a = 1, 2, 4\ \text{while}\ KL \to .511",
    assumptions="r, r' the responsibilities of a component under the two weights",
    source="seed 001 (low density regions); derived",
    cases=_gaps,
    family="two modes",
)
def weights_across_a_gap(ports, case):
    """The Fisher divergence barely sees the weights of modes far apart."""
    law, other = case.law, case.other
    z, w = _panels(len(law.means[0]))
    x = np.concatenate([m + np.sqrt(law.covariances[0, 0, 0]) * z for m in law.means])
    p = np.concatenate([w * weight for weight in law.weights])
    got = p @ by_point(lambda y: ports.fisher_loss(_score_of(other), _score_of(law), y), x)
    want = oracles.contrasts.fisher_between_weights(law, other)
    yield Sides("F", got, np.array(want), 0.01)


def _panels(d):
    """Panels of N(0, I), exact for smooth functions to rounding."""
    z, step = np.linspace(-9, 9, 181 if d == 1 else 73, retstep=True)
    w = step * np.exp(-(z**2) / 2) / np.sqrt(2 * np.pi)
    if d == 1:
        return z[:, None], w
    grid = np.stack(np.meshgrid(z, z, indexing="ij"), -1).reshape(-1, 2)
    return grid, np.outer(w, w).ravel()


@identity(
    "J21",
    ports="score log_density",
    statement=r"\nabla\log p = \nabla\log p'\ \text{on both sides of a gap while}\ "
    r"p/p' = \pi_k/\pi_k'",
    assumptions="mixtures with the same components and other weights, points near the modes",
    source="seed 001 (the score is said to keep all information)",
    cases=lambda: [
        Case("modes at +-12", law=two_modes(0.5, [[-12.0], [12.0]]),
             other=two_modes(0.9, [[-12.0], [12.0]]), near=settings.points(4, 1, spread=0.7)),
        Case("d = 2", law=two_modes(0.3, [[-9.0, 7.0], [8.0, -6.0]], 0.5),
             other=two_modes(0.8, [[-9.0, 7.0], [8.0, -6.0]], 0.5),
             near=settings.points(3, 2, spread=0.5)),
    ],
)  # fmt: skip
def erratum_information_across_a_gap(ports, case):
    """Across a gap the scores are the same and the densities are not."""
    for k, mean in enumerate(case.law.means):
        x = mean + case.near
        alone = -case.near / case.law.covariances[k, 0, 0]
        for name, law in (("", case.law), (" of the other", case.other)):
            yield Sides(f"score{name} near {k}", ports.score(law, x), alone)
        ratio = ports.log_density(case.law, x) - ports.log_density(case.other, x)
        right = np.log(case.law.weights[k] / case.other.weights[k])
        yield Sides(f"log ratio near {k}", ratio, np.full(len(x), right))


@identity(
    "J20",
    ports="score divergence",
    statement=r"s = -r\operatorname{sign}(x-m),\ \text{Laplace data of scale}\ a:\ "
    r"E[\tfrac12s^2+s']\ \text{least at}\ r = 0,\ \text{with}\ [s]\,p(m)\ "
    r"\text{at}\ r = 1/a",
    assumptions="the derivative taken off the kink; the lectures ask regularity of the data alone",
    source="seeds 000, 004 (regularity conditions)",
    cases=lambda: [
        Case("scale 1, m = 0", law=Law("laplace", location=[0.0], scale=[1.0])),
        Case("scale 1.6, m = 0.3", law=Law("laplace", location=[0.3], scale=[1.6])),
    ],
)
def erratum_smooth_model(ports, case):
    """Fitted as printed a kinked model widens without end; its jump restores the minimum."""
    m, a = case.law.location, float(case.law.scale[0])
    nodes, w = np.polynomial.laguerre.laggauss(4)  # of |x - m|/a, on either side
    x, w = m + a * np.concatenate([nodes, -nodes])[:, None], np.concatenate([w, w]) / 2
    beside = m + np.array([[-0.01], [0.01]])
    density = np.exp(oracles.scores.log_density(case.law, m[None]))[0]
    rates, printed, jumps = np.array([0.25, 0.5, 1.0, 2.0]), [], []
    for rate in rates:
        model = Law("laplace", location=m, scale=[1 / rate])
        s = ports.score(model, x)[:, 0]
        printed.append(w @ (0.5 * s**2 + ports.divergence(model, x)))
        jumps.append(np.diff(ports.score(model, beside)[:, 0])[0] * density)
    yield Sides("least as printed", argmin(rates, printed), np.array(0.0), 1 / a)
    yield Sides("least with the jump", argmin(rates, np.add(printed, jumps)), np.array(1 / a))


@identity(
    "J19",
    ports="denoising_loss",
    statement=r"2\sigma^2E\ell = d\ \text{at}\ s = 0;\ d - \sigma^2I(q_\sigma)\ "
    r"\text{at the optimum}: .0099, .5, .9999\ \text{at}\ \sigma = 10, 1, .01\ \text{on}\ N(0,1)",
    assumptions="N(0, S) data",
    source="seed 004 (the loss's scale over levels)",
    cases=lambda: [
        Case("N(0, 1)", law=Law("gaussian", mean=[0.0], covariance=[[1.0]]),
             sigmas=np.array([10.0, 1.0, 0.01])),
        Case("d = 2", law=Law("gaussian", mean=np.zeros(2), covariance=settings.covariance(2)),
             sigmas=np.array([3.0, 0.4])),
    ],
)  # fmt: skip
def erratum_scale_over_levels(ports, case):
    """The weighted loss has one scale at zero score only: at the optimum .0099 to .9999."""
    law, d = case.law, len(case.law.mean)
    for sigma in case.sigmas:
        precision = np.linalg.inv(law.covariance + sigma**2 * np.eye(d))
        right = d - sigma**2 * np.trace(precision)
        for name, matrix, want in (("zero", 0 * precision, d), ("optimum", -precision, right)):
            field = FieldDescription("affine", matrix=matrix, offset=np.zeros(d))
            got = 2 * sigma**2 * noisy_mean(ports, field, law, sigma)
            yield Sides(f"{name}, sigma {sigma:g}", got, np.array(float(want)), float(d))
