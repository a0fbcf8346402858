"""Chapter F: samplers that remember predictions: DPM-Solver++ 2M, 3M, SDE, LMS, DEIS, PLMS."""

from __future__ import annotations

from refscore import oracles
from refscore.identities import settings
from refscore.identities.base import Sides, identity
from refscore.identities.cases import Case
from refscore.identities.settings import convention_of, process_of

TIMES = (0.86, 0.55, 0.43, 0.2, 0.13, 0.04)
EXACT = "exact score of the diffused law"


def sample_cases(*more, times=TIMES):
    """A Gaussian and a mixture, over times whose steps differ."""
    for law, d in ((settings.gaussian(3), 3), (settings.mixture(2), 2)):
        x, z = settings.points(4, d), settings.normals(len(times) - 1, 4, d, key=7)
        for extra in more or ({},):
            said = "".join(f", {name} {value:g}" for name, value in extra.items())
            yield Case(f"{law.kind}{said}", law=law, x=x, times=list(times), noise=z, **extra)


def order_cases():
    """A Gaussian with three predictions used, a mixture with two and with four."""
    every = list(sample_cases(*({"order": k} for k in (2, 3, 4))))
    return [every[1], every[3], every[5]]


def _published(ports, port):
    """Whether a sampler has the published weights, or integrates its polynomial."""
    return convention_of(ports, port, "multistep_rule", "midpoint") == "midpoint"


@identity(
    "F9-2m",
    ports="dpm_multistep_sample",
    statement=r"x' = \tfrac{\sigma_s}{\sigma_t}x - "
    r"\alpha_s(e^{-h}-1)\left[m_0+\tfrac1{2r}(m_0-m_1)\right],\ r=h_{before}/h",
    assumptions=EXACT,
    source="Lu et al. 2022b, algorithm 2",
    cases=sample_cases,
    family="walk over times",
)
def dpm_multistep_value(ports, case):
    """DPM-Solver++ (2M) over steps of unequal size."""
    inputs = case.law, process_of(ports), case.x, case.times
    got = ports.dpm_multistep_sample(case.law, case.x, case.times)
    yield Sides(
        "x",
        got,
        oracles.exponential.multistep(
            *inputs, 2, published=_published(ports, "dpm_multistep_sample")
        ),
    )


@identity(
    "F9-2m-end",
    ports="dpm_multistep_sample",
    statement=r"\sigma_s=0:\ x' = \mathbb E[x_0|x]",
    assumptions=EXACT,
    source="Lu et al. 2022b; the end of usual schedules",
    cases=lambda: sample_cases(times=(0.7, 0.41, 0.2, 0.0)),
)
def dpm_multistep_last_step(ports, case):
    """DPM-Solver++ (2M) ends at σ = 0 with the data prediction alone."""
    inputs = case.law, process_of(ports), case.x, case.times
    got = ports.dpm_multistep_sample(case.law, case.x, case.times)
    yield Sides(
        "x",
        got,
        oracles.exponential.multistep_to_end(
            *inputs, 2, published=_published(ports, "dpm_multistep_sample")
        ),
    )


@identity(
    "F9-3m",
    ports="dpm_multistep_3_sample",
    statement=r"x' = \tfrac{\sigma_s}{\sigma_t}x - \alpha_s(e^{-h}-1)m_0 + \alpha_s\varphi_2D_1 - "
    r"\alpha_s(\varphi_2/h-\tfrac12)D_2\text{, as published}",
    assumptions=EXACT,
    source="the code of Lu et al. 2022b",
    cases=sample_cases,
)
def dpm_multistep_third_value(ports, case):
    """DPM-Solver++ (3M) as published, the last term half of third order's."""
    inputs = case.law, process_of(ports), case.x, case.times
    got = ports.dpm_multistep_3_sample(case.law, case.x, case.times)
    yield Sides(
        "x",
        got,
        oracles.exponential.multistep(
            *inputs, 3, published=_published(ports, "dpm_multistep_3_sample")
        ),
    )


