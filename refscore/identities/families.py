"""Chapter I: autoregressive, latent-variable and energy models, one small exact model each."""

from __future__ import annotations

import numpy as np

from refscore import oracles
from refscore.identities import settings
from refscore.identities.base import Sides, identity
from refscore.identities.cases import Case, FieldDescription, Law

SEED = "seed 004"


def _gaussians():
    for d, n in ((3, 5), (4, 3), (2, 4)):
        law = settings.gaussian(d)
        yield Case(f"d = {d}", mean=law.mean, covariance=law.covariance,
                   x=settings.points(n, d, 41))  # fmt: skip


@identity(
    "I1",
    ports="conditional_log_densities",
    statement=r"\log p(x_j|x_{<j}) = \log N(x_j;\ m_j + S_{j,<j}S_{<j}^{-1}(x-m)_{<j},\ s_j^2),"
    r"\quad s_j = L_{jj},\ S = LL^T",
    assumptions="a Gaussian of full covariance",
    source=SEED,
    cases=_gaussians,
)
def conditionals_of_a_gaussian(ports, case):
    """Every factor of the chain rule of a Gaussian, by Cholesky."""
    inputs = case.mean, case.covariance, case.x
    right = oracles.families.conditionals(*inputs)
    yield Sides("factors", ports.conditional_log_densities(*inputs), right)


@identity(
    "I1-sum",
    ports="conditional_log_densities",
    statement=r"\sum_j\log p(x_{\pi(j)}|x_{\pi(<j)}) = \log p(x)\ \text{for every order}\ \pi",
    assumptions="a Gaussian of full covariance",
    source=SEED,
    cases=_gaussians,
)
def chain_rule_adds_up(ports, case):
    """In whatever order, the factors multiply to the one joint density."""
    law = Law("gaussian", mean=case.mean, covariance=case.covariance)
    whole, d = oracles.scores.log_density(law, case.x), len(case.mean)
    for name, order in (("given", range(d)), ("reversed", range(d)[::-1])):
        at = list(order)
        mean, covariance = case.mean[at], case.covariance[np.ix_(at, at)]
        found = ports.conditional_log_densities(mean, covariance, case.x[:, at])
        yield Sides(f"{name} order", found.sum(-1), whole)


@identity(
    "I1-coefficients",
    ports="autoregressive_coefficients",
    statement=r"B_{j,<j} = S_{j,<j}S_{<j}^{-1},\quad s_j^2 = S_{jj} - S_{j,<j}S_{<j}^{-1}S_{<j,j}",
    source="derived from I1",
    cases=_gaussians,
)
def regressions_by_cholesky(ports, case):
    """The regressions of every coordinate on those before it."""
    got = ports.autoregressive_coefficients(case.covariance)
    right = oracles.families.regressions(case.covariance)
    yield Sides("coefficients", got[0], right[0])
    yield Sides("deviations", got[1], right[1])


@identity(
    "I1-draws",
    ports="autoregressive_draws",
    statement=r"x_j = m_j + B_{j,<j}(x-m)_{<j} + s_jz_j,\quad j = 1, \dots, d",
    source=SEED,
    cases=lambda: [
        Case(c.name, mean=c.mean, covariance=c.covariance,
             standard_normals=settings.normals(*c.x.shape, key=42))
        for c in _gaussians()
    ],
)  # fmt: skip
def draws_one_coordinate_after_another(ports, case):
    """Ancestral draws on given noise."""
    inputs = case.mean, case.covariance, case.standard_normals
    right = oracles.families.ordered_draws(*inputs)
    yield Sides("draws", ports.autoregressive_draws(*inputs), right)


def _latents():
    for d, k, sigma, n in ((4, 2, 0.6, 5), (3, 1, 1.3, 4), (2, 3, 0.4, 3)):
        yield Case(f"d = {d}, k = {k}", loadings=settings.normals(d, k, key=43 + d), sigma=sigma,
                   offset=np.linspace(0.5, -1.0, d), x=settings.points(n, d, 44),
                   q_mean=settings.normals(n, k, key=45), q_covariance=_spread(k))  # fmt: skip


def _spread(k):
    return 0.5 * settings.covariance(k, 3)


def _model(case):
    return case.loadings, case.offset, case.sigma, case.x


