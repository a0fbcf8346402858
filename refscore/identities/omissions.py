"""Chapter J: what the lectures leave out of a formula: a factor, a constant, a mean."""

from __future__ import annotations

import numpy as np

from refscore import oracles
from refscore.identities import settings
from refscore.identities.base import Sides, identity
from refscore.identities.cases import Case
from refscore.identities.errata import (
    RATES,
    argmin,
    centred,
    curvature,
    derivatives,
    linear,
    nearest,
    quadratic,
    sliced_mean,
)
from refscore.identities.fields import by_point, gaussian_nodes


def bare(law, x):
    """A Gaussian's density without its normaliser, of complex points too, (n,)."""
    gap = x - law.mean
    return np.exp(-0.5 * np.einsum("ni,ij,nj->n", gap, np.linalg.inv(law.covariance), gap))


def mass(law, step=0.75, reach=11):
    """The integral of that, on a lattice of spacing .75 deviations: exact to rounding."""
    axes = [step * np.arange(-reach, reach + 1)] * len(law.mean)
    z = np.stack(np.meshgrid(*axes, indexing="ij"), -1).reshape(-1, len(law.mean))
    root = np.linalg.cholesky(law.covariance)
    return bare(law, law.mean + z @ root.T).sum() * np.prod(step * np.diag(root))


@identity(
    "J4",
    ports="log_density",
    statement=r"Z = \frac{1}{p(\mu)} = (2\pi)^{d/2}|S|^{1/2},\ \text{printed}\ (2\pi)^{-d/2}",
    assumptions="Gaussian law",
    source="seed 001 (the normaliser of a Gaussian, as printed)",
    cases=lambda: [
        Case("N(0, 1)", law=centred(1.0), z=2.5066282746310002),
        Case("N(0, I), d = 3", law=centred(np.eye(3)), z=15.749609945722419),
        Case("d = 2", law=settings.gaussian(2), z=2 * np.pi),
    ],
)
def erratum_gaussian_normaliser(ports, case):
    """Printed upside down: 2.5066 for N(0, 1), not .3989."""
    law = case.law
    d = len(law.mean)
    size, root = mass(law), np.sqrt(np.linalg.det(law.covariance))
    got = np.exp(-ports.log_density(law, law.mean[None]))
    yield Sides("Z", got, np.array([size]))
    yield Sides("Z in closed form", got, np.array([case.z * root]))
    printed = (2 * np.pi) ** (-d / 2) * root
    yield Sides("mass under the printed Z", np.array(size / printed), np.array(case.z**2))


@identity(
    "J4-sliced",
    ports="sliced_loss",
    statement=r"v^T\nabla s\,v + \tfrac12(v\cdot s)^2,\ \text{printed without}\ v\ "
    r"\text{in the square: least at}\ |v|^2/d",
    assumptions="N(0, I) data, s = -λx, one fixed probe",
    source="seed 001 (the loop of sliced matching, as printed)",
    cases=lambda: [
        Case("v = (1, 2)", law=centred(np.eye(2)), probe=np.array([1.0, 2.0])),
        Case("v = (1, -1, 2)", law=centred(np.eye(3)), probe=np.array([1.0, -1.0, 2.0])),
    ],
)
def erratum_sliced_square(ports, case):
    """Printed without the probe in the square: on v = (1, 2) least at 2.5 where 1 is right."""
    v, size = case.probe, case.probe @ case.probe
    x, w = gaussian_nodes(case.law)
    got, printed = [], []
    for rate in RATES:
        got.append(sliced_mean(ports, linear(rate * np.eye(len(v))), case.law, v[None]))
        energy = quadratic(rate, np.eye(len(v)))
        squares = (derivatives(energy, x)[0] ** 2).sum(-1)
        printed.append(w @ (squares / 2 - curvature(energy, x, v)))
    yield Sides("objective", np.array(got), RATES**2 * size / 2 - RATES * size)
    yield Sides("least at", argmin(RATES, got), nearest(case.law, v[None]))
    yield Sides("least as printed", argmin(RATES, printed), np.array(size / len(v)))


