"""Chapter B: losses that fit a score, and what ties them to the Fisher divergence."""

from __future__ import annotations

import functools

import numpy as np

from refscore import oracles
from refscore.identities import settings
from refscore.identities.base import Average, Sides, identity
from refscore.identities.cases import Case, FieldDescription, Law

HYVARINEN = "seeds 000, 001, 004; Hyvarinen 2005"
VINCENT = "seeds 000, 001, 004; Vincent 2011"
SONG = "seeds 000, 001, 004; Song, Garg, Shi and Ermon 2019"
_CALLS = 400


@functools.cache
def _fields():
    return {
        "affine, d = 3": settings.affine(3),
        "Gaussian score, d = 3": settings.gaussian_score(settings.gaussian(3)),
        "mixture score, d = 2": settings.mixture_score(2),
        "network, d = 2": settings.network(2),
        "network, d = 4, one layer": settings.network(4, (6,)),
    }


def _dim(field) -> int:
    if field.kind == "affine":
        return len(field.offset)
    return field.means.shape[1] if field.kind == "mixture_score" else field.weights[0].shape[1]


def field_cases(probes: int | None = None, sigma: float | None = None):
    """Every field on a few points, with probes or noise where a loss takes them."""
    for name, field in _fields().items():
        d = _dim(field)
        extra = {}
        if probes:
            extra["probes"] = settings.normals(5, probes, d)
        if sigma:
            extra.update(noise=settings.normals(5, d), sigma=sigma)
        yield Case(name, field=field, x=settings.points(5, d), **extra)


def parametric_cases(probes: int | None = None, sigma: float | None = None):
    """The fields that have parameters."""
    for case in field_cases(probes, sigma):
        if case.field.kind in ("affine", "mlp"):
            yield case


def probe_cases():
    """Two probes a point: Gaussian, then signs of non-unit scale."""
    yield from field_cases(probes=2)
    field = settings.affine(3)
    x, v = settings.points(5, 3), settings.signs(5, 4, 3)
    yield Case("affine, signs", field=field, x=x, probes=v)


def noise_cases():
    """Two noise levels away from 1."""
    yield from field_cases(sigma=0.5)
    for case in field_cases(sigma=0.1):
        yield Case(f"{case.name}, sigma 0.1", **case.inputs)


def _terms(case):
    s = oracles.fields.value(case.field, case.x)
    return {
        "½‖s‖²": 0.5 * (s**2).sum(-1),
        "tr ∇s": oracles.fields.divergence(case.field, case.x),
    }


def _sliced_terms(case):
    s = oracles.fields.value(case.field, case.x)
    jac = oracles.fields.jacobian(case.field, case.x)
    v = case.probes
    return {
        "vᵀ∇s v": np.einsum("nmi,nij,nmj->nm", v, jac, v).mean(-1),
        "½(v·s)²": 0.5 * (np.einsum("nmi,ni->nm", v, s) ** 2).mean(-1),
    }


def _reduced_terms(case):
    s = oracles.fields.value(case.field, case.x)
    return {"vᵀ∇s v": _sliced_terms(case)["vᵀ∇s v"], "½‖s‖²": 0.5 * (s**2).sum(-1)}


def _denoising_terms(case):
    s = oracles.fields.value(case.field, case.x + case.sigma * case.noise)
    return {
        "½‖s(x̃)‖²": 0.5 * (s**2).sum(-1),
        "z·s(x̃)/σ": (case.noise * s).sum(-1) / case.sigma,
        "‖z‖²/(2σ²)": 0.5 * (case.noise**2).sum(-1) / case.sigma**2,
    }


@identity(
    "B2",
    ports="implicit_loss",
    statement=r"\ell(x) = \tfrac12\|s(x)\|^2 + \operatorname{tr}\nabla s(x)",
    source=HYVARINEN,
    cases=field_cases,
    family="field",
    terms=_terms,
)
def implicit_affine(ports, case):
    """The implicit loss at every point, for affine fields, mixture scores and networks."""
    right = oracles.objectives.implicit(case.field, case.x)
    yield Sides("loss", ports.implicit_loss(case.field, case.x), right)


def _gaussian_nodes(law, order=3):
    z, w = settings.hermite(len(law.mean), order)
    return law.mean + z @ np.linalg.cholesky(law.covariance).T, w


def _affine_on_gaussian():
    for d in (2, 3):
        yield Case(f"affine on a Gaussian, d = {d}", law=settings.gaussian(d), field=settings.affine(d))


