"""Metropolis steps: their ratios against densities, detailed balance, what a step costs."""

import by_hand
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from refscore import langevin
from refscore.distributions import Gaussian, GaussianMixture, Uniform

MIXTURE = GaussianMixture(by_hand.WEIGHTS, by_hand.MEANS, by_hand.COVARIANCES)
G = np.array([[0.7, 0.3], [0.3, 1.4]])
LINE = GaussianMixture([0.4, 0.6], [[-1.5], [1.0]], np.array([0.5, 1.2]))
pairs = given(st.integers(0, 2**31), st.floats(0.05, 3.0))


def draw(seed, n=2):
    return np.random.default_rng(seed).normal(size=(n, 2)) * 1.5


def accepts_exactly(step, x, noise, proposal, log_ratio):
    """The step takes the proposal for every u below min(1, e^r), and for none above."""
    chance = min(1.0, np.exp(log_ratio))
    below, taken = step.inform(x, (*noise, chance * (1 - 1e-9)))
    np.testing.assert_allclose(below, proposal, rtol=1e-9, atol=1e-9)
    assert taken
    if chance < 1 - 1e-6:
        above, taken = step.inform(x, (*noise, chance * (1 + 1e-9)))
        np.testing.assert_array_equal(above, x)
        assert not taken


@settings(max_examples=25, deadline=None)
@pairs
@pytest.mark.parametrize("metric", [None, G], ids=["plain", "preconditioned"])
def test_mala_takes_its_proposal_with_the_probability_of_the_densities(metric, seed, eta):
    x, z = draw(seed)
    step = langevin.mala(MIXTURE.log_density, MIXTURE.score, eta, metric)
    y = by_hand.ula(x, z, eta, metric)
    r = by_hand.mala_log_ratio(x, y, eta, metric)
    accepts_exactly(step, x, (z,), y, r)
    found = langevin.metropolis_log_ratio(
        MIXTURE.log_density, MIXTURE.score, x, y, eta, preconditioner=metric
    )
    np.testing.assert_allclose(found, r, rtol=1e-8, atol=1e-8)


@settings(max_examples=25, deadline=None)
@pairs
def test_random_walk_takes_its_proposal_with_the_ratio_of_the_densities(seed, tau):
    x, z = draw(seed)
    step = langevin.random_walk(MIXTURE.log_density, tau)
    y = x + tau * z
    accepts_exactly(step, x, (z,), y, by_hand.log_density(y) - by_hand.log_density(x))


@settings(max_examples=25, deadline=None)
@pairs
def test_barker_takes_its_proposal_with_the_probability_of_the_densities(seed, tau):
    x, z, u = draw(seed, 3)
    u = np.abs(u) % 1
    step = langevin.barker(MIXTURE.log_density, MIXTURE.score, tau)
    y = by_hand.barker_proposal(x, z, u, tau)
    accepts_exactly(step, x, (z, u), y, by_hand.barker_log_ratio(x, y, tau))


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**31), st.floats(0.05, 0.8), st.integers(1, 5))
def test_hmc_takes_its_trajectory_with_the_probability_of_the_energies(seed, h, n):
    x, v = draw(seed)
    step = langevin.hmc(MIXTURE.log_density, MIXTURE.score, h, n)
    y, w = by_hand.leapfrog(x, v, h, n)
    accepts_exactly(step, x, (v,), y, by_hand.energy(x, v) - by_hand.energy(y, w))