@identity(
    "J9",
    ports="fisher_loss implicit_loss",
    statement=r"F(s) = J(s) + \tfrac12\operatorname{tr}P,\ \text{printed}\ F = J:\ "
    r"\text{at the true score}\ 0\ \text{``=''}\ -\tfrac12\operatorname{tr}P",
    assumptions="N(mu, S) data, P = S^-1",
    source="seeds 001, 004 (score matching, printed without its constant)",
    cases=lambda: [
        Case("N(0, 1)", law=centred(1.0), other=linear(0.4), half_trace=0.5),
        Case("d = 2", law=centred(np.diag([0.5, 2.0])), other=linear(settings.matrix(2)),
             half_trace=1.25),
    ],
)  # fmt: skip
def erratum_missing_constant(ports, case):
    """The Fisher divergence and the objective differ by a constant: 0 "=" -.5."""
    x, w = gaussian_nodes(case.law)
    truth = linear(np.linalg.inv(case.law.covariance))

    def fisher(s):
        return w @ by_point(lambda p: ports.fisher_loss(s, truth, p), x)

    def implicit(s):
        return w @ by_point(lambda p: ports.implicit_loss(s, p), x)

    size = case.half_trace
    yield Sides("F at the true score", fisher(truth), np.array(0.0), size)
    yield Sides("J at the true score", implicit(truth), np.array(-size))
    gap = fisher(case.other) - implicit(case.other)
    yield Sides("F - J elsewhere", gap, np.array(size))
    want = oracles.objectives.fisher_affine(case.other, case.law)
    yield Sides("F elsewhere", fisher(case.other), np.array(want))


@identity(
    "J10",
    ports="sliced_loss",
    statement=r"v = e_1:\ J(\operatorname{diag}(1,5)) - J(I) = 0;\ E_v,\ Evv^T = I:\ 8",
    assumptions="N(0, I) data, s = -A x",
    source="seed 004 (sliced matching, printed without the mean over probes)",
    cases=lambda: [
        Case("diag(1, 5)", matrix=np.diag([1.0, 5.0]), gap=8.0),
        Case("diag(1, 3, 0.5)", matrix=np.diag([1.0, 3.0, 0.5]), gap=2.125),
    ],
)
def erratum_one_probe(ports, case):
    """One fixed probe cannot see what happens across it; the mean over probes can."""
    d = len(case.matrix)

    def mean(matrix, probes):
        return sliced_mean(ports, linear(matrix), centred(np.eye(d)), probes)

    first, axes = np.eye(d)[:1], np.sqrt(d) * np.eye(d)
    blind = mean(case.matrix, first) - mean(np.eye(d), first)
    yield Sides("one probe", blind, np.array(0.0), 1.0)
    yield Sides("one probe, I", mean(np.eye(d), first), np.array(-0.5))
    yield Sides("all", mean(case.matrix, axes) - mean(np.eye(d), axes), np.array(case.gap))


@identity(
    "J16",
    ports="score",
    statement=r"\nabla\log p = \nabla\log\hat p;\ \nabla p \ne \nabla\hat p:\ "
    r"-.2420,\ -.6065\ \text{at}\ x = 1",
    assumptions="the unnormalised density of a Gaussian, its Z left out",
    source="seed 000 (printed for densities)",
    cases=lambda: [
        Case("N(0, 1) at 1", law=centred(1.0), x=np.array([[1.0]])),
        Case("d = 2", law=settings.gaussian(2), x=settings.points(4, 2)),
    ],
)
def erratum_gradient_of_density(ports, case):
    """Gradients of log densities agree without the normaliser, gradients of densities do not."""
    law, x, d = case.law, case.x, len(case.law.mean)
    steps = 1e-30j * np.eye(d)
    slopes = np.stack([bare(law, x + step).imag for step in steps], -1) / 1e-30
    got = ports.score(law, x)
    yield Sides("∇ log p = ∇ log p̂", got, slopes / bare(law, x)[:, None])
    p = np.exp(oracles.scores.log_density(law, x))[:, None]
    right, z = p * oracles.scores.score(law, x), mass(law)
    yield Sides("printed, with Z", slopes / z, right)
    apart = (2 * np.pi) ** (d / 2) * np.sqrt(np.linalg.det(law.covariance))
    yield Sides("printed, without Z", slopes, apart * right)
