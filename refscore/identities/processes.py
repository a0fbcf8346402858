"""Chapter F: forward processes of every kind, their transitions and ratios of signal to noise."""

from __future__ import annotations

import numpy as np

from refscore import oracles
from refscore.identities import settings
from refscore.identities.base import Sides, identity
from refscore.identities.cases import Case, Description
from refscore.identities.settings import prior_of, process_of
from refscore.identities.smoothing import named_law

SEED = "seed 003"
PROCESSES = {
    "VP": settings.VP,
    "sub-VP": Description("sub_vp", beta_min=0.1, beta_max=20.0),
    "sub-VP, other rates": Description("sub_vp", beta_min=0.4, beta_max=3.0),
    "VE": Description("ve", sigma_min=0.1, sigma_max=20.0, exact=False),
    "VE from a point": Description("ve", sigma_min=0.1, sigma_max=20.0, exact=True),
    "EDM": Description("edm", sigma_max=80.0),
    "straight": Description("straight"),
    "cosine": Description("cosine", offset=0.008, final_time=1.0),
    "cosine, no offset": Description("cosine", offset=0.0, final_time=1.0),
}
TIMES = (1e-4, 0.3, 0.8)
PAIRS = ((0.1, 0.3), (0.55, 0.9), (0.4, 0.4 + 1e-7))


def _at(times):
    def cases():
        for name, process in PROCESSES.items():
            for t in times:
                yield Case(f"{name}, t = {t}", process=process, t=t)

    return cases


@identity(
    "F4-processes",
    ports="process_marginal",
    statement=r"\alpha=e^{\int f},\ \sigma^2=\int g^2e^{2\int f}:\ \text{sub-VP }"
    r"\sigma=1-\alpha^2,\ \text{VE }\sigma_t^2-\sigma_0^2,\ \text{EDM }\sigma=t,\ "
    r"\text{straight }(1-t,t),\ \text{cosine }\alpha=\tfrac{\cos\theta_t}{\cos\theta_0}",
    source=f"{SEED}; Song et al. 2021; Karras et al. 2022; Nichol and Dhariwal 2021",
    cases=lambda: [*_at(TIMES)(), *(c for c in _at((1.0,))() if c.process.kind != "edm")],
)
def process_marginals(ports, case):
    """alpha and sigma of every named process, near the data, between and at the end."""
    alpha, sigma = ports.process_marginal(case.process, case.t)
    right = oracles.diffusion.marginal(case.process, case.t)
    yield Sides("alpha", np.asarray(alpha), np.array(right[0]), 1.0)
    yield Sides("sigma", np.asarray(sigma), np.array(right[1]))


@identity(
    "F4-drift",
    ports="process_rates",
    statement=r"f=\frac{\alpha'}{\alpha},\quad g^2=(\sigma^2)'-2f\sigma^2",
    source=SEED,
    cases=_at((0.05, 0.3, 0.8)),
)
def process_rates(ports, case):
    """Drift rate and diffusion of every named process."""
    f, g = ports.process_rates(case.process, case.t)
    right = oracles.diffusion.rates(case.process, case.t)
    yield Sides("f", np.asarray(f), np.array(right[0]), 1.0)
    yield Sides("g", np.asarray(g), np.sqrt(right[1]))


@identity(
    "F4-transition",
    ports="process_transition",
    kind="exact law",
    statement=r"X_s\mid X_t\sim N\big(\tfrac{\alpha_s}{\alpha_t}X_t,\ "
    r"(\sigma_s^2-\tfrac{\alpha_s^2}{\alpha_t^2}\sigma_t^2)I\big),\ t\le s",
    source=SEED,
    cases=lambda: [
        Case(f"{name}, {t:g} to {s:.9g}", process=process, t=t, s=s)
        for name, process in PROCESSES.items()
        for t, s in PAIRS
        if name not in ("VE", "sub-VP, other rates")
    ],
    tolerance=1e-8,
)
def process_transitions(ports, case):
    """One time given an earlier one, also a short step later; two steps make one."""
    got = [np.asarray(v) for v in ports.process_transition(case.process, case.t, case.s)]
    right = oracles.processes.transition(case.process, case.t, case.s)
    yield Sides("ratio", got[0], np.array(right[0]))
    yield Sides("standard deviation", got[1], np.array(right[1]))
    middle = case.t + 0.37 * (case.s - case.t)
    a, b = (
        [np.asarray(v) for v in ports.process_transition(case.process, *ends)]
        for ends in ((case.t, middle), (middle, case.s))
    )
    yield Sides("two steps, ratio", a[0] * b[0], got[0])
    yield Sides("two steps, sd", np.hypot(b[0] * a[1], b[1]), got[1])


