"""Chapters B and C: ladders of noise levels and their weightings."""

from __future__ import annotations

import numpy as np

from refscore import oracles
from refscore.identities import settings
from refscore.identities.base import Average, Sides, identity
from refscore.identities.cases import Case, Description, FieldDescription, Law
from refscore.identities.fields import joint_nodes

NCSN = "seeds 001, 004; Song and Ermon 2019"
EDM = "derived; Karras, Aittala, Aila and Laine 2022"
MIN_SNR = "derived; Hang et al. 2023"


class FamilyDescription(Description):
    """A noise-conditional field: one described field for every level of a ladder."""

    def __init__(self, fields, sigmas):
        super().__init__("per_level", sigmas=np.array(sigmas))
        self.fields = tuple(fields)


def _affines(dim, sigmas):
    fields = [
        FieldDescription("affine", matrix=settings.matrix(dim, k), offset=settings.normals(dim) / s)
        for k, s in enumerate(sigmas)
    ]
    return FamilyDescription(fields, sigmas)


def _networks(dim, sigmas):
    widths = ((5, 4), (3,), (4, 2), (6,))
    return FamilyDescription([settings.network(dim, w) for w, _ in zip(widths, sigmas)], sigmas)


def _noised(law, sigmas):
    """The scores of a mixture noised at every level."""
    identity = np.eye(law.means.shape[1])
    fields = [
        FieldDescription(
            "mixture_score",
            weights=law.weights,
            means=law.means,
            covariances=law.covariances + s**2 * identity,
        )
        for s in sigmas
    ]
    return FamilyDescription(fields, sigmas)


def _case(name, family, levels, dim):
    x, z = settings.points(len(levels), dim), settings.normals(len(levels), dim)
    return Case(name, family=family, x=x, levels=np.array(levels), noise=z)


def _parametric():
    yield _case("networks at 3 levels", _networks(2, (2.5, 1.3, 0.4)), [2, 0, 1, 0, 2, 1, 0], 2)
    yield _case(
        "affine at 5 levels, one unused",
        _affines(3, (3.0, 1.7, 0.6, 0.3, 0.1)),
        [3, 0, 4, 1, 0, 3],
        3,
    )


def _pointwise():
    yield from _parametric()
    law = settings.mixture(2)
    yield _case(
        "a mixture's scores", _noised(law, (4.0, 1.5, 0.7, 0.2)), [1, 3, 0, 2, 2, 1, 3, 0, 1], 2
    )
    yield _case("as many points as dimensions", _affines(3, (2.5, 0.8, 0.4, 0.2)), [2, 0, 3], 3)
    yield _case("as many points as levels", _networks(2, (1.9, 0.7, 0.3, 0.2)), [3, 1, 0, 2], 2)


def _terms(case):
    sigma = case.family.sigmas[case.levels][:, None]
    s = np.concatenate(
        [
            oracles.fields.value(case.family.fields[level], point[None])
            for level, point in zip(case.levels, case.x + sigma * case.noise)
        ]
    )
    return {
        "½σ²‖s(x̃, σ)‖²": 0.5 * ((sigma * s) ** 2).sum(-1),
        "σ z·s(x̃, σ)": (sigma * case.noise * s).sum(-1),
        "½‖z‖²": 0.5 * (case.noise**2).sum(-1),
    }


@identity(
    "B11",
    ports="ladder_loss",
    statement=r"\ell_i = \tfrac12\sigma_l^2\|s(x_i+\sigma_l z_i,\sigma_l) + z_i/\sigma_l\|^2,"
    r"\ l = l_i",
    source=NCSN,
    cases=_pointwise,
    terms=_terms,
)
def ladder_given_noise(ports, case):
    """The ladder's loss on given noise and levels: every point has its own sigma."""
    family = case.family
    got = ports.ladder_loss(family, case.x, case.levels, family.sigmas, noise=case.noise)
    yield Sides("loss", got, oracles.ladder.ladder(family, case.x, case.levels, case.noise))


