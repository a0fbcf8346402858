"""Chapter A: what densities and scores integrate to, and what samples follow."""

from __future__ import annotations

import numpy as np

from refscore import oracles
from refscore.identities import settings
from refscore.identities.base import Draws, Sides, Uniform, identity
from refscore.identities.cases import Case, Law


def _panels(low, high, n):
    """Midpoints and weight: exponentially accurate where the integrand decays."""
    step = (high - low) / n
    return low + step * (np.arange(n) + 0.5), step


def _grid(low, high, n):
    """Midpoints of a square and their weight."""
    x, step = _panels(low, high, n)
    return np.stack(np.meshgrid(x, x, indexing="ij"), -1).reshape(-1, 2), step**2


def _line_cases():
    two = Law(
        "mixture",
        weights=[0.6, 0.4],
        means=[[2.0], [-2.0]],
        covariances=[[[0.25]], [[0.16]]],
    )
    yield Case("mixture, d = 1", law=two, nodes=_panels(-12, 12, 1200))
    yield Case("Gaussian, d = 1", law=settings.gaussian(1), nodes=_panels(-14, 14, 800))
    logistic = Law("logistic", location=[0.4], scale=[0.5])
    yield Case("logistic", law=logistic, nodes=_panels(-30, 30, 3000))


def _smooth_cases():
    yield from _line_cases()
    yield Case("mixture, d = 2", law=settings.mixture(2), nodes=_grid(-13.0, 13.0, 150))


def _points_and_weights(case):
    nodes, weight = case.nodes
    return (nodes if nodes.ndim == 2 else nodes[:, None]), weight


@identity(
    "A1-integral",
    ports="log_density",
    statement=r"\int e^{\log p(x)}\,dx = 1",
    assumptions="dimension one or two",
    source="seeds 001, 004",
    cases=_smooth_cases,
    tolerance=1e-8,
)
def density_integrates_to_one(ports, case):
    """The density integrates to one."""
    x, weight = _points_and_weights(case)
    total = weight * np.exp(ports.log_density(case.law, x)).sum()
    yield Sides("integral", total, np.array(1.0))


@identity(
    "A5",
    ports="score",
    statement=r"E[s] = 0,\quad E[s X^T] = -I,\quad E[\operatorname{tr}\nabla f + s\cdot f] = 0",
    assumptions="full support, decay at infinity",
    source="seed 000 (integration by parts in the proof of implicit score matching)",
    cases=_smooth_cases,
    tolerance=1e-7,
)
def stein_identity(ports, case):
    """Integration by parts against the density: Stein's identity for three test fields."""
    x, weight = _points_and_weights(case)
    p = weight * np.exp(oracles.scores.log_density(case.law, x))
    s = ports.score(case.law, x)
    d = x.shape[-1]
    yield Sides("E[s]", p @ s, np.zeros(d), 1.0)
    yield Sides("E[s x^T]", (p[:, None] * s).T @ x, -np.eye(d))
    f, div = np.sin(x) + x**2, (np.cos(x) + 2 * x).sum(-1)
    yield Sides("E[div f + s.f]", p @ (div + (s * f).sum(-1)), np.array(0.0), 1.0)


@identity(
    "A5-boundary",
    ports="score",
    statement=r"E[s] = -p(0^+) = -\sqrt{2/\pi}/\sigma",
    assumptions="half-normal: the density jumps at 0",
    source="derived: the boundary term of integration by parts",
    cases=lambda: [Case(f"sd = {sd}", sd=sd, law=Law("half_normal", sd=[sd])) for sd in (1.0, 1.7)],
    tolerance=1e-8,
)
def half_normal_boundary(ports, case):
    """Where the density jumps, E[s] is minus the jump: -0.798 for the half-normal."""
    z, w = np.polynomial.legendre.leggauss(120)
    x, w = 6 * case.sd * (1 + z)[:, None], 6 * case.sd * w
    p = w * np.exp(oracles.scores.log_density(case.law, x))
    got = p @ ports.score(case.law, x)[:, 0]
    yield Sides("E[s]", got, np.array(-np.sqrt(2 / np.pi) / case.sd))


def _sample_cases():
    yield Case("Gaussian, d = 3", law=settings.gaussian(3))
    yield Case("mixture, d = 2", law=settings.mixture(2))
    kernels = Law("empirical", data=settings.points(4, 2, 3), bandwidth=0.4)
    yield Case("kernel density, d = 2", law=kernels)
    yield Case(
        "Student t",
        law=Law("student_t", location=[0.4, -0.7], shape=settings.covariance(2, 2), dof=3.5),
    )
    yield Case("Laplace", law=Law("laplace", location=[0.4, -0.7], scale=[0.5, 1.7]))
    yield Case("logistic", law=Law("logistic", location=[0.4, -0.7], scale=[0.5, 1.7]))


@identity(
    "A2-samples",
    ports="sample",
    kind="expectation",
    draws="rng",
    statement=r"u\cdot X \sim \text{the projected law, for every coordinate and direction } u",
    source="the definition of sampling",
    cases=_sample_cases,
)
def samples_follow_law(ports, case):
    """Draws follow the law: every coordinate, and sums and differences of coordinates."""
    law, d = case.law, 3 if "3" in case.name else 2
    axes = [(f"x{j}", np.eye(d)[j]) for j in range(d)]
    projected = law.kind in ("gaussian", "mixture", "empirical", "student_t")
    if projected:
        axes += [
            (f"x{i} {'+' if sign > 0 else '-'} x{j}", np.eye(d)[i] + sign * np.eye(d)[j])
            for i in range(d) for j in range(i) for sign in (1.0, -1.0)
        ]  # fmt: skip

    def uniforms(seed, n):
        x = _rows(ports.sample(law, n, rng=seed), n, d)
        if projected:
            columns = [oracles.cumulative.projected_cdf(law, u, x @ u) for _, u in axes]
        else:
            columns = [oracles.cumulative.marginal_cdf(law, j, x[:, j]) for j in range(d)]
        return np.stack(columns, -1)

    names = tuple(name for name, _ in axes)
    yield Draws("draws", uniforms, Uniform(not projected, names), eps=0.025, batch=8_000)


def _rows(x, n, d):
    """Draws of the shape asked for; a ValueError says what came instead."""
    if np.shape(x) != (n, d):
        raise ValueError(f"sample returned shape {np.shape(x)}, expected {(n, d)}")
    return np.asarray(x)
