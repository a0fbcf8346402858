"""What each family can do, measured: every model fitted to the same points, every call counted."""

from __future__ import annotations

from collections.abc import Callable
from itertools import combinations_with_replacement
from typing import NamedTuple

import numpy as np

from refscore._arguments import as_count, as_points, as_rng, beyond_float
from refscore.discrepancies import wasserstein_gaussian
from refscore.distributions import Gaussian
from refscore.estimation import PolynomialEnergy
from refscore.families._numbers import standardised
from refscore.families.autoregressive import AutoregressiveGaussian
from refscore.families.latent import ProbabilisticPCA
from refscore.fields import Affine, Field
from refscore.flows import LinearFlow
from refscore.langevin import run, ula
from refscore.laws import langevin_law
from refscore.nodes import trapezoid
from refscore.recovery import log_density_from_score

STEPS, STEP_SIZE = 200, 0.05  # of chains, the size in units of the data's covariance
REACH, PANELS = 6.75, 15  # of the box that is integrated over, in deviations; panels an axis
MOST = 4  # dimensions: the box has 16^d points
REPEATS = 100  # of n exact draws
LEAST = 1e-5  # variance of the scaled data in any direction: below, path integrals split for ever


class Ability(NamedTuple):
    """One row. Of log p: `density_error` its largest error at the data, `density_cost` the points
    at which the model was evaluated for one value, both None without a density; `integral` True
    where most of them were for a normaliser. `latent`: dimensions. Of draws, where the data's
    moments are 0 and I: `bias` W₂ of their law from N(0, I), exactly; `distance` that of the
    moments of n of them, `floor` what it is on average for n draws of N(0, I), `floor_error` its
    standard error, of 100 repeats; `draw_cost` evaluations of the model a draw.
    """

    family: str
    density_error: float | None
    density_cost: int | None
    integral: bool
    latent: int
    bias: float
    distance: float
    floor: float
    floor_error: float
    draw_cost: float


class Counted:
    """A model's function, and at how many points it was evaluated.

    Tested in: tests/families/test_comparison.py
    """

    def __init__(self, function: Callable):
        self.function, self.points = function, 0

    def __call__(self, x):
        """The function's answer."""
        return self.function(self.seen(x))

    def seen(self, x):
        """x itself, its points counted."""
        self.points += len(x)
        return x

    def spent(self) -> int:
        """The points since the last time this was asked."""
        spent, self.points = self.points, 0
        return spent


class CountedField(Field):
    """The same of a field, to be handed to what takes fields.

    Tested in: tests/families/test_comparison.py
    """

    def __init__(self, field: Field):
        super().__init__(field.dim)
        self.counted = Counted(field)

    def _value(self, x):
        return self.counted(x)


