"""Relaxed rows and bits: limits, extremes, derivatives and densities beside SciPy's quadrature."""

import functools

import numpy as np
import pytest
from scipy import integrate, special

from refscore import discrete
from refscore.discrete import concrete

RNG = np.random.default_rng(0)
LOGITS, C = RNG.normal(size=(4, 3)), RNG.normal(size=(4, 3))
G = discrete.gumbel((4, 3), rng=1)


@pytest.mark.parametrize("tau", [1e-3, 0.1, 1.0, 50.0])
@pytest.mark.parametrize("size", [1.0, 1e4])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_rows_are_of_the_simplex_at_every_temperature(tau, size, dtype):
    logits = size * np.array([[1.0, -1.0, 0.5, -np.inf], [-1.0, -1.0, -1.0, -1.0]])
    for n in (None, 6):
        y = discrete.gumbel_softmax(logits.astype(dtype), tau, rng=0, n=n, dtype=dtype)
        assert y.dtype == dtype
        assert (y >= 0).all()
        np.testing.assert_allclose(y.sum(-1), 1.0, rtol=1e-6)
        assert (y[..., 0, 3] == 0).all()
    c = RNG.normal(size=y.shape)
    assert np.isfinite(discrete.gumbel_softmax_pullback(y, tau, c)).all()


def test_one_row_without_logarithms_and_with_them_agree(monkeypatch):
    logits = np.array([0.3, -2.0, 1.0, 4.0])
    for tau in concrete._POWERS:
        fast = discrete.gumbel_softmax(logits, tau, rng=5, n=3000)
        hard = discrete.gumbel_softmax(logits, tau, rng=5, n=3000, hard=True)
        with monkeypatch.context() as patch:
            patch.setattr(concrete, "_quick", lambda *_: False)
            plain = discrete.gumbel_softmax(logits, tau, rng=5, n=3000)
        np.testing.assert_allclose(fast, plain, rtol=1e-12)
        np.testing.assert_array_equal(hard.argmax(1), plain.argmax(1))
    far = np.array([0.0, -700.0])  # weights underflow: not a case for the short way
    y = discrete.gumbel_softmax(far, 2.0, rng=5, n=10)
    g = discrete.gumbel((10, 2), rng=5)
    np.testing.assert_allclose(y[:, 1], np.exp((far[1] + g[:, 1] - g[:, 0]) / 2), rtol=1e-12)


def test_logarithms_survive_where_rows_underflow():
    logits, g = np.array([5.0, -3.0, 1.0]), np.array([0.1, 0.2, -0.4])
    log_y = discrete.log_gumbel_softmax(logits, 1e-3, g)
    z = logits + g
    np.testing.assert_allclose(log_y, (z - z.max()) / 1e-3, rtol=1e-12)
    assert discrete.gumbel_softmax(logits, 1e-3, g)[1] == 0
    assert np.isfinite(discrete.exp_concrete_log_density(log_y, logits, 1e-3))
    with pytest.raises(ValueError, match="exp_concrete_log_density"):
        discrete.concrete_log_density(np.exp(log_y), logits, 1e-3)


@pytest.mark.parametrize("tau", [0.3, 1.0, 4.0])
def test_pullbacks_are_differences(tau):
    h = 1e-5

    def loss(logits, t=tau):
        return (C * discrete.gumbel_softmax(logits, t, G)).sum(1)

    y = discrete.gumbel_softmax(LOGITS, tau, G)
    slopes = [(loss(LOGITS + h * e) - loss(LOGITS - h * e)) / (2 * h) for e in np.eye(3)]
    np.testing.assert_allclose(discrete.gumbel_softmax_pullback(y, tau, C), np.transpose(slopes),
                               atol=1e-8)  # fmt: skip
    log_y = discrete.log_gumbel_softmax(LOGITS, tau, G)
    slope = (loss(LOGITS, tau + h) - loss(LOGITS, tau - h)) / (2 * h)
    np.testing.assert_allclose(discrete.temperature_pullback(log_y, tau, C), slope, atol=1e-8)
    l, u, c = LOGITS[0], np.array([0.2, 0.5, 0.9]), C[0]
    b = discrete.binary_concrete(l, tau, u)
    slope = (discrete.binary_concrete(l + h, tau, u) - discrete.binary_concrete(l - h, tau, u)) * c
    found = discrete.binary_concrete_pullback(b, tau, c)
    np.testing.assert_allclose(found, slope / (2 * h), atol=1e-8)


