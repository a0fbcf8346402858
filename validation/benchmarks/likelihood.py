"""Log-likelihood by the probability flow: 1,000 points, eight components, each with its own steps.

Everybody integrates the closed-form velocity and divergence of the diffused mixture, in the
eigenbasis of every component, from data to noise at the same tolerance; diffrax, and ours,
control the error of every point, torchdiffeq that of the whole batch at once.
"""

from __future__ import annotations

import numpy as np

from refscore.diffusion import log_likelihood
from refscore.distributions import GaussianMixture
from refscore.processes import VP
from validation.benchmarks import network
from validation.benchmarks.timing import Case

WORKLOAD = "flow log-likelihood of {:,} points, mixture of 8, d = 2, tolerance {:g}"
PROCESS, TOLERANCE = VP(), 1e-6
LOW, RISE = PROCESS.beta_min, PROCESS.beta_max - PROCESS.beta_min


def cases():
    return [_case(n) for n in (1000,)]


def _mixture():
    rng = np.random.default_rng(0)
    roots = 0.5 * rng.standard_normal((8, 2, 2))
    covariances = roots @ roots.swapaxes(1, 2) + 0.1 * np.eye(2)
    weights = np.arange(1.0, 9.0)
    return GaussianMixture(weights / weights.sum(), 4 * rng.standard_normal((8, 2)), covariances)


def _case(n):
    law = _mixture()
    x = law.sample(n, rng=1)
    jax, torch = (network.missing(name) for name in ("jax", "torch"))
    diffrax, torchdiffeq = (network.missing(name) for name in ("diffrax", "torchdiffeq"))
    others = {
        "SciPy, a solve a point": lambda: (_scipy(law, x),),
        "refscore, DOP853": lambda: (
            log_likelihood(PROCESS, law, x, rtol=TOLERANCE, atol=TOLERANCE),
        ),
        "torchdiffeq, dopri5": torch or torchdiffeq or _torch(law, x, "dopri5"),
        "torchdiffeq, dopri8": torch or torchdiffeq or _torch(law, x, "dopri8"),
        "diffrax, vmap, Dopri5": jax or diffrax or _diffrax(law, x, "Dopri5"),
        "diffrax, vmap, Dopri8": jax or diffrax or _diffrax(law, x, "Dopri8"),
    }

    def ours():
        options = {"rtol": TOLERANCE, "atol": TOLERANCE, "method": "RK45"}
        return (log_likelihood(PROCESS, law, x, **options),)

    floor = "exponentials of 120 evaluations"
    return Case(WORKLOAD.format(n, TOLERANCE), ours, others, _floor(n), floor, rtol=1e-4)


def _arrays(law):
    """π, means and variances along the eigenvectors, and the eigenvectors as rows."""
    values, vectors = np.linalg.eigh(law.covariances)
    turn = vectors.swapaxes(1, 2)
    return np.log(law.weights), np.einsum("kij,kj->ki", turn, law.means), values, turn


def _terminal(law, ends):
    return law.diffuse(*map(float, PROCESS.marginal(1.0))).log_density(np.asarray(ends))


def _velocity(m, x, t, arrays, softmax):
    """(velocity, divergence) of one point x (d,) or of a batch (n, d); m is torch or jax.numpy."""
    log_weights, means, values, turn = arrays
    rate = LOW + RISE * t
    area = LOW * t + 0.5 * RISE * t * t
    alpha, kept = m.exp(-area / 2), m.exp(-area)
    inverse = 1 / (kept * values + (1 - kept))
    z = m.einsum("kij,...j->...ki", turn, x) - alpha * means
    q = z * inverse
    r = softmax(log_weights - 0.5 * (z * q).sum(-1) + 0.5 * m.log(inverse).sum(-1))
    pull = m.einsum("...k,...ki,kij->...j", r, q, turn)
    trace = (r * (inverse.sum(-1) - (q * q).sum(-1))).sum(-1) + (pull**2).sum(-1)
    return rate / 2 * (pull - x), rate / 2 * (trace - 2)


def _scipy(law, x):
    from scipy.integrate import solve_ivp
    from scipy.special import softmax

    arrays = _arrays(law)

    def slope(t, y):
        return np.append(*_velocity(np, y[:-1], t, arrays, softmax))

    options = {"rtol": TOLERANCE, "atol": TOLERANCE, "method": "DOP853"}
    ends = np.array([solve_ivp(slope, (0, 1), [*p, 0.0], **options).y[:, -1] for p in x])
    return _terminal(law, ends[:, :2]) + ends[:, 2]


def _torch(law, x, method):
    import torch
    from torchdiffeq import odeint

    torch.set_num_threads(1)
    arrays = [torch.tensor(a) for a in _arrays(law)]
    start = (torch.tensor(x), torch.zeros(len(x), dtype=torch.float64))
    times = torch.tensor([0.0, 1.0], dtype=torch.float64)

    def slope(t, state):
        return _velocity(torch, state[0], t, arrays, lambda a: torch.softmax(a, -1))

    def call():
        with torch.no_grad():
            y, total = odeint(slope, start, times, rtol=TOLERANCE, atol=TOLERANCE, method=method)
        return (_terminal(law, y[-1]) + total[-1].numpy(),)

    return call


def _diffrax(law, x, solver):
    """One point's solve, vmapped and jitted: every point has its own step size."""
    import diffrax
    import jax
    import jax.numpy as jnp

    jax.config.update("jax_enable_x64", True)
    arrays, points = [jnp.array(a) for a in _arrays(law)], jnp.array(x)

    def slope(t, y, args):
        velocity, divergence = _velocity(jnp, y[:-1], t, arrays, jax.nn.softmax)
        return jnp.append(velocity, divergence)

    control = diffrax.PIDController(rtol=TOLERANCE, atol=TOLERANCE)

    @jax.jit
    @jax.vmap
    def solved(point):
        return diffrax.diffeqsolve(
            diffrax.ODETerm(slope), getattr(diffrax, solver)(), 0.0, 1.0, None,
            jnp.append(point, 0.0), stepsize_controller=control, max_steps=4096,
        ).ys[0]  # fmt: skip

    def call():
        ends = np.asarray(jax.block_until_ready(solved(points)))
        return (_terminal(law, ends[:, :2]) + ends[:, 2],)

    return call


def _floor(n):
    a = np.linspace(-9.0, 0.0, 8 * n).reshape(8, n)
    out = np.empty_like(a)

    def call():
        for _ in range(120):
            np.exp(a, out=out)

    return call
