"""Chapter B: contrastive divergence, noise-contrastive estimation, and what scores cannot see."""

from __future__ import annotations

import numpy as np

from refscore import oracles
from refscore.identities import settings
from refscore.identities.base import Order, Sides, identity
from refscore.identities.cases import Case, FieldDescription, Law

HINTON = "seed 004 (energy models); Hinton 2002"
GUTMANN = "seed 004 (energy models); Gutmann and Hyvarinen 2010"


def energies():
    """Energies in one, two and three dimensions, none of them isotropic."""
    pairs = [[2, 0], [1, 1], [0, 2], [1, 0], [0, 1]]
    return {
        "a quadratic, d = 2": ([0.9, -0.4, 0.6, 0.3, -0.7], pairs),
        "a double well, d = 1": ([-0.8, 0.25, 0.3], [[2], [4], [1]]),
        "a quartic, d = 2": ([0.05, 0.1, 0.2, -0.3, 0.4], [[4, 0], [2, 2], [0, 2], [1, 1], [3, 0]]),
        "a quadratic, d = 3": ([0.3, 0.5, 0.8, -0.2], [[2, 0, 0], [0, 2, 0], [0, 0, 2], [1, 0, 1]]),
    }


def _energy(coefficients, exponents):
    return FieldDescription("polynomial", exponents=exponents, coefficients=coefficients)