@identity(
    "F9-etd",
    ports="exponential_multistep_sample",
    statement=r"x' = \tfrac{\sigma_s}{\sigma_t}x + \sigma_s\int_{\lambda_t}^{\lambda_s}e^\lambda "
    r"P(\lambda)\,d\lambda,\ P\text{ through the last predictions}",
    assumptions=EXACT,
    source="Hochbruck and Ostermann 2010, section 2.5",
    cases=order_cases,
)
def exponential_multistep_value(ports, case):
    """Exponential Adams-Bashforth of orders 2 to 4 over steps of unequal size."""
    inputs = case.law, process_of(ports), case.x, case.times
    got = ports.exponential_multistep_sample(case.law, case.x, case.times, case.order)
    yield Sides("x", got, oracles.exponential.multistep(*inputs, case.order, published=False))


@identity(
    "F9-sde-2m",
    ports="sde_dpm_multistep_sample",
    statement=r"x' = \tfrac{\sigma_s}{\sigma_t}e^{-h}x + \alpha_s(1-e^{-2h})\left"
    r"[m_0+\tfrac1{2r}(m_0-m_1)\right] + \sigma_s\sqrt{1-e^{-2h}}\,z",
    assumptions=EXACT,
    source="Lu et al. 2022b, appendix B",
    cases=sample_cases,
)
def sde_dpm_multistep_value(ports, case):
    """SDE-DPM-Solver++ (2M) on given noise over steps of unequal size."""
    got = ports.sde_dpm_multistep_sample(case.law, case.x, case.times, noise=case.noise)
    inputs = case.law, process_of(ports), case.x, case.times, 2, case.noise
    published = _published(ports, "sde_dpm_multistep_sample")
    yield Sides("x", got, oracles.exponential.stochastic(*inputs, published))


@identity(
    "F9-lms",
    ports="lms_sample",
    statement=r"y' = y + \sum_j\epsilon_j\int_{\rho_t}^{\rho_s}L_j(\rho)\,d\rho",
    assumptions=EXACT,
    source="Zhang and Chen 2023, equation 15; k-diffusion's LMS",
    cases=order_cases,
)
def adams_bashforth_value(ports, case):
    """Adams-Bashforth in σ/α of orders 2 to 4 over steps of unequal size."""
    inputs = case.law, process_of(ports), case.x, case.times
    got = ports.lms_sample(case.law, case.x, case.times, case.order)
    yield Sides("x", got, oracles.adams.adams_bashforth(*inputs, case.order))


@identity(
    "F9-deis",
    ports="deis_sample",
    statement=r"y' = y + \sum_j\epsilon_j\int_t^s L_j(\tau)\,\rho'(\tau)\,d\tau",
    assumptions=EXACT,
    source="Zhang and Chen 2023, equation 15",
    cases=order_cases,
)
def deis_value(ports, case):
    """The same with the polynomial in time."""
    inputs = case.law, process_of(ports), case.x, case.times
    got = ports.deis_sample(case.law, case.x, case.times, case.order)
    yield Sides("x", got, oracles.adams.adams_bashforth(*inputs, case.order, "time"))


@identity(
    "F9-plms",
    ports="plms_sample",
    statement=r"y' = y + "
    r"(\rho_s-\rho_t)\,\tfrac1{24}(55\epsilon_0-59\epsilon_1+37\epsilon_2-9\epsilon_3)",
    assumptions=EXACT,
    source="Liu et al. 2022, section 3.3",
    cases=sample_cases,
)
def plms_value(ports, case):
    """Pseudo linear multistep, from Heun's step on."""
    inputs = case.law, process_of(ports), case.x, case.times
    got = ports.plms_sample(case.law, case.x, case.times)
    yield Sides("x", got, oracles.adams.plms(*inputs))
