"""Wiener paths: one path at any times in any order, exactly of its law; orders on it."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from refscore.processes import (
    EDM,
    VP,
    Cosine,
    SubVP,
    WienerPath,
    brownian_bridge,
    euler_maruyama_path,
    forward_path,
    milstein_path,
    wiener_increments,
)

PATH = WienerPath((3, 2), 1.5, rng=4)


@settings(max_examples=8, deadline=None)
@given(st.lists(st.floats(0, 1.5), min_size=1, max_size=6), st.randoms(use_true_random=False))
def test_one_path_at_any_times_in_any_order(times, random):
    values = PATH(times)
    shuffled = random.sample(range(len(times)), len(times))
    np.testing.assert_array_equal(PATH([times[i] for i in shuffled]), values[shuffled])
    for t, value in zip(times, values):
        np.testing.assert_array_equal(PATH(t), value)
    np.testing.assert_array_equal(WienerPath((3, 2), 1.5, rng=4)(times), values)


class _Linear(WienerPath):
    """The same tree on unit vectors for normals: its values are the rows of a linear map."""

    def _normals(self):
        seen = self.__dict__.setdefault("seen", {})
        return lambda node: np.eye(1, *self.shape, seen.setdefault(node, len(seen)))[0]


def test_values_have_exactly_the_law_of_a_wiener_process():
    """Linear in independent normals, with covariance min(s, t) to the rounding of 50 halvings:
    dyadic times, others, neighbouring floats, the ends."""
    t = np.array([0.0, 1e-9, 0.1, 0.3, 0.375, np.nextafter(0.375, 1), 0.7, 1.1, 1.5])
    rows = _Linear(700, 1.5, rng=0)(t)
    np.testing.assert_allclose(rows @ rows.T, np.minimum.outer(t, t), rtol=0, atol=3e-15)


def test_normals_are_standard_normal():
    """1,000 nodes, no two alike: within the band of Dvoretzky, Kiefer, Wolfowitz and Massart at
    1e-9, and the halves' correlation within seven standard deviations."""
    from scipy.special import ndtr

    n = 1000
    of_node = WienerPath(1, rng=np.random.default_rng())._normals()
    values = np.array([of_node(node)[0] for node in range(n)])
    assert len(set(values)) == n
    gap = np.abs(ndtr(np.sort(values)) - (np.arange(n) + 0.5) / n).max() + 0.5 / n
    assert gap < np.sqrt(np.log(2e9) / (2 * n))
    assert abs(np.corrcoef(values[: n // 2], values[n // 2 :])[0, 1]) < 7 / np.sqrt(n / 2)


def test_seeds_and_shapes():
    assert PATH(0.0).shape == (3, 2)
    assert not PATH(0.0).any()
    assert PATH([[0.1, 0.2]]).shape == (1, 2, 3, 2)
    assert PATH([]).shape == (0, 3, 2)
    other = WienerPath((3, 2), 1.5, rng=5)
    assert (other(0.7) != PATH(0.7)).all()
    generator = np.random.default_rng(0)
    first, second = (WienerPath((3, 2), 1.5, rng=generator) for _ in range(2))
    assert (first(0.7) != second(0.7)).all()
    backwards = PATH.increments([1.0, 0.25, 0.125])
    np.testing.assert_array_equal(backwards, np.diff(PATH([1.0, 0.25, 0.125]), axis=0))


def test_coarse_increments_are_sums_of_fine_ones():
    fine, coarse = np.linspace(0, 1.5, 49), np.linspace(0, 1.5, 7)
    summed = PATH.increments(fine).reshape(6, 8, 3, 2).sum(1)
    np.testing.assert_allclose(summed, PATH.increments(coarse), rtol=0, atol=1e-14)


def test_strong_orders_on_one_path():
    """Geometric Brownian motion against its exact solution on the same refined path: errors of
    two grids, 4 times finer, stand about 2 and 4 apart (4,000 paths, order to 0.15)."""
    mu, vol, n_paths = 0.5, 0.9, 4000
    path, x0 = WienerPath((n_paths, 1), rng=1), np.ones((n_paths, 1))
    exact = np.exp(mu - vol**2 / 2 + vol * path(1.0))
    f, g, slope = (lambda x, t: mu * x), (lambda x, t: vol * x), (lambda x, t: vol)
    errors = {"euler": [], "milstein": []}
    for n in (8, 32):
        t = np.linspace(0, 1, n + 1)
        dw = path.increments(t)
        ends = {"euler": euler_maruyama_path(f, g, x0, t, dw)[-1],
                "milstein": milstein_path(f, g, slope, x0, t, dw)[-1]}  # fmt: skip
        for name, end in ends.items():
            errors[name].append(np.sqrt(np.mean((end - exact) ** 2)))
    orders = {name: np.log(e[0] / e[1]) / np.log(4) for name, e in errors.items()}
    assert orders["euler"] == pytest.approx(0.5, abs=0.15)
    assert orders["milstein"] == pytest.approx(1.0, abs=0.15)


@pytest.mark.parametrize("process", [VP(), SubVP(), EDM(2.0), Cosine()], ids=repr)
def test_the_exact_path_has_the_two_time_law(process):
    """Linear in the start and the noise: Cov(X_s, X_t) = (α_t/α_s) Var X_s for s <= t, to
    rounding, from data of variance 0.3."""
    times = np.array([0.0, 0.1, 0.25, 0.8, 0.9])
    x0 = np.concatenate([[np.sqrt(0.3)], np.zeros(4)])[:, None]
    noise = np.concatenate([np.zeros((4, 1)), np.eye(4)], axis=1)[:, :, None]
    rows = forward_path(process, x0, times, noise)[:, :, 0]
    alpha, sigma = process.marginal(times)
    variance = 0.3 * alpha**2 + sigma**2
    ratio = alpha[None, :] / alpha[:, None]
    want = np.triu(ratio * variance[:, None])
    np.testing.assert_allclose(np.triu(rows @ rows.T), want, rtol=1e-12)


def test_shared_and_single_noises():
    """A matrix of diffusions takes its own number of noises; a number or a row is elementwise."""
    x, t = np.arange(6.0).reshape(3, 2), np.array([0.0, 0.1, 0.4])
    dw = np.random.default_rng(0).normal(size=(2, 3, 4))
    matrix = np.random.default_rng(1).normal(size=(3, 2, 4))
    got = euler_maruyama_path(lambda x, t: -x, lambda x, t: matrix * (1 + t), x, t, dw)
    state = x
    for i, (s, h) in enumerate(((0.0, 0.1), (0.1, 0.3))):
        state = state - state * h + np.einsum("ndm,nm->nd", matrix * (1 + s), dw[i])
        np.testing.assert_allclose(got[i + 1], state, rtol=1e-13)
    dw = dw[..., :2]
    same = [euler_maruyama_path(lambda x, t: 0.0, lambda x, t, g=g: g, x, t, dw)
            for g in (0.7, np.full((3, 2), 0.7), np.tile(0.7 * np.eye(2), (3, 1, 1)))]  # fmt: skip
    np.testing.assert_allclose(same[0], same[1], rtol=1e-15)
    np.testing.assert_allclose(same[0], same[2], rtol=1e-13)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: PATH(1.6), r"times must lie in \[0, 1.5\]"),
        (lambda: PATH.increments([0.5]), "times must have at least two entries"),
        (lambda: PATH.increments([0.1, 0.5, 0.3]), "times must rise strictly or fall strictly"),
        (lambda: WienerPath(0, rng=0), "shape must be whole numbers of at least 1, got 0"),
        (lambda: WienerPath((2, 1.5), rng=0), "shape must be whole numbers"),
        (lambda: WienerPath(2, -1.0, rng=0), "final_time must be positive"),
        (lambda: wiener_increments([0.0, 1.0], np.ones(3)), r"noise must have shape \(1, ...\)"),
        (lambda: brownian_bridge(0.5, 0.7, 1.0, [0.0], [0.0], [0.0]), r"t must lie in \[0.7, 1\]"),
        (lambda: brownian_bridge(0.5, 1.0, 0.0, [0.0], [0.0], [0.0]), "end must be after start"),
        (
            lambda: euler_maruyama_path(
                lambda x, t: x, lambda x, t: 1.0, np.ones((3, 2)), [0, 1], np.ones((1, 2, 2))
            ),
            r"increments must have shape \(1, 3, noises\)",
        ),
        (
            lambda: euler_maruyama_path(
                lambda x, t: x[:1], lambda x, t: 1.0, np.ones((3, 2)), [0, 1], np.ones((1, 3, 2))
            ),
            r"drift must return a number or shape \(3, 2\)",
        ),
        (
            lambda: euler_maruyama_path(
                lambda x, t: x, lambda x, t: x[:1], np.ones((3, 2)), [0, 1], np.ones((1, 3, 2))
            ),
            "diffusion must return",
        ),
        (
            lambda: euler_maruyama_path(
                lambda x, t: x, lambda x, t: 1.0, np.ones((3, 2)), [1, 0], np.ones((1, 3, 2))
            ),
            "times must rise",
        ),
        (
            lambda: milstein_path(
                lambda x, t: x,
                lambda x, t: np.ones((3, 2, 2)),
                lambda x, t: 0.0,
                np.ones((3, 2)),
                [0, 1],
                np.ones((1, 3, 2)),
            ),
            "diffusion must return a number or shape",
        ),
    ],
)
def test_bad_paths_are_named(call, words):
    with pytest.raises(ValueError, match=words):
        call()
