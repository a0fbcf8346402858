"""How often the kit's two fixed-n tests reject a right implementation, and what they notice.

python -m validation.false_alarms
"""

from __future__ import annotations

import numpy as np

from refscore.verify.statistics import mean_test, uniform_test

RUNS, DRAWS = 10_000, 200
LEVELS = (0.05, 0.01, 0.001)


def rejections(alpha: float, rng: np.random.Generator) -> dict[str, int]:
    """Null runs rejected at a level: normal, skewed and two-valued draws, and uniforms."""
    normal = rng.standard_normal((RUNS, DRAWS))
    skewed = rng.exponential(size=(RUNS, DRAWS)) - 1
    coins = rng.choice([-1.0, 1.0], (RUNS, DRAWS))
    uniform = rng.random((RUNS, DRAWS))
    means = {"normal": normal, "exponential": skewed, "signs": coins}
    found = {
        name: sum(mean_test(row, 0.0, 1.0, alpha).rejects for row in draws)
        for name, draws in means.items()
    }
    found["uniform"] = sum(uniform_test(row, alpha).rejects for row in uniform)
    return found


def power(alpha: float, rng: np.random.Generator) -> tuple[float, float]:
    """How often a shift of the stated detectable size is noticed: means, uniforms."""
    shift = mean_test(np.zeros(DRAWS), 0.0, 1.0, alpha).detectable
    seen = [
        mean_test(shift + rng.standard_normal(DRAWS), 0.0, 1.0, alpha).rejects for _ in range(500)
    ]
    bent = uniform_test(rng.random(DRAWS), alpha).detectable
    # the law whose distribution function is u + bent on most of (0, 1)
    pushed = [
        uniform_test(np.maximum(rng.random(DRAWS) - bent, 0.0), alpha).rejects for _ in range(500)
    ]
    return float(np.mean(seen)), float(np.mean(pushed))


def markdown() -> str:
    """The section of RESULTS.md."""
    rng = np.random.default_rng()
    lines = [
        f"{RUNS:,} runs of {DRAWS} draws under the null a cell; the levels hold at every n, so the",
        "counts must not exceed level x runs. Last columns: how often a deviation of the stated",
        "detectable size is noticed.",
        "",
        "| level | allowed | normal | exponential | signs | uniforms | shift noticed |"
        " distribution noticed |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for alpha in LEVELS:
        found = rejections(alpha, rng)
        shift, bent = power(alpha, rng)
        counts = " | ".join(str(n) for n in found.values())
        lines.append(f"| {alpha} | {alpha * RUNS:.0f} | {counts} | {shift:.2f} | {bent:.2f} |")
    return "\n".join(lines)


if __name__ == "__main__":
    print(markdown())