@identity(
    "B11-gradient",
    ports="ladder_loss_gradient",
    statement=r"\nabla_\theta\ \text{of the mean ladder loss on given noise and levels}",
    assumptions="a field of its own at every level: separate fits",
    source=NCSN,
    cases=_parametric,
    tolerance=1e-8,
)
def ladder_gradient(ports, case):
    """The parameter gradient of the mean ladder loss; a level without points has none."""
    family = case.family
    got = ports.ladder_loss_gradient(family, case.x, case.levels, family.sigmas, noise=case.noise)
    right = oracles.ladder.ladder_gradient(family, case.x, case.levels, case.noise)
    yield Sides("gradient", got, right)


def _nodes(law, order=2):
    """Nodes and weights for data and noise together."""
    if law.kind == "gaussian":
        return joint_nodes(law, order)
    if law.kind == "point":
        z, w = settings.hermite(len(law.mean), order)
        return np.broadcast_to(law.mean, z.shape), z, w
    each = [
        joint_nodes(Law("gaussian", mean=m, covariance=c), order)
        for m, c in zip(law.means, law.covariances)
    ]
    x, z = (np.concatenate([part[i] for part in each]) for i in (0, 1))
    return x, z, np.concatenate([p * part[2] for p, part in zip(law.weights, each)])


def _means(ports, family, law, order=2):
    """The mean loss at every level, (L,)."""
    x, z, w = _nodes(law, order)
    n, count = len(w), len(family.sigmas)
    levels = np.repeat(np.arange(count), n)
    x, z = np.tile(x, (count, 1)), np.tile(z, (count, 1))
    got = np.asarray(ports.ladder_loss(family, x, levels, family.sigmas, noise=z))
    if not got.ndim:  # a subject that returns the mean of a batch
        if order > 2:
            raise NotImplementedError("one loss a point is needed: thousands of nodes")
        got = np.array(
            [
                ports.ladder_loss(
                    family, x[i : i + 1], levels[i : i + 1], family.sigmas, noise=z[i : i + 1]
                )
                for i in range(len(x))
            ]
        )
    return got.reshape(count, n) @ w


def _zero_scores():
    sigmas = (9.0, 2.0, 0.5, 0.01)
    laws = {
        "a Gaussian": settings.gaussian(2),
        "a mixture": settings.mixture(2),
        "a point mass": Law("point", mean=[0.7, -1.1, 2.0]),
    }
    for name, law in laws.items():
        d = law.means.shape[1] if law.kind == "mixture" else len(law.mean)
        zero = FieldDescription("affine", matrix=np.zeros((d, d)), offset=np.zeros(d))
        yield Case(name, law=law, family=FamilyDescription([zero] * len(sigmas), sigmas))


@identity(
    "B11-zero",
    ports="ladder_loss",
    statement=r"s = 0:\ E\ell = \tfrac d2\ \text{at every level, for every law}",
    assumptions="the weight is sigma^2",
    source=NCSN,
    cases=_zero_scores,
)
def ladder_at_zero_score(ports, case):
    """Where the field is zero the weighted loss is d/2, whatever the level and the law."""
    d = len(case.family.fields[0].offset)
    means = _means(ports, case.family, case.law)
    yield Sides("mean loss at every level", means, np.full(len(means), d / 2))


def _gaussian_scores(law, sigmas):
    d = len(law.mean)
    fields = [
        settings.gaussian_score(
            Law("gaussian", mean=law.mean, covariance=law.covariance + s**2 * np.eye(d))
        )
        for s in sigmas
    ]
    return FamilyDescription(fields, sigmas)


def _optima():
    sigmas = (3.0, 0.9, 0.2)
    for d in (2, 3):
        law = settings.gaussian(d)
        yield Case(f"a Gaussian, d = {d}", law=law, family=_gaussian_scores(law, sigmas))
    point = Law("point", mean=[0.7, -1.1])
    fields = [
        FieldDescription("affine", matrix=-np.eye(2) / s**2, offset=point.mean / s**2)
        for s in sigmas
    ]
    yield Case("a point mass", law=point, family=FamilyDescription(fields, sigmas))
    law = Law("mixture", weights=[0.6, 0.4], means=[[0.8], [-0.7]], covariances=[[[0.5]], [[0.8]]])
    yield Case("a mixture", law=law, family=_noised(law, (3.0, 1.1)), order=20)


