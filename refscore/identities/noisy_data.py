"""Chapter B: implicit score matching on noisy data, its regulariser, and what is then fitted."""

from __future__ import annotations

import numpy as np

from refscore import oracles
from refscore.identities import settings
from refscore.identities.base import Order, Sides, identity
from refscore.identities.cases import Case, FieldDescription
from refscore.identities.fields import (
    VINCENT,
    by_point,
    field_cases,
    joint_nodes,
    noise_cases,
    noised_gaussians,
)

KINGMA = "seed 004; Kingma and LeCun 2010"


def strength_cases():
    """Strengths of the regulariser that are no power of themselves."""
    for case in field_cases():
        yield Case(case.name, **case.inputs, strength=0.37)


@identity(
    "B10",
    ports="noisy_implicit_loss",
    statement=r"\ell = \tfrac12\|s(\tilde x)\|^2+\operatorname{tr}\nabla s(\tilde x),\ "
    r"\tilde x = x+\sigma z",
    source=KINGMA,
    cases=noise_cases,
    family="field with noise",
)
def noisy_implicit_given_noise(ports, case):
    """The implicit loss at points that carry given noise."""
    got = ports.noisy_implicit_loss(case.field, case.x, case.sigma, noise=case.noise)
    right = oracles.perturbed.noisy_implicit(case.field, case.x, case.sigma, case.noise)
    yield Sides("loss", got, right)


@identity(
    "B10-gaussian",
    ports="noisy_implicit_loss",
    statement=r"J_\sigma = J_0 + \frac{\sigma^2}2\|A\|_F^2",
    assumptions="affine field, Gaussian data",
    source=KINGMA,
    cases=noised_gaussians,
    family="affine on a Gaussian with noise",
)
def noisy_implicit_affine(ports, case):
    """Noise adds half sigma^2 |A|_F^2 to the implicit objective of an affine field, exactly."""
    field, law, sigma = case.field, case.law, case.sigma
    x, z, w = joint_nodes(law)
    loss = by_point(lambda a, b: ports.noisy_implicit_loss(field, a, sigma, noise=b), x, z)
    clean = oracles.objectives.implicit_affine(field, law)
    added = 0.5 * sigma**2 * (field.matrix**2).sum()
    yield Sides("mean loss", w @ loss, np.array(clean + added), w @ np.abs(loss))


@identity(
    "B10-order",
    ports="noisy_implicit_loss",
    kind="order",
    statement=r"J_\sigma = J_0+\frac{\sigma^2}2E[\|\nabla s\|_F^2+s\cdot\Delta s"
    r"+\Delta\operatorname{div}s]+O(\sigma^4)",
    assumptions="networks of one hidden layer; noise integrated by Gauss-Hermite nodes",
    source=KINGMA,
    cases=lambda: [
        Case(f"network, d = {d}", field=settings.network(d, (4,)), x=settings.points(3, d))
        for d in (1, 2)
    ],
)
def noisy_implicit_expansion(ports, case):
    """The first two terms of the noisy objective in sigma^2, and the order of the rest."""
    field, x = case.field, case.x
    nodes, w = settings.hermite(x.shape[-1], 12)
    points, z = np.repeat(x, len(nodes), axis=0), np.tile(nodes, (len(x), 1))
    clean = oracles.objectives.implicit(field, x)
    slope = oracles.perturbed.noise_slope(field, x)
    sigmas, errors = (0.2, 0.1, 0.05), []
    for sigma in sigmas:
        noisy = by_point(
            lambda a, b, s=sigma: ports.noisy_implicit_loss(field, a, s, noise=b), points, z
        )
        rest = noisy.reshape(len(x), -1) @ w - clean - sigma**2 * slope
        errors.append(np.abs(rest).max())
    yield Order("remainder", sigmas, errors, 4.0)