@identity(
    "A8-steps",
    ports="process_transition diffuse log_density",
    kind="exact law",
    statement=r"X_t\sim p_t,\ X_s=aX_t+bZ\ \Rightarrow\ X_s\sim p_s,\ "
    r"p_t=\mathrm{law}(\alpha_tX_0+\sigma_tZ)",
    source="seeds 000, 003, 004",
    cases=lambda: [
        Case(f"{law.kind}, {name}", law=law, process=PROCESSES[name], x=settings.points(5, d, 6))
        for law, d in ((settings.gaussian(3), 3), (settings.mixture(2), 2))
        for name in ("VP", "sub-VP", "straight")
    ],
    tolerance=1e-8,
)
def diffused_in_steps(ports, case):
    """Noise added in three transitions gives the law of all of it at once."""
    law = case.law
    for t, s in ((0.0, 0.15), (0.15, 0.4), (0.4, 0.7)):
        a, b = (float(v) for v in ports.process_transition(case.process, t, s))
        law = named_law(case.law.kind, ports.diffuse(law, a, b))
    want = oracles.diffusion.law_at(case.law, case.process, 0.7)
    right = oracles.scores.log_density(want, case.x)
    yield Sides("log density", ports.log_density(law, case.x), right)


def _own(times):
    return lambda: [Case(f"t = {t}", t=t) for t in times]


@identity(
    "F4-velocity",
    ports="marginal_rates",
    statement=r"\alpha'=f\alpha,\quad\sigma'=f\sigma+\frac{g^2}{2\sigma}",
    assumptions="the subject's process",
    source=SEED,
    cases=_own((0.02, 0.3, 0.8)),
)
def marginal_rates(ports, case):
    """The derivatives of the marginal's alpha and sigma."""
    got = ports.marginal_rates(case.t)
    right = oracles.processes.marginal_rates(process_of(ports), case.t)
    for name, left, value in zip(("alpha'", "sigma'"), got, right):
        yield Sides(name, np.asarray(left), np.array(value), 1.0)


@identity(
    "F4-step",
    ports="transition",
    kind="exact law",
    statement=r"X_s\mid X_t\sim N(aX_t,b^2I),\ a=\tfrac{\alpha_s}{\alpha_t},\ "
    r"b^2=\sigma_s^2-a^2\sigma_t^2",
    assumptions="the subject's process",
    source=SEED,
    cases=lambda: [Case(f"{t:g} to {s:.9g}", t=t, s=s) for t, s in PAIRS],
    tolerance=1e-8,
)
def transition(ports, case):
    """One time given an earlier one, also a short step later."""
    a, b = ports.transition(case.t, case.s)
    right = oracles.processes.transition(process_of(ports), case.t, case.s)
    yield Sides("ratio", np.asarray(a), np.array(right[0]))
    yield Sides("standard deviation", np.asarray(b), np.array(right[1]))


@identity(
    "F4-snr",
    ports="log_snr",
    statement=r"\lambda_t=\log\frac{\alpha_t}{\sigma_t}",
    assumptions="the subject's process; half the log of the signal-to-noise ratio",
    source="Lu et al. 2022",
    cases=_own((1e-4, 0.3, 0.8)),
)
def log_snr(ports, case):
    """Half the log of the signal-to-noise ratio."""
    right = oracles.processes.log_snr(process_of(ports), case.t)
    yield Sides("log snr", ports.log_snr(case.t), np.array(right), 1.0)


@identity(
    "F4-time",
    ports="time_at",
    statement=r"t(\lambda_t)=t",
    assumptions="the subject's process",
    source="Lu et al. 2022",
    cases=_own((1e-4, 0.3, 0.8)),
)
def time_of_log_snr(ports, case):
    """The time at which the log signal-to-noise ratio has a value, also near the data."""
    value = float(oracles.processes.log_snr(process_of(ports), case.t))
    yield Sides("time", ports.time_at(value), np.array(case.t))


@identity(
    "F4-prior",
    ports="prior_std",
    statement=r"s=\lim\sigma,\ \text{or}\ \sigma_T\ \text{where declared}",
    assumptions="the subject's process, to its final time",
    source=SEED,
    cases=lambda: [Case("at the end")],
    tolerance=1e-4,
)
def prior_matches_the_end(ports, case):
    """The prior's standard deviation is what that of the noise tends to, or has at the end."""
    right = oracles.diffusion.prior_std(process_of(ports), prior_of(ports, "prior_std"))
    yield Sides("standard deviation", ports.prior_std(), np.array(right))


@identity(
    "J22",
    ports="process_marginal",
    kind="exact law",
    statement=r"g^2=(\sigma_t^2)'\ \text{from a point at}\ t=0:\ \mathrm{Var}=\sigma_t^2-"
    r"\sigma_0^2,\ \text{not}\ \sigma_t^2\ (1.2226\ \text{times that at}\ t=0.1)",
    assumptions="VE, sigma from 0.01 to 50",
    source=f"{SEED} (the marginal of the variance-exploding process, as printed)",
    cases=lambda: [
        Case("t = 0.1", t=0.1, printed=1.2226),
        Case("t = 0.5", t=0.5, printed=1.0002),
    ],
    tolerance=1e-8,
)
def erratum_exploding_start(ports, case):
    """The printed variance is too large by the starting one; the subject's is not."""
    process = Description("ve", sigma_min=0.01, sigma_max=50.0, exact=True)
    right = oracles.diffusion.marginal(process, case.t)[1] ** 2
    printed = (0.01 * 5000**case.t) ** 2
    yield Sides("printed over right", np.round(printed / right, 4), np.array(case.printed))
    got = np.asarray(ports.process_marginal(process, case.t)[1]) ** 2
    yield Sides("printed over the subject's", printed / got, np.array(printed / right))
