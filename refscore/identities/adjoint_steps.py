"""Chapter G: gradients of what a solver computed, and how far adjoints are from them."""

from __future__ import annotations

import numpy as np

from refscore import oracles
from refscore.identities import settings
from refscore.identities.base import Order, Sides, identity
from refscore.identities.cases import Case, VelocityDescription
from refscore.identities.flow_settings import linear, network
from refscore.identities.ode_steps import METHODS, turning

GRID = np.array([0.2, 0.35, 0.7, 0.8, 1.2])


def step_cases(methods=METHODS):
    """Unequal steps over what is neither linear nor still, and backwards over what turns."""
    for method in methods:
        for velocity, x, times in (
            (network(), settings.points(5, 2), GRID),
            (turning(), settings.points(3, 2), GRID[::-1]),
        ):
            g = settings.normals(*x.shape, key=51)
            yield Case(
                f"{method}, {velocity.kind}", velocity=velocity, x0=x, times=times, cotangent=g,
                method=method,
            )  # fmt: skip


@identity(
    "G3",
    ports="ode_steps_gradient",
    statement=r"\bar k_i = h(b_i\lambda' + \sum_ja_{ji}\bar p_j),\ \bar p_i = f_z^T\bar k_i,\ "
    r"\lambda = \lambda' + \sum\bar p_i,\ \bar\theta = \sum f_\theta^T\bar k_i",
    assumptions="the methods a subject has; unequal steps, rising and falling; by complex steps"
    " through the steps written out",
    source="seed 000; Chen et al. 2018; Hairer, Lubich and Wanner 2006, VI.10",
    cases=lambda: step_cases(),
)
def backpropagation_through_steps(ports, case):
    """Backpropagation through the steps is the exact gradient of what they computed."""
    inputs = case.velocity, case.x0, case.times, case.cotangent, case.method
    got, right = ports.ode_steps_gradient(*inputs), oracles.ode_gradients.steps_gradient(*inputs)
    yield Sides("dL/dx0", got[0], right[0])
    yield Sides("dL/dtheta", got[1], right[1])


@identity(
    "G3-euler",
    ports="adjoint_euler_gradient",
    statement=r"\lambda_n = \lambda_{n+1} + hf_z(z_{n+1})^T\lambda_{n+1},\ "
    r"\bar\theta = \sum hf_\theta(z_{n+1})^T\lambda_{n+1};\ "
    r"z' = Mz:\ \bar M = \sum hG^{T\,N-1-n}r(G^{n+1}z_0)^T,\ G = I + hM",
    assumptions="states of the forward steps; linear velocities by powers of G",
    source="derived; seed 000",
    cases=lambda: [
        Case("linear, powers", velocity=linear(), x0=settings.points(4, 3),
             times=np.linspace(0.2, 1.1, 7), cotangent=settings.normals(4, 3, key=52)),
        *(
            Case(f"{v.kind}, unequal steps", velocity=v, x0=settings.points(4, 2),
                 times=times, cotangent=settings.normals(4, 2, key=53))
            for v, times in ((turning(), GRID), (_forced(), GRID[::-1]))
        ),
    ],
)  # fmt: skip
def adjoint_solved_by_euler(ports, case):
    """Euler's method for the adjoint takes state and multiplier at the later end of every step."""
    inputs = case.velocity, case.x0, case.times, case.cotangent
    got = ports.adjoint_euler_gradient(*inputs)
    right = oracles.ode_gradients.adjoint_euler_gradient(*inputs)
    yield Sides("dL/dx0", got[0], right[0])
    yield Sides("dL/dtheta", got[1], right[1])


def _forced():
    rate = np.array([0.7, -1.3])
    return VelocityDescription("forced", rate=rate, force=3 * rate, frequency=[5.0, 2.0])


@identity(
    "G3-factor",
    ports="adjoint_euler_gradient ode_steps_gradient",
    statement=r"z' = az:\ \bar a_{steps} = T(1+ah)^{N-1}rz_0,\quad "
    r"\bar a_{adjoint} = T(1+ah)^Nrz_0 = (1+ah)\,\bar a_{steps}",
    assumptions="Euler's method on both, equal steps",
    source="derived; seed 000",
    cases=lambda: [
        Case(f"a = {a:g}, {n} steps", n_steps=n, x0=np.array([[0.8], [-1.7], [0.3]]),
             cotangent=np.array([[1.1], [0.4], [-2.0]]), t0=0.2, t1=1.5,
             velocity=VelocityDescription("linear", matrix=[[a]], offset=[0.0]))
        for a, n in ((0.9, 4), (-1.4, 7))
    ],
)  # fmt: skip
def adjoint_differs_from_the_steps_by_a_factor(ports, case):
    """On a scalar linear velocity Euler's adjoint is 1 + ah times the gradient of its steps."""
    T, N, a = case.t1 - case.t0, case.n_steps, float(case.velocity.matrix[0, 0])
    times, growth = np.linspace(case.t0, case.t1, N + 1), 1 + a * T / N
    inputs = case.velocity, case.x0, times, case.cotangent
    size = T * np.sum(case.cotangent * case.x0)
    steps = ports.ode_steps_gradient(*inputs, "euler")[1][0]
    yield Sides("steps", steps, size * growth ** (N - 1))
    yield Sides("adjoint", ports.adjoint_euler_gradient(*inputs)[1][0], size * growth**N)


