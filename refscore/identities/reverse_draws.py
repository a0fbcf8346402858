"""Chapter F: single steps from noise back to data that draw their own noise: their exact laws."""

from __future__ import annotations

import numpy as np

from refscore import oracles
from refscore.identities import settings
from refscore.identities.base import Draws, Normal, identity
from refscore.identities.cases import Case
from refscore.identities.settings import convention_of, process_of

SEED = "seed 003"


def drawn_steps(step, right, case, d):
    """Draws of a step that draws by itself: its law from p_t, but for the last step, to time 0, and
    its noise from far out.

    `step(x, seed)` is the subject's, `right(x, z)` the oracle's, affine in x and z."""
    zero, unit = np.zeros((1, d)), np.eye(d)
    c = right(zero, zero)[0]
    M, B = (right(unit, 0 * unit) - c).T, (right(0 * unit, unit) - c).T
    if case.s > 0:
        yield Draws("x'", *_from(step, case.start.mean, case.start.covariance, M, c, B))
    far = case.start.mean + 1.5 * np.sqrt(np.diag(case.start.covariance)) * np.resize([1, -1], d)
    yield Draws("x' from far out", *_from(step, far, 0.25 * case.start.covariance, M, c, B))


def _from(step, mean, covariance, M, c, B):
    root = np.linalg.cholesky(covariance)

    def draw(seed, n):
        return step(mean + settings.drawn(seed, n, len(mean)) @ root.T, seed)

    return draw, Normal(M @ mean + c, M @ covariance @ M.T + B @ B.T)


def drawn_cases(*more, spans=((0.4, 0.33),)):
    """Gaussian data, from the exact law at t and from far out."""
    for extra in more or ({},):
        said = "".join(f", {name} {value:g}" for name, value in extra.items())
        for t, s in spans:
            yield Case(f"{t} to {s:g}{said}", law=settings.gaussian(3), t=t, s=s, **extra)


TO_DATA = (0.4, 0.33), (0.2, 0.0)
LONG = (0.6, 0.3), (0.2, 0.0)  # in which η² √v is not η v


def _with_start(ports, case):
    start = oracles.diffusion.law_at(case.law, process_of(ports), case.t)
    return Case(case.name, **case.inputs, start=start)


@identity(
    "F7-draws",
    ports="euler_maruyama_step",
    kind="expectation",
    draws="rng",
    statement=r"X' \sim N(Mm+c,\ MCM^\top + g^2h\,I),\quad M = (1-hf)I - hg^2S_t^{-1}",
    assumptions="Gaussian data and start; the subject draws the noise",
    source=SEED,
    cases=drawn_cases,
)
def reverse_step_draws(ports, case):
    """One Euler-Maruyama step that draws its own noise: its exact law."""
    process, law, t, s = process_of(ports), case.law, case.t, case.s
    yield from drawn_steps(
        lambda x, seed: ports.euler_maruyama_step(law, x, t, s, rng=seed),
        lambda x, z: oracles.reverse.euler(law, process, x, t, s, z),
        _with_start(ports, case), len(law.mean),
    )  # fmt: skip


@identity(
    "F9-ancestral-draws",
    ports="ancestral_step",
    kind="expectation",
    draws="rng",
    statement=r"X' \sim N(Mm+c,\ MCM^\top + \tilde\beta\,I)",
    assumptions="Gaussian data and start; the subject draws the noise",
    source="Ho et al. 2020, equations 7 and 11, algorithm 2",
    cases=lambda: drawn_cases(spans=TO_DATA),
)
def ancestral_draws(ports, case):
    """One ancestral step that draws its own noise: its exact law, also of the last, to time 0."""
    process, law, t, s = process_of(ports), case.law, case.t, case.s
    variance = convention_of(ports, "ancestral_step", "ancestral_variance", "small")
    yield from drawn_steps(
        lambda x, seed: ports.ancestral_step(law, x, t, s, rng=seed),
        lambda x, z: oracles.reverse.ancestral(law, process, x, t, s, z, variance),
        _with_start(ports, case), len(law.mean),
    )  # fmt: skip


@identity(
    "F9-ddim-draws",
    ports="ddim_step",
    kind="expectation",
    draws="rng",
    statement=r"X' \sim N(Mm+c,\ MCM^\top + \eta^2\tilde\beta\,I)",
    assumptions="Gaussian data and start; the subject draws the noise",
    source="Song, Meng and Ermon 2021, equations 12 and 16",
    cases=lambda: drawn_cases({"eta": 0.5}, spans=LONG),
)
def ddim_draws(ports, case):
    """An implicit step with η = 1/2 that draws its own noise: its exact law, also to time 0."""
    process, law, t, s = process_of(ports), case.law, case.t, case.s
    yield from drawn_steps(
        lambda x, seed: ports.ddim_step(law, x, t, s, case.eta, rng=seed),
        lambda x, z: oracles.reverse.ddim(law, process, x, t, s, case.eta, z),
        _with_start(ports, case), len(law.mean),
    )  # fmt: skip
