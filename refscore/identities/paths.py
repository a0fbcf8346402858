"""Chapter F: Wiener paths, and the orders of Euler-Maruyama and Milstein by exact moments."""

from __future__ import annotations

import numpy as np

from refscore import oracles
from refscore.identities import settings
from refscore.identities.base import Order, Sides, identity
from refscore.identities.cases import Case, Description

SEED = "seed 003"
GRID = np.array([0.0, 0.1, 0.45, 0.5, 1.3])


@identity(
    "F1",
    ports="wiener_increments",
    kind="exact law",
    statement=r"W_t-W_s\sim N(0,|t-s|I),\ \text{independent}",
    source=SEED,
    cases=lambda: [Case("forwards", times=GRID), Case("backwards", times=GRID[::-1].copy())],
)
def wiener_moments(ports, case):
    """The covariance of the increments, and of the path they add up to, times rising or falling."""
    n = len(case.times) - 1
    normals = np.concatenate([np.eye(n), 2 * np.eye(n)], axis=-1)  # a column each: linear in them
    got = np.asarray(ports.wiener_increments(case.times, noise=normals))
    L, twice = got[:, :n], got[:, n:]
    yield Sides("covariance", L @ L.T, np.diag(np.abs(np.diff(case.times))))
    yield Sides("linear", twice, 2 * L)
    passed = np.abs(case.times[1:] - case.times[0])
    path = np.cumsum(L, axis=0)
    yield Sides("path", path @ path.T, oracles.processes.wiener_covariance(passed))


@identity(
    "F1-bridge",
    ports="brownian_bridge",
    kind="exact law",
    statement=r"W_t\mid W_s,W_e\sim N\Big(\tfrac{(e-t)W_s+(t-s)W_e}{e-s},\ "
    r"\tfrac{(t-s)(e-t)}{e-s}I\Big)",
    source=f"{SEED}; Glasserman 2003",
    cases=lambda: [
        Case(f"{t:g} in ({s:g}, {e:g})", t=t, s=s, e=e)
        for t, s, e in ((0.4, 0.0, 1.3), (1.0, 0.4, 1.3), (0.55, 0.5, 0.7))
    ],
)
def bridge_refines(ports, case):
    """The bridge's weights and variance; a path refined by it keeps the covariance min(s, t)."""
    start, end, z = np.eye(4)[:, :3].T[:, :, None].copy()
    got = np.asarray(ports.brownian_bridge(case.t, case.s, case.e, start, end, z))[:, 0]
    left, right, variance = oracles.processes.bridge(case.t, case.s, case.e)
    yield Sides("weights", got[[0, 1, 3]], np.array([left, right, 0.0]), 1.0)
    yield Sides("variance", np.square(got[2]), np.array(variance))
    ends = np.sqrt(case.s), np.sqrt(case.e - case.s)
    rows = np.eye(3)
    w_s = ends[0] * rows[0]
    w_e = w_s + ends[1] * rows[1]
    w_t = ports.brownian_bridge(
        case.t, case.s, case.e, w_s[:, None], w_e[:, None], rows[2][:, None]
    )
    path = np.stack([w_s, np.asarray(w_t)[:, 0], w_e])
    want = oracles.processes.wiener_covariance(np.array([case.s, case.t, case.e]))
    yield Sides("joint covariance", path @ path.T, want, 1.0)


def _affine(rate, ramp, level):
    return Description("affine_in_state", rate=rate, ramp=ramp, level=level)


def _paths():
    for name, f, g in (
        ("multiplicative", _affine(-0.7, 1.1, 0.4), _affine(0.5, -0.3, 0.2)),
        ("additive", _affine(0.6, -0.9, 0.1), _affine(0.0, 0.0, 0.8)),
        ("geometric", _affine(0.3, 0.0, 0.0), _affine(0.4, 0.0, 0.0)),
    ):
        yield Case(
            name, drift=f, diffusion=g, x0=settings.points(5, 2), times=0.2 + GRID,
            increments=0.6 * settings.normals(4, 5, 2),
        )  # fmt: skip


@identity(
    "F15-path",
    ports="euler_maruyama_path",
    statement=r"x_{i+1}=x_i+f(x_i,t_i)h_i+g(x_i,t_i)\Delta W_i",
    source=f"{SEED}; Kloeden and Platen 1992",
    cases=_paths,
)
def euler_maruyama_states(ports, case):
    """Euler-Maruyama on given increments and unequal steps, drift and diffusion moving in time."""
    got = ports.euler_maruyama_path(
        case.drift, case.diffusion, case.x0, case.times, case.increments
    )
    right = oracles.processes.euler_maruyama(
        case.drift, case.diffusion, case.x0, case.times, case.increments
    )
    yield Sides("states", got, right)


@identity(
    "F15-milstein",
    ports="milstein_path",
    statement=r"x_{i+1}=x_i+fh_i+g\Delta W_i+\tfrac12gg'(\Delta W_i^2-h_i)",
    assumptions="a noise for every coordinate",
    source="Kloeden and Platen 1992",
    cases=_paths,
)
def milstein_states(ports, case):
    """Milstein's scheme on given increments and unequal steps."""
    got = ports.milstein_path(
        case.drift, case.diffusion, case.diffusion, case.x0, case.times, case.increments
    )
    right = oracles.processes.euler_maruyama(
        case.drift, case.diffusion, case.x0, case.times, case.increments, bend=1.0
    )
    yield Sides("states", got, right)


