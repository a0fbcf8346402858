"""Chapter J: formulas as the lectures print them, and the counterexamples that refute them.

An entry holds when the printed formula gives the wrong number of its counterexample and the
port, which is to be the corrected formula, gives the right one.
"""

from __future__ import annotations

import numpy as np

from refscore import oracles
from refscore.identities import settings
from refscore.identities.base import Sides, identity
from refscore.identities.cases import Case, FieldDescription, Law
from refscore.identities.fields import by_point, gaussian_nodes, joint_nodes

_RATES = np.array([-1.0, 0.0, 0.5, 1.0, 2.5])


def _centred(covariance):
    covariance = np.atleast_2d(np.asarray(covariance, dtype=float))
    return Law("gaussian", mean=np.zeros(len(covariance)), covariance=covariance)


def _linear(matrix):
    """The field -M x, minus the gradient of an energy with Hessian M."""
    matrix = np.atleast_2d(np.asarray(matrix, dtype=float))
    return FieldDescription("affine", matrix=-matrix, offset=np.zeros(len(matrix)))


def _argmin(rates, values):
    """Where the parabola through the values is least."""
    square, slope, _ = np.polyfit(rates, values, 2)
    return np.array(-slope / (2 * square))


@identity(
    "J1",
    ports="implicit_loss",
    statement=r"E[\tfrac12\sum_i(\partial_iE)^2 - \partial_i^2E]\ \text{least at}\ \lambda = 1;\ "
    r"\text{with}\ +(\partial_i^2E)^2\ \text{at}\ 0,\ \text{with}\ +\partial_i^2E\ \text{at}\ -1",
    assumptions="N(0, S) data, E = λ xᵀS⁻¹x/2",
    source="seed 004 (implicit matching with an energy, as printed)",
    cases=lambda: [
        Case("N(0, 1)", law=_centred(1.0)),
        Case("d = 2", law=_centred(settings.covariance(2))),
    ],
)
def erratum_implicit_energy(ports, case):
    """Printed with a plus and squared second derivatives; the trace is subtracted, unsquared."""
    precision = np.linalg.inv(case.law.covariance)
    x, w = gaussian_nodes(case.law)

    def mean(rate):
        return w @ by_point(lambda p: ports.implicit_loss(_linear(rate * precision), p), x)

    d, curved = np.trace(precision), (np.diag(precision) ** 2).sum()
    got = np.array([mean(rate) for rate in _RATES])
    yield Sides("objective", got, _RATES**2 * d / 2 - _RATES * d)
    yield Sides("least at", _argmin(_RATES, got), np.array(1.0))
    printed = _RATES**2 * d / 2 + _RATES**2 * curved
    yield Sides("least as printed", _argmin(_RATES, printed), np.array(0.0), 1.0)
    yield Sides("unsquared", _argmin(_RATES, _RATES**2 * d / 2 + _RATES * d), np.array(-1.0))


@identity(
    "J2",
    ports="sliced_loss",
    statement=r"E[\tfrac12(\sum_iv_i\partial_iE)^2 - \sum_{ij}v_iv_j\partial_{ij}E]:\ "
    r"\text{minus, and the square of the sum}",
    assumptions="N(0, S) data, E = λ|x|²/2, one probe",
    source="seed 004 (sliced matching with an energy, as printed)",
    cases=lambda: [
        Case("N(0, 1)", law=_centred(1.0), probe=np.array([1.0])),
        Case("correlated", law=_centred([[1.0, 0.5], [0.5, 1.0]]), probe=np.array([1.0, 1.0])),
        Case("d = 3", law=_centred(settings.covariance(3)), probe=np.array([1.0, -2.0, 0.5])),
    ],
)
def erratum_sliced_energy(ports, case):
    """Printed with a plus and a sum of squares, least at -1 on N(0, 1) where 1 is right."""
    law, v = case.law, case.probe
    x, w = gaussian_nodes(law)
    probes = np.tile(v, (len(x), 1, 1))

    def mean(rate):
        field = _linear(rate * np.eye(len(v)))
        loss = np.asarray(ports.sliced_loss(field, x, probes=probes))
        if loss.ndim == 0:
            each = [ports.sliced_loss(field, a[None], probes=v[None, None]) for a in x]
            loss = np.array(each)
        return w @ loss

    along, squares = v @ law.covariance @ v, v**2 @ np.diag(law.covariance)
    got = np.array([mean(rate) for rate in _RATES])
    yield Sides("objective", got, _RATES**2 * along / 2 - _RATES * (v @ v))
    yield Sides("least at", _argmin(_RATES, got), np.array((v @ v) / along))
    printed = _argmin(_RATES, _RATES**2 * squares / 2 + _RATES * (v @ v))
    yield Sides("least as printed", printed, np.array(-(v @ v) / squares))


