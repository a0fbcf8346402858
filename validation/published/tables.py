"""Every sampler of the library on one Gaussian: its distance to the data, in the manner of
Pierret and Galerne 2025, table 1, grouped by what is done in the last step.

The setting is that of `samplers`: twenty eigenvalues, exact scores, start from N(0, I), N equal
steps. Every number is the exact law's; for the fewest steps it is found again from the runner,
`diffusion.sample`, whose answers to one unit of the start and of every noise add up in squares.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np

from refscore import diffusion, discrepancies, distributions, laws, processes
from validation.published.samplers import COUNTS, EIGENVALUES, END, HIGH, LOW

DATA, VP = distributions.Gaussian(np.zeros(20), EIGENVALUES), processes.VP(LOW, HIGH)
RULES = {  # what is done in the last step: (time, the runner's word)
    "to t = .001, noise in every step": (END, "noise"),
    "to t = .001, no noise in the last step": (END, "mean"),
    "to t = .001, then denoised": (END, "denoise"),
    "to t = 0": (0.0, "mean"),
}
TITLE = (
    "Wasserstein-2 distance from N(0, S), S of twenty eigenvalues from .001 to 1, of every sampler"
    " with exact scores after N equal steps from N(0, I) at t = 1, VP with β from .1 to 20: exact"
    " laws, no draws; the first column found again from the runner, to 1e-9. Ranks hold within a"
    " group only, for floors differ. Scores: evaluations a step."
)


def _made(make: Callable, *more, **options) -> Callable:
    return lambda n: make(VP, DATA, *more, **options)


SAMPLERS: dict[str, Callable] = {
    "probability flow, Euler": _made(diffusion.flow_euler),
    "probability flow, Heun": _made(diffusion.flow_heun),
    "probability flow, Runge-Kutta 4": _made(diffusion.flow_matching, "rk4"),
    "EDM, Heun": _made(diffusion.edm),
    "EDM, midpoint": _made(diffusion.edm, method="midpoint"),
    "DDIM": _made(diffusion.ddim),
    "DPM-Solver-2": _made(diffusion.dpm_solver, 2),
    "DPM-Solver-3": _made(diffusion.dpm_solver, 3),
    "DPM-Solver++ 2S": _made(diffusion.dpm_solver, 2, prediction="data"),
    "DPM-Solver++ 2M": _made(diffusion.dpm_multistep, 2),
    "DPM-Solver++ 3M": _made(diffusion.dpm_multistep, 3),
    "exponential Adams-Bashforth 3": _made(diffusion.exponential_multistep, 3, start="singlestep"),
    "LMS 4": _made(diffusion.adams_bashforth, 4),
    "DEIS 3": _made(diffusion.adams_bashforth, 3, variable="time"),
    "PLMS": _made(diffusion.plms),
    "Euler-Maruyama": _made(diffusion.euler_maruyama),
    "stochastic Heun": _made(diffusion.stochastic_heun),
    "ancestral, small variance": _made(diffusion.ancestral),
    "ancestral, large variance": _made(diffusion.ancestral, "large"),
    "DDIM, η = ½": _made(diffusion.ddim, 0.5),
    "SDE-DPM-Solver++ 1": _made(diffusion.sde_dpm_multistep, 1),
    "SDE-DPM-Solver++ 2S": _made(diffusion.sde_dpm_solver),
    "SDE-DPM-Solver++ 2M": _made(diffusion.sde_dpm_multistep, 2),
    "EDM, churn 10": lambda n: diffusion.edm(VP, DATA, churn=10, n_steps=n, churn_max=50),
    "Euler-Maruyama, corrected": lambda n: diffusion.predictor_corrector(
        diffusion.euler_maruyama(VP, DATA), step_size=lambda t: 0.1 * VP.marginal(t)[1] ** 2 + 1e-4
    ),
}


class Cell(NamedTuple):
    """One number: by the exact law and, where computed, from the runner."""

    rule: str
    sampler: str
    scores: int
    steps: int
    exact: float
    found: float | None

    @property
    def holds(self) -> bool:
        """Both agree to rounding."""
        return self.found is None or abs(self.found - self.exact) < 1e-9


def sampler_cells(counts=COUNTS, rules=tuple(RULES)) -> Iterator[Cell]:
    """Every sampler under every rule that concerns it; the exact flow last in each group."""
    for rule in rules:
        end, last = RULES[rule]
        for name, make in SAMPLERS.items():
            if _concerns(rule, name, make(counts[0])):
                yield from (_cell(rule, name, make(n), n, n == min(counts)) for n in counts)
        yield from (Cell(rule, "exact flow", 0, n, _floor(end, last), None) for n in counts)


def _concerns(rule: str, name: str, step) -> bool:
    """A last noise is dropped only where there is one; no score gives the velocity at t = 0."""
    if rule.endswith("no noise in the last step"):
        return step.noises > 0
    return rule != "to t = 0" or not name.endswith("Runge-Kutta 4")


def _cell(rule: str, name: str, step, n: int, twice: bool) -> Cell:
    end, last = RULES[rule]
    times = np.linspace(1, end, n + 1)
    law = laws.sampler_law(step, np.zeros(20), np.eye(20), times, last=last)
    found = _distance(_variances(step, times, last)) if twice else None
    distance = float(discrepancies.wasserstein_gaussian(law, DATA))
    return Cell(rule, name, step.evaluations, n, distance, found)


def _variances(step, times, last: str) -> np.ndarray:
    """Σ (answer to a unit)² over the start and all noises, coordinate by coordinate."""
    n, k = len(times) - 1, step.noises
    rows = 1 + n * k
    start, noise = np.zeros((rows, 20)), np.zeros((n * k, rows, 20))
    start[0], noise[np.arange(n * k), np.arange(1, rows)] = 1, 1
    given = {} if not k else {"noise": noise.reshape((n, k, rows, 20) if k > 1 else noise.shape)}
    return np.sum(diffusion.sample(step, start, times, last=last, **given) ** 2, axis=0)


def _distance(variances) -> float:
    return float(np.linalg.norm(np.sqrt(variances) - np.sqrt(EIGENVALUES)))


def _floor(end: float, last: str) -> float:
    """The exact flow from N(0, I) at t = 1, denoised at its end or not."""
    (a, s), (a1, s1) = VP.marginal(end), VP.marginal(1.0)
    v = (a**2 * EIGENVALUES + s**2) / (a1**2 * EIGENVALUES + s1**2)
    if last == "denoise":
        v = v * (a * EIGENVALUES / (a**2 * EIGENVALUES + s**2)) ** 2
    return _distance(v)


def sampler_lines(cells: list[Cell]) -> list[str]:
    """A table in Markdown for every rule, a row a sampler, a column a number of steps."""
    counts, lines = sorted({cell.steps for cell in cells}), [TITLE, ""]
    for rule in dict.fromkeys(cell.rule for cell in cells):
        lines += [
            f"| {rule} | scores | {' | '.join(f'N = {n}' for n in counts)} |",
            "|---" * (len(counts) + 2) + "|",
        ]
        for name in dict.fromkeys(cell.sampler for cell in cells if cell.rule == rule):
            row = [cell for cell in cells if (cell.rule, cell.sampler) == (rule, name)]
            shown = " | ".join(f"{c.exact:.3g}{'' if c.holds else ' FAILS'}" for c in row)
            lines.append(f"| {name} | {row[0].scores or ''} | {shown} |")
        lines.append("")
    return lines
