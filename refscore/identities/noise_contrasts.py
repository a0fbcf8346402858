"""Chapter B: noise-contrastive estimation."""

from __future__ import annotations

import numpy as np

from refscore import oracles
from refscore.identities import settings
from refscore.identities.base import Sides, identity
from refscore.identities.cases import Case, Law
from refscore.identities.contrasts import energy
from refscore.identities.precision import is_single, resolved

GUTMANN = "seed 004 (energy models); Gutmann and Hyvarinen 2010"


def _contrasts():
    quartic = energy(
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
    family="two laws with points",
)
def noise_contrastive_given_points(ports, case):
    """The loss of telling data from noise by two log densities."""
    got = ports.noise_contrastive_loss(case.log_model, case.log_noise, case.x, case.y)
    want = oracles.contrasts.noise_contrastive(case.log_model, case.log_noise, case.x, case.y)
    yield Sides("loss", got, np.array(want))


_NEGLIGIBLE = 1e-14  # a node's weight, beside losses of some tens


def _population_loss(ports, case, model):
    """The mean loss over data and noise, point by point on panels of the line."""
    step, nu = 0.6, case.ratio
    t = np.arange(-9.3, 9.4, step)[:, None]
    p, q = (step * np.exp(oracles.scores.log_density(law, t)) for law in (case.law, case.noise_law))

    def loss(x, y):
        return float(ports.noise_contrastive_loss(model, case.noise_law, x, np.repeat(y, nu, 0)))

    middle = t[len(t) // 2 :][:1]
    start = loss(middle, middle)
    of_x = sum(w * (loss(y[None], middle) - start) for w, y in zip(p, t) if w > _NEGLIGIBLE)
    of_y = sum(w * (loss(middle, y[None]) - start) for w, y in zip(q, t) if w > _NEGLIGIBLE)
    return start + of_x + of_y


def _slope(loss, at, e, h):
    """Four points: their own error is 2e-11 at h = .002, and rounding of the loss grows as 1/h."""
    near, far = (loss(at + k * h * e) - loss(at - k * h * e) for k in (1, 2))
    return (8 * near - far) / (12 * h)


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
        return _population_loss(ports, case, energy(coefficients, [[2], [1], [0]]))

    value = loss(truth)
    want = oracles.contrasts.noise_contrastive_bound(case.law, case.noise_law, case.ratio)
    yield Sides("least loss", value, np.array(want), 1.0)
    step = 4e-2 if is_single(ports) else 2e-3
    slope = _slope(loss, truth, np.array([0.6, -0.8, 1.0]), step)
    yield Sides("slope along a line", slope, np.array(0.0), 1.0)


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
    family="law with two sets of points",
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
    family="log-normaliser far off",
)  # fmt: skip
def noise_contrastive_far_out(ports, case):
    """Odds of e^10000 to 1 make the loss large and linear, neither infinite nor zero."""
    model = energy([0.5, -case.c], [[2], [0]])
    got = ports.noise_contrastive_loss(model, case.noise_law, case.x, case.y)
    want = oracles.contrasts.noise_contrastive(model, case.noise_law, case.x, case.y)
    linear = case.c * len(case.y) / len(case.x) if case.c > 0 else -case.c
    beyond = np.array(want - linear)
    scale = resolved(ports, np.maximum(np.abs(beyond), 1.0), linear)
    yield Sides("loss beyond its linear part", got - linear, beyond, scale)