def _mean(loss, weights):
    """The weighted mean of a loss; a loss that is a mean already is asked point by point."""
    return weights @ loss


def _by_point(call, x):
    """Losses at every point, also from a port that returns the mean of a batch."""
    loss = np.asarray(call(x))
    if loss.ndim:
        return loss
    return np.array([np.asarray(call(x[i : i + 1])) for i in range(len(x))])


@identity(
    "B2-gaussian",
    ports="implicit_loss",
    statement=r"F = E[\tfrac12\|s\|^2 + \operatorname{tr}\nabla s] + \tfrac12\operatorname{tr}P",
    assumptions="Gaussian data N(mu, S), P = S^-1; affine field A x + b",
    source=HYVARINEN,
    cases=_affine_on_gaussian,
    family="affine on a Gaussian",
)
def implicit_is_fisher(ports, case):
    """Integration by parts: the implicit objective is the Fisher divergence plus a constant."""
    law, field = case.law, case.field
    x, w = _gaussian_nodes(law)
    mean = _mean(_by_point(lambda p: ports.implicit_loss(field, p), x), w)
    fisher = oracles.objectives.fisher_affine(field, law)
    constant = 0.5 * np.trace(np.linalg.inv(law.covariance))
    yield Sides("F", mean + constant, np.array(fisher))


@identity(
    "B2-1d",
    ports="implicit_loss",
    statement=r"\tfrac12 E(s-(\log\pi)')^2 = E[\tfrac12 s^2 + s'] + \tfrac12 E[(\log\pi)'^2]",
    assumptions="mixture data on the line, network field",
    source="seed 000 (the proof in one dimension)",
    cases=lambda: [
        Case(
            "network on a mixture",
            field=settings.network(1, (4, 3)),
            law=Law("mixture", weights=[0.6, 0.4], means=[[1.3], [-1.0]], covariances=[[[0.5]], [[0.8]]]),
        )
    ],
    tolerance=1e-8,
)
def implicit_is_fisher_1d(ports, case):
    """The one-dimensional theorem on a mixture and a non-linear field."""
    step = 20 / 400
    x = (-10 + step * (np.arange(400) + 0.5))[:, None]
    p = step * np.exp(oracles.scores.log_density(case.law, x))
    truth = oracles.scores.score(case.law, x)[:, 0]
    s = oracles.fields.value(case.field, x)[:, 0]
    mean = p @ _by_point(lambda q: ports.implicit_loss(case.field, q), x)
    yield Sides("F", mean + 0.5 * p @ truth**2, 0.5 * p @ (s - truth) ** 2)


@identity(
    "B1",
    ports="fisher_loss",
    statement=r"F(\pi,s) = \tfrac12 E_\pi\|s-\nabla\log\pi\|^2 \ge 0,\ "
    r"\tfrac12[\operatorname{tr}ASA^T + 2\operatorname{tr}A + \operatorname{tr}P + \|A\mu+b\|^2]",
    assumptions="affine field on Gaussian data",
    source=HYVARINEN,
    cases=_affine_on_gaussian,
    family="affine on a Gaussian",
)
def fisher_divergence_affine(ports, case):
    """The Fisher divergence of an affine field from a Gaussian, and 0 at the score."""
    law, field = case.law, case.field
    x, w = _gaussian_nodes(law)
    truth = settings.gaussian_score(law)
    got = w @ _by_point(lambda p: ports.fisher_loss(field, truth, p), x)
    want = oracles.objectives.fisher_affine(field, law)
    yield Sides("F", got, np.array(want))
    zero = w @ _by_point(lambda p: ports.fisher_loss(truth, truth, p), x)
    yield Sides("F at the score", zero, np.array(0.0), want)


@identity(
    "B1-asymmetric",
    ports="fisher_loss",
    statement=r"F(\pi,p) = \tfrac12 E_\pi\|\nabla\log p-\nabla\log\pi\|^2 \ne F(p,\pi)",
    assumptions="two Gaussians",
    source="seed 004",
    cases=lambda: [Case("two Gaussians", law=settings.gaussian(2), other=settings.mixture(2))],
)
def fisher_divergence_asymmetric(ports, case):
    """Averaged over one law or the other, the Fisher divergence differs."""
    p = case.law
    q = Law("gaussian", mean=case.other.means[0], covariance=case.other.covariances[0])
    both = []
    for law, model in ((p, q), (q, p)):
        x, w = _gaussian_nodes(law)
        s, t = settings.gaussian_score(model), settings.gaussian_score(law)
        both.append(w @ _by_point(lambda z, s=s, t=t: ports.fisher_loss(s, t, z), x))
        want = oracles.objectives.fisher_affine(s, law)
        yield Sides("F", both[-1], np.array(want))


