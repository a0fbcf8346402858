"""Chapter F: samplers of many steps, on given noise and in law."""

from __future__ import annotations

import numpy as np

from refscore import oracles
from refscore.identities import settings
from refscore.identities.base import Draws, Normal, Sides, identity
from refscore.identities.cases import Case
from refscore.identities.reverse_orders import on_default_process
from refscore.identities.settings import convention_of, process_of

SEED = "seed 003"
SAMPLERS = (
    "euler_maruyama", "stochastic_heun", "flow_euler", "flow_heun", "ancestral_small",
    "ancestral_large", "ddim", "ddim_half",
)  # fmt: skip
TIMES = np.array([0.93, 0.6, 0.52, 0.2, 0.07, 0.06])
LONG = np.array([0.7, 0.52, 0.45, 0.3, 0.12])  # the last step moves and spreads points most


def _sample_cases():
    for law, d in ((settings.gaussian(3), 3), (settings.mixture(2), 2)):
        for times in (TIMES, TIMES[2:4]):
            z = settings.normals(len(times) - 1, 4, d, key=4)
            x = settings.points(4, d, 2)
            name = f"{law.kind}, {len(times) - 1} steps"
            yield Case(name, law=law, x_T=x, times=times, noise=z)
    law, times = settings.far_gaussian(2), TIMES[1:5]
    x, z = 0.2 * law.mean + settings.points(4, 2, 2), settings.normals(3, 4, 2, key=4)
    yield Case("far from 0, 3 steps", law=law, x_T=x, times=times, noise=z)


@identity(
    "F7-sample",
    ports="reverse_sample",
    statement=r"x_{k+1} = x_k - h_k[f x_k - g^2s_{t_k}(x_k)] + g\sqrt{h_k}\,z_k,\ "
    r"h_k = t_k - t_{k+1}",
    assumptions="exact scores; unequal steps; the last step as declared",
    source=SEED,
    cases=_sample_cases,
    tolerance=1e-8,
)
def reverse_sampler_given_noise(ports, case):
    """Euler-Maruyama over unequal steps on given noise, one step and five."""
    last = convention_of(ports, "reverse_sample", "reverse_last", "noise")
    got = ports.reverse_sample(case.law, case.x_T, case.times, noise=case.noise)
    inputs = case.law, process_of(ports), case.x_T, case.times, case.noise, last
    yield Sides("x", got, oracles.reverse.sample(*inputs))


@identity(
    "F7-sample-draws",
    ports="reverse_sample",
    kind="expectation",
    draws="rng",
    statement=r"m \leftarrow M_km + c_k,\quad C \leftarrow M_kCM_k^\top + g^2h_kI",
    assumptions="Gaussian data; exact scores; the last step long; the subject draws the noise",
    source=SEED,
    cases=lambda: [Case("d = 2, four steps", law=settings.gaussian(2), times=LONG)],
)
def reverse_sampler_draws(ports, case):
    """Euler-Maruyama that draws its own noise: the exact law after four steps."""
    last = convention_of(ports, "reverse_sample", "reverse_last", "noise")
    process, d = process_of(ports), len(case.law.mean)
    mean, covariance = np.linspace(1.0, -2.0, d), 0.3 * settings.covariance(d, 5)
    root = np.linalg.cholesky(covariance)
    inputs = case.law, process, "euler_maruyama", case.times, mean, covariance, last

    def draw(seed, n):
        x = mean + settings.drawn(seed, n, d) @ root.T
        return ports.reverse_sample(case.law, x, case.times, rng=seed)

    yield Draws("x", draw, Normal(*oracles.reverse.law_after(*inputs)))


@identity(
    "F9",
    ports="sampler_law",
    kind="exact law",
    statement=r"x' = Mx + c + Bz:\ m \leftarrow Mm + c,\ C \leftarrow MCM^\top + BB^\top",
    assumptions="Gaussian data and start, fixed steps, no clipping",
    source="derived; Pierret and Galerne 2025",
    cases=lambda: [
        Case(f"{sampler}, {last}, {n} steps", law=settings.gaussian(d), sampler=sampler,
             times=TIMES[:n + 1], last=last)
        for sampler, last, n, d in (
            *((sampler, "noise", 5, 3) for sampler in SAMPLERS),
            ("euler_maruyama", "mean", 4, 2), ("ancestral_small", "mean", 2, 2),
            ("euler_maruyama", "denoise", 4, 2), ("flow_heun", "denoise", 1, 2),
            ("euler_maruyama", "noise", 1, 2), ("ddim", "noise", 2, 2),
        )
    ],
    tolerance=1e-8,
)  # fmt: skip
def sampler_law(ports, case):
    """The exact law of every sampler after unequal steps, with every last rule."""
    d = len(case.law.mean)
    start = np.linspace(1.0, -2.0, d), settings.covariance(d, 5)
    inputs = case.law, case.sampler, case.times, *start, case.last
    got = ports.sampler_law(*inputs)
    mean, covariance = oracles.reverse.law_after(inputs[0], process_of(ports), *inputs[1:])
    yield Sides("mean", got["mean"], mean)
    yield Sides("covariance", got["covariance"], covariance)


@identity(
    "F9-density",
    ports="sampler_density",
    kind="exact law",
    statement=r"\rho'(y) = \int N(y; m(x), b^2)\,\rho(x)\,dx;\qquad "
    r"\rho'(y) = \sum_{m(x)=y}\rho(x)/|m'(x)|",
    assumptions="data on the line, Gaussian start",
    source="derived: the Chapman-Kolmogorov equation",
    cases=lambda: [
        Case(f"{sampler}, {law.kind}", law=law, sampler=sampler, times=times,
             points=np.linspace(-3.0, 2.5, 9))
        for sampler, law, times in (
            ("euler_maruyama", settings.mixture(1), np.array([0.6, 0.33, 0.2])),
            ("ancestral_small", settings.mixture(1), np.array([0.9, 0.45, 0.2])),
            ("ddim_half", settings.gaussian(1), np.array([0.9, 0.45, 0.2, 0.1])),
            ("ddim", settings.mixture(1), np.array([0.6, 0.33])),
            ("flow_heun", settings.gaussian(1), np.array([0.9, 0.45, 0.2])),
        )
    ],
    tolerance=1e-6,
)  # fmt: skip
def sampler_density(ports, case):
    """The exact density of a sampler on the line, on a Gaussian and on a mixture."""
    process = on_default_process(ports)
    mean, covariance = np.array([0.4]), np.array([[1.2]])
    inputs = case.law, case.sampler, case.times, mean, covariance, case.points
    got = ports.sampler_density(*inputs)
    right = oracles.reverse_lines.density_after(inputs[0], process, *inputs[1:])
    yield Sides("density", got, right, np.abs(right).max())
