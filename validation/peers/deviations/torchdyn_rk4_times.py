"""torchdyn: its "rk4" is of order 1 where the vector field depends on time.

numerics/solvers/ode.py of 1.0.6, RungeKutta4.step: stages two to four are evaluated at t + c[0] dt,
t + c[1] dt, t + c[2] dt with c = (0, 1/2, 1/2, 1): at t, t + dt/2, t + dt/2 instead of t + dt/2,
t + dt/2, t + dt. For dx/dt = 4 t³ the method is Simpson's rule, exact: x(1) = 1 in one step.
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
with mock.patch.dict(sys.modules, {"torchcde": mock.MagicMock()}):
    sys.modules["torchdyn"] = package
    odeint = importlib.import_module("torchdyn.numerics.odeint").odeint


def library(f, x, n):
    t = torch.linspace(0, 1, n + 1, dtype=torch.float64)
    return odeint(lambda t, x, args=None: f(t, x), torch.tensor([x]).double(), t, "rk4")[1][
        -1
    ].item()


def by_hand(f, x, n):
    h = 1 / n
    for t in np.arange(n) * h:
        a = f(t, x)
        b = f(t + h / 2, x + h / 2 * a)
        c = f(t + h / 2, x + h / 2 * b)
        x = x + h / 6 * (a + 2 * b + 2 * c + f(t + h, x + h * c))
    return x


print(f"library      {library(lambda t, x: 4 * t**3 + 0 * x, 0.0, 1):.6f}")
print("closed form  1.000000")
print(f"by hand      {by_hand(lambda t, x: 4 * t**3, 0.0, 1):.6f}")
for name, run in (("library", library), ("by hand", by_hand)):
    errors = [abs(run(lambda t, x: -2 * t * x, 1.0, n) - np.exp(-1)) for n in (8, 16, 32)]
    print(
        f"dx/dt = -2 t x, {name}, errors with 8, 16, 32 steps: "
        + ", ".join(f"{e:.1e}" for e in errors)
    )