def _order_cases():
    counts = {1: (24, 48), 2: (12, 24), 3: (8, 16), 4: (5, 10), 5: (8, 16)}
    for method in ("euler", "midpoint", "heun", "rk3", "rk4", "dormand_prince"):
        grids = tuple(np.linspace(0.1, 1.7, n + 1) for n in counts[oracles.ode.order(method)])
        yield Case(
            method, velocity=network(), x0=settings.points(3, 2), method=method, grids=grids,
            cotangent=settings.normals(3, 2, key=54),
        )  # fmt: skip


@identity(
    "G3-orders",
    ports="ode_steps_gradient",
    kind="order",
    statement=r"\|\nabla L(z_N) - \nabla L(z(t_1))\| = O(h^p)",
    assumptions="a smooth velocity that moves with time; the methods a subject has",
    source="seed 000; Hairer, Nørsett and Wanner 1993, II.3 on the variational equation",
    cases=_order_cases,
)
def gradients_of_steps_converge(ports, case):
    """The gradient of the steps converges to the exact one at the order of the method."""
    ends = case.grids[0][0], case.grids[0][-1]
    exact = oracles.ode_gradients.gradient(case.velocity, case.x0, *ends, case.cotangent)
    errors = []
    for grid in case.grids:
        got = ports.ode_steps_gradient(case.velocity, case.x0, grid, case.cotangent, case.method)
        gaps = [np.mean((a - b) ** 2) / np.mean(b**2) for a, b in zip(got, exact)]
        errors.append(np.sqrt(np.mean(gaps)))
    steps = np.array([grid[1] - grid[0] for grid in case.grids])
    yield Order("gradient", steps, np.array(errors), float(oracles.ode.order(case.method)))


@identity(
    "G3-adjoint-order",
    ports="adjoint_euler_gradient",
    kind="order",
    statement=r"\|\bar\theta_{adjoint} - \nabla_\theta L(z(t_1))\| = O(h)",
    assumptions="Euler's method on both",
    source="seed 000",
    cases=lambda: [
        Case(v.kind, velocity=v, x0=settings.points(3, 2),
             cotangent=settings.normals(3, 2, key=54),
             grids=tuple(np.linspace(0.1, 1.3, n + 1) for n in (40, 80)))
        for v in (network(), _forced())
    ],
)  # fmt: skip
def adjoint_converges(ports, case):
    """The adjoint solved by Euler's method converges to the exact gradient, at order one."""
    ends = case.grids[0][0], case.grids[0][-1]
    exact = oracles.ode_gradients.gradient(case.velocity, case.x0, *ends, case.cotangent)
    errors = []
    for grid in case.grids:
        got = ports.adjoint_euler_gradient(case.velocity, case.x0, grid, case.cotangent)
        errors.append(np.sqrt(np.mean((got[1] - exact[1]) ** 2)))
    yield Order("dL/dtheta", np.array([g[1] - g[0] for g in case.grids]), np.array(errors), 1.0)


@identity(
    "G3-drift",
    ports="ode_steps",
    statement=r"z_N = (I+hM)^Nz_0,\ \hat z_0 = (I-hM)^Nz_N = (I-h^2M^2)^Nz_0 \ne z_0",
    assumptions="Euler's method forward, then back over the same times; stiff along one direction",
    source="seed 000; Gholami, Keutzer and Biros 2019",
    cases=lambda: [
        Case(f"{n} steps, stiffness {s:g}", times=np.linspace(0.0, 1.2, n + 1),
             velocity=_stiff(s), x0=settings.points(4, 2))
        for n, s in ((12, 15.0), (9, 3.0))
    ],
)  # fmt: skip
def backward_reconstruction_drifts(ports, case):
    """Integrated back, the state does not return: a stiff direction comes back amplified."""
    back = ports.ode_steps(case.velocity, case.x0, case.times, "euler")
    back = ports.ode_steps(case.velocity, back, case.times[::-1], "euler")
    M, h = case.velocity.matrix, case.times[1] - case.times[0]
    power = np.linalg.matrix_power(np.eye(2) - h**2 * M @ M, len(case.times) - 1)
    yield Sides("z0", back, case.x0 @ power.T)


def _stiff(s):
    turn = np.array([[0.8, -0.6], [0.6, 0.8]])
    return VelocityDescription(
        "linear", matrix=turn @ np.diag([-s, -0.5]) @ turn.T, offset=np.zeros(2)
    )
