"""Chapter E: Metropolis-adjusted steps, by exact ratios on given pairs and given uniforms."""

from __future__ import annotations

import numpy as np

from refscore import oracles
from refscore.identities import settings
from refscore.identities.base import Sides, identity
from refscore.identities.cases import Case
from refscore.identities.smoothing import score_of

_ALL = slice(None)


def _laws():
    return ((settings.gaussian(3), 3), (settings.mixture(2), 2))


def _uniform(*shape, key):
    """Uniform numbers off the ends."""
    from scipy.special import ndtr

    return ndtr(settings.normals(*shape, key=key))


def acceptance(step, n: int, sections: int = 11) -> np.ndarray:
    """The probability with which each of n given proposals is taken, to 8⁻ˢ / 2 in s sections.

    `step(uniform, row)` says who was accepted, for uniform numbers (m,) and the rows of the
    proposals they decide on (m,): seven a proposal at a time."""
    low, row = np.zeros(n), np.tile(np.arange(n), 7)
    for width in 8.0 ** -np.arange(1, sections + 1):
        inner = low + width * np.arange(1, 8)[:, None]
        low = low + width * np.count_nonzero(step(inner.ravel(), row).reshape(7, n), axis=0)
    return low + width / 2


def points_of(answer) -> np.ndarray:
    """The points of a step that may say who was accepted."""
    return answer[0] if isinstance(answer, tuple) else answer


def has_moved(answer, x) -> np.ndarray:
    """Which points are not where they were, but for rounding to single precision."""
    return np.any(np.abs(points_of(answer) - x) > 1e-6 * (1 + np.abs(x)), axis=-1)


def flags(answer, x):
    """Who was accepted, where it is said (a probability says nothing of it), by the points."""
    said = np.asarray(answer[1], float) if isinstance(answer, tuple) else np.array(0.5)
    if np.isin(said, (0.0, 1.0)).all():
        yield said, has_moved(answer, x)


def flag_rates(answer, x):
    """How many are said to be accepted of those that moved, and of those that stayed: 1 and 0."""
    for said, moved in flags(answer, x):
        if said.shape != moved.shape:
            yield Sides("accepted", said, moved.astype(float), 1.0)
            return
        for label, rows, right in (("moved", moved, 1.0), ("stayed", ~moved, 0.0)):
            rate = said[rows].mean() if rows.any() else right
            yield Sides(f"said to be accepted where it {label}", np.array(rate), right, 1.0)


def _adjusted(ports, call, case, proposal, log_ratio):
    """x' on the case's uniforms, and the acceptance of every proposal."""
    taken = np.log(case.uniform) < log_ratio
    answer = call(case.uniform)
    yield Sides("x'", points_of(answer), np.where(taken[:, None], proposal, case.x))
    for said, moved in flags(answer, case.x):
        yield Sides("accepted", said, moved.astype(float), 1.0)
    measured = acceptance(lambda u, row: has_moved(call(u, row), case.x[row]), len(case.x))
    yield Sides("acceptance", measured, np.exp(np.minimum(log_ratio, 0.0)), 1.0)


def _ratio_cases():
    for law, d in _laws():
        for eta in (0.3, 1.7):
            x, y = settings.points(6, d), settings.points(6, d, 5)
            yield Case(f"{law.kind}, step {eta}", law=law, x=x, proposal=y, step_size=eta)


def _ratio_terms(case):
    law, x, y, eta = case.law, case.x, case.proposal, case.step_size
    s, t = oracles.scores.score(law, x), oracles.scores.score(law, y)
    return {
        "log p(y) − log p(x)": oracles.langevin_steps.random_walk_log_ratio(law, x, y),
        "log q(x|y)": -((x - y - eta / 2 * t) ** 2).sum(1) / (2 * eta),
        "−log q(y|x)": ((y - x - eta / 2 * s) ** 2).sum(1) / (2 * eta),
    }


@identity(
    "E3",
    ports="metropolis_log_ratio",
    statement=r"r(x,y) = \log\frac{p(y)\,q(x|y)}{p(x)\,q(y|x)},\quad "
    r"q(\cdot|x) = N(x+\tfrac{\eta}{2}s(x),\ \eta I),\quad r(y,x) = -r(x,y)",
    source="Roberts and Tweedie 1996; derived",
    cases=_ratio_cases,
    terms=_ratio_terms,
    family="pair",
)
def metropolis_ratio(ports, case):
    """The log ratio of the Metropolis-adjusted Langevin step on given pairs."""
    law, x, y, eta = case.law, case.x, case.proposal, case.step_size
    right = oracles.langevin_steps.log_ratio(law, x, y, eta)
    yield Sides("r(x, y)", ports.metropolis_log_ratio(law, score_of(law), x, y, eta), right)


@identity(
    "E3-balance",
    ports="metropolis_log_ratio",
    statement=r"p(x)q(y|x)\min(1,e^{r(x,y)}) = p(y)q(x|y)\min(1,e^{r(y,x)})",
    source="Metropolis et al. 1953; Hastings 1970",
    cases=_ratio_cases,
    family="pair",
)
def detailed_balance(ports, case):
    """Probability flows alike from x to y and back, in logarithms."""
    law, x, y, eta = case.law, case.x, case.proposal, case.step_size
    there = np.minimum(ports.metropolis_log_ratio(law, score_of(law), x, y, eta), 0)
    back = np.minimum(ports.metropolis_log_ratio(law, score_of(law), y, x, eta), 0)
    yield Sides("flow", there - back, oracles.langevin_steps.log_ratio(law, x, y, eta))


