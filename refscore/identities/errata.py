"""Chapter J: formulas as the lectures print them, and the counterexamples that refute them.

An entry holds when the port, which is to be the corrected formula, gives the right number of its
counterexample, and the printed formula, evaluated on the same nodes, a wrong one that is known.
Here: signs, powers and points.
"""

from __future__ import annotations

import numpy as np

from refscore import oracles
from refscore.identities import settings
from refscore.identities.base import Sides, identity
from refscore.identities.cases import Case, FieldDescription, Law
from refscore.identities.fields import by_point, gaussian_nodes, joint_nodes

RATES = np.array([-1.0, 0.0, 0.5, 1.0, 2.5])


def centred(covariance):
    """A Gaussian law around the origin."""
    covariance = np.atleast_2d(np.asarray(covariance, dtype=float))
    return Law("gaussian", mean=np.zeros(len(covariance)), covariance=covariance)


def linear(matrix):
    """The field -M x, minus the gradient of an energy with Hessian M."""
    matrix = np.atleast_2d(np.asarray(matrix, dtype=float))
    return FieldDescription("affine", matrix=-matrix, offset=np.zeros(len(matrix)))


def argmin(rates, values):
    """Where the parabola through the values is least."""
    square, slope, _ = np.polyfit(rates, values, 2)
    return np.array(-slope / (2 * square))


def quadratic(rate, matrix):
    """The energy rate xᵀMx/2 as a function of points."""
    return lambda x: rate * np.einsum("ni,ij,nj->n", x, np.atleast_2d(matrix), x) / 2


def derivatives(energy, x):
    """∂E/∂xᵢ and ∂²E/∂xᵢ², (n, d) each, by differences, which are exact for quadratic energies."""
    up, down = (np.stack([energy(x + e) for e in s * np.eye(x.shape[1])], -1) for s in (1, -1))
    return (up - down) / 2, up + down - 2 * energy(x)[:, None]


def curvature(energy, x, v):
    """vᵀ∇²E v (n,), likewise."""
    return energy(x + v) + energy(x - v) - 2 * energy(x)


def nearest(law, probes):
    """The rate λ for which -λx comes closest to the law's score, along probes (m, d)."""
    x, w = gaussian_nodes(law)
    field, score = -x @ probes.T, oracles.scores.score(law, x) @ probes.T
    return np.array((w @ (field * score).sum(-1)) / (w @ (field**2).sum(-1)))


def sliced_mean(ports, field, law, probes):
    """The mean sliced loss over a Gaussian law, the same probes (m, d) at every point."""
    x, w = gaussian_nodes(law)
    same = np.tile(probes, (len(x), 1, 1))
    return w @ by_point(lambda a, v: ports.sliced_loss(field, a, probes=v), x, same)


def noisy_mean(ports, field, law, sigma):
    """The mean denoising loss over a Gaussian law and its noise."""
    x, z, w = joint_nodes(law)
    return w @ by_point(lambda a, b: ports.denoising_loss(field, a, sigma, noise=b), x, z)


@identity(
    "J1",
    ports="implicit_loss",
    statement=r"E[\tfrac12\sum_i(\partial_iE)^2 - \partial_i^2E]\ \text{least at}\ \lambda = 1;\ "
    r"\text{with}\ +(\partial_i^2E)^2\ \text{at}\ 0,\ \text{with}\ +\partial_i^2E\ \text{at}\ -1",
    assumptions="N(0, S) data, E = λ xᵀS⁻¹x/2",
    source="seed 004 (implicit matching with an energy, as printed)",
    cases=lambda: [
        Case("N(0, 1)", law=centred(1.0)),
        Case("d = 2", law=centred(settings.covariance(2))),
    ],
)
def erratum_implicit_energy(ports, case):
    """Printed with a plus and squared second derivatives; the trace is subtracted, unsquared."""
    precision = np.linalg.inv(case.law.covariance)
    x, w = gaussian_nodes(case.law)

    def mean(rate):
        return w @ by_point(lambda p: ports.implicit_loss(linear(rate * precision), p), x)

    size = np.trace(precision)
    got = np.array([mean(rate) for rate in RATES])
    yield Sides("objective", got, RATES**2 * size / 2 - RATES * size)
    found = [argmin(RATES, got)]
    for power in (2, 1):
        terms = [derivatives(quadratic(rate, precision), x) for rate in RATES]
        printed = [w @ (first**2 / 2 + second**power).sum(-1) for first, second in terms]
        found.append(argmin(RATES, printed))
    for label, rate, right in zip(("least at", "as printed", "unsquared"), found, (1.0, 0.0, -1.0)):
        yield Sides(label, rate, np.array(right), 1.0)
        left = oracles.objectives.fisher_affine(linear(rate * precision), case.law)
        yield Sides(f"{label}: divergence", left, np.array((right - 1) ** 2 * size / 2), size)