SIZES = np.array([8, 16, 32, 64])


def _factor(path, case, h):
    """One step's factor R and the exact factor Q, with weights over the increment."""
    z, w = settings.hermite(1, 40)
    f, g = _affine(case.rate, 0.0, 0.0), _affine(case.volatility, 0.0, 0.0)
    increments = np.sqrt(h) * z[None]
    last = path(f, g, np.ones_like(z), np.array([0.0, h]), increments)[-1]
    exact = np.exp((case.rate - case.volatility**2 / 2) * h + case.volatility * increments[0])
    return np.asarray(last)[:, 0], exact[:, 0], w


def _orders(path, case, milstein, strong):
    """The step's moments against their closed forms; what n steps make of them, and its order."""
    mean, square = oracles.processes.geometric_moments(case.rate, case.volatility, 1.0)
    errors, weak, squares = [], [], []
    for n in SIZES:
        R, Q, w = _factor(path, case, 1.0 / n)
        got = np.array([w @ R, w @ R**2, w @ (R * Q)])
        want = oracles.processes.geometric_step_moments(
            case.rate, case.volatility, 1.0 / n, milstein
        )
        yield Sides(f"moments of a step, n = {n}", got, np.array(want))
        errors.append(np.sqrt(got[1] ** n - 2 * got[2] ** n + square))
        weak.append(abs(got[0] ** n - mean))
        squares.append(abs(got[1] ** n - square))
    yield Order("strong", 1 / SIZES, np.array(errors), strong)
    yield Order("weak, mean", 1 / SIZES, np.array(weak), 1.0)
    yield Order("weak, square", 1 / SIZES, np.array(squares), 1.0)


def _geometric():
    yield Case("rate 0.5, volatility 0.8", rate=0.5, volatility=0.8)
    yield Case("rate -0.9, volatility 0.6", rate=-0.9, volatility=0.6)


@identity(
    "F15",
    ports="euler_maruyama_path",
    kind="order",
    statement=r"E|X_n-X_T|^2=m_2^n-2c^n+e^{(2\mu+\sigma^2)T}=O(h),\quad|EX_n-EX_T|=O(h)",
    assumptions="geometric Brownian motion, the same noise; m₂ = (1+μh)²+σ²h, c = e^{μh}(1+μh+σ²h)",
    source=f"{SEED}; Kloeden and Platen 1992",
    cases=_geometric,
)
def euler_maruyama_orders(ports, case):
    """Euler-Maruyama under multiplicative noise: strong order 1/2, weak order 1."""
    yield from _orders(ports.euler_maruyama_path, case, False, 0.5)


@identity(
    "F15-milstein-order",
    ports="milstein_path",
    kind="order",
    statement=r"m_2\ \text{and}\ c\ \text{gain}\ \tfrac12\sigma^4h^2,\ "
    r"e^{\mu h}\tfrac12\sigma^4h^2:\quad E|X_n-X_T|^2=O(h^2)",
    assumptions="geometric Brownian motion, the same noise",
    source="Kloeden and Platen 1992",
    cases=_geometric,
)
def milstein_orders(ports, case):
    """Milstein under multiplicative noise: strong order 1, weak order 1."""

    def path(f, g, *rest):
        return ports.milstein_path(f, g, g, *rest)

    yield from _orders(path, case, True, 1.0)


@identity(
    "F15-additive",
    ports="euler_maruyama_path",
    kind="order",
    statement=r"x_n=c_0x_0+\sum_ic_i\Delta W_i:\ E|X_n-X_T|^2="
    r"\sum_i\int(c_i-\sigma e^{-\theta(T-u)})^2du+(c_0-e^{-\theta T})^2x_0^2=O(h^2)",
    assumptions="dx = -θx dt + σdw, the same noise",
    source=f"{SEED}; Kloeden and Platen 1992",
    cases=lambda: [Case("decay 0.8", decay=0.8, volatility=0.5, x0=1.2)],
)
def additive_noise_order(ports, case):
    """Euler-Maruyama under additive noise has strong order 1."""
    f, g = _affine(-case.decay, 0.0, 0.0), _affine(0.0, 0.0, case.volatility)
    sizes, errors = np.array([8, 16, 32]), []
    for n in sizes:
        times = np.linspace(0, 1, n + 1)
        x0 = np.append(np.zeros(n), 1.0)[:, None]
        increments = np.concatenate([np.eye(n), np.zeros((n, 1))], axis=1)[:, :, None]
        c = np.asarray(ports.euler_maruyama_path(f, g, x0, times, increments))[-1, :, 0]
        want = (1 - case.decay / n) ** np.arange(n - 1, -1, -1) * case.volatility
        yield Sides(f"coefficients, n = {n}", c[:-1], want)
        errors.append(
            oracles.processes.linear_path_error(
                c[:-1], c[-1], case.decay, case.volatility, times, case.x0
            )
        )
    yield Order("strong", 1 / sizes, np.sqrt(errors), 1.0)
