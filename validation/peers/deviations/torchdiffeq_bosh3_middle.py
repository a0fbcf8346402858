"""torchdiffeq: between its steps, and so at every time asked for, bosh3 is of order 2.

_impl/bosh3.py of 0.2.5, _BS_C_MID = (0, 1/2, 0, 0): the middle of a step is taken to be x + h/2 k2,
with the slope k2 at that middle, off by O(h²); the quartic through it serves every time asked for,
the last as well. By hand: the same steps with the cubic of Bogacki and Shampine, whose middle is
(x + x')/2 + h/8 (k1 - k4), off by O(h⁴). dx/dt = (x2, -x1) has x(t) = (cos t, -sin t).
"""

import numpy as np
import torch
import torchdiffeq

TABLE = ((0,), (1 / 2,), (0, 3 / 4), (2 / 9, 1 / 3, 4 / 9))


def library(times, **options):
    f = lambda t, x: torch.stack([x[1], -x[0]])  # noqa: E731
    start, times = torch.tensor([1.0, 0.0]).double(), torch.tensor(times).double()
    return torchdiffeq.odeint(f, start, times, method="bosh3", **options).numpy()


def exact(times):
    return np.stack([np.cos(times), -np.sin(times)], 1)


def by_hand(x, h):
    """The two ends and the two middles of a step."""
    k = []
    for row in TABLE:
        x_i = x + h * sum(a * slope for a, slope in zip(row, k))
        k.append(np.array([x_i[1], -x_i[0]]))
    return x_i, x + h / 2 * k[1], (x + x_i) / 2 + h / 8 * (k[0] - k[3])


def worst(left, right):
    return np.abs(left - right).max()


print("one step of length h: errors in its middle (ratios tend to 2^order)")
rows = []
for h in (0.4, 0.2, 0.1, 0.05):
    first = {"first_step": h}
    got = library([0, h / 2], rtol=1e9, atol=1e9, options=first)[-1]
    _, stage, cubic = by_hand(np.array([1.0, 0.0]), h)
    rows.append([worst(y, exact(np.array([h / 2]))[0]) for y in (got, stage, cubic)])
for name, errors in zip(("library", "by hand, x + h/2 k2", "by hand, cubic"), np.transpose(rows)):
    ratios = ", ".join(f"{a / b:.1f}" for a, b in zip(errors, errors[1:]))
    print(f"{name:20} " + ", ".join(f"{e:.1e}" for e in errors) + f"   ratios {ratios}")
print("odeint on [0, 3], 301 times: worst error of the path")
times = np.linspace(0, 3, 301)
for tolerance in (1e-4, 1e-6, 1e-8):
    got = library(times, rtol=tolerance, atol=tolerance)
    print(f"tolerance {tolerance:.0e}: {worst(got, exact(times)):.1e}")