def _noisy_mean(ports, field, law, sigma):
    x, z, w = joint_nodes(law)
    loss = np.asarray(ports.denoising_loss(field, x, sigma, noise=z))
    if loss.ndim == 0:
        pairs = zip(x, z, strict=True)
        each = [ports.denoising_loss(field, a[None], sigma, noise=b[None]) for a, b in pairs]
        loss = np.array(each)
    return w @ loss


@identity(
    "J3",
    ports="denoising_loss",
    statement=r"E\ell - E[\tfrac{z\cdot s(x)}{\sigma} + \tfrac{\|z\|^2}{2\sigma^2}] = "
    r"\tfrac12\operatorname{tr}(ASA^T) - \operatorname{tr}A + \tfrac{\sigma^2}{2}\|A\|_F^2",
    assumptions="N(0, S) data, s = -A x; the lecture calls the right side a constant",
    source="seed 004 (the expansion for small noise, as printed)",
    cases=lambda: [
        Case("N(0, 1), a = 0.3, 1, 2", law=_centred(1.0), sigma=0.05,
             fields=[_linear(a) for a in (0.3, 1.0, 2.0)]),
        Case("d = 2", law=_centred(settings.covariance(2)), sigma=0.2,
             fields=[_linear(settings.matrix(2, k)) for k in (0, 1)]),
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
    dropped = np.array([_noisy_mean(ports, f, law, sigma) for f in case.fields]) - kept
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
        Case("N(0, 1), sigma 0.5: 0.8", law=_centred(1.0), sigma=0.5),
        Case("d = 2", law=_centred(settings.covariance(2)), sigma=0.7),
    ],
)
def erratum_clean_point(ports, case):
    """Printed at the clean point, where the noise teaches the field nothing: least at zero."""
    law, sigma = case.law, case.sigma
    d, spread = len(law.mean), np.trace(law.covariance)
    fields = [_linear(a * np.eye(d)) for a in _RATES]
    got = np.array([_noisy_mean(ports, field, law, sigma) for field in fields])
    x, z, w = joint_nodes(law)
    printed = [w @ (0.5 * ((z / sigma - a * x) ** 2).sum(-1)) for a in _RATES]
    yield Sides("least at", _argmin(_RATES, got), np.array(d / (spread + d * sigma**2)))
    yield Sides("printed, least at", _argmin(_RATES, np.array(printed)), np.array(0.0), 1.0)


@identity(
    "J4",
    ports="log_density",
    statement=r"Z = \frac{1}{p(\mu)} = (2\pi)^{d/2}|S|^{1/2},\ \text{printed}\ (2\pi)^{-d/2}",
    assumptions="Gaussian law",
    source="seed 001 (the normaliser of a Gaussian, as printed)",
    cases=lambda: [
        Case("N(0, 1)", law=_centred(1.0), z=2.5066282746310002),
        Case("N(0, I), d = 3", law=_centred(np.eye(3)), z=15.749609945722419),
        Case("d = 2", law=settings.gaussian(2), z=2 * np.pi),
    ],
)
def erratum_gaussian_normaliser(ports, case):
    """Printed upside down: 2.5066 for N(0, 1), not .3989."""
    law = case.law
    d = len(law.mean)
    got = np.exp(-ports.log_density(law, law.mean[None]))
    yield Sides("Z", got, np.array([case.z * np.sqrt(np.linalg.det(law.covariance))]))
    yield Sides("printed times right", np.array((2 * np.pi) ** (-d / 2) * case.z), np.array(1.0))


