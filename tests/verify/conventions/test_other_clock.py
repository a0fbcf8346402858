"""Time from noise to data."""

import numpy as np

import refscore.verify as rv
from refscore.verify import library

from .subjects import subject


def test_steps_grids_and_samplers_of_the_other_clock_hold():
    def transition(t, s):
        (a, b), (c, d) = library.marginal(1 - t), library.marginal(1 - s)
        return c / a, np.sqrt(d**2 - (c / a * b) ** 2)

    def time_grid(spacing, n_steps, start, end):
        if spacing != "uniform":
            raise NotImplementedError
        return np.linspace(start, end, n_steps + 1)

    def reverse_sample(score_at, x, times, noise):
        for t, s, z in zip(times[:-1], times[1:], noise):
            beta, h = 20 - 19.9 * t, s - t
            x = x + h * beta * (x / 2 + score_at(x, t)) + np.sqrt(beta * h) * z
        return x

    other = subject(
        transition=transition, time_grid=time_grid, reverse_sample=reverse_sample,
        guided_score=lambda score_at, class_at, x, t, w: score_at(x, t) + w * class_at(x, t),
        conventions={"clock": "data at 1"},
    )  # fmt: skip
    report = rv.run(other)
    assert report.exit_code == 0, report.summary()
    names = "transition", "grids_are_equally_spaced", "reverse_sampler_given_noise"
    assert all(report[name].verdict == "holds" for name in (*names, "guided_score_of_a_class"))
