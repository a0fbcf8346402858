"""Chapter F: single steps from noise back to data, exactly on given noise and in law."""

from __future__ import annotations

import numpy as np

from refscore import oracles
from refscore.identities import settings
from refscore.identities.base import Sides, identity
from refscore.identities.cases import Case
from refscore.identities.settings import convention_of, process_of

SEED = "seed 003"
SPANS = ((0.9, 0.6), (0.31, 0.24), (0.04, 0.033))


def step_cases(*more, shape=(5,), spans=SPANS):
    """A Gaussian and a mixture, over long and short spans of time, noise handed in; data far
    from 0, which clips would cut."""
    for law, d in ((settings.gaussian(3), 3), (settings.mixture(2), 2)):
        for t, s in spans:
            x, z = settings.points(5, d), settings.normals(*shape, d, key=3)
            inputs = {"law": law, "x": x, "t": t, "s": s, "noise": z}
            for extra in more or ({},):
                yield Case(f"{law.kind}, {t} to {s}{_said(extra)}", **inputs, **extra)
    far, (t, s) = settings.far_gaussian(2), spans[1]
    x, z = 0.6 * far.mean + settings.points(5, 2), settings.normals(*shape, 2, key=3)
    for extra in more or ({},):
        inputs = {"law": far, "x": x, "t": t, "s": s, "noise": z}
        yield Case(f"far from 0, {t} to {s}{_said(extra)}", **inputs, **extra)


def _said(extra):
    return "".join(f", {name} {value:g}" for name, value in extra.items())


def _terms(case, process=settings.VP):
    f, g2 = oracles.diffusion.rates(process, case.t)
    h, law = case.t - case.s, oracles.diffusion.law_at(case.law, process, case.t)
    s = oracles.scores.score(law, case.x)
    return {"x": case.x, "-h f x": -h * f * case.x, "h g² s": h * g2 * s,
            "g √h z": np.sqrt(g2 * h) * case.noise}  # fmt: skip


@identity(
    "F7",
    ports="euler_maruyama_step",
    statement=r"x' = x - h\,[f(t)x - g(t)^2 s_t(x)] + g(t)\sqrt h\,z,\quad h = t - s",
    assumptions="exact score of the diffused law",
    source=SEED,
    cases=step_cases,
    family="noised span of time",
    terms=_terms,
)
def reverse_step_given_noise(ports, case):
    """One Euler-Maruyama step of the reverse SDE on given noise."""
    got = ports.euler_maruyama_step(case.law, case.x, case.t, case.s, noise=case.noise)
    inputs = case.law, process_of(ports), case.x, case.t, case.s, case.noise
    yield Sides("x'", got, oracles.reverse.euler(*inputs))


@identity(
    "F8",
    ports="reverse_drift",
    statement=r"dt<0:\ f - \tfrac{1+l^2}{2}g^2s_t;\qquad dt>0:\ f - \tfrac{1-l^2}{2}g^2s_t",
    assumptions="exact score of the diffused law",
    source=SEED,
    cases=lambda: [
        Case(f"{law.kind}, t = {t}, l = {level:g}, {when}", law=law, x=settings.points(5, d), t=t,
             level=level, when=when)
        for law, d in ((settings.gaussian(3), 3), (settings.mixture(2), 2))
        for t, level in ((0.7, 1.0), (0.2, 0.6), (0.05, 0.0), (0.4, 1.7))
        for when in ("backward", "forward")
    ],
)  # fmt: skip
def reverse_drift_family(ports, case):
    """The drifts with the marginals of the process, for every noise and both directions."""
    got = ports.reverse_drift(case.law, case.x, case.t, case.level, case.when)
    inputs = case.law, process_of(ports), case.x, case.t, case.level, case.when
    yield Sides("drift", got, oracles.reverse.drift(*inputs))


@identity(
    "F8-step",
    ports="reverse_family_step",
    statement=r"x' = x - h\,[f x - \tfrac{1+l^2}{2}g^2 s_t(x)] + l\,g\sqrt h\,z",
    assumptions="exact score of the diffused law",
    source=SEED,
    cases=lambda: step_cases({"level": 0.0}, {"level": 0.6}, {"level": 1.3}),
)
def reverse_family_given_noise(ports, case):
    """One Euler-Maruyama step of the family on given noise, l = 0, 0.6 and 1.3."""
    got = ports.reverse_family_step(case.law, case.x, case.t, case.s, case.level, noise=case.noise)
    inputs = case.law, process_of(ports), case.x, case.t, case.s, case.noise, case.level
    yield Sides("x'", got, oracles.reverse.euler(*inputs))


