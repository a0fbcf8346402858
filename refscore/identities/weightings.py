"""Chapter B: what a weight on noise levels is, and the preconditioning it goes with."""

from __future__ import annotations

import numpy as np

from refscore import oracles
from refscore.identities.base import Sides, identity
from refscore.identities.cases import Case

EDM = "derived; Karras, Aittala, Aila and Laine 2022"
MIN_SNR = "derived; Hang et al. 2023"
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
    family="signal-to-noise ratios",
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
    family="signal-to-noise ratio",
)
def min_snr_is_one_weight(ports, case):
    """Read on the score, the weights of the three predictions are one weight."""
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
    family="weight on a target",
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
    family="noise levels",
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
    family="noise levels",
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
    family="noise levels",
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
