"""Chapter F: the Fokker-Planck equation, point by point and on cells."""

from __future__ import annotations

import numpy as np

from refscore import oracles
from refscore.identities import settings
from refscore.identities.base import Sides, identity
from refscore.identities.cases import Case, Description, Law

SEED = "seeds 000, 002, 003"
_ASKS = "fokker_planck_residual"


def transport(matrix, later=0.0, offset=0.0, cubic=0.0) -> Description:
    """The drift (M_0 + t M_1) x + b - cubic x³; numbers stand for multiples of 1."""
    matrix = np.atleast_2d(matrix)
    d = len(matrix)
    return Description(
        "transport", matrices=np.stack([matrix, later * np.eye(d)]),
        offset=offset + np.zeros(d), cubic=cubic,
    )  # fmt: skip


def spread(rate, later=0.0, floor=1.0, curvature=0.0) -> Description:
    """The diffusion g² = (a_0 + a_1 t)(floor + curvature |x|²)."""
    return Description("spread", rates=np.array([rate, later]), floor=floor, curvature=curvature)


def langevin(law: Law, g2: float) -> Description:
    """The drift ½ g² ∇ log p of a law."""
    return Description("langevin", law=law, factor=0.5 * g2)


def still(law: Law) -> Description:
    """A density that does not change."""
    return Description("still", law=law)


def diffused(law: Law) -> Description:
    """The densities p_t of the variance-preserving process."""
    return Description("diffused", law=law, process=settings.VP)


def preserving(d: int):
    """Drift and diffusion of the variance-preserving process."""
    low, slope = settings.VP.beta_min, settings.VP.beta_max - settings.VP.beta_min
    return transport(-0.5 * low * np.eye(d), -0.5 * slope), spread(low, slope)


def _residual(name, density, drift, diffusion, t, d) -> Case:
    return Case(
        name, density=density, drift=drift, diffusion=diffusion, t=t, x=settings.points(5, d, 3)
    )


def _solutions():
    yield _residual("no solution", still(settings.mixture(2)), *preserving(2), 0.25, 2)
    for law, d in ((settings.gaussian(3), 3), (settings.mixture(2), 2)):
        for t in (0.05, 0.4):
            yield _residual(f"{law.kind} diffused to {t}", diffused(law), *preserving(d), t, d)
    law, turning = settings.gaussian(2), transport(settings.matrix(2), offset=0.3)
    yield _residual("another drift", diffused(law), turning, spread(0.7, 0.4), 0.3, 2)


def _given(case):
    return case.density, case.drift, case.diffusion, case.x, case.t


def _size(want) -> float:
    """Beside which 0 is 0."""
    return max(1.0, float(np.abs(want).max()))


@identity(
    "F2",
    ports=_ASKS,
    statement=r"\partial_t p = -\nabla\cdot(fp) + \tfrac12g^2\Delta p\ \Leftrightarrow\ "
    r"\partial_t\log p + \nabla\cdot f + f\cdot s - \tfrac12g^2(\nabla\cdot s + |s|^2) = 0",
    assumptions="p > 0; the exact p_t of VP solves it, other densities miss by a known amount",
    source=SEED,
    cases=_solutions,
    tolerance=1e-8,
)
def fokker_planck_residual(ports, case):
    """The exact p_t has no residual, and what does not solve the equation has the right one."""
    want = oracles.fokker_planck.residual(*_given(case))
    yield Sides("residual", ports.fokker_planck_residual(*_given(case)), want, _size(want))


@identity(
    "F2-state",
    ports=_ASKS,
    statement=r"\tfrac12\Delta(g^2p)/p = \tfrac12[\Delta g^2 + 2\nabla g^2\cdot s + "
    r"g^2(\nabla\cdot s+|s|^2)]\ \text{(Itô)}",
    assumptions="isotropic diffusion that depends on the point",
    source="seeds 000, 003; Risken 1989, equation 4.94a",
    cases=lambda: [
        _residual(
            f"{law.kind}, d = {d}", still(law), transport(settings.matrix(d), offset=0.4),
            spread(0.8, 0.5, 1.0, 0.3), 0.6, d,
        )
        for law, d in [(settings.mixture(d), d) for d in (1, 2)] + [(settings.gaussian(2), 2)]
    ],
    tolerance=1e-7,
)  # fmt: skip
def residual_of_state_dependent_noise(ports, case):
    """Where the noise depends on the point, its square is differentiated twice with p."""
    want = oracles.fokker_planck.residual(*_given(case))
    yield Sides("residual", ports.fokker_planck_residual(*_given(case)), want)


