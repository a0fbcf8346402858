"""Chapter F: single steps of EDM and of exponential integrators are what they say they are."""

from __future__ import annotations

from refscore import oracles
from refscore.identities import settings
from refscore.identities.base import Sides, identity
from refscore.identities.cases import Case
from refscore.identities.settings import convention_of, process_of

SPANS = ((0.9, 0.55), (0.31, 0.24), (0.05, 0.012))
EXACT = "exact score of the diffused law"


def step_cases(*more, spans=SPANS, shape=(4,)):
    """A Gaussian and a mixture, over long and short spans of time; data far from 0, which clips
    would cut."""
    for law, d in ((settings.gaussian(3), 3), (settings.mixture(2), 2)):
        for t, s in spans:
            x, z = settings.points(4, d), settings.normals(*shape, d, key=6)
            for extra in more or ({},):
                said = "".join(f", {name} {value:g}" for name, value in extra.items())
                name = f"{law.kind}, {t} to {s}{said}"
                yield Case(name, law=law, x=x, t=t, s=s, noise=z, **extra)
    far, (t, s) = settings.far_gaussian(2), spans[1 % len(spans)]
    x, z = 0.6 * far.mean + settings.points(4, 2), settings.normals(*shape, 2, key=6)
    for extra in more[:1] or ({},):
        yield Case(f"far from 0, {t} to {s}", law=far, x=x, t=t, s=s, noise=z, **extra)


@identity(
    "F9-exponential",
    ports="exponential_step",
    statement=r"x' = \alpha_s\,\mathbb E[x_0|x] + \sigma_s\,\mathbb E[\epsilon|x]",
    assumptions=EXACT,
    source="Song, Meng and Ermon 2021, equation 12; Lu et al. 2022a, equation 3.7",
    cases=lambda: step_cases(spans=(*SPANS, (0.03, 0.0))),
    family="span of time",
)
def exponential_step_value(ports, case):
    """The first-order step holds the data and the noise, down to σ = 0."""
    inputs = case.law, process_of(ports), case.x, case.t, case.s
    yield Sides(
        "x'",
        ports.exponential_step(case.law, case.x, case.t, case.s),
        oracles.exponential.first_order(*inputs),
    )


@identity(
    "F9-heun",
    ports="heun_step",
    statement=r"y=x/\alpha,\ \rho=\sigma/\alpha:\ y' = y + "
    r"\tfrac12(\rho_s-\rho_t)[\epsilon_t(y)+\epsilon_s(\tilde y)]",
    assumptions=EXACT,
    source="Karras et al. 2022, algorithm 1",
    cases=lambda: step_cases(spans=(*SPANS, (0.03, 0.0))),
)
def heun_step_value(ports, case):
    """Heun's step of EDM; the one to σ = 0 is Euler's."""
    inputs = case.law, process_of(ports), case.x, case.t, case.s
    yield Sides(
        "x'",
        ports.heun_step(case.law, case.x, case.t, case.s),
        oracles.exponential.heun_or_euler(*inputs),
    )


CHURNS = (
    {"churn": 3.0, "n_steps": 18, "churn_min": 0.0, "churn_max": 1e9, "noise_scale": 1.007},
    {"churn": 40.0, "n_steps": 18, "churn_min": 0.0, "churn_max": 1e9, "noise_scale": 0.9},
    {"churn": 3.0, "n_steps": 9, "churn_min": 0.4, "churn_max": 1.5, "noise_scale": 1.007},
)


@identity(
    "F9-edm",
    ports="edm_step",
    statement=r"\hat\rho=(1+\gamma)\rho_t,\ \hat y = y + S\sqrt{\hat\rho^2-\rho_t^2}\,z,\ "
    r"\gamma=\min(S_{churn}/n,\sqrt2-1)\,[S_{min}\le\rho_t\le S_{max}]",
    assumptions=EXACT,
    source="Karras et al. 2022, algorithm 2",
    cases=lambda: step_cases(*CHURNS, spans=((0.31, 0.24), (0.1, 0.0))),
)
def edm_step_value(ports, case):
    """EDM's step with churn on given noise: within and beyond its window, cut at √2 - 1."""
    settings_of = [getattr(case, name) for name in CHURNS[0]]
    got = ports.edm_step(case.law, case.x, case.t, case.s, *settings_of, noise=case.noise)
    inputs = case.law, process_of(ports), case.x, case.t, case.s, *settings_of, case.noise
    yield Sides("x'", got, oracles.exponential.edm(*inputs))


def _rule(ports, port):
    return convention_of(ports, port, "singlestep_rule", "midpoint")