def test_straight_through_is_hard_forward_and_soft_backward():
    y = discrete.gumbel_softmax(LOGITS, 0.8, G)
    through = discrete.straight_through(y)
    np.testing.assert_array_equal(through.hard, discrete.gumbel_softmax(LOGITS, 0.8, G, hard=True))
    np.testing.assert_array_equal(through.pullback(C), C)
    np.testing.assert_array_equal(through.soft, y)


def test_many_relaxed_bits_come_before_the_rows_and_round_to_their_probability():
    n, logit = 20_000, np.array([[0.3, -2.0, 4.0]])
    b = discrete.binary_concrete(logit, 0.3, rng=None, n=n)
    assert b.shape == (n, 1, 3)
    p = 1 / (1 + np.exp(-logit))
    assert (np.abs((b > 0.5).mean(0) - p) < 5.5 * np.sqrt(p * (1 - p) / n)).all()
    assert np.abs(np.corrcoef(b[:, 0].T) - np.eye(3)).max() < 5.5 / np.sqrt(n)
    one = discrete.binary_concrete(0.4, 0.7, [0.0, 0.5, 1 - 2.0**-53])  # the ends are limits
    np.testing.assert_allclose(one, [0.0, 1 / (1 + np.exp(-0.4 / 0.7)), 1.0], atol=1e-15)


@pytest.mark.parametrize("tau", [0.4, 1.0, 2.5])
def test_densities_integrate_to_one_and_round_to_the_probability(tau):
    logits = np.array([0.8, -0.3])

    def density(y):
        return np.exp(discrete.concrete_log_density([y, 1 - y], logits, tau))

    upper = integrate.quad(density, 0.5, 1, epsabs=1e-10)[0]
    lower = integrate.quad(density, 0, 0.5, epsabs=1e-10)[0]
    assert upper == pytest.approx(1 / (1 + np.exp(-1.1)), abs=1e-7)
    assert upper + lower == pytest.approx(1.0, abs=1e-7)
    bit = integrate.quad(
        lambda y: np.exp(discrete.binary_concrete_log_density(y, 1.1, tau)), 0.5, 1, epsabs=1e-10
    )[0]
    assert bit == pytest.approx(upper, abs=1e-9)


def test_log_odds_of_bits_that_round():
    draw = functools.partial(discrete.logit_binary_concrete, [0.5, -30.0], rng=3, n=2000)
    z, bits = draw(1e-3), discrete.binary_concrete([0.5, -30.0], 1e-3, rng=3, n=2000)
    np.testing.assert_array_equal(bits, special.expit(z))
    assert (bits[:, 0] == 1).mean() > 0.5
    assert np.isfinite(z).all()
    density = discrete.logit_binary_concrete_log_density(z, [0.5, -30.0], 1e-3)
    assert np.isfinite(density).all()
    with pytest.raises(ValueError, match="logit_binary_concrete_log_density"):
        discrete.binary_concrete_log_density(bits, [0.5, -30.0], 1e-3)
    y = special.expit(z := np.array([-3.0, 0.4, 2.0]))
    of_bits = discrete.binary_concrete_log_density(y, 0.7, 0.6)
    of_odds = discrete.logit_binary_concrete_log_density(z, 0.7, 0.6)
    np.testing.assert_allclose(of_odds, of_bits + np.log(y * (1 - y)), rtol=1e-12)