def _targets():
    for law, d, g2 in ((settings.gaussian(3), 3, 1.0), (settings.mixture(2), 2, 1.7)):
        yield _residual(f"{law.kind}", still(law), langevin(law, g2), spread(g2), 0.0, d)
    for other, law in ((settings.gaussian(2), settings.mixture(2)),):
        yield _residual("another target", still(law), langevin(other, 1.3), spread(1.3), 0.0, 2)


@identity(
    "F3-residual",
    ports=_ASKS,
    statement=r"f = \tfrac12g^2\nabla\log p\ \Rightarrow\ fp - \tfrac12g^2\nabla p = 0",
    assumptions="the score of the fixed target",
    source=SEED,
    cases=_targets,
    tolerance=1e-8,
)
def fixed_score_has_no_flux(ports, case):
    """Langevin's drift with the score of the target leaves it, and moves another law."""
    want = oracles.fokker_planck.residual(*_given(case))
    yield Sides("residual", ports.fokker_planck_residual(*_given(case)), want, _size(want))


def _carried():
    for law, d, t in ((settings.gaussian(3), 3, 0.05), (settings.mixture(2), 2, 0.35)):
        drift, g = preserving(d)
        for density, name, n in ((still(law), "another score", 4), (diffused(law), "its own", 5)):
            flow = Description("flow", drift=drift, diffusion=g, density=density)
            x = settings.points(n, d)
            yield Case(f"{law.kind}, {name}", density=diffused(law), velocity=flow, t=t, x=x)


@identity(
    "F6-continuity",
    ports="continuity_residual",
    statement=r"v = f - \tfrac12g^2\nabla\log p_t\ \Rightarrow\ "
    r"\partial_t\log p_t + \nabla\cdot v + v\cdot\nabla\log p_t = 0",
    assumptions="VP; the exact score, and one that is not p_t's",
    source="seed 003; Song et al. 2021, appendix D.1",
    cases=_carried,
    tolerance=1e-8,
)
def continuity_residual(ports, case):
    """The probability flow carries p_t; a flow by another score misses by a known amount."""
    given = case.density, case.velocity, case.x, case.t
    want = oracles.fokker_planck.continuity(*given)
    yield Sides("residual", ports.continuity_residual(*given), want, _size(want))


@identity(
    "J6-equation",
    ports=_ASKS,
    statement=r"p(x_0) = q(x_0),\quad \partial_tp(x_0)\ne\partial_tq(x_0):\ "
    r"\partial_tp\ \text{needs the derivatives of}\ p\ \text{in}\ x",
    assumptions="two Gaussians of one value at a point, pure diffusion",
    source="seeds 000, 002, 003 (the Fokker-Planck equation called an ODE)",
    cases=lambda: [
        Case(
            f"sd {a:g} and {b:g}", drift=transport(0.0), diffusion=spread(1.6), t=0.0,
            laws=tuple(_through(0.2, sd) for sd in (a, b)), x=np.zeros((1, 1)),
        )
        for a, b in ((1.0, 0.4), (0.8, 0.5))
    ],
    tolerance=1e-8,
)  # fmt: skip
def erratum_equation_is_no_ode(ports, case):
    """Said to be an ODE; two densities of one value at a point change there at different rates."""
    rates = []
    for law in case.laws:
        given = still(law), case.drift, case.diffusion, case.x, case.t
        want = -oracles.fokker_planck.residual(*given)
        rates.append(-ports.fokker_planck_residual(*given))
        yield Sides("rate of log p", rates[-1], want)
    apart = np.abs(rates[0] - rates[1]) > 0.1
    yield Sides("rates differ", 1.0 * apart, np.ones(1))


def _through(value: float, sd: float) -> Law:
    """A Gaussian of this standard deviation whose density at 0 has this value."""
    mean = sd * np.sqrt(-2 * np.log(value * sd * np.sqrt(2 * np.pi)))
    return Law("gaussian", mean=[mean], covariance=[[sd**2]])