def comparison(x, *, n_draws: int = 2000, rng) -> list[Ability]:
    """Every family fitted to x (n, d), asked for log p(x) and for draws, as rows of a table.

    All models can be N(m, S), m and S the data's, so every log density is known, and every draw's
    law. x is centred and scaled to deviations of 1, and distances are those of L⁻¹(x − m), where
    S = L Lᵀ: no row depends on where x lies or in what unit. Autoregressive, latent (of d − 1
    dimensions), flow: maximum likelihood. Adversarial: the saddle of the game with quadratic log
    odds, where moments agree. Energy: quadratic, at maximum likelihood, Z by the trapezoid rule on
    16^d points, draws by Langevin steps. Score: implicit matching, which is maximum likelihood
    here, log p by path integrals and the same rule, draws by Langevin steps. These start at m and
    are x + (η/2) S s(x) + √η L z, η = .05: their step is the data's own, and so is its error, of
    which the bias tells; a distance at its floor says nothing of either.
    Raises ValueError for x not (n, d), d from 2 (a latent has fewer dimensions than x) to 4 (Z
    takes 16^d points), for fewer than 2d points, a constant column, or columns that are collinear
    to what rounding leaves of path integrals: an eigenvalue of their correlations below 1e-5.
    Cost: 60 · 16^d evaluations of the score, and 100 times n draws: seconds.
    Tested in: tests/families/test_comparison.py
    """
    x, n, rng = as_points(x, "x"), as_count(n_draws, "n_draws", minimum=2), as_rng(rng)
    if x.ndim != 2 or not 2 <= x.shape[1] <= MOST or len(x) < 2 * x.shape[1]:
        raise ValueError(
            f"x must hold at least 2d points (n, d), d from 2 to {MOST}: a latent has fewer"
            f" dimensions than x, and Z takes 16^d points; got shape {x.shape}"
        )
    with beyond_float():
        x = standardised(x, "x")[2]
        covariance = x.T @ x / len(x)
    least = np.linalg.eigvalsh(covariance)[0]
    if not least > LEAST:
        raise ValueError(
            "x must have columns that are not collinear, to what rounding leaves of path"
            f" integrals; got {least:.1e} for the least eigenvalue of their correlations, which"
            f" must be above {LEAST:g}"
        )
    law = Gaussian(np.zeros(x.shape[1]), covariance)
    truth = law.log_density(x)
    made = (_autoregressive, _latent, _adversarial, _flow, _energy, _score)
    rows = [_measured(model(x, law), x, truth, law, n, rng) for model in made]
    exact = [_distance(rng.standard_normal((n, law.dim))) for _ in range(REPEATS)]
    floor, error = float(np.mean(exact)), float(np.std(exact) / np.sqrt(REPEATS))
    return [row._replace(floor=floor, floor_error=error) for row in rows]


def _measured(made, x, truth, law, n, rng) -> Ability:
    """One row, evaluations for log p and for draws counted apart."""
    family, model, density, draw, drawn, latent, integral = made
    error = cost = None
    if density is not None:
        error = float(np.abs(density(x) - truth).max())
        model.spent()
        density(x[:1])
        cost = model.spent()
    unit = np.linalg.inv(np.linalg.cholesky(law.covariance))
    bias = _apart(unit @ drawn.mean, unit @ drawn.covariance @ unit.T)
    distance = _distance(draw(n, rng) @ unit.T)
    spent = model.spent() / n
    return Ability(family, error, cost, integral, latent, bias, distance, np.nan, np.nan, spent)


def _distance(u):
    """W₂ of the moments of points u (n, d) from 0 and I."""
    return _apart(u.mean(0), np.cov(u.T, bias=True))


def _apart(mean, covariance):
    return wasserstein_gaussian(Gaussian(mean, covariance), Gaussian(np.zeros(len(mean)), 1.0))


def _autoregressive(x, law):
    fitted = AutoregressiveGaussian.fit(x)
    model = Counted(lambda seen: fitted.intercepts + seen @ fitted.coefficients.T)
    sd = fitted.deviations

    def density(points):
        z = (points - model(points)) / sd
        return (-0.5 * z**2 - np.log(sd) - 0.5 * np.log(2 * np.pi)).sum(-1)

    def draw(n, rng):
        drawn, noise = np.zeros((n, len(sd))), rng.standard_normal((n, len(sd)))
        for j in range(len(sd)):  # each call sees the coordinates so far
            drawn[:, j] = model(drawn)[:, j] + sd[j] * noise[:, j]
        return drawn

    return "autoregressive", model, density, draw, Gaussian(*fitted.moments()), 0, False


def _latent(x, law):
    fitted = ProbabilisticPCA.fit(x, law.dim - 1)
    model = Counted(lambda z: fitted.offset + z @ fitted.loadings.T)

    def density(points):  # Bayes' rule at the posterior's mean, all of it exact here
        mean, covariance, _ = fitted.posterior(points)
        given = Gaussian(np.zeros(fitted.dim), fitted.sigma**2).log_density(points - model(mean))
        prior = Gaussian(np.zeros(fitted.n_latent), 1.0).log_density(mean)
        none = np.zeros_like(mean)
        return given + prior - Gaussian(none[0], covariance).log_density(none)

    def draw(n, rng):
        z = rng.standard_normal((n, fitted.n_latent))
        return model(z) + fitted.sigma * rng.standard_normal((n, fitted.dim))

    return "latent", model, density, draw, Gaussian(*fitted.moments()), fitted.n_latent, False