def test_a_pullback_keeps_its_digits_beside_a_code_that_is_almost_certain():
    y = discrete.gumbel_softmax([0.0, -40.0, -45.0], 1.0, np.zeros(3))
    found = discrete.gumbel_softmax_pullback(y, 1.0, [0.3, 0.7, -5.0])
    small = np.exp([-40.0, -45.0]) * [0.4, -5.3]
    np.testing.assert_allclose(found, [-small.sum(), *small], rtol=1e-14)


def test_the_density_at_a_known_point():
    found = discrete.concrete_log_density([0.3, 0.45, 0.25], np.log([0.2, 0.5, 0.3]), 0.7)
    assert np.exp(found) == pytest.approx(0.965429859, abs=5e-10)


def test_codes_of_probability_zero_leave_the_density_of_the_others():
    logits = np.array([0.3, -np.inf, 1.2, 0.1])
    y, others = np.array([0.2, 0.0, 0.5, 0.3]), [0, 2, 3]
    here, there = (y, logits, 0.6), (y[others], logits[others], 0.6)
    assert discrete.concrete_log_density(*here) == discrete.concrete_log_density(*there)
    found = discrete.concrete_log_density_gradient(*here)
    assert found[1] == 0
    np.testing.assert_allclose(found[others], discrete.concrete_log_density_gradient(*there))
    with np.errstate(divide="ignore"):
        log_y = np.log(y)
    found = discrete.exp_concrete_log_density(log_y, logits, 0.6)
    assert found == discrete.exp_concrete_log_density(log_y[others], logits[others], 0.6)
    alone = discrete.concrete_log_density([0.0, 1.0], [-np.inf, 3.0], 0.6)
    assert alone == 0  # a point: nothing is left to be random


def test_log_ratios_of_relaxed_laws_where_a_code_is_impossible():
    g, first, second = np.array([[0.3, -0.2, 1.1]]), LOGITS[0].copy(), LOGITS[1].copy()
    first[1] = second[1] = -np.inf
    ratio = functools.partial(discrete.concrete_kl, temperature=0.6, other_temperature=1.1)
    found = ratio(first, second, gumbels=g)
    np.testing.assert_allclose(found, ratio(first[[0, 2]], second[[0, 2]], gumbels=g[:, [0, 2]]))
    assert ratio(first, LOGITS[1], gumbels=g)[0] == np.inf  # densities on a side, on the whole
    assert ratio(LOGITS[0], second, gumbels=g)[0] == np.inf
    assert ratio(LOGITS[0], LOGITS[0], gumbels=g[0]).shape == ()
    rows = np.stack([LOGITS[:2], LOGITS[2:]])
    many = discrete.concrete_kl(rows, LOGITS[2:], 1e-3, 1e-3, rng=0, n=4)  # of every row its own
    assert many.shape == (4, 2, 2)
    np.testing.assert_array_equal(many[:, 1], 0.0)
    assert np.isfinite(ratio(1e4 * LOGITS[0], -1e4 * LOGITS[0], gumbels=g)).all()
    extreme = functools.partial(discrete.concrete_kl, temperature=1e-50, other_temperature=1e50)
    far, near = np.array([[0.0, 0.0, 1e300]]), np.array([[0.0, 0.0, 0.3]])  # of no possible code
    logits = np.array([[0.0, 0.0, -np.inf], [1.0, 0.0, -np.inf]])
    np.testing.assert_array_equal(extreme(*logits, gumbels=far), extreme(*logits, gumbels=near))
    known = -100 * np.log(10) - 2 * np.log(2) - 1 + 2 * np.log1p(np.e)
    np.testing.assert_allclose(extreme(*logits, gumbels=far), known, rtol=1e-13)
    assert discrete.concrete_kl([0.0], [0.0], 1e-200, 1e200, rng=1) == 0  # one code is no draw