@identity(
    "J2",
    ports="sliced_loss",
    statement=r"E[\tfrac12(\sum_iv_i\partial_iE)^2 - \sum_{ij}v_iv_j\partial_{ij}E]:\ "
    r"\text{minus, and the square of the sum}",
    assumptions="N(0, S) data, E = λ|x|²/2, one probe",
    source="seed 004 (sliced matching with an energy, as printed)",
    cases=lambda: [
        Case("N(0, 1)", law=centred(1.0), probe=np.array([1.0])),
        Case("correlated", law=centred([[1.0, 0.5], [0.5, 1.0]]), probe=np.array([1.0, 1.0])),
        Case("d = 3", law=centred(settings.covariance(3)), probe=np.array([1.0, -2.0, 0.5])),
    ],
)
def erratum_sliced_energy(ports, case):
    """Printed with a plus and a sum of squares, least at -1 on N(0, 1) where 1 is right."""
    law, v = case.law, case.probe
    x, w = gaussian_nodes(law)
    got, printed = [], []
    for rate in RATES:
        got.append(sliced_mean(ports, linear(rate * np.eye(len(v))), law, v[None]))
        energy = quadratic(rate, np.eye(len(v)))
        squares = ((v * derivatives(energy, x)[0]) ** 2).sum(-1)
        printed.append(w @ (squares / 2 + curvature(energy, x, v)))
    along, squares = v @ law.covariance @ v, v**2 @ np.diag(law.covariance)
    yield Sides("objective", np.array(got), RATES**2 * along / 2 - RATES * (v @ v))
    yield Sides("least at", argmin(RATES, got), nearest(law, v[None]))
    yield Sides("least as printed", argmin(RATES, printed), np.array(-(v @ v) / squares))


@identity(
    "J3",
    ports="denoising_loss",
    statement=r"E\ell - E[\tfrac{z\cdot s(x)}{\sigma} + \tfrac{\|z\|^2}{2\sigma^2}] = "
    r"\tfrac12\operatorname{tr}(ASA^T) - \operatorname{tr}A + \tfrac{\sigma^2}{2}\|A\|_F^2",
    assumptions="N(0, S) data, s = -A x; the lecture calls the right side a constant",
    source="seed 004 (the expansion for small noise, as printed)",
    cases=lambda: [
        Case("N(0, 1), a = 0.3, 1, 2", law=centred(1.0), sigma=0.05,
             fields=[linear(a) for a in (0.3, 1.0, 2.0)]),
        Case("d = 2", law=centred(settings.covariance(2)), sigma=0.2,
             fields=[linear(settings.matrix(2, k)) for k in (0, 1)]),
    ],
)  # fmt: skip
def erratum_small_noise(ports, case):
    """What is dropped as a constant is the implicit objective; what is kept does not move."""
    law, sigma = case.law, case.sigma
    d = len(law.mean)
    x, z, w = joint_nodes(law)
    kept = [
        w @ ((z * (x @ f.matrix.T)).sum(-1) / sigma + (z**2).sum(-1) / (2 * sigma**2))
        for f in case.fields
    ]
    size = d / (2 * sigma**2)
    yield Sides("kept terms", np.array(kept), np.full(len(kept), size))
    dropped = np.array([noisy_mean(ports, f, law, sigma) for f in case.fields]) - kept
    right = [
        oracles.objectives.implicit_affine(f, law) + sigma**2 * (f.matrix**2).sum() / 2
        for f in case.fields
    ]
    yield Sides("dropped terms", dropped, np.array(right))


@identity(
    "J11",
    ports="denoising_loss",
    statement=r"E\tfrac12\|s(\tilde x) + z/\sigma\|^2,\ s = -ax,\ \text{least at}\ "
    r"a = \frac{\operatorname{tr} I}{\operatorname{tr}(S+\sigma^2I)};\ \text{with}\ s(x)\ "
    r"\text{at}\ 0",
    assumptions="N(0, S) data",
    source="seed 004 (the first line of the ladder's loss, as printed)",
    cases=lambda: [
        Case("N(0, 1), sigma 0.5: 0.8", law=centred(1.0), sigma=0.5),
        Case("d = 2", law=centred(settings.covariance(2)), sigma=0.7),
    ],
)
def erratum_clean_point(ports, case):
    """Printed at the clean point, where the noise teaches the field nothing: least at zero."""
    law, sigma = case.law, case.sigma
    d = len(law.mean)
    fields = [linear(a * np.eye(d)) for a in RATES]
    got = np.array([noisy_mean(ports, field, law, sigma) for field in fields])
    x, z, w = joint_nodes(law)
    printed = [w @ (0.5 * ((z / sigma - a * x) ** 2).sum(-1)) for a in RATES]
    noisy = centred(law.covariance + sigma**2 * np.eye(d))
    yield Sides("least at", argmin(RATES, got), nearest(noisy, np.eye(d)))
    yield Sides("least as printed", argmin(RATES, printed), np.array(0.0), 1.0)