@identity(
    "I2",
    ports="latent_log_density",
    statement=r"\int N(x; Wz+m, \sigma^2I)\,N(z; 0, I)\,dz = N(x; m, WW^T + \sigma^2I)",
    source="seed 004; Tipping and Bishop 1999",
    cases=_latents,
)
def latent_evidence(ports, case):
    """Probabilistic principal components: the latent integrated out."""
    right = oracles.families.latent_log_density(*_model(case))
    yield Sides("log density", ports.latent_log_density(*_model(case)), right)


@identity(
    "I2-posterior",
    ports="latent_posterior",
    statement=r"p(z|x) = N(M^{-1}W^T(x-m),\ \sigma^2M^{-1}),\quad M = W^TW + \sigma^2I",
    source="Tipping and Bishop 1999",
    cases=_latents,
)
def latent_posterior_is_bayes(ports, case):
    """The exact posterior of the latent."""
    got = ports.latent_posterior(*_model(case))
    right = oracles.families.latent_posterior(*_model(case))
    yield Sides("means", got[0], right[0])
    yield Sides("covariance", got[1], right[1])


@identity(
    "I2-bound",
    ports="latent_elbo",
    statement=r"\log p(x) = \mathcal L(q) + \mathrm{KL}(q\,\|\,p(z|x)),\quad "
    r"\mathcal L = E_q\log p(x|z) - \mathrm{KL}(q\,\|\,N(0,I))",
    assumptions="q Gaussian; no gap at the posterior",
    source=SEED,
    cases=_latents,
)
def latent_bound_and_gap(ports, case):
    """The bound of any Gaussian q, and none missing where q is the posterior."""
    own = case.q_mean, case.q_covariance
    right = oracles.families.latent_bound(*_model(case), *own)
    yield Sides("bound", ports.latent_elbo(*_model(case), *own), right)
    best = oracles.families.latent_posterior(*_model(case))
    evidence = oracles.families.latent_log_density(*_model(case))
    yield Sides("bound at the posterior", ports.latent_elbo(*_model(case), *best), evidence)


def _data():
    for d, k, n in ((4, 2, 9), (3, 1, 7), (5, 3, 12)):
        mixed = settings.points(n, d, 46) @ settings.matrix(d, 2) + np.linspace(1.0, -2.0, d)
        yield Case(f"d = {d}, k = {k}", x=mixed, n_latent=k)


@identity(
    "I2-fit",
    ports="fit_latent",
    statement=r"\hat\sigma^2 = \frac{1}{d-k}\sum_{j>k}\lambda_j,\quad "
    r"\hat W\hat W^T = U_k(\Lambda_k - \hat\sigma^2I)U_k^T",
    assumptions="eigenvalues of the data's covariance, over n",
    source="Tipping and Bishop 1999",
    cases=_data,
)
def latent_maximum_likelihood(ports, case):
    """Maximum likelihood of probabilistic principal components, in closed form."""
    got = ports.fit_latent(case.x, case.n_latent)
    right = oracles.families.latent_fit(case.x, case.n_latent)
    yield Sides("mean", got[0], right[0])
    yield Sides("covariance", got[1], right[1])


def quartic(d):
    """An energy with one well a coordinate, coupled where d = 2."""
    if d == 1:
        return FieldDescription("polynomial", exponents=[[2.0], [4.0], [1.0]],
                                coefficients=[0.3, 0.2, -0.5])  # fmt: skip
    return FieldDescription("polynomial", exponents=[[2.0, 0], [1, 1], [0, 4], [0, 1]],
                            coefficients=[0.6, 0.5, 0.3, 0.4])  # fmt: skip


def quadratic(law):
    """The energy ½(x − m)ᵀP(x − m) of a Gaussian of the plane, but for its constant."""
    P = np.linalg.inv(law.covariance)
    linear = -P @ law.mean
    return FieldDescription(
        "polynomial", exponents=[[2.0, 0], [1, 1], [0, 2], [1, 0], [0, 1]],
        coefficients=[P[0, 0] / 2, P[0, 1], P[1, 1] / 2, *linear],
    )  # fmt: skip


def _energies():
    return [
        Case("x⁴ + x², d = 1", energy=quartic(1), low=-6.0, high=6.0, x=settings.points(5, 1, 47)),
        Case("coupled, d = 2", energy=quartic(2), low=-9.0, high=9.0, x=settings.points(4, 2, 48)),
    ]


