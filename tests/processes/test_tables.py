"""Noise tables: their continuous limits, the processes between their levels, bad tables."""

import numpy as np
import pytest

from refscore.processes import (
    VE,
    Table,
    continuous_limit,
    discrete_schedule,
    from_betas,
    from_sigmas,
    zero_terminal_snr,
)

NAMES = ("linear", "scaled_linear", "sigmoid", "cosine")


def test_published_ends():
    """DDPM's 1e-4 to 0.02, latent diffusion's 0.00085 to 0.012, ᾱ at the end."""
    ddpm, latent = (discrete_schedule(name, 1000) for name in ("linear", "scaled_linear"))
    np.testing.assert_allclose(ddpm.betas, np.linspace(1e-4, 0.02, 1000), rtol=1e-12)
    root = np.linspace(0.00085**0.5, 0.012**0.5, 1000)
    np.testing.assert_allclose(latent.betas, root**2, rtol=1e-12)
    assert ddpm.alpha_bars[-1] == pytest.approx(4.0358e-5, rel=1e-4)
    assert np.sqrt(np.prod(1 - np.linspace(1e-4, 0.02, 250))) == pytest.approx(
        0.282, abs=1e-3
    )  # C05
    assert ddpm.alphas[-1] == pytest.approx(0.0064, abs=1e-4)
    assert discrete_schedule("linear", 250).alphas[-1] == pytest.approx(0.0057, abs=1e-4)


@pytest.mark.parametrize("name", NAMES)
def test_continuous_limit(name):
    """ᾱ at times i/N: at rate 1/N; the cosine table is its limit but where it is clipped."""
    limit, errors = continuous_limit(name), []
    for n in (100, 200, 400, 800):
        table = discrete_schedule(name, n)
        errors.append(np.abs(table.alpha_bars - limit.marginal(table.times)[0] ** 2)[:-1].max())
    if name == "cosine":
        assert max(errors) < 1e-13
    else:
        np.testing.assert_allclose(np.log2(np.divide(errors[:-1], errors[1:])), 1, atol=0.05)
        rate = limit.diffusion(np.linspace(0, 1, 5)) ** 2
        fine = discrete_schedule(name, 40001).betas[::10000] * 40001
        np.testing.assert_allclose(rate, fine, rtol=1e-12)


TABLES = [discrete_schedule(name, 60) for name in NAMES]
LADDER = from_sigmas(np.geomspace(50, 0.01, 12))


@pytest.mark.parametrize("table", [*TABLES, LADDER], ids=[*NAMES, "ladder"])
def test_a_table_drives_continuous_time(table):
    """At its times the interpolated process has the table's marginals and the chain's steps; in
    between f and g are the rates of its marginals."""
    assert isinstance(table, Table)
    process, t = table.process(), table.times
    before = np.append(0.0, t[:-1])
    np.testing.assert_allclose(process.marginal(t), [table.alphas, table.sigmas], rtol=1e-12)
    ratio, noise = process.transition(before, t)
    np.testing.assert_allclose(noise, table.added, rtol=1e-12)
    np.testing.assert_allclose(ratio**2, 1 - table.betas, rtol=1e-12, atol=1e-14)
    middle, h = (before + t) / 2, 1e-4 / table.n_steps
    (a, s), (b, r) = process.marginal(middle - h), process.marginal(middle + h)
    f, g2 = process.drift_rate(middle), process.diffusion(middle) ** 2
    np.testing.assert_allclose(
        (b - a) / (2 * h), f * process.marginal(middle)[0], rtol=1e-6, atol=1e-9
    )
    np.testing.assert_allclose(
        (r**2 - s**2) / (2 * h), 2 * f * process.marginal(middle)[1] ** 2 + g2, rtol=1e-4
    )
    np.testing.assert_allclose(process.time_at(process.log_snr(middle)), middle, rtol=1e-12)
    assert process.log_snr(0.0) == np.inf
    assert process.time_at([np.inf, process.log_snr(1.0)]).tolist() == [0.0, 1.0]
    assert process.prior_std() == pytest.approx(table.sigmas[-1], rel=0.05)


def test_a_ladder_is_the_exploding_process_at_its_levels():
    table, paper = from_sigmas(np.geomspace(50, 0.01, 12)), VE()
    np.testing.assert_allclose(table.sigmas, paper.marginal(np.linspace(0, 1, 12))[1], rtol=1e-13)
    np.testing.assert_allclose(np.cumsum(table.added**2), table.sigmas**2, rtol=1e-13)
    np.testing.assert_array_equal(table.betas, 0.0)