@identity(
    "B5",
    ports="denoising_loss",
    statement=r"\ell = \tfrac12\|s(x+\sigma z) + z/\sigma\|^2",
    source=VINCENT,
    cases=noise_cases,
    family="field with noise",
    terms=_denoising_terms,
)
def denoising_given_noise(ports, case):
    """The denoising loss on given noise: the target is -z/sigma at the noised point."""
    got = ports.denoising_loss(case.field, case.x, case.sigma, noise=case.noise)
    yield Sides("loss", got, oracles.objectives.denoising(case.field, case.x, case.sigma, case.noise))


def _noised_gaussians():
    for d, sigma in ((2, 0.5), (3, 0.2)):
        law, field = settings.gaussian(d), settings.affine(d)
        yield Case(f"affine on a Gaussian, d = {d}", law=law, field=field, sigma=sigma)


def _joint_nodes(law, order=3):
    """Nodes for data and noise together: exact for the quadratic loss of affine fields."""
    d = len(law.mean)
    z, w = settings.hermite(2 * d, order)
    return law.mean + z[:, :d] @ np.linalg.cholesky(law.covariance).T, z[:, d:], w


@identity(
    "B5-gaussian",
    ports="denoising_loss",
    statement=r"E\ell = \tfrac12[\operatorname{tr}A(S+\sigma^2I)A^T+\|A\mu+b\|^2]"
    r"+\operatorname{tr}A+\frac{d}{2\sigma^2}",
    assumptions="affine field, Gaussian data",
    source=VINCENT,
    cases=_noised_gaussians,
    family="affine on a Gaussian with noise",
)
def denoising_affine(ports, case):
    """The mean denoising loss of an affine field on Gaussian data."""
    law, field, sigma = case.law, case.field, case.sigma
    mean = _denoising_mean(ports, field, law, sigma)
    want = oracles.objectives.denoising_affine(field, law, sigma)
    yield Sides("mean loss", mean, np.array(want))


def _denoising_mean(ports, field, law, sigma):
    x, z, w = _joint_nodes(law)
    got = np.asarray(ports.denoising_loss(field, x, sigma, noise=z))
    if got.ndim:
        return w @ got
    pairs = ((x[i : i + 1], z[i : i + 1]) for i in range(len(w)))
    return w @ np.array([ports.denoising_loss(field, a, sigma, noise=b) for a, b in pairs])


@identity(
    "B5-explicit",
    ports="denoising_loss",
    statement=r"\tfrac12E\|s-\nabla\log q_\sigma\|^2 = E\ell - \Big[\frac{d}{2\sigma^2}"
    r"-\tfrac12 I(q_\sigma)\Big],\ I = \operatorname{tr}(S+\sigma^2I)^{-1}",
    assumptions="affine field, Gaussian data",
    source=VINCENT,
    cases=_noised_gaussians,
    family="affine on a Gaussian with noise",
)
def denoising_is_explicit(ports, case):
    """Denoising is explicit matching of the noised law, plus a constant free of the field."""
    law, field, sigma = case.law, case.field, case.sigma
    d = len(law.mean)
    noised = law.covariance + sigma**2 * np.eye(d)
    constant = d / (2 * sigma**2) - 0.5 * np.trace(np.linalg.inv(noised))
    mean = _denoising_mean(ports, field, law, sigma)
    want = oracles.objectives.fisher_affine(field, Law("gaussian", mean=law.mean, covariance=noised))
    yield Sides("F of the noised law", mean - constant, np.array(want), abs(mean))


@identity(
    "B8",
    ports="sliced_loss",
    statement=r"\ell = \frac1M\sum_m v_m^T\nabla s\,v_m + \tfrac12(v_m\cdot s)^2",
    source=SONG,
    cases=probe_cases,
    family="field with probes",
    terms=_sliced_terms,
)
def sliced_given_probes(ports, case):
    """The sliced loss on given probes."""
    got = ports.sliced_loss(case.field, case.x, probes=case.probes)
    yield Sides("loss", got, oracles.objectives.sliced(case.field, case.x, case.probes))