@identity(
    "I4",
    ports="log_normaliser",
    statement=r"\log Z = \log\int e^{-E(x)}\,dx",
    assumptions="a box that holds the mass",
    source="definition",
    cases=_energies,
    tolerance=1e-8,
)
def normaliser_by_quadrature(ports, case):
    """The normaliser of an energy model, which quadrature gives in one or two dimensions."""
    inputs = case.energy, case.low, case.high
    right = np.array(oracles.families.normaliser(*inputs)[0])
    yield Sides("log Z", ports.log_normaliser(*inputs), right)


@identity(
    "I4-gradient",
    ports="likelihood_gradient",
    statement=r"\partial_\theta\,\overline{\log p(x;\theta)} = "
    r"-\overline{\partial_\theta E(x)} + E_{p_\theta}\partial_\theta E",
    assumptions="a box that holds the mass",
    source=SEED,
    cases=_energies,
    tolerance=1e-8,
)
def likelihood_gradient_has_two_terms(ports, case):
    """The data pull the energy down, the model pushes it up."""
    inputs = case.energy, case.x, case.low, case.high
    right = oracles.families.likelihood_gradient(*inputs)
    yield Sides("gradient", ports.likelihood_gradient(*inputs), right)


@identity(
    "I4-estimate",
    ports="importance_log_normaliser",
    statement=r"\log\frac1n\sum_i\frac{e^{-E(x_i)}}{q(x_i)},\quad x_i\sim q",
    source="definition",
    cases=lambda: [
        Case("n = 6", log_unnormalised=2.0 * settings.normals(6, key=49),
             log_proposal=settings.normals(6, key=50) - 1.0),
        Case("far apart", log_unnormalised=np.array([-900.0, -905.0, -902.0]),
             log_proposal=np.array([-2.0, -1.0, -3.0])),
    ],
)  # fmt: skip
def importance_estimate_given_points(ports, case):
    """The importance estimate of log Z on given points."""
    inputs = case.log_unnormalised, case.log_proposal
    right = np.array(oracles.families.importance_estimate(*inputs))
    yield Sides("estimate", ports.importance_log_normaliser(*inputs), right)


@identity(
    "I4-hard",
    ports="importance_variance",
    statement=r"\frac{\mathrm{Var}\,w}{Z^2} = \Bigl(\frac{\tau^2}{\sqrt{2\tau^2-1}}\Bigr)^d - 1,"
    r"\ \infty\ \text{for}\ \tau^2 \le \tfrac12",
    assumptions="N(0, I) from draws of N(0, τ²I)",
    source="derived; seed 004",
    cases=lambda: [
        Case(f"d = {d}, τ = {s:g}", dim=d, proposal_scale=s)
        for d, s in ((1, 1.4), (3, 0.8), (20, 1.2), (60, 1.3), (2, 0.7), (3, 0.4))
    ],
)
def normaliser_is_exponentially_hard(ports, case):
    """The variance of the importance estimate of Z grows exponentially with the dimension."""
    right = np.array(oracles.families.importance_variance(case.dim, case.proposal_scale))
    yield Sides("variance", ports.importance_variance(case.dim, case.proposal_scale), right)


@identity(
    "I5",
    ports="conditional_log_densities latent_log_density log_normaliser",
    statement=r"\sum_j\log p(x_j|x_{<j}) = \log\int p(x|z)p(z)\,dz = -E(x) - \log Z",
    assumptions="one Gaussian of the plane, in three families",
    source="derived from I1, I2, I4; seed 001",
    cases=lambda: [
        Case(f"σ = {sigma}", loadings=np.array([[1.1], [-0.4]]), sigma=sigma,
             offset=np.array([0.3, -0.6]), x=settings.points(4, 2, 51))
        for sigma in (0.5, 1.2)
    ],
    tolerance=1e-8,
)  # fmt: skip
def families_agree_on_a_gaussian(ports, case):
    """Three ways around Z, or through it, to one log density."""
    covariance = oracles.families.latent_covariance(case.loadings, case.sigma)
    law = Law("gaussian", mean=case.offset, covariance=covariance)
    energy, whole = quadratic(law), oracles.scores.log_density(law, case.x)
    factors = ports.conditional_log_densities(case.offset, covariance, case.x)
    yield Sides("autoregressive", factors.sum(-1), whole)
    yield Sides("latent", ports.latent_log_density(*_model(case)), whole)
    log_z = ports.log_normaliser(energy, -15.0, 15.0)
    value = oracles.contrasts.log_value(energy, case.x)
    yield Sides("energy", value - log_z, whole)