def _mala_cases():
    for law, d in _laws():
        for eta in (0.6, 2.0):
            x, z = settings.points(9, d), settings.normals(9, d, key=11)
            u = _uniform(9, key=12)
            yield Case(f"{law.kind}, step {eta}", law=law, x=x, step_size=eta, noise=z, uniform=u)


@identity(
    "E3-mala",
    ports="mala_step",
    statement=r"y = x + \tfrac{\eta}{2}s(x) + \sqrt{\eta}\,z;\quad "
    r"x' = y\ \text{if}\ \log u < r(x,y),\ \text{else}\ x",
    source="Roberts and Tweedie 1996",
    cases=_mala_cases,
    family="adjusted step",
)
def mala_given_noise(ports, case):
    """The Metropolis-adjusted Langevin step: its points, and the acceptance of every proposal."""
    law, x, eta = case.law, case.x, case.step_size

    def call(u, row=_ALL):
        return ports.mala_step(law, score_of(law), x[row], eta, noise=case.noise[row], uniform=u)

    y = oracles.langevin.step(law, x, eta, case.noise)
    yield from _adjusted(ports, call, case, y, oracles.langevin_steps.log_ratio(law, x, y, eta))


def _scale_cases():
    for law, d in _laws():
        for scale in (0.4, 1.3):
            x, z = settings.points(9, d), settings.normals(9, d, key=13)
            u, signs = _uniform(9, key=14), _uniform(9, d, key=15)
            yield Case(
                f"{law.kind}, scale {scale}", law=law, x=x, scale=scale, noise=z, uniforms=signs,
                uniform=u,
            )  # fmt: skip


@identity(
    "E3-walk",
    ports="random_walk_step",
    statement=r"y = x + \tau z;\quad x' = y\ \text{if}\ u < p(y)/p(x),\ \text{else}\ x",
    source="Metropolis et al. 1953",
    cases=_scale_cases,
    family="scaled proposal",
)
def random_walk_given_noise(ports, case):
    """The random-walk Metropolis step: its points, and the acceptance of every proposal."""
    law, x = case.law, case.x

    def call(u, row=_ALL):
        return ports.random_walk_step(law, x[row], case.scale, noise=case.noise[row], uniform=u)

    y = x + case.scale * case.noise
    yield from _adjusted(
        ports, call, case, y, oracles.langevin_steps.random_walk_log_ratio(law, x, y)
    )


@identity(
    "E3-barker",
    ports="barker_step",
    statement=r"y = x + b\,w,\ w = \tau z,\ P(b_i=1) = \frac{1}{1+e^{-w_is_i(x)}};\quad "
    r"\frac{p(y)}{p(x)}\prod_i\frac{1+e^{-(y_i-x_i)s_i(x)}}{1+e^{(y_i-x_i)s_i(y)}}",
    source="Livingstone and Zanella 2022",
    cases=_scale_cases,
    family="scaled proposal",
)
def barker_given_noise(ports, case):
    """The Barker step: signs, points, and the acceptance of every proposal."""
    law, x = case.law, case.x

    def call(u, row=_ALL):
        given = {"noise": case.noise[row], "uniforms": case.uniforms[row], "uniform": u}
        return ports.barker_step(law, score_of(law), x[row], case.scale, **given)

    y = oracles.langevin_steps.barker_proposal(law, x, case.scale, case.noise, case.uniforms)
    yield from _adjusted(ports, call, case, y, oracles.langevin_steps.barker_log_ratio(law, x, y))


def _hmc_cases():
    for law, d in _laws():
        for h, n in ((0.5, 3), (0.9, 1)):
            x, v = settings.points(9, d), settings.normals(9, d, key=16)
            u = _uniform(9, key=17)
            yield Case(
                f"{law.kind}, {n} steps of {h}", law=law, x=x, momentum=v, step_size=h,
                n_leapfrog=n, uniform=u,
            )  # fmt: skip


@identity(
    "E3-hmc",
    ports="hmc_step",
    statement=r"(y,w) = \text{leapfrog}^L(x,v);\quad x' = y\ \text{if}\ \log u < -\Delta H,\ "
    r"\Delta H = \log\tfrac{p(x)}{p(y)} + \tfrac12(|w|^2-|v|^2)",
    source="Duane et al. 1987; Neal 2011",
    cases=_hmc_cases,
    family="momentum",
)
def hmc_given_momentum(ports, case):
    """The Hamiltonian step: its points, and the acceptance of every trajectory."""
    law, x, v, h, n = case.law, case.x, case.momentum, case.step_size, case.n_leapfrog

    def call(u, row=_ALL):
        return ports.hmc_step(law, score_of(law), x[row], v[row], h, n, uniform=u)

    yield from _adjusted(
        ports, call, case, *oracles.langevin_steps.hamiltonian_log_ratio(law, x, v, h, n)
    )
