"""Time grids and level grids: ends, spacing, published values, bad requests."""

import numpy as np
import pytest

from refscore.processes import (
    EDM,
    VE,
    VP,
    Cosine,
    Straight,
    SubVP,
    discrete_schedule,
    integer_grid,
    karras_sigmas,
    time_grid,
    times_of_sigmas,
)

PROCESSES = [
    VP(),
    SubVP(),
    VE(),
    EDM(),
    Cosine(),
    Straight(),
    discrete_schedule("cosine", 50).process(),
]
QUANTITY = {
    "uniform": lambda p, t: t,
    "power": lambda p, t: t ** (1 / 5),
    "geometric": lambda p, t: np.log(t),
    "karras": lambda p, t: np.exp(-p.log_snr(t) / 5),
    "log_snr": lambda p, t: p.log_snr(t),
}


@pytest.mark.parametrize("process", PROCESSES, ids=lambda p: type(p).__name__)
def test_grids_step_equally_between_exact_ends(process):
    start, end = 0.93 * process.final_time, 0.011 * process.final_time
    for spacing, quantity in QUANTITY.items():
        for n in (1, 2, 9):
            times = time_grid(process, n, spacing, start=start, end=end, rho=5.0)
            assert times.shape == (n + 1,)
            assert (times[0], times[-1]) == (start, end)
            steps = np.diff(quantity(process, times))
            np.testing.assert_allclose(steps, steps.mean(), rtol=1e-9)


def test_ends_at_the_data():
    assert time_grid(VP(), 4)[[0, -1]].tolist() == [1.0, 0.0]
    for process in (VP(), EDM(), Straight(), Cosine(0.008, 0.99)):
        for spacing in ("uniform", "power", "karras"):
            start = 0.99 if isinstance(process, Straight) else None
            assert time_grid(process, 5, spacing, start=start)[-1] == 0


def test_karras_levels_are_the_published_ones():
    """18 levels of EDM: its first, second and last (Karras et al. 2022, table 1)."""
    levels = karras_sigmas(18, zero=True)
    assert levels[0] == 80
    assert levels[-2] == 0.002
    assert levels[-1] == 0
    assert len(levels) == 19
    assert levels[1] == pytest.approx((80 ** (1 / 7) * 16 / 17 + 0.002 ** (1 / 7) / 17) ** 7)
    np.testing.assert_allclose(times_of_sigmas(EDM(), levels), levels, rtol=1e-14)
    np.testing.assert_allclose(time_grid(EDM(), 17, "karras", end=0.002), levels[:-1], rtol=1e-12)
    assert karras_sigmas(1).tolist() == [80.0]


@pytest.mark.parametrize("process", PROCESSES, ids=lambda p: type(p).__name__)
def test_times_of_sigmas_have_that_noise_over_signal(process):
    sigmas = np.array([[3.0, 0.7], [0.2, 0.05]])
    alpha, sigma = process.marginal(times_of_sigmas(process, sigmas))
    np.testing.assert_allclose(sigma / alpha, sigmas, rtol=1e-11)


def test_integer_grids_of_diffusers():
    """Lin et al. 2024, table 2: 10 of 1000."""
    assert integer_grid(1000, 10).tolist() == list(range(900, -1, -100))
    assert integer_grid(1000, 10, offset=1).tolist() == list(range(901, 0, -100))
    linspace = [999, 888, 777, 666, 555, 444, 333, 222, 111, 0]
    assert integer_grid(1000, 10, "linspace").tolist() == linspace
    assert integer_grid(1000, 10, "trailing").tolist() == list(range(999, 0, -100))
    assert (
        integer_grid(1000, 1, "trailing").tolist()
        == [999]
        == integer_grid(1000, 1, "linspace").tolist()
    )
    for spacing in ("leading", "linspace", "trailing"):
        assert integer_grid(9, 9, spacing).tolist() == list(range(8, -1, -1))


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: time_grid(VP(), 0), "n_steps must be at least 1, got 0"),
        (lambda: time_grid(VP(), 3, end=1.0), "end must be below start = 1, got 1"),
        (lambda: time_grid(VP(), 3, start=1.2), r"start must lie in \[0, 1\], got 1.2"),
        (lambda: time_grid(VP(), 3, "cosine"), "spacing must be one of uniform, .* got 'cosine'"),
        (lambda: time_grid(VP(), 3, "geometric"), "end must be positive for geometric times"),
        (
            lambda: time_grid(VP(), 3, "log_snr"),
            "end must be a time of finite log_snr, got log_snr inf",
        ),
        (lambda: time_grid(Straight(), 3, "log_snr", end=0.1), "start must be a time of finite"),
        (lambda: time_grid(Cosine(), 3, "karras"), "start must be a time with alpha > 0"),
        (lambda: time_grid(VP(), 10, start=0.5, end=0.5 - 1e-16), "too close together"),
        (lambda: karras_sigmas(3, 2.0, 1.0), "sigma_min must be below sigma_max"),
        (lambda: karras_sigmas(0), "n_levels must be at least 1"),
        (lambda: times_of_sigmas(VP(), [-1.0]), "sigmas must be at least 0"),
        (lambda: times_of_sigmas(VP(), 1e4), "log_snr must lie in"),
        (lambda: integer_grid(10, 11), "n_steps must be at most n_train, 10, got 11"),
        (lambda: integer_grid(10, 3, "even"), "spacing must be one of leading"),
        (lambda: integer_grid(10, 10, offset=1), "offset 1 passes the last level 9"),
        (lambda: integer_grid(10, 3, "trailing", offset=1), "offset is for leading spacing"),
    ],
)
def test_bad_grids_are_named(call, words):
    with pytest.raises(ValueError, match=words):
        call()