@identity(
    "F9-dpm-2",
    ports="dpm_solver_2_step",
    statement=r"y' = y + (\rho_s-\rho_t)\,\epsilon_u(\tilde y),\ "
    r"\lambda_u=\tfrac12(\lambda_t+\lambda_s)",
    assumptions=EXACT,
    source="Lu et al. 2022a, algorithm 1",
    cases=step_cases,
)
def dpm_second_order_value(ports, case):
    """DPM-Solver-2: the noise at the middle of the half log signal-to-noise ratio."""
    inputs = case.law, process_of(ports), case.x, case.t, case.s
    yield Sides(
        "x'",
        ports.dpm_solver_2_step(case.law, case.x, case.t, case.s),
        oracles.exponential.singlestep(*inputs, 2, "noise", _rule(ports, "dpm_solver_2_step")),
    )


@identity(
    "F9-dpm-3",
    ports="dpm_solver_3_step",
    statement=r"x' = \tfrac{\alpha_s}{\alpha_t}x - \sigma_s(e^h-1)\epsilon_t - "
    r"\tfrac{3\sigma_s}{2}\left(\tfrac{e^h-1}{h}-1\right)(\epsilon_v-\epsilon_t)",
    assumptions=EXACT,
    source="Lu et al. 2022a, algorithm 2",
    cases=step_cases,
)
def dpm_third_order_value(ports, case):
    """DPM-Solver-3: a line in λ through the noise at t and at two thirds, integrated."""
    inputs = case.law, process_of(ports), case.x, case.t, case.s
    yield Sides(
        "x'",
        ports.dpm_solver_3_step(case.law, case.x, case.t, case.s),
        oracles.exponential.singlestep(*inputs, 3, "noise"),
    )


@identity(
    "F9-dpm-2s",
    ports="dpm_solver_data_2_step",
    statement=r"x' = \tfrac{\sigma_s}{\sigma_t}x - \alpha_s(e^{-h}-1)\,x_0(\tilde x_u)",
    assumptions=EXACT,
    source="Lu et al. 2022b, algorithm 1",
    cases=step_cases,
)
def dpm_second_data_value(ports, case):
    """DPM-Solver++ (2S): the same with the data predicted, another map."""
    inputs = case.law, process_of(ports), case.x, case.t, case.s
    yield Sides(
        "x'",
        ports.dpm_solver_data_2_step(case.law, case.x, case.t, case.s),
        oracles.exponential.singlestep(*inputs, 2, "data", _rule(ports, "dpm_solver_data_2_step")),
    )


@identity(
    "F9-flow-midpoint",
    ports="flow_midpoint_step",
    statement=r"x' = x + (s-t)\,v\!\left(x+\tfrac{s-t}2v(x,t),\tfrac{t+s}2\right)",
    assumptions=EXACT,
    source="Hairer, Norsett and Wanner 1993, II.1",
    cases=step_cases,
)
def flow_midpoint_value(ports, case):
    """The midpoint step of the flow in time."""
    inputs = case.law, process_of(ports), case.x, case.t, case.s
    yield Sides(
        "x'",
        ports.flow_midpoint_step(case.law, case.x, case.t, case.s),
        oracles.exponential.flow_midpoint(*inputs),
    )


@identity(
    "F9-sde-dpm",
    ports="sde_dpm_step",
    statement=r"x' = \tfrac{\sigma_s}{\sigma_t}e^{-h}x + \alpha_s(1-e^{-2h})x_0 + "
    r"\sigma_s\sqrt{1-e^{-2h}}\,z",
    assumptions=EXACT,
    source="Lu et al. 2022b, appendix B",
    cases=step_cases,
)
def sde_dpm_value(ports, case):
    """SDE-DPM-Solver++ (1) draws from the forward process's posterior: DDIM with eta = 1."""
    got = ports.sde_dpm_step(case.law, case.x, case.t, case.s, noise=case.noise)
    inputs = case.law, process_of(ports), case.x, (case.t, case.s), 1, case.noise[None]
    yield Sides("x'", got, oracles.exponential.stochastic(*inputs))


@identity(
    "F9-sde-2s",
    ports="sde_dpm_2_step",
    statement=r"x' = a_{ts}x + \alpha_s(1-e^{-2h})\,x_0(u) + a_{us}b_{tu}z_1 + b_{us}z_2,\ "
    r"a = \tfrac{\sigma_s}{\sigma_t}e^{-h},\ b = \sigma_s\sqrt{1-e^{-2h}}",
    assumptions=EXACT,
    source="Gonzalez et al. 2023; Lu et al. 2022b, section 5",
    cases=lambda: step_cases(shape=(2, 4)),
)
def sde_dpm_second_value(ports, case):
    """SDE-DPM-Solver++ (2S) on one path of noise: the inner noise is carried on."""
    got = ports.sde_dpm_2_step(case.law, case.x, case.t, case.s, noise=case.noise)
    inputs = case.law, process_of(ports), case.x, case.t, case.s, case.noise
    yield Sides("x'", got, oracles.exponential.stochastic_singlestep(*inputs))
