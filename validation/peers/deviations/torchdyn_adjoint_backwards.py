"""torchdyn: ODEProblem's adjoint is wrong where time runs backwards, t1 < t0.

numerics/odeint.py of 1.0.6, odeint: falling times are negated, with the velocity, and come back
negated; numerics/sensitivity.py solves the adjoint of the velocity as it was over those negated
times, the other way. For dx/dt = w x from 1 to 0, x(0) = x e^{-w}: the derivatives are e^{-w} in x
and -x e^{-w} in w. Rising times and back-propagation are right.
"""

import importlib
import importlib.util
import sys
from types import ModuleType
from unittest import mock

import numpy as np
import torch

package = ModuleType("torchdyn")  # without its __init__, which imports all it depends on
package.__path__ = list(importlib.util.find_spec("torchdyn").submodule_search_locations)
core = ModuleType("torchdyn.core")
core.__path__ = [f"{package.__path__[0]}/core"]
absent = {"torchcde": mock.MagicMock(), "torchdyn": package, "torchdyn.core": core}
with mock.patch.dict(sys.modules, absent):
    ODEProblem = importlib.import_module("torchdyn.core.problems").ODEProblem

torch.set_default_dtype(torch.float64)
W, X = 0.7, 1.3


class Growth(torch.nn.Module):
    def __init__(self, w):
        super().__init__()
        self.w = torch.nn.Parameter(torch.tensor([w]))

    def forward(self, t, x, args=None):
        return self.w * x


def end(x, w, times, sensitivity="autograd"):
    field, start = Growth(w), torch.tensor([[x]], requires_grad=True)
    tight = {"atol": 1e-10, "rtol": 1e-10, "atol_adjoint": 1e-10, "rtol_adjoint": 1e-10}
    problem = ODEProblem(field, "dopri5", sensitivity=sensitivity, **tight)
    value = problem.odeint(start, torch.tensor(times))[1][-1].sum()
    return value, torch.autograd.grad(value, (start, field.w))


h = 1e-5
for times in ([0.0, 1.0], [1.0, 0.0]):
    T = times[1] - times[0]
    value = lambda x, w: end(x, w, times)[0].item()  # noqa: B023, E731
    slopes = value(X + h, W) - value(X - h, W), value(X, W + h) - value(X, W - h)
    print(f"from {times[0]:g} to {times[1]:g}")
    for name, (in_x, in_w) in (
        ("adjoint", end(X, W, times, "adjoint")[1]),
        ("back-propagation", end(X, W, times)[1]),
        ("differences", np.array(slopes) / (2 * h)),
        ("closed form", (np.exp(W * T), T * X * np.exp(W * T))),
    ):
        print(f"  {name:17} dx {float(in_x):9.6f}   dw {float(in_w):9.6f}")
