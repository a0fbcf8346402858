"""torchdiffeq, torchdyn and torchsde: single steps of VP's flow and reverse SDE."""

from __future__ import annotations

from importlib.metadata import version as version_of
from types import SimpleNamespace
from unittest import mock

import torch
import torchdiffeq
import torchsde

from validation.peers.levels import HIGH, LOW
from validation.peers.stand_ins import modules

(torchdyn,) = modules("torchdyn", ("numerics.odeint",), ("torchcde",))


def drift(score_at, x, t, share):
    """f x - share g² score."""
    beta = LOW + (HIGH - LOW) * t
    return -beta * x / 2 - share * beta * score_at(x, float(t))


def flow_step(solve):
    """A step of the probability flow by solve(velocity, x, the two times)."""

    def step(score_at, x, t, s):
        def velocity(time, y, **_):
            return drift(score_at, y, time, 0.5)

        return solve(velocity, x, torch.tensor([t, s], dtype=x.dtype))[-1]

    return step


def torchdiffeq_step(method):
    return flow_step(lambda v, x, times: torchdiffeq.odeint(v, x, times, method=method))


def torchdyn_step(method):
    return flow_step(lambda v, x, times: torchdyn.odeint(v, x, times, method)[1])


class Reverse(torch.nn.Module):
    """The reverse SDE in u = t - time, for torchsde."""

    noise_type = "diagonal"

    def __init__(self, score_at, start, kind):
        super().__init__()
        self.sde_type, self._score_at, self._start = kind, score_at, start

    def f(self, u, x):
        return -drift(self._score_at, x, self._start - u, 1.0)

    def g(self, u, x):
        return (LOW + (HIGH - LOW) * (self._start - u)) ** 0.5 * torch.ones_like(x)


def torchsde_step(method, kind="ito"):
    """One step of torchsde, its increment handed in."""

    def step(score_at, x, t, s, noise):
        path = mock.MagicMock(spec=torchsde.BaseBrownian, shape=x.shape, dtype=x.dtype)
        path.device, path.levy_area_approximation = x.device, "none"
        path.side_effect = lambda a, b, **_: (b - a) ** 0.5 * noise
        ends = torch.tensor([0.0, t - s], dtype=x.dtype)
        reverse = Reverse(score_at, t, kind)
        return torchsde.sdeint(reverse, x, ends, bm=path, method=method, dt=t - s + 1e-12)[-1]

    return step


TORCHDIFFEQ = SimpleNamespace(
    name="torchdiffeq", framework="torch", version=version_of("torchdiffeq"),
    flow_euler_step=torchdiffeq_step("euler"), flow_heun_step=torchdiffeq_step("heun2"),
    flow_midpoint_step=torchdiffeq_step("midpoint"),
)  # fmt: skip
TORCHDYN = SimpleNamespace(
    name="torchdyn", framework="torch", version=version_of("torchdyn"),
    flow_euler_step=torchdyn_step("euler"), flow_midpoint_step=torchdyn_step("midpoint"),
)  # fmt: skip
TORCHSDE = SimpleNamespace(
    name="torchsde", framework="torch", version=version_of("torchsde"),
    euler_maruyama_step=torchsde_step("euler"),
    stochastic_heun_step=torchsde_step("heun", "stratonovich"),
)  # fmt: skip
PLANTED = SimpleNamespace(
    name="torchsde, planted: a midpoint step for Euler's", framework="torch",
    version=version_of("torchsde"), euler_maruyama_step=torchsde_step("midpoint", "stratonovich"),
    expected_failures=dict.fromkeys(("reverse_step_given_noise", "reverse_order"), "planted"),
)  # fmt: skip
SUBJECTS = [TORCHDIFFEQ, TORCHDYN, TORCHSDE, PLANTED]