def test_zero_terminal_snr():
    """The last level has no signal, the first keeps its own; roots of ᾱ move by one affine map."""
    betas = discrete_schedule("linear", 100).betas
    moved, old = from_betas(zero_terminal_snr(betas)), from_betas(betas)
    assert moved.alphas[-1] == 0
    assert moved.sigmas[-1] == 1
    assert moved.alphas[0] == pytest.approx(old.alphas[0], rel=1e-13)
    np.testing.assert_allclose(
        np.diff(moved.alphas) / np.diff(old.alphas),
        old.alphas[0] / (old.alphas[0] - old.alphas[-1]), rtol=1e-8,
    )  # fmt: skip


@pytest.mark.parametrize("table", [
    from_betas(zero_terminal_snr(discrete_schedule("linear", 25).betas)),
    discrete_schedule("cosine", 7, clip=1.0), from_betas([1.0]),
], ids=["zero terminal", "cosine", "one"])  # fmt: skip
def test_a_table_without_signal_at_the_end_has_a_process(table):
    """Its marginals and transitions at the levels; α linear and rates consistent in the last."""
    process, last = table.process(), 1 - 1 / table.n_steps
    np.testing.assert_allclose(process.marginal(table.times), (table.alphas, table.sigmas))
    assert process.marginal(1.0) == (0, 1)
    a, b = process.transition(np.append(0.0, table.times[:-1]), table.times)
    np.testing.assert_allclose((a, b), (np.sqrt(1 - table.betas), table.added), rtol=1e-12)
    t = last + np.array([0.21, 0.5, 0.83]) / table.n_steps
    alpha, sigma = process.marginal(t)
    np.testing.assert_allclose(alpha, process.marginal(last)[0] * (1 - t) * table.n_steps)
    np.testing.assert_allclose(process.time_at(process.log_snr(t)), t, rtol=1e-13)
    for u in (*t, 0.37 / table.n_steps):
        slopes = np.diff([process.marginal(u + h) for h in (-1e-6, 1e-6)], axis=0)[0] / 2e-6
        np.testing.assert_allclose(process.marginal_rates(u), slopes, rtol=1e-6, atol=1e-9)
        f, g = process.drift_rate(u), process.diffusion(u)
        alpha, sigma = process.marginal(u)
        np.testing.assert_allclose(
            (f * alpha, f * sigma + g * g / 2 / sigma), slopes, rtol=1e-6, atol=1e-9
        )
    assert process.time_at(-np.inf) == 1
    np.testing.assert_allclose(
        process.marginal_rates(1.0)[0], -process.marginal(last)[0] * table.n_steps
    )
    with pytest.raises(ValueError, match="alpha is 0"):
        process.drift_rate(1.0)


def test_one_step_and_tiny_rates():
    assert discrete_schedule("cosine", 1).betas == pytest.approx([0.999])
    assert discrete_schedule("linear", 1, beta_min=0.2, beta_max=0.4).betas == pytest.approx([0.2])
    table = from_betas(np.full(3, 1e-18))
    np.testing.assert_allclose(table.sigmas**2, [1e-18, 2e-18, 3e-18], rtol=1e-14)
    np.testing.assert_allclose(table.betas, 1e-18, rtol=1e-14)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: discrete_schedule("linear", 20), "n_steps must be above the largest rate, 20"),
        (lambda: discrete_schedule("linear", 0), "n_steps must be at least 1, got 0"),
        (lambda: discrete_schedule("cosin", 10), "name must be one of linear, .*; got 'cosin'"),
        (lambda: discrete_schedule("cosine", 10, clip=1.2), "clip must be at most 1"),
        (
            lambda: continuous_limit("sigmoid", beta_min=3.0, beta_max=1.0),
            "beta_min must be at most",
        ),
        (
            lambda: from_betas([0.1, 0.0]),
            "betas must lie strictly between 0 and 1, got 0 at index 1",
        ),
        (lambda: from_betas([1.0, 0.5]), "betas must lie strictly .* got 1 at index 0"),
        (lambda: from_betas([]), "betas must have at least one entry"),
        (lambda: from_sigmas([1.0, 2.0]), "sigmas must be positive and strictly decreasing"),
        (lambda: zero_terminal_snr([0.1]), "betas must have at least two entries"),
    ],
)
def test_bad_tables_are_named(call, words):
    with pytest.raises(ValueError, match=words):
        call()
    with pytest.raises(TypeError, match="clip is no option of 'linear'"):
        discrete_schedule("linear", 50, clip=0.9)


def test_a_table_is_nobody_else_s_and_stays_as_it_is():
    betas = np.array([0.1, 0.2])
    table = from_betas(betas)
    betas[0] = 0.9
    np.testing.assert_array_equal(table.betas, [0.1, 0.2])
    with pytest.raises(ValueError, match="read-only"):
        table.alphas[0] = 0.5