def _regularised_terms(case):
    diagonal = np.einsum("nii->ni", oracles.fields.jacobian(case.field, case.x))
    return {
        "½‖s‖²": 0.5 * (oracles.fields.value(case.field, case.x) ** 2).sum(-1),
        "tr ∇s": diagonal.sum(-1),
        "λ Σ (∂ᵢsᵢ)²": case.strength * (diagonal**2).sum(-1),
    }


@identity(
    "B10-regularised",
    ports="regularised_implicit_loss",
    statement=r"\ell = \tfrac12\|s\|^2+\operatorname{tr}\nabla s"
    r"+\lambda\sum_i(\partial_is_i)^2",
    source=KINGMA,
    cases=strength_cases,
    family="field with a strength",
    terms=_regularised_terms,
)
def regularised_implicit(ports, case):
    """The implicit loss with the squared diagonal entries of the Jacobian as a penalty."""
    got = ports.regularised_implicit_loss(case.field, case.x, case.strength)
    right = oracles.perturbed.regularised_implicit(case.field, case.x, case.strength)
    yield Sides("loss", got, right)


def affine_fit(gradient, dim: int) -> np.ndarray:
    """The parameters at which a gradient that is affine in them vanishes, A row-major then b."""

    def at(theta):
        matrix, offset = theta[: dim * dim].reshape(dim, dim), theta[dim * dim :]
        field = FieldDescription("affine", matrix=matrix, offset=offset)
        return np.asarray(gradient(field), dtype=float)

    p = dim * dim + dim
    constant = at(np.zeros(p))
    columns = np.stack([at(unit) - constant for unit in np.eye(p)], axis=-1)
    return np.linalg.lstsq(columns, -constant, rcond=None)[0]


def flat(matrix, offset) -> np.ndarray:
    """A row-major, then b."""
    return np.concatenate([np.ravel(matrix), offset])


def sign_points(law, dim: int):
    """All signs, first those that make up the law's points: equal weights, exact for squares."""
    signs = settings.all_signs(dim)
    d = len(law.mean)
    return law.mean + signs[:, :d] @ np.linalg.cholesky(law.covariance).T, signs[:, d:]


@identity(
    "B6",
    ports="denoising_loss_gradient",
    statement=r"\hat A = -P(I+\sigma^2P)^{-1},\ \hat A^{-1} = -(S+\sigma^2I)",
    assumptions="affine fields on data of moments mu, S: the gradient is affine in A and b",
    source=VINCENT,
    cases=lambda: (
        [c for c in noised_gaussians() if len(c.law.mean) == 2]
        + [Case("line", law=settings.gaussian(1), sigma=0.6)]
    ),
    family="affine on a Gaussian with noise",
)
def denoising_fits_noised_law(ports, case):
    """Denoising fits the noised law's score, not the data's."""
    law, sigma = case.law, case.sigma
    d = len(law.mean)
    x, z = sign_points(law, 2 * d)
    got = affine_fit(lambda f: ports.denoising_loss_gradient(f, x, sigma, noise=z), d)
    yield Sides("fitted A and b", got, flat(*oracles.perturbed.noised_score(law, sigma)))


@identity(
    "B10-fit",
    ports="regularised_implicit_loss_gradient",
    statement=r"\hat A = -\operatorname{diag}(1+2\lambda P_{ii})^{-1}P,\ "
    r"\hat A = -1/(v+2\lambda)\text{ on the line}",
    assumptions="affine fields on data of moments mu, S: the gradient is affine in A and b",
    source=KINGMA,
    cases=lambda: [Case(f"d = {d}", law=settings.gaussian(d), strength=0.23) for d in (1, 2, 3)],
    family="Gaussian with a strength",
)
def regularised_fit(ports, case):
    """The regulariser shrinks every row of the fitted precision by its own diagonal entry."""
    law, strength = case.law, case.strength
    d = len(law.mean)
    x, _ = sign_points(law, d + 1)  # twice, so that there are not as many points as parameters
    got = affine_fit(lambda f: ports.regularised_implicit_loss_gradient(f, x, strength), d)
    yield Sides("fitted A and b", got, flat(*oracles.perturbed.regularised_fit(law, strength)))
