"""torchdiffeq: at the times asked for, dopri8 errs by far more than its tolerance.

_impl/interp.py of 0.2.5: values at those times, the last as well, are read off a quartic through
both ends of a step, their slopes and its middle, off by O(h⁵) whatever the method; steps of order 8
are long. By hand: the quartic of the exact values errs as much, and the ends of the steps, caught
on their way, do not. dx/dt = (x2, -x1) has x(t) = (cos t, -sin t).
"""

import numpy as np
import torch
import torchdiffeq


class Rotation(torch.nn.Module):
    """The velocity; it notes where steps begin that are accepted."""

    def __init__(self):
        super().__init__()
        self.begun = []

    def forward(self, t, x):
        return torch.stack([x[1], -x[0]])

    def callback_accept_step(self, t, x, dt):
        self.begun.append((float(t), x.numpy()))
        self.end = float(t + dt)


def exact(t):
    return np.array([np.cos(t), -np.sin(t)])


def quartic(a, b, t):
    """Through the exact values and slopes at a and b, and the value between."""
    h, s = b - a, (t - a) / (b - a)
    slope = lambda u: np.array([-np.sin(u), -np.cos(u)])  # noqa: E731
    rows = [[1, 0, 0, 0, 0], [0, 1, 0, 0, 0], [0.5**i for i in range(5)], [1] * 5, [0, 1, 2, 3, 4]]
    known = [exact(a), h * slope(a), exact((a + b) / 2), exact(b), h * slope(b)]
    return s ** np.arange(5) @ np.linalg.solve(np.array(rows, float), np.array(known))


times = np.linspace(0, 3, 301)
print("tolerance  path     ends of steps  quartic of the exact values, same steps")
for tolerance in (1e-4, 1e-6, 1e-8):
    f, start = Rotation(), torch.tensor([1.0, 0.0]).double()
    options = {"method": "dopri8", "rtol": tolerance, "atol": tolerance}
    path = torchdiffeq.odeint(f, start, torch.tensor(times), **options).numpy()
    ends = [*(t for t, _ in f.begun), f.end]
    error = max(np.abs(y - exact(t)).max() for t, y in zip(times, path))
    at_ends = max(np.abs(y - exact(t)).max() for t, y in f.begun)
    known = max(
        np.abs(quartic(a, b, t) - exact(t)).max()
        for a, b in zip(ends, ends[1:])
        for t in times[(times > a) & (times < b)]
    )
    print(f"{tolerance:.0e}      {error:.1e}  {at_ends:.1e}        {known:.1e}")