def _all_sign_probes(x):
    v = settings.all_signs(x.shape[-1])
    return np.broadcast_to(v, (len(x), *v.shape)).copy()


@identity(
    "B8-implicit",
    ports="sliced_loss",
    statement=r"E_v[v^T\nabla s\,v + \tfrac12(v\cdot s)^2] = \tfrac12\|s\|^2+\operatorname{tr}\nabla s"
    r"\quad\text{when } E vv^T = I",
    assumptions="all sign vectors: the expectation is a finite sum",
    source=SONG,
    cases=field_cases,
    family="field",
    terms=_terms,
)
def sliced_is_implicit(ports, case):
    """Averaged over all sign probes the sliced loss is the implicit one."""
    got = ports.sliced_loss(case.field, case.x, probes=_all_sign_probes(case.x))
    yield Sides("loss", got, oracles.objectives.implicit(case.field, case.x))


@identity(
    "B8-reduced",
    ports="variance_reduced_sliced_loss",
    statement=r"\ell = \frac1M\sum_m v_m^T\nabla s\,v_m + \tfrac12\|s\|^2",
    source=SONG,
    cases=probe_cases,
    family="field with probes",
    terms=_reduced_terms,
)
def variance_reduced_given_probes(ports, case):
    """The variance-reduced sliced loss on given probes keeps the whole of |s|^2."""
    got = ports.variance_reduced_sliced_loss(case.field, case.x, probes=case.probes)
    right = oracles.objectives.variance_reduced_sliced(case.field, case.x, case.probes)
    yield Sides("loss", got, right)


@identity(
    "B8-variance",
    ports="sliced_loss",
    statement=r"\operatorname{Var}_v = 2\|\tfrac12ss^T+H\|_F^2\ (\text{Gaussian } v),\ "
    r"H = \operatorname{sym}\nabla s",
    assumptions="Gaussian probes, integrated exactly by Gauss-Hermite nodes",
    source=SONG,
    cases=lambda: list(field_cases())[:3],
)
def sliced_variance(ports, case):
    """The variance over Gaussian probes of the sliced loss at a point."""
    x, d = case.x[:1], case.x.shape[-1]
    v, w = settings.hermite(d, 4)
    loss = [np.ravel(ports.sliced_loss(case.field, x, probes=p[None, None]))[0] for p in v]
    loss = np.array(loss)
    s = oracles.fields.value(case.field, x)[0]
    jac = oracles.fields.jacobian(case.field, x)[0]
    h = 0.5 * (jac + jac.T) + 0.5 * np.outer(s, s)
    yield Sides("variance", w @ loss**2 - (w @ loss) ** 2, np.array(2 * (h**2).sum()), w @ loss**2)


@identity(
    "B2-gradient",
    ports="implicit_loss_gradient",
    statement=r"\nabla_\theta\frac1n\sum_i[\tfrac12\|s_\theta(x_i)\|^2+\operatorname{tr}\nabla s_\theta(x_i)]",
    source=HYVARINEN,
    cases=parametric_cases,
    tolerance=1e-8,
)
def implicit_gradient(ports, case):
    """The parameter gradient of the mean implicit loss."""
    right = oracles.objectives.gradient(oracles.objectives.implicit, case.field, case.x)
    yield Sides("gradient", ports.implicit_loss_gradient(case.field, case.x), right)


@identity(
    "B8-gradient",
    ports="sliced_loss_gradient",
    statement=r"\nabla_\theta\ \text{of the mean sliced loss on given probes}",
    source=SONG,
    cases=lambda: parametric_cases(probes=2),
    tolerance=1e-8,
)
def sliced_gradient(ports, case):
    """The parameter gradient of the mean sliced loss."""
    got = ports.sliced_loss_gradient(case.field, case.x, probes=case.probes)
    yield Sides("gradient", got, oracles.objectives.gradient(oracles.objectives.sliced, case.field, case.x, case.probes))


@identity(
    "B8-reduced-gradient",
    ports="variance_reduced_sliced_loss_gradient",
    statement=r"\nabla_\theta\ \text{of the mean variance-reduced loss on given probes}",
    source=SONG,
    cases=lambda: parametric_cases(probes=2),
    tolerance=1e-8,
)
def variance_reduced_gradient(ports, case):
    """The parameter gradient of the mean variance-reduced sliced loss."""
    got = ports.variance_reduced_sliced_loss_gradient(case.field, case.x, probes=case.probes)
    right = oracles.objectives.gradient(oracles.objectives.variance_reduced_sliced, case.field, case.x, case.probes)
    yield Sides("gradient", got, right)


