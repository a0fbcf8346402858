"""Chapter B: contrastive divergence."""

from __future__ import annotations

import numpy as np

from refscore import oracles
from refscore.identities import settings
from refscore.identities.base import Order, Sides, identity
from refscore.identities.cases import Case, FieldDescription

HINTON = "seed 004 (energy models); Hinton 2002"


def energies():
    """Energies in one, two and three dimensions, none of them isotropic."""
    pairs = [[2, 0], [1, 1], [0, 2], [1, 0], [0, 1]]
    return {
        "a quadratic, d = 2": ([0.9, -0.4, 0.6, 0.3, -0.7], pairs),
        "a double well, d = 1": ([-0.8, 0.25, 0.3], [[2], [4], [1]]),
        "a quartic, d = 2": ([0.05, 0.1, 0.2, -0.3, 0.4], [[4, 0], [2, 2], [0, 2], [1, 1], [3, 0]]),
        "a quadratic, d = 3": ([0.3, 0.5, 0.8, -0.2], [[2, 0, 0], [0, 2, 0], [0, 0, 2], [1, 0, 1]]),
    }


def energy(coefficients, exponents):
    """The polynomial energy of these coefficients and exponents."""
    return FieldDescription("polynomial", exponents=exponents, coefficients=coefficients)


def _chains():
    for i, (name, parts) in enumerate(energies().items()):
        d, k = len(parts[1][0]), (2, 1, 3, 4)[i]
        eta = (0.2, 0.3, 0.15, 0.7)[i]
        yield Case(
            f"{name}, {k} steps", energy=energy(*parts), x=settings.points(5, d, spread=1.0),
            step_size=eta, n_steps=k, noise=settings.normals(k, 5, d),
        )  # fmt: skip


@identity(
    "B15-divergence",
    ports="contrastive_divergence",
    statement=r"g = \overline{\partial_\theta E(x)} - \overline{\partial_\theta E(x^k)},\ "
    r"x^{j+1} = x^j - \tfrac\eta2\nabla E(x^j) + \sqrt\eta\,z^j,\ x^0 = x",
    assumptions="nothing is differentiated through the chain",
    source=HINTON,
    cases=_chains,
    family="chain",
)
def contrastive_divergence_given_noise(ports, case):
    """The gradient of contrastive divergence on given noise."""
    got = ports.contrastive_divergence(
        case.energy, case.x, case.step_size, case.n_steps, noise=case.noise
    )
    want = oracles.contrasts.contrastive_divergence(case.energy, case.x, case.step_size, case.noise)
    yield Sides("gradient", got, want)


def _all_signs_of(law, n_steps):
    """Data and noise over all signs: their means of quadratics are those of the normal laws."""
    d = len(law.mean)
    signs = settings.all_signs(d * (1 + n_steps))
    x = law.mean + signs[:, :d] @ np.linalg.cholesky(law.covariance).T
    noise = signs[:, d:].reshape(-1, n_steps, d)
    return x, np.ascontiguousarray(np.moveaxis(noise, 1, 0))


def quadratic(precision, mean):
    """1/2 (x - m)^T T (x - m) without its constant: x_i x_j for i <= j, then x_i."""
    d = len(mean)
    eye = np.eye(d)
    pairs = [(i, j) for i in range(d) for j in range(i, d)]
    exponents = [eye[i] + eye[j] for i, j in pairs] + list(eye)
    coefficients = [precision[i, j] * (0.5 if i == j else 1.0) for i, j in pairs]
    return energy([*coefficients, *(-precision @ mean)], np.array(exponents))


@identity(
    "B15-fixed-point",
    ports="contrastive_divergence",
    statement=r"g(\theta^*) = 0,\ \theta^* = \frac{1-\sqrt{1-2h/v}}{h} = "
    r"\tfrac1v + \tfrac{h}{2v^2} + \dots,\ \eta = 2h",
    assumptions="N(m, S) data, v the eigenvalues of S, Gaussian model; no fixed point for 2h > v",
    source="derived: the unadjusted step leaves N(m, S) invariant at this precision; " + HINTON,
    cases=lambda: [
        Case("d = 1, one step", law=settings.gaussian(1), step_size=0.3, n_steps=1),
        Case("d = 1, three steps", law=settings.gaussian(1), step_size=0.38, n_steps=3),
        Case("d = 2, two steps", law=settings.gaussian(2), step_size=0.35, n_steps=2),
    ],
    family="chain at its fixed point",
)
def contrastive_divergence_fixed_point(ports, case):
    """Where contrastive divergence ends on a Gaussian: a precision above the true one."""
    law, eta = case.law, case.step_size
    x, noise = _all_signs_of(law, case.n_steps)

    def gradient(precision):
        energy = quadratic(precision, law.mean)
        return ports.contrastive_divergence(energy, x, eta, case.n_steps, noise=noise)

    star = oracles.contrasts.divergence_fixed_point(law, eta)
    d = len(law.mean)
    size = np.abs(x).max() ** 2
    yield Sides("fixed point", gradient(star), np.zeros(d * (d + 1) // 2 + d), size)
    truth = np.linalg.inv(law.covariance)
    spread = oracles.langevin.law_after(law, eta, case.n_steps, law.mean, law.covariance)
    spread = law.covariance - spread.covariance
    upper = np.triu_indices(d)
    yield Sides("at 1/v", gradient(truth), [*spread[upper], *np.zeros(d)], size)


@identity(
    "B15-order",
    ports="contrastive_divergence",
    kind="order",
    statement=r"g/h = \nabla_\theta\,\overline{\tfrac12\|\nabla E\|^2 - \Delta E} + O(h),\ "
    r"\eta = 2h,\ k = 1",
    assumptions="noise over all signs: mean 0, covariance I",
    source="derived: seed 004 (score matching); Hyvarinen 2007",
    cases=lambda: [
        Case(name, energy=energy(*parts), x=settings.points(3, len(parts[1][0]), spread=1.0))
        for name, parts in energies().items()
    ],
)
def contrastive_divergence_is_implicit(ports, case):
    """With ever smaller steps contrastive divergence is implicit score matching."""
    n, d = case.x.shape
    z = settings.all_signs(d)
    x, noise = np.repeat(case.x, len(z), axis=0), np.tile(z, (n, 1))[None]
    want = oracles.contrasts.implicit_gradient(case.energy, case.x)
    steps = 2.0 ** -np.arange(9, 13)
    errors = []
    for h in steps:
        got = ports.contrastive_divergence(case.energy, x, 2 * h, 1, noise=noise)
        errors.append(np.abs(got / h - want).max())
    yield Order("gradient", steps, np.array(errors), 1.0)