@identity(
    "B11-optimum",
    ports="ladder_loss",
    statement=r"s = \nabla\log q_\sigma:\ E\ell = \tfrac12\big(d - \sigma^2 I(q_\sigma)\big)",
    assumptions="Gaussian, mixture or point mass; the weight is sigma^2",
    source="derived; seed 004 corrected",
    cases=_optima,
    tolerance=1e-8,
)
def ladder_at_the_optimum(ports, case):
    """The least weighted loss depends on the level, and is 0 for a point mass alone."""
    d = len(case.law.mean) if hasattr(case.law, "mean") else case.law.means.shape[1]
    means = _means(ports, case.family, case.law, getattr(case, "order", 2))
    want = np.array([oracles.ladder.optimum(case.law, float(s)) for s in case.family.sigmas])
    yield Sides("mean loss at every level", means, want, d / 2)


def _unit_normal():
    law, sigmas = Law("gaussian", mean=[0.0], covariance=[[1.0]]), (10.0, 0.1)
    yield Case("a standard normal law", law=law, family=_gaussian_scores(law, sigmas))


@identity(
    "B11-not-level",
    ports="ladder_loss",
    statement=r"2E\ell = \tfrac{1}{1+\sigma^2}\ \text{at the optimum: .0099 at } \sigma = 10,"
    r"\ .9901\ \text{at } \sigma = .1",
    assumptions="standard normal data; the weight is sigma^2",
    source="seed 004, erratum J19",
    cases=_unit_normal,
)
def ladder_is_not_level(ports, case):
    """The sigma^2 weight does not make the fitted losses of all levels equal."""
    means = _means(ports, case.family, case.law)
    yield Sides("twice the mean loss", 2 * means, 1 / (1 + case.family.sigmas**2))


SNR = np.array([0.01, 0.3, 1.7, 4.9, 5.2, 60.0, 900.0])


@identity(
    "B11-min-snr",
    ports="min_snr_weight",
    statement=r"\frac{\min(SNR,\gamma)}{SNR},\ \frac{\min(SNR,\gamma)}{SNR+1},\ \min(SNR,\gamma)",
    assumptions="noise, velocity and data predictions",
    source=MIN_SNR,
    cases=lambda: [
        Case(f"{prediction}, gamma = {gamma}", snr=SNR, gamma=gamma, prediction=prediction)
        for prediction, gamma in (
            ("noise", 5.0), ("noise", 0.5), ("velocity", 5.0), ("data", 5.0), ("data", 0.5),
        )
    ],
)  # fmt: skip
def min_snr_values(ports, case):
    """The min-SNR weight of every prediction, below and above gamma."""
    got = ports.min_snr_weight(case.snr, case.gamma, case.prediction)
    yield Sides("weight", got, oracles.ladder.min_snr(case.snr, case.gamma, case.prediction), 1.0)


@identity(
    "B11-min-snr-one",
    ports="min_snr_weight score_weight",
    statement=r"w_z\sigma^2 = w_x\sigma^4/\alpha^2 = w_v\sigma^2/\alpha^2,\ \alpha^2+\sigma^2=1",
    assumptions="variance preserving",
    source=MIN_SNR,
    cases=lambda: [Case(f"SNR = {snr}", snr=np.array([snr]), gamma=5.0) for snr in (0.3, 40.0)],
)
def min_snr_is_one_weight(ports, case):
    """Read on the score, the weights of the three predictions are one."""
    snr = float(case.snr[0])
    alpha, sigma = np.sqrt(snr / (1 + snr)), 1 / np.sqrt(1 + snr)
    want = oracles.ladder.min_snr(case.snr, case.gamma, "noise")[0] * sigma**2
    for prediction in ("noise", "data", "velocity"):
        weight = float(np.ravel(ports.min_snr_weight(case.snr, case.gamma, prediction))[0])
        got = ports.score_weight(weight, prediction, float(alpha), float(sigma))
        yield Sides(prediction, got, np.array(want))