def _chains():
    for i, (name, parts) in enumerate(energies().items()):
        d, k = len(parts[1][0]), (2, 1, 3, 4)[i]
        eta = (0.2, 0.3, 0.15, 0.7)[i]
        yield Case(
            f"{name}, {k} steps", energy=_energy(*parts), x=settings.points(5, d, spread=1.0),
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
    return _energy([*coefficients, *(-precision @ mean)], np.array(exponents))


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
        Case(name, energy=_energy(*parts), x=settings.points(3, len(parts[1][0]), spread=1.0))
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


def _contrasts():
    quartic = _energy(
        [0.9, -0.4, 0.6, 0.3, 0.1, -1.3], [[2, 0], [1, 1], [0, 2], [1, 0], [4, 0], [0, 0]]
    )
    for d, model, noise in (
        (2, settings.mixture(2), settings.gaussian(2)),
        (2, quartic, settings.mixture(2)),
        (1, settings.gaussian(1), Law("student_t", location=[0.3], shape=[[1.4]], dof=3.0)),
    ):
        name = f"{model.kind} against {noise.kind}, d = {d}"
        x, y = settings.points(4, d), settings.points(7, d, 1)
        yield Case(name, log_model=model, log_noise=noise, x=x, y=y)
        yield Case(name + ", more data", log_model=model, log_noise=noise, x=y, y=x[:3])


@identity(
    "B15-noise",
    ports="noise_contrastive_loss",
    statement=r"J = -\overline{\log\sigma(G(x))} - \nu\,\overline{\log\sigma(-G(y))},\ "
    r"G = \log p_\theta - \log q - \log\nu,\ \nu = n_y/n_x",
    source=GUTMANN,
    cases=_contrasts,
)
def noise_contrastive_given_points(ports, case):
    """The loss of telling data from noise by two log densities."""
    got = ports.noise_contrastive_loss(case.log_model, case.log_noise, case.x, case.y)
    want = oracles.contrasts.noise_contrastive(case.log_model, case.log_noise, case.x, case.y)
    yield Sides("loss", got, np.array(want))


def _population_loss(ports, case, model):
    """The mean loss over data and noise, point by point on panels of the line."""
    step, nu = 0.6, case.ratio
    t = np.arange(-9.3, 9.4, step)[:, None]
    p, q = (step * np.exp(oracles.scores.log_density(law, t)) for law in (case.law, case.noise_law))

    def loss(x, y):
        return float(ports.noise_contrastive_loss(model, case.noise_law, x, np.repeat(y, nu, 0)))

    far = t[:1]
    start = loss(far, far)
    of_x = p @ np.array([loss(t[i : i + 1], far) for i in range(len(t))])
    of_y = q @ np.array([loss(far, t[i : i + 1]) for i in range(len(t))])
    return of_x + of_y - start


@identity(
    "B15-minimum",
    ports="noise_contrastive_loss",
    statement=r"\nabla_{\theta,c}J = 0\ \text{at}\ \log p_\theta + c = \log p,\ "
    r"J^* = E_p\log(1+\nu q/p) + \nu E_q\log(1+p/(\nu q))",
    assumptions="data N(m, v) and noise with the same support; c is the log-normaliser",
    source=GUTMANN,
    cases=lambda: [
        Case(f"{n} noise points a data point", ratio=n, noise_law=Law(
            "gaussian", mean=[-0.3], covariance=[[1.7]]),
            law=Law("gaussian", mean=[0.4], covariance=[[0.8]]))
        for n in (3,)
    ],
    tolerance=1e-8,
)  # fmt: skip
def noise_contrastive_minimum(ports, case):
    """The true log density, with its normaliser, is where the loss is least."""
    m, v = case.law.mean[0], case.law.covariance[0, 0]
    truth = np.array([0.5 / v, -m / v, 0.5 * m**2 / v + 0.5 * np.log(2 * np.pi * v)])

    def loss(coefficients):
        return _population_loss(ports, case, _energy(coefficients, [[2], [1], [0]]))

    value = loss(truth)
    want = oracles.contrasts.noise_contrastive_bound(case.law, case.noise_law, case.ratio)
    yield Sides("least loss", value, np.array(want), 1.0)
    slope = []
    for e in np.eye(3):
        ahead, behind = loss(truth + 1e-4 * e), loss(truth - 1e-4 * e)
        slope.append((ahead - behind) / 2e-4)
    yield Sides("slope", slope, np.zeros(3), 10.0)


@identity(
    "B15-equal",
    ports="noise_contrastive_loss",
    statement=r"p_\theta = q:\ J = \log(1+\nu) + \nu\log(1+1/\nu)",
    assumptions="any points",
    source="derived: " + GUTMANN,
    cases=lambda: [
        Case(f"nu = {m}/{n}", law=settings.mixture(2), x=settings.points(n, 2),
             y=settings.points(m, 2, 1))
        for n, m in ((4, 4), (2, 6), (5, 3))
    ],
)  # fmt: skip
def noise_contrastive_at_noise(ports, case):
    """A model equal to the noise loses what guessing by the class sizes loses."""
    nu = len(case.y) / len(case.x)
    got = ports.noise_contrastive_loss(case.law, case.law, case.x, case.y)
    yield Sides("loss", got, np.array(np.log1p(nu) + nu * np.log1p(1 / nu)))


@identity(
    "B15-far",
    ports="noise_contrastive_loss",
    statement=r"G \to \pm\infty:\ J = \nu\,\overline{G(y)}^+ + \overline{G(x)}^-",
    assumptions="a model that is wrong by a factor of e^10000",
    source="derived: " + GUTMANN,
    cases=lambda: [
        Case(f"log-normaliser off by {c}", c=c, noise_law=settings.gaussian(1),
             x=settings.points(3, 1), y=settings.points(6, 1, 1))
        for c in (1e4, -1e4)
    ],
)  # fmt: skip
def noise_contrastive_far_out(ports, case):
    """Odds of e^10000 to 1 make the loss large and linear, neither infinite nor zero."""
    model = _energy([0.5, -case.c], [[2], [0]])
    got = ports.noise_contrastive_loss(model, case.noise_law, case.x, case.y)
    want = oracles.contrasts.noise_contrastive(model, case.noise_law, case.x, case.y)
    linear = case.c * len(case.y) / len(case.x) if case.c > 0 else -case.c
    yield Sides("loss beyond its linear part", got - linear, np.array(want - linear))