def _adversarial(x, law):
    root = np.linalg.cholesky(law.covariance)
    model = Counted(lambda z: z @ root.T)

    def draw(n, rng):
        return model(rng.standard_normal((n, law.dim)))

    drawn = Gaussian(np.zeros(law.dim), root @ root.T)
    return "adversarial", model, None, draw, drawn, law.dim, False


def _flow(x, law):
    layer = LinearFlow(np.linalg.cholesky(law.covariance))
    model = Counted(lambda points: points)

    def density(points):
        z, log_det = layer.inverse(model(points))
        return Gaussian(np.zeros(law.dim), 1.0).log_density(z) + log_det

    def draw(n, rng):
        return layer.forward(model(rng.standard_normal((n, law.dim))))[0]

    axes = layer.forward(np.eye(law.dim))[0]  # what becomes of them; 0 stays where it is
    drawn = Gaussian(np.zeros(law.dim), axes.T @ axes)
    return "flow", model, density, draw, drawn, law.dim, False


def _energy(x, law):
    fitted = quadratic_energy(law.covariance)
    model = Counted(fitted)

    def density(points):
        return -model(points) - _log_normaliser(lambda z: -model(z), law)

    draw, drawn = _chain(lambda z: -fitted.gradient(model.seen(z)), law)
    return "energy", model, density, draw, drawn, 0, True


def quadratic_energy(covariance) -> PolynomialEnergy:
    """½ xᵀS⁻¹x: with S (d, d) the covariance of centred data it has the greatest likelihood of all
    quadratic energies.

    Tested in: tests/families/test_comparison.py
    """
    P, one = np.linalg.inv(covariance), np.eye(len(covariance), dtype=int)
    pairs = list(combinations_with_replacement(range(len(P)), 2))
    powers = [one[i] + one[j] for i, j in pairs]
    return PolynomialEnergy(powers, [P[i, j] / 2 if i == j else P[i, j] for i, j in pairs])


def _score(x, law):
    precision = np.linalg.inv(law.covariance)  # the minimum of the implicit loss, in closed form
    field = CountedField(Affine(-0.5 * (precision + precision.T)))

    def shape(points):
        return log_density_from_score(field, points, law.mean)

    def density(points):
        return shape(points) - _log_normaliser(shape, law)

    return "score", field.counted, density, *_chain(field, law), 0, True


def _log_normaliser(log_density, law):
    """log Z over u, x = L u: of a Gaussian on this box the rule is right to d · 1e-10."""
    from scipy.special import logsumexp

    root, reach = np.linalg.cholesky(law.covariance), np.full(law.dim, REACH)
    rule = trapezoid(-reach, reach, PANELS)
    values = log_density(rule.points @ root.T)
    return logsumexp(values, b=rule.weights) + np.log(np.diag(root)).sum()


def _chain(score, law):
    """Draws by Langevin steps of u from 0, x = L u, each of them one evaluation; and their law."""
    root = np.linalg.cholesky(law.covariance)
    step = ula(lambda u: score(u @ root.T) @ root, STEP_SIZE)

    def draw(n, rng):
        start = np.zeros((n, law.dim))
        return run(step, start, STEPS, rng=rng, moments=False).x @ root.T

    zero = np.zeros(law.dim)
    of_u = langevin_law(Gaussian(zero, 1.0), STEP_SIZE, STEPS, zero, np.diag(zero))
    return draw, Gaussian(zero, root @ of_u.covariance @ root.T)