def test_rows_of_one_code_and_leading_axes():
    assert discrete.gumbel_softmax([[2.0]], 0.5, rng=0).tolist() == [[1.0]]
    y = discrete.gumbel_softmax(LOGITS, 0.9, rng=0, n=5)
    found = discrete.concrete_log_density(y, LOGITS, 0.9)
    each = [[discrete.concrete_log_density(*pair, 0.9) for pair in zip(ys, LOGITS)] for ys in y]
    np.testing.assert_allclose(found, each, rtol=1e-13)


BAD = {
    "y must be rows of the simplex": lambda: discrete.concrete_log_density(
        [[0.5, 0.5], [0.5, 0.6]], [0, 0], 1
    ),
    "y must be rows of the simplex: at least 0": lambda: discrete.concrete_log_density(
        [[0.5, 0.5], [-0.5, 1.5]], [0, 0], 1
    ),
    "y must be positive where the logit is finite": lambda: discrete.concrete_log_density(
        [[0.5, 0.5], [0.0, 1.0]], [0, 0], 1
    ),
    "y must be positive where the logit is finite, and 0": lambda: discrete.concrete_log_density(
        [[1.0, 0.0], [0.5, 0.5]], [0, -np.inf], 1
    ),
    "logits must have the shape of y": lambda: discrete.concrete_log_density([0.5, 0.5], [0.0], 1),
    "log_y must be logarithms": lambda: discrete.exp_concrete_log_density(
        np.log([[0.5, 0.5], [0.5, 0.6]]), [0, 0], 1
    ),
    "log_y must be finite where": lambda: discrete.exp_concrete_log_density(
        [np.log([0.5, 0.5]), [0, -np.inf]], [0, 0], 1
    ),
    "other_logits must have the shape of logits": lambda: discrete.concrete_kl(
        [0, 0], [0.0], 1, 1, rng=0
    ),
    "other_temperature must be positive": lambda: discrete.concrete_kl([0, 0], [0, 0], 1, 0, rng=0),
    "y must lie in": lambda: discrete.binary_concrete_log_density([0.5, 1.0], 0.0, 1.0),
    "y must lie in .0, 1.": lambda: discrete.binary_concrete_log_density([0.5, 0.0], 0.0, 1.0),
    "logit must have the shape of y": lambda: discrete.binary_concrete_log_density(
        [0.5, 0.4], [0.0], 1.0
    ),
    "uniforms must lie in": lambda: discrete.binary_concrete(0.0, 1.0, [0.5, 1.0]),
    "uniforms must lie in .0, 1.": lambda: discrete.binary_concrete(0.0, 1.0, [0.5, -0.1]),
    "uniforms must have the shape of logit, .2,.": lambda: discrete.binary_concrete(
        [0.0, 1.0], 1.0, [0.5]
    ),
    "uniforms must have the shape of logit, .1, 2.": lambda: discrete.binary_concrete(
        [[0.0, 1.0]], 1.0, [0.5, 0.5]
    ),
    "uniforms and n must not": lambda: discrete.binary_concrete(0.0, 1.0, 0.5, n=2),
    "logit must be finite": lambda: discrete.binary_concrete(np.inf, 1.0, rng=0),
    "b must lie in": lambda: discrete.binary_concrete_pullback([0.5, 1.5], 1.0, [1.0, 1.0]),
    "b must lie in .0, 1.": lambda: discrete.binary_concrete_pullback([0.5, -0.1], 1.0, [1.0, 1.0]),
    "cotangent must have the shape of y": lambda: discrete.gumbel_softmax_pullback(
        [0.5, 0.5], 1.0, [1.0]
    ),
    "dtype must be float64 or float32": lambda: discrete.gumbel_softmax(
        [0.0], 1.0, rng=0, dtype=int
    ),
    "temperature must be positive": lambda: discrete.concrete_log_density([0.5, 0.5], [0, 0], 0),
}


@pytest.mark.parametrize("message", BAD)
def test_what_is_refused(message):
    with pytest.raises(ValueError, match=message):
        BAD[message]()