@settings(max_examples=40, deadline=None)
@pairs
def test_detailed_balance_of_a_pair(seed, eta):
    """p(x) q(x → y) a(x → y) = p(y) q(y → x) a(y → x), the flow there and back."""
    x, y = draw(seed)
    ratio = langevin.metropolis_log_ratio(
        MIXTURE.log_density, MIXTURE.score, np.array([x, y]), np.array([y, x]), eta
    )
    there, back = np.log(langevin.acceptance(ratio))
    there += by_hand.log_density(x) + by_hand.log_q(x, y, eta, np.eye(2))
    back += by_hand.log_density(y) + by_hand.log_q(y, x, eta, np.eye(2))
    np.testing.assert_allclose(there, back, rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(ratio[0], -ratio[1], rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize(
    "step",
    [
        langevin.mala(LINE.log_density, LINE.score, 0.8),
        langevin.random_walk(LINE.log_density, 1.3),
        langevin.hmc(LINE.log_density, LINE.score, 0.5, 3),
    ],
    ids=["mala", "random_walk", "hmc"],
)
def test_the_mean_of_the_ratio_over_the_target_is_one(step):
    """E e^r = 1 over x ~ p and the noise, and E a(f(x') − f(x)) = 0, by the trapezoidal rule."""
    x, z = np.meshgrid(np.linspace(-16, 16, 641), np.linspace(-10, 10, 401), indexing="ij")
    x, z = x[..., None], z[..., None]
    weight = np.exp(LINE.log_density(x) - z[..., 0] ** 2 / 2) / np.sqrt(2 * np.pi) * 0.05**2
    proposal, log_ratio = step._propose(step.start(x), z)
    np.testing.assert_allclose((weight * np.exp(log_ratio)).sum(), 1.0, rtol=1e-9)
    chance, y = langevin.acceptance(log_ratio), proposal.x[..., 0]
    for f in (np.sin, np.square, lambda t: t):
        change = (weight * chance * (f(y) - f(x[..., 0]))).sum()
        np.testing.assert_allclose(change, 0.0, atol=2e-4)  # a(x, y) has a kink


def test_acceptance_is_a_probability():
    found = langevin.acceptance([-np.inf, -1.0, 0.0, 700.0, np.inf, np.nan])
    np.testing.assert_allclose(found, [0, np.exp(-1), 1, 1, 1, 0], rtol=1e-15)
    assert langevin.acceptance(-2.0) == pytest.approx(np.exp(-2))


def test_a_step_costs_one_log_density_and_one_score():
    calls = {"log_density": 0, "score": 0}

    def counted(name, function):
        def call(x):
            calls[name] += 1
            return function(x)

        return call

    p = counted("log_density", MIXTURE.log_density)
    s = counted("score", MIXTURE.score)
    for step, scores in (
        (langevin.mala(p, s, 0.4), 1),
        (langevin.barker(p, s, 0.7), 1),
        (langevin.random_walk(p, 0.7), 0),
        (langevin.hmc(p, s, 0.3, 4), 4),
    ):
        calls.update(log_density=0, score=0)
        langevin.run(step, np.zeros((5, 2)), 10, rng=0)
        assert calls["log_density"] == 11
        assert calls["score"] == (10 * scores + 1 if scores else 0)


@pytest.mark.parametrize(
    "law",
    [
        MIXTURE,
        LINE,
        GaussianMixture([0.3, 0.7], [[-20.0, 0.0], [20.0, 0.5]], np.array([0.5, 0.5])),
        GaussianMixture([0.2, 0.3, 0.5], np.eye(3), np.ones(3)),
        Gaussian([1e8, -2.0], [[2.0, 0.6], [0.6, 0.5]]),
    ],
    ids=["mixture", "line", "apart", "three", "gaussian"],
)
@pytest.mark.parametrize("scale", [1.0, 30.0, 1e6, 1e150])
def test_a_law_that_gives_both_at_once_gives_the_same(law, scale):
    x = law.mean + scale * np.random.default_rng(0).normal(size=(200, law.dim))
    both = langevin.mala(law.log_density, law.score, 0.4).start(x)
    apart = langevin.mala(lambda y: law.log_density(y), law.score, 0.4).start(x)
    np.testing.assert_allclose(both.log_density, apart.log_density, rtol=1e-13, atol=1e-13)
    np.testing.assert_allclose(both.score, apart.score, rtol=1e-12, atol=1e-12)


def test_the_state_is_the_map(all_metropolis):
    """Carrying log density and score along changes no number, whatever is rejected."""
    rng = np.random.default_rng(3)
    for step in all_metropolis:
        x = rng.normal(size=(50, 2)) * 2
        state, rejected = step.start(x), 0
        for _ in range(20):
            shapes = step.noise_shapes(x.shape)
            noise = tuple(
                rng.standard_normal(s) if part == "normal" else rng.random(s)
                for part, s in zip(step.parts, shapes)
            )
            state = step.advance(state, noise)
            x, accepted = step.inform(x, noise)
            np.testing.assert_array_equal(state.x, x)
            np.testing.assert_array_equal(state.accepted, accepted)
            np.testing.assert_allclose(state.log_density, MIXTURE.log_density(x), rtol=1e-12)
            rejected += (~accepted).sum()
        assert rejected > 0


@pytest.fixture
def all_metropolis():
    p, s = MIXTURE.log_density, MIXTURE.score
    return [
        langevin.mala(p, s, 1.8),
        langevin.mala(p, s, 1.2, G),
        langevin.random_walk(p, 1.5),
        langevin.barker(p, s, 1.5),
        langevin.hmc(p, s, 1.2, 3),
    ]


def test_the_rows_may_lie_anyhow_in_memory(all_metropolis):
    """Rejected rows are put back in arrays of any layout."""
    rng = np.random.default_rng(8)
    x = rng.normal(size=(40, 2)) * 2
    for step in all_metropolis:
        noise = tuple(
            rng.standard_normal(s) if part == "normal" else rng.random(s)
            for part, s in zip(step.parts, step.noise_shapes(x.shape))
        )
        plain, accepted = step.inform(x, noise)
        columns, again = step.inform(
            np.asfortranarray(x), tuple(np.asfortranarray(part) for part in noise)
        )
        assert 0 < accepted.sum() < 40
        np.testing.assert_array_equal(plain, columns)
        np.testing.assert_array_equal(accepted, again)
        np.testing.assert_array_equal(plain[~accepted], x[~accepted])


def test_outside_the_support_nothing_is_accepted():
    law = Uniform([-1.0], [1.0])
    result = langevin.run(
        langevin.random_walk(law.log_density, 2.0), np.zeros((50, 1)), 40, rng=0, trajectory=True
    )
    assert np.abs(result.trajectory).max() <= 1
    assert 0 < result.acceptance.mean() < 1
    step = langevin.random_walk(law.log_density, 1.0)
    inside, taken = step.inform([[5.0]], ([[-4.5]], [0.999]))
    np.testing.assert_array_equal(inside, [[0.5]])  # from outside, anything inside is taken
    assert taken.all()
    stays, taken = step.inform([[5.0]], ([[1.0]], [0.0]))
    np.testing.assert_array_equal(stays, [[5.0]])  # from outside to outside nothing is
    assert not taken.any()


def test_a_proposal_beyond_the_numbers_is_rejected(all_metropolis):
    x = np.array([[1e150, -1e150], [0.3, 0.1]])
    for step in all_metropolis:
        noise = tuple(
            np.full(s, 0.3) if part == "normal" else np.full(s, 0.5)
            for part, s in zip(step.parts, step.noise_shapes(x.shape))
        )
        found = step(x, noise)
        assert np.isfinite(found).all()
    step = langevin.mala(lambda x: -(x[..., 0] ** 4), lambda x: -4 * x**3, 1.0)
    found, taken = step.inform([[1e120]], ([[0.1]], [0.5]))
    np.testing.assert_array_equal(found, [[1e120]])
    assert not taken


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_noise_that_decides_must_be_finite(all_metropolis, bad):
    for step in all_metropolis:
        shapes = step.noise_shapes((4, 2))
        good = [np.full(s, 0.5) for s in shapes]
        for i in range(len(good)):
            noise = [a.copy() for a in good]
            noise[i].flat[-1] = bad
            with pytest.raises(ValueError, match=rf"noise\[{i}\]"):
                step(np.zeros((4, 2)), tuple(noise))
        with pytest.raises(ValueError, match=r"\[0, 1\]"):
            step(np.zeros((4, 2)), (*good[:-1], np.full(4, 1.5)))


def test_bad_arguments_are_named():
    p, s = MIXTURE.log_density, MIXTURE.score
    for size in (0, -1.0, np.nan):
        with pytest.raises(ValueError, match="step_size"):
            langevin.mala(p, s, size)
        with pytest.raises(ValueError, match="scale"):
            langevin.random_walk(p, size)
        with pytest.raises(ValueError, match="scale"):
            langevin.barker(p, s, size)
    with pytest.raises(TypeError, match="score"):
        langevin.mala(p, None, 0.1)
    with pytest.raises(TypeError, match="log_density"):
        langevin.barker(None, s, 0.1)
    with pytest.raises(ValueError, match="preconditioner must be positive definite"):
        langevin.mala(p, s, 0.1, [[1.0, 2.0], [2.0, 1.0]])
    with pytest.raises(ValueError, match="log_density\\(x\\) must have shape"):
        langevin.mala(lambda x: x, s, 0.1)(np.zeros((3, 2)), (np.zeros((3, 2)), np.zeros(3)))
    with pytest.raises(ValueError, match="proposal must have the shape of x"):
        langevin.metropolis_log_ratio(p, s, np.zeros((3, 2)), np.zeros(2), 0.1)
    with pytest.raises(ValueError, match="noise must be a tuple of 2"):
        langevin.mala(p, s, 0.1)(np.zeros((3, 2)), np.zeros((3, 2)))


def test_chains_keep_the_target():
    """20000 draws from the target, 5 steps: mean and covariance within five standard errors."""
    n, law = 20_000, Gaussian(np.array([1.0, -2.0]), np.array([[2.0, 0.6], [0.6, 0.5]]))
    C, p, s = law.covariance, law.log_density, law.score
    sd = np.sqrt((C**2 + np.outer(np.diag(C), np.diag(C))) / n)
    rng = np.random.default_rng()
    for step in (
        langevin.mala(p, s, 0.5), langevin.mala(p, s, 1.0, C), langevin.barker(p, s, 0.8),
        langevin.random_walk(p, 0.9), langevin.hmc(p, s, 0.7, 3),
    ):  # fmt: skip
        x = langevin.run(step, law.sample(n, rng=rng), 5, rng=rng).x
        assert (np.abs(x.mean(0) - law.mean) < 5.5 * np.sqrt(np.diag(C) / n)).all()
        assert (np.abs(np.cov(x.T, bias=True) - C) < 5.5 * sd).all()