@identity(
    "F9-stochastic-heun",
    ports="stochastic_heun_step",
    statement=r"x' = x + \tfrac h2[F_t(x)+F_s(\tilde x)] + \tfrac{\sqrt h}2(g_t+g_s)z,\ "
    r"\tilde x = x + hF_t(x) + g_t\sqrt h\,z,\ F = -f x + g^2 s",
    assumptions="exact score of the diffused law",
    source="Rößler 2010 (additive noise)",
    cases=step_cases,
)
def stochastic_heun_given_noise(ports, case):
    """One Heun step of the reverse SDE on given noise."""
    got = ports.stochastic_heun_step(case.law, case.x, case.t, case.s, noise=case.noise)
    inputs = case.law, process_of(ports), case.x, case.t, case.s, case.noise
    yield Sides("x'", got, oracles.reverse.heun(*inputs))


@identity(
    "F9-flow-euler",
    ports="flow_euler_step",
    statement=r"x' = x - h\,v_t(x),\quad v_t = f x - \tfrac12g^2s_t",
    assumptions="exact score of the diffused law",
    source=SEED,
    cases=step_cases,
    family="noised span of time",
)
def flow_euler_step(ports, case):
    """One Euler step of the probability flow."""
    got = ports.flow_euler_step(case.law, case.x, case.t, case.s)
    inputs = case.law, process_of(ports), case.x, case.t, case.s, case.noise, 0.0
    yield Sides("x'", got, oracles.reverse.euler(*inputs))


@identity(
    "F9-flow-heun",
    ports="flow_heun_step",
    statement=r"x' = x - \tfrac h2[v_t(x) + v_s(\tilde x)],\quad \tilde x = x - h\,v_t(x)",
    assumptions="exact score of the diffused law",
    source="Karras et al. 2022, algorithm 1",
    cases=step_cases,
    family="noised span of time",
)
def flow_heun_step(ports, case):
    """One Heun step of the probability flow."""
    got = ports.flow_heun_step(case.law, case.x, case.t, case.s)
    inputs = case.law, process_of(ports), case.x, case.t, case.s, case.noise, 0.0
    yield Sides("x'", got, oracles.reverse.heun(*inputs))


@identity(
    "F9-ancestral",
    ports="ancestral_step",
    statement=r"X_s\mid X_t{=}x, X_0{=}\hat x_0 \sim N\big((\alpha_s\beta\hat x_0 + r\sigma_s^2x)"
    r"/\sigma_t^2,\ \beta\sigma_s^2/\sigma_t^2\big),\ r=\alpha_t/\alpha_s,\ "
    r"\beta=\sigma_t^2-r^2\sigma_s^2",
    assumptions="exact score; the large variance is β; z = 0 in the step to σ_s = 0",
    source="Ho et al. 2020, equations 7 and 11, algorithm 2",
    cases=lambda: step_cases(spans=(*SPANS, (0.03, 0.0))),
    family="noised span of time",
)
def ancestral_given_noise(ports, case):
    """One ancestral step on given noise, also the last one, to time 0."""
    variance = convention_of(ports, "ancestral_step", "ancestral_variance", "small")
    got = ports.ancestral_step(case.law, case.x, case.t, case.s, noise=case.noise)
    inputs = case.law, process_of(ports), case.x, case.t, case.s, case.noise, variance
    yield Sides("x'", got, oracles.reverse.ancestral(*inputs))


@identity(
    "F9-ddim",
    ports="ddim_step",
    statement=r"x' = \alpha_s\hat x_0 + \sqrt{\sigma_s^2-\eta^2\tilde\beta}\,\hat\epsilon + "
    r"\eta\sqrt{\tilde\beta}\,z,\quad \tilde\beta = \beta\sigma_s^2/\sigma_t^2",
    assumptions="exact score of the diffused law",
    source="Song, Meng and Ermon 2021, equations 12 and 16",
    cases=lambda: step_cases({"eta": 0.0}, {"eta": 0.5}, {"eta": 1.0}, spans=(*SPANS, (0.03, 0.0))),
    family="noised span of time",
)
def ddim_given_noise(ports, case):
    """One implicit step on given noise, η = 0, 1/2 and 1, also the last one, to time 0."""
    got = ports.ddim_step(case.law, case.x, case.t, case.s, case.eta, noise=case.noise)
    inputs = case.law, process_of(ports), case.x, case.t, case.s, case.eta, case.noise
    yield Sides("x'", got, oracles.reverse.ddim(*inputs))


@identity(
    "F9-corrected",
    ports="predictor_corrector_step",
    statement=r"y = x - h[fx-g^2s_t(x)]+g\sqrt h\,z_1,\quad "
    r"x' = y + \tfrac\eta2s_s(y) + \sqrt\eta\,z_2",
    assumptions="exact score; a fixed Langevin step, after the predictor",
    source="Song et al. 2021, algorithm 1",
    cases=lambda: step_cases({"step_size": 0.03}, {"step_size": 0.2}, shape=(2, 5)),
)
def predictor_corrector_given_noise(ports, case):
    """One Euler-Maruyama step and one Langevin step at its end, on given noise."""
    got = ports.predictor_corrector_step(
        case.law, case.x, case.t, case.s, case.step_size, noise=case.noise
    )
    inputs = case.law, process_of(ports), case.x, case.t, case.s, case.step_size, case.noise
    yield Sides("x'", got, oracles.reverse.corrected(*inputs))