@identity(
    "J4-sliced",
    ports="sliced_loss",
    statement=r"v^T\nabla s\,v + \tfrac12(v\cdot s)^2,\ \text{printed without}\ v\ "
    r"\text{in the square: least at}\ |v|^2/d",
    assumptions="N(0, I) data, s = -λx, one fixed probe",
    source="seed 001 (the loop of sliced matching, as printed)",
    cases=lambda: [
        Case("v = (1, 2)", law=_centred(np.eye(2)), probe=np.array([1.0, 2.0])),
        Case("v = (1, -1, 2)", law=_centred(np.eye(3)), probe=np.array([1.0, -1.0, 2.0])),
    ],
)
def erratum_sliced_square(ports, case):
    """Printed without the probe in the square: on v = (1, 2) least at 2.5 where 1 is right."""
    law, v = case.law, case.probe
    x, w = gaussian_nodes(law)
    got = []
    for rate in _RATES:
        field = _linear(rate * np.eye(len(v)))
        each = [ports.sliced_loss(field, a[None], probes=v[None, None]) for a in x]
        got.append(w @ np.array(each).reshape(len(x)))
    size = v @ v
    yield Sides("objective", np.array(got), _RATES**2 * size / 2 - _RATES * size)
    yield Sides("least at", _argmin(_RATES, got), np.array(1.0))
    printed = _RATES**2 * len(v) / 2 - _RATES * size
    yield Sides("least as printed", _argmin(_RATES, printed), np.array(size / len(v)))


@identity(
    "J9",
    ports="fisher_loss implicit_loss",
    statement=r"F(s) = J(s) + \tfrac12\operatorname{tr}P,\ \text{printed}\ F = J:\ "
    r"\text{at the true score}\ 0\ \text{``=''}\ -\tfrac12\operatorname{tr}P",
    assumptions="N(mu, S) data, P = S^-1",
    source="seeds 001, 004 (score matching, printed without its constant)",
    cases=lambda: [
        Case("N(0, 1)", law=_centred(1.0), other=_linear(0.4), half_trace=0.5),
        Case("d = 2", law=_centred(np.diag([0.5, 2.0])), other=_linear(settings.matrix(2)),
             half_trace=1.25),
    ],
)  # fmt: skip
def erratum_missing_constant(ports, case):
    """The Fisher divergence and the objective differ by a constant: 0 "=" -.5."""
    x, w = gaussian_nodes(case.law)
    truth = _linear(np.linalg.inv(case.law.covariance))

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
    x, w = gaussian_nodes(_centred(np.eye(d)))

    def mean(matrix, probes):
        each = [ports.sliced_loss(_linear(matrix), a[None], probes=probes[None]) for a in x]
        return w @ np.array(each).reshape(len(x))

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
        Case("N(0, 1) at 1", law=_centred(1.0), x=np.array([[1.0]])),
        Case("d = 2", law=settings.gaussian(2), x=settings.points(4, 2)),
    ],
)
def erratum_gradient_of_density(ports, case):
    """Gradients of log densities agree without the normaliser, gradients of densities do not."""
    law, x = case.law, case.x
    precision, gap = np.linalg.inv(law.covariance), x - law.mean
    bare = np.exp(-0.5 * np.einsum("ni,ij,nj->n", gap, precision, gap))[:, None]
    of_bare = -bare * (gap @ precision)
    got = ports.score(law, x)
    yield Sides("∇ log p = ∇ log p̂", got, of_bare / bare)
    if len(x) == 1:
        yield Sides("printed, without Z", of_bare[0], _DENSITY_GRADIENTS[:1])
        yield Sides("printed, with Z", of_bare[0] / np.sqrt(2 * np.pi), _DENSITY_GRADIENTS[1:])


_DENSITY_GRADIENTS = np.array([-0.6065306597126334, -0.24197072451914337])
