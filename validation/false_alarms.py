"""How often the kit's evidence calls a right law wrong, and how many draws a wrong one takes.

python -m validation.false_alarms
"""

from __future__ import annotations

import itertools
import math

import numpy as np

from refscore.identities.base import Draws, Mean, Normal, Same, Uniform
from refscore.verify.evidence import (
    Betting,
    Catoni,
    CatoniSide,
    Engine,
    Excess,
    NormalInverseWishart,
    Symmetric,
)
from refscore.verify.evidence.planning import needed
from refscore.verify.evidence.readings import reader

RUNS, DRAWS, STEP, VERDICTS = 10_000, 200, 2, 200
LEVELS = (0.05, 0.01, 0.001)
ALPHA = 1e-6


def nulls(runs: int, rng: np.random.Generator) -> dict:
    """Processes side by side, one a run, and draws of a law of their null hypothesis.

    The one-sided ones stand at the edge of it; Cauchy draws have no mean, only symmetry.
    """
    zero, one = np.zeros(runs), np.ones(runs)

    def skewed(n):
        return rng.exponential(size=(n, runs)) - 1

    return {
        "betting, uniform": (Betting(zero), lambda n: rng.uniform(-1, 1, (n, runs))),
        "betting, signs": (Betting(zero), lambda n: rng.choice([-1.0, 1.0], (n, runs))),
        "betting above, at its edge": (
            Betting(zero + 0.9, side="above"),
            lambda n: np.where(rng.random((n, runs)) < 0.95, 1, -1)),
        "Catoni, normal": (Catoni(zero, one), lambda n: rng.standard_normal((n, runs))),
        "Catoni, exponential": (Catoni(zero, one), skewed),
        "Catoni below, exponential": (CatoniSide(zero, one, side="below"), skewed),
        "excess, normal": (Excess(zero, one), lambda n: rng.standard_normal((n, runs))),
        "excess, exponential": (Excess(zero, one), skewed),
        "symmetric, normal": (Symmetric(runs), lambda n: rng.standard_normal((n, runs))),
        "symmetric, Cauchy": (Symmetric(runs), lambda n: rng.standard_cauchy((n, runs))),
        "normal-inverse-Wishart, d = 2": (
            NormalInverseWishart(2, shape=(runs,)), lambda n: rng.standard_normal((n, runs, 2))),
    }  # fmt: skip