@identity(
    "B5-gradient",
    ports="denoising_loss_gradient",
    statement=r"\nabla_\theta\ \text{of the mean denoising loss on given noise}",
    source=VINCENT,
    cases=lambda: parametric_cases(sigma=0.5),
    tolerance=1e-8,
)
def denoising_gradient(ports, case):
    """The parameter gradient of the mean denoising loss."""
    got = ports.denoising_loss_gradient(case.field, case.x, case.sigma, noise=case.noise)
    right = oracles.objectives.gradient(oracles.objectives.denoising, case.field, case.x, case.sigma, case.noise)
    yield Sides("gradient", got, right)


def _repeated(call):
    """The mean over points of a loss that draws by itself, for seeds 0, 1, 2, ..."""
    return np.array([np.mean(call(seed)) for seed in range(_CALLS)])


@identity(
    "B8-mean",
    ports="sliced_loss",
    kind="expectation",
    draws="rng",
    statement=r"E_v[\ell] = \tfrac12\|s\|^2+\operatorname{tr}\nabla s",
    assumptions="the subject draws its probes: independent over points, E vv^T = I",
    source=SONG,
    cases=lambda: [*list(field_cases())[:1], *list(field_cases())[2:4]],
)
def sliced_mean(ports, case):
    """A sliced loss that draws its own probes has the implicit loss as its mean."""
    values = _repeated(lambda seed: ports.sliced_loss(case.field, case.x, rng=seed))
    s = oracles.fields.value(case.field, case.x)
    jac = oracles.fields.jacobian(case.field, case.x)
    h = 0.5 * (jac + np.swapaxes(jac, -1, -2)) + 0.5 * s[:, :, None] * s[:, None, :]
    variance = 2 * (h**2).sum() / len(s) ** 2
    mean = oracles.objectives.implicit(case.field, case.x).mean()
    yield Average("mean loss", values, float(mean), float(variance))


@identity(
    "B8-reduced-mean",
    ports="variance_reduced_sliced_loss",
    kind="expectation",
    draws="rng",
    statement=r"E_v[v^T\nabla s\,v] + \tfrac12\|s\|^2 = \tfrac12\|s\|^2+\operatorname{tr}\nabla s",
    assumptions="the subject draws its probes: independent over points, E vv^T = I",
    source=SONG,
    cases=lambda: [*list(field_cases())[:1], *list(field_cases())[2:4]],
)
def variance_reduced_mean(ports, case):
    """A variance-reduced loss that draws its own probes has the implicit loss as its mean."""
    values = _repeated(
        lambda seed: ports.variance_reduced_sliced_loss(case.field, case.x, rng=seed)
    )
    jac = oracles.fields.jacobian(case.field, case.x)
    h = 0.5 * (jac + np.swapaxes(jac, -1, -2))
    mean = oracles.objectives.implicit(case.field, case.x).mean()
    yield Average("mean loss", values, float(mean), float(2 * (h**2).sum() / len(h) ** 2))


@identity(
    "B5-mean",
    ports="denoising_loss",
    kind="expectation",
    draws="rng",
    statement=r"E_z\,\tfrac12\|s(x+\sigma z)+z/\sigma\|^2",
    assumptions="the subject draws its noise, independent over points; affine field",
    source=VINCENT,
    cases=lambda: [
        Case("affine, d = 3", field=settings.affine(3), x=settings.points(5, 3), sigma=0.5),
        Case("affine, d = 2", field=settings.affine(2), x=settings.points(6, 2), sigma=0.2),
    ],
)
def denoising_mean(ports, case):
    """A denoising loss that draws its own noise has the exact mean of an affine field."""
    field, x, sigma = case.field, case.x, case.sigma
    values = _repeated(lambda seed: ports.denoising_loss(field, x, sigma, rng=seed))
    # loss = 1/2 |c + B z|^2 with c = s(x), B = sigma A + I / sigma
    b = sigma * field.matrix + np.eye(len(field.offset)) / sigma
    c = oracles.fields.value(field, x)
    q = b.T @ b
    mean = 0.5 * ((c**2).sum(-1) + np.trace(q)).mean()
    variance = (0.5 * (q**2).sum() + ((c @ b) ** 2).sum(-1)).sum() / len(x) ** 2
    yield Average("mean loss", values, float(mean), float(variance))