def _score_weights():
    for target in ("score", "noise", "data", "velocity", "flow"):
        for alpha, sigma in ((1.0, 0.3), (0.8, 2.5)):
            inputs = {"target": target, "alpha": alpha, "sigma": sigma}
            yield Case(f"{target}, alpha = {alpha}, sigma = {sigma}", weight=1.7, **inputs)


@identity(
    "B11-weights",
    ports="score_weight",
    statement=r"w\|\hat t-t\|^2 = w\,(\partial t/\partial s)^2\|s+z/\sigma\|^2",
    source="definition; Kingma and Gao 2023",
    cases=_score_weights,
)
def score_weights(ports, case):
    """What a weight on noise, data, velocity or flow is on the score."""
    arguments = (case.weight, case.target, case.alpha, case.sigma)
    yield Sides("weight", ports.score_weight(*arguments),
                np.array(oracles.ladder.score_weight(*arguments)))  # fmt: skip


def _edm_levels():
    sigmas = np.array([0.002, 0.3, 0.9, 7.0, 80.0])
    return [
        Case(f"sigma_data = {s}", sigmas=sigmas, sigma_data=s) for s in (0.5, 1.0, 2.3)
    ]  # fmt: skip


@identity(
    "B11-edm",
    ports="edm_weight",
    statement=r"\lambda(\sigma) = \frac{\sigma^2+\sigma_d^2}{(\sigma\sigma_d)^2}",
    source=EDM,
    cases=_edm_levels,
)
def edm_weight_values(ports, case):
    """EDM's weight on a denoiser's squared error, level by level."""
    got = ports.edm_weight(case.sigmas, case.sigma_data)
    right = oracles.ladder.edm_weight(case.sigmas, case.sigma_data)
    yield Sides("weight", got, right, np.abs(right))


_NAMES = ("c_skip", "c_out", "c_in", "c_noise")


@identity(
    "B11-preconditioning",
    ports="edm_preconditioning",
    statement=r"c_{skip},c_{out},c_{in},c_{noise} = \frac{\sigma_d^2}{\sigma^2+\sigma_d^2},"
    r"\frac{\sigma\sigma_d}{\sqrt{\sigma^2+\sigma_d^2}},\frac{1}{\sqrt{\sigma^2+\sigma_d^2}},"
    r"\tfrac14\log\sigma",
    source=EDM,
    cases=_edm_levels,
)
def edm_preconditioning_values(ports, case):
    """The four coefficients of EDM's preconditioning."""
    got = ports.edm_preconditioning(case.sigmas, case.sigma_data)
    right = oracles.ladder.edm_preconditioning(case.sigmas, case.sigma_data)
    for i, name in enumerate(_NAMES):
        yield Sides(name, got[i], right[i], np.abs(right[i]))


@identity(
    "B11-unit-variance",
    ports="edm_preconditioning edm_weight",
    statement=r"c_{in}^2\operatorname{Var}y = 1,\ \operatorname{Var}[(x-c_{skip}y)/c_{out}] = 1,"
    r"\ \operatorname{Cov}(x-c_{skip}y, y) = 0,\ \lambda c_{out}^2 = 1",
    assumptions="data of standard deviation sigma_d, y = x + sigma z",
    source=EDM,
    cases=_edm_levels,
)
def edm_unit_variance(ports, case):
    """Input and target of the network have unit variance, and so has the weighted loss."""
    sigmas, spread = case.sigmas, case.sigma_data**2
    skip, out, into, _ = ports.edm_preconditioning(sigmas, case.sigma_data)
    one = np.ones(len(sigmas))
    yield Sides("variance of the input", into**2 * (spread + sigmas**2), one)
    left = (1 - skip) ** 2 * spread + skip**2 * sigmas**2
    yield Sides("variance of the target", left / out**2, one)
    yield Sides("covariance", (1 - skip) * spread - skip * sigmas**2, 0 * one, spread)
    yield Sides("weight times c_out^2", ports.edm_weight(sigmas, case.sigma_data) * out**2, one)