def peaks(process, draw, draws: int = DRAWS, step: int = STEP) -> np.ndarray:
    """The largest log E of every run, looked at after every `step` draws."""
    best = -math.inf
    for _ in range(draws // step):
        best = np.maximum(best, process.update(draw(step)))
    return best


def alarms(runs: int, rng: np.random.Generator, levels=LEVELS, draws: int = DRAWS) -> dict:
    """Runs whose evidence ever reached 1/level, by null and level."""
    found = {}
    for name, (process, draw) in nulls(runs, rng).items():
        top = peaks(process, draw, draws)
        found[name] = [int((top >= math.log(1 / level)).sum()) for level in levels]
    return found


# name: (mean, covariance, step of looking, draws at most, runs)
ALTERNATIVES = {
    "covariance x 2": ((0, 0), ((2, 0), (0, 2)), 2, 2_000, 200),
    "covariance x 1.05": ((0, 0), ((1.05, 0), (0, 1.05)), 250, 200_000, 30),
    "covariance x 1.01": ((0, 0), ((1.01, 0), (0, 1.01)), 10_000, 3_000_000, 15),
    "correlation 0.5": ((0, 0), ((1, 0.5), (0.5, 1)), 4, 5_000, 200),
    "mean 0.1 in one coordinate": ((0.1, 0), ((1, 0), (0, 1)), 50, 50_000, 60),
    "mean 0.01 in one coordinate": ((0.01, 0), ((1, 0), (0, 1)), 5_000, 2_000_000, 12),
}
REFERENCES = {  # measured on a prototype; not worse than half as many again
    "covariance x 2": (76, 192),
    "covariance x 1.05": (20_000, 20_000),
    "covariance x 1.01": (440_000, 580_000),
}


def draws_to_detect(name: str, rng: np.random.Generator) -> tuple[float, float]:
    """Median draws until 1/ALPHA against N(0, I) in 2-D: likelihood ratio, betting."""
    mean, covariance, step, most, runs = ALTERNATIVES[name]
    factor = np.linalg.cholesky(np.array(covariance, float))
    read = reader(Draws("", lambda seed, n: None, Normal(np.zeros(2), np.eye(2))))
    width = len(read.rows.names)
    ratio = NormalInverseWishart(2, shape=(runs,))
    betting = Betting(np.zeros(runs * width))
    hits = np.full((2, runs), math.inf)
    for n in range(step, most + 1, step):
        z = mean + rng.standard_normal((step, runs, 2)) @ factor.T
        values = read.read(z.reshape(-1, 2), 0).rows.reshape(step, runs * width)
        one = ratio.update(z)
        each = betting.update(values).reshape(runs, width)
        every = np.logaddexp.reduce(each, axis=1) - math.log(width)
        for row, log_e in zip(hits, (one, every)):
            row[(log_e >= math.log(1 / ALPHA)) & np.isinf(row)] = n
        if np.isfinite(np.median(hits, axis=1)).all():
            break
    return float(np.median(hits[0])), float(np.median(hits[1]))


def right_laws() -> dict:
    """Draws that follow their law, fresh at every run."""
    seeds = itertools.count(int(np.random.default_rng().integers(2**40)))
    mean, covariance = np.arange(3.0), np.diag([1.0, 2.0, 3.0]) + 0.5
    factor = np.linalg.cholesky(covariance)

    def fresh(draw):
        return lambda seed, n: draw(np.random.default_rng((seed, next(seeds))), n)

    def same(rng, n):
        return rng.standard_t(3, (n, 2))

    return {
        "Gaussian, d = 3": Draws(
            "", fresh(lambda rng, n: mean + rng.standard_normal((n, 3)) @ factor.T),
            Normal(mean, covariance)),
        "uniforms": Draws("", fresh(lambda rng, n: rng.random((n, 2))), Uniform(names=("a", "b"))),
        "shares": Draws(
            "", fresh(lambda rng, n: rng.random((n, 2)) < [0.2, 0.7]), Mean([0.2, 0.7], 0, 1)),
        "variance known": Draws(
            "", fresh(lambda rng, n: rng.exponential(size=n)), Mean(1.0, variance=1.0), 0.1),
        "an oracle that draws": Draws("", fresh(same), Same(fresh(same))),
    }  # fmt: skip


def verdicts(outcome: Draws, runs: int) -> tuple[int, int, float]:
    """Runs that hold, those of them within the planned draws of 99 in 100, and median draws."""
    seen = [Engine().collect(outcome, ("validation", str(i)), ALPHA / 100) for i in range(runs)]
    held = [r.decision.n for r in seen if r.decision.verdict == "holds"]
    limit = needed(outcome) + outcome.batch
    return len(held), sum(n <= limit for n in held), float(np.median(held))


def markdown() -> str:
    """The section of RESULTS.md."""
    from scipy.stats import binom

    rng = np.random.default_rng()
    allowed = [int(binom.ppf(1 - 1e-4, RUNS, level)) for level in LEVELS]
    head = " | ".join(f"at {level}" for level in LEVELS)
    lines = [
        f"{RUNS:,} runs of {DRAWS} draws of a right law, looked at after every {STEP}: runs whose",
        "evidence ever reached 1/level. Ville: at most level x runs in the mean;",
        f"with binomial noise at most {', '.join(map(str, allowed))}.",
        "",
        f"| process, law | {head} |",
        "|---|---|---|---|",
    ]
    for name, counts in alarms(RUNS, rng).items():
        lines.append(f"| {name} | {' | '.join(map(str, counts))} |")
    lines += [
        "",
        f"Median draws until a wrong law is told from N(0, I) in two dimensions at {ALPHA:g}:",
        "",
        "| law | likelihood ratio | betting | references |",
        "|---|---|---|---|",
    ]
    for name in ALTERNATIVES:
        ratio, betting = draws_to_detect(name, rng)
        known = " / ".join(f"{n:,}" for n in REFERENCES.get(name, ())) or "none"
        lines.append(f"| {name} | {ratio:,.0f} | {betting:,.0f} | {known} |")
    lines += [
        "",
        f"Right laws, {VERDICTS} runs each with fresh draws, at {ALPHA / 100:g}: they must hold.",
        "",
        "| law | eps | hold | within the plan | median draws | planned, usually / 99 in 100 |",
        "|---|---|---|---|---|---|",
    ]
    for name, outcome in right_laws().items():
        held, planned, median = verdicts(outcome, VERDICTS)
        usual, most = needed(outcome, quantile=1.2), needed(outcome)
        lines.append(
            f"| {name} | {outcome.eps} | {held} | {planned} | {median:,.0f} |"
            f" {usual:,} / {most:,} |"
        )
    return "\n".join(lines)


if __name__ == "__main__":
    print(markdown())
