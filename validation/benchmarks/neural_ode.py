"""The gradient of a neural ODE: 2-64-64-2, 256 points, Dormand and Prince's pair at 1e-6.

Everybody returns the derivatives of Σ r·x(1) in x(0) and in the parameters, at one tolerance and,
as torchdiffeq and diffrax do, with one step size for the batch by the root mean square of all
errors; agreement is to the accuracy this gives a gradient, 1e-3. Two more rows of ours: the
strictest row's step size, and one for each row, at which every row meets the tolerance alone.
"""

from __future__ import annotations

import numpy as np

from refscore.networks import MLP
from refscore.ode import adjoint, backpropagate, checkpointed
from validation.benchmarks import network
from validation.benchmarks.timing import Case

WORKLOAD = "neural ODE 2-64-64-2, {} points, tolerance {:g}"
WIDTHS, BATCH, TOLERANCE = (2, 64, 64, 2), 256, 1e-6
STAGES = 26, 24  # of four steps: forward, and back


def inputs():
    """Network, points, cotangent, from a fixed seed."""
    rng = np.random.default_rng(0)
    net = MLP.initialise(WIDTHS, rng=rng)
    net = net.with_parameters(net.parameters + 0.05 * rng.standard_normal(net.parameters.size))
    return net, *rng.standard_normal((2, BATCH, WIDTHS[0]))


def cases():
    net, x, r = inputs()
    jax, torch = (network.missing(name) for name in ("jax", "torch"))
    diffrax, torchdiffeq = (network.missing(name) for name in ("diffrax", "torchdiffeq"))

    def ours(gradient=backpropagate, shared_steps="rms"):
        found = gradient(net, x, [0.0, 1.0], r, rtol=TOLERANCE, shared_steps=shared_steps)
        return found.x0, found.parameters

    def by_adjoint():
        found = adjoint(net, x, 0.0, 1.0, r, rtol=TOLERANCE, atol=TOLERANCE, shared_steps="rms")
        return found.x0, found.parameters

    others = {
        "refscore, checkpointed": lambda: ours(checkpointed),
        "refscore, strictest row": lambda: ours(shared_steps=True),
        "refscore, steps a row": lambda: ours(shared_steps=False),
        "refscore, continuous adjoint": by_adjoint,
        "SciPy, continuous adjoint": lambda: _scipy(net, x, r),
        "torchdiffeq, adjoint": torch or torchdiffeq or _torch(net, x, r, "odeint_adjoint"),
        "torchdiffeq, backpropagation": torch or torchdiffeq or _torch(net, x, r, "odeint"),
        "diffrax, checkpointed": jax or diffrax or _diffrax(net, x, r, "RecursiveCheckpoint"),
        "diffrax, backward adjoint": jax or diffrax or _diffrax(net, x, r, "Backsolve"),
    }
    floor = f"{STAGES[0]} + 2 × {STAGES[1]} matrix products"
    return [Case(WORKLOAD.format(BATCH, TOLERANCE), ours, others, _floor(), floor, rtol=1e-3)]


def _scipy(net, x, r):
    """Chen et al.'s algorithm 1 as a reader would write it: x and λ back, θ̄ beside."""
    from scipy.integrate import solve_ivp

    n, p = x.size, net.parameters.size
    options = {"rtol": TOLERANCE, "atol": TOLERANCE}
    end = solve_ivp(lambda t, y: net(y.reshape(x.shape)).ravel(), (0, 1), x.ravel(), **options)

    def slope(t, y):
        z, a = y[:n].reshape(x.shape), y[n : 2 * n].reshape(x.shape)
        h1, h2, f = network.forward(net, z)
        z2 = (a @ net.weights[2]) * (1 - h2**2)
        z1 = (z2 @ net.weights[1]) * (1 - h1**2)
        theta = len(x) * network.flat(network.backward(net, z, h1, h2, z1, z2, a))
        return np.concatenate([f.ravel(), -(z1 @ net.weights[0]).ravel(), -theta])

    start = np.concatenate([end.y[:, -1], r.ravel(), np.zeros(p)])
    back = solve_ivp(slope, (1, 0), start, **options).y[:, -1]
    return back[n : 2 * n].reshape(x.shape), back[2 * n :]


def _torch(net, x, r, solver):
    import torch
    import torchdiffeq

    model = network.torch_layers(net)
    start, weights = torch.tensor(x), torch.tensor(r)
    times = torch.tensor([0.0, 1.0], dtype=torch.float64)

    class Velocity(torch.nn.Module):
        """f(t, x), with the network's parameters for its own."""

        def __init__(self):
            super().__init__()
            self.model = model

        def forward(self, t, x):
            return self.model(x)

    velocity, solve = Velocity(), getattr(torchdiffeq, solver)

    def call():
        model.zero_grad(set_to_none=True)
        x0 = start.clone().requires_grad_()
        end = solve(velocity, x0, times, rtol=TOLERANCE, atol=TOLERANCE, method="dopri5")[-1]
        (end * weights).sum().backward()
        flat = np.concatenate([p.grad.numpy().ravel() for p in model.parameters()])
        return x0.grad.numpy(), flat

    return call


def _diffrax(net, x, r, method):
    import diffrax
    import jax
    import jax.numpy as jnp

    jax.config.update("jax_enable_x64", True)
    pairs = zip(net.weights, net.biases, strict=True)
    parameters = [(jnp.array(w), jnp.array(b)) for w, b in pairs]
    start, weights = jnp.array(x), jnp.array(r)

    def slope(t, y, parameters):
        for weight, bias in parameters[:-1]:
            y = jnp.tanh(y @ weight.T + bias)
        weight, bias = parameters[-1]
        return y @ weight.T + bias

    def loss(y, parameters):
        control = diffrax.PIDController(rtol=TOLERANCE, atol=TOLERANCE)
        end = diffrax.diffeqsolve(
            diffrax.ODETerm(slope), diffrax.Dopri5(), 0.0, 1.0, None, y, parameters,
            stepsize_controller=control, adjoint=getattr(diffrax, f"{method}Adjoint")(),
        ).ys[0]  # fmt: skip
        return jnp.sum(end * weights)

    compiled = jax.jit(jax.grad(loss, (0, 1)))

    def call():
        points, gradient = jax.block_until_ready(compiled(start, parameters))
        return np.asarray(points), np.concatenate([np.ravel(a) for pair in gradient for a in pair])

    return call


def _floor():
    rng = np.random.default_rng(1)
    h, bar = rng.standard_normal((2, BATCH, WIDTHS[1]))
    weight, out, square = rng.standard_normal((64, 64)), np.empty_like(h), np.empty((64, 64))

    def call():
        for _ in range(STAGES[0]):
            np.matmul(h, weight.T, out=out)
        for _ in range(STAGES[1]):
            np.matmul(bar, weight, out=out)
            np.matmul(bar.T, h, out=square)

    return call