@identity(
    "B11-log-normal",
    ports="edm_sigmas",
    statement=r"\sigma = \exp(P_{mean} + P_{std} z)",
    source=EDM,
    cases=lambda: [
        Case(f"mean {m}, sd {s}", normals=settings.normals(6), p_mean=m, p_std=s)
        for m, s in ((-1.2, 1.2), (0.4, 2.0), (-0.5, 0.9))
    ],
)
def log_normal_levels(ports, case):
    """Training levels on given normal numbers."""
    got = ports.edm_sigmas(case.normals, case.p_mean, case.p_std)
    right = oracles.ladder.log_normal(case.normals, case.p_mean, case.p_std)
    yield Sides("levels", got, right, right)


_RANGES = ((0.01, 50.0), (0.3, 2.0))


@identity(
    "B11-log-uniform",
    ports="log_uniform_sigmas",
    statement=r"\sigma = \sigma_{min}(\sigma_{max}/\sigma_{min})^u",
    source="definition; Song and Ermon 2019",
    cases=lambda: [
        Case(f"{low} to {high}", uniforms=np.array([0.0, 0.11, 0.5, 0.72, 0.9]),
             sigma_min=low, sigma_max=high)
        for low, high in _RANGES
    ],
)  # fmt: skip
def log_uniform_levels(ports, case):
    """Levels whose logarithm is uniform, on given uniform numbers."""
    arguments = (case.uniforms, case.sigma_min, case.sigma_max)
    right = oracles.ladder.log_uniform(*arguments)
    yield Sides("levels", ports.log_uniform_sigmas(*arguments), right, right)


@identity(
    "B11-geometric",
    ports="geometric_sigmas",
    statement=r"\sigma_l = \sigma_{max}(\sigma_{min}/\sigma_{max})^{l/(n-1)},\ l = 0,\dots,n-1",
    source=NCSN,
    cases=lambda: [
        Case(f"{n} levels from {high} to {low}", sigma_max=high, sigma_min=low, n=n)
        for n, (low, high) in zip((7, 10), _RANGES)
    ],
)
def geometric_ladder(ports, case):
    """A ladder of one ratio with both ends on it."""
    arguments = (case.sigma_max, case.sigma_min, case.n)
    right = oracles.ladder.geometric(*arguments)
    yield Sides("levels", ports.geometric_sigmas(*arguments), right, right)


@identity(
    "B11-uncertainty",
    ports="uncertainty_loss",
    statement=r"\tfrac12(r^2e^{-u}+u) = -\log N(r;0,e^u) - \tfrac12\log 2\pi",
    source="definition; Kendall and Gal 2017",
    cases=lambda: [
        Case("squares and log variances", squares=settings.normals(6) ** 2,
             log_variance=np.array([-3.0, -0.7, 0.0, 0.4, 1.3, 2.2]))
    ],
)  # fmt: skip
def uncertainty_weighting(ports, case):
    """A squared error weighted by a learned variance is a Gaussian's log density."""
    got = ports.uncertainty_loss(case.squares, case.log_variance)
    yield Sides("loss", got, oracles.ladder.uncertainty(case.squares, case.log_variance))


@identity(
    "B11-levels",
    ports="draw_levels",
    kind="expectation",
    draws="rng",
    statement=r"P(l = k) = 1/L,\ k = 0,\dots,L-1",
    source=NCSN,
    cases=lambda: [Case("5 levels", n=20_000, n_levels=5)],
)
def levels_are_drawn_from_all(ports, case):
    """Every level of the ladder is drawn, the first and the last too, equally often."""
    share = 1 / case.n_levels
    drawn = ports.draw_levels(case.n, case.n_levels, rng=20240917)
    for level in range(case.n_levels):
        values = 1.0 + (drawn == level)  # away from 0, where a spread of 0 has no scale
        yield Average(f"1 + share of level {level}", values, 1 + share, share * (1 - share))
