"""The runner of reverse steps: streams, groups, last steps, memory, trouble on the way."""

import tracemalloc

import numpy as np
import pytest

from refscore import diffusion, distributions, processes
from refscore.diffusion import ReverseStep, sampling

VP = processes.VP()
LAW = distributions.GaussianMixture([0.4, 0.6], [[1.0, 0.2], [-1.5, 0.6]], [0.3, 0.8])
TIMES = np.array([0.8, 0.5, 0.33, 0.3])
X = np.random.default_rng(1).standard_normal((50, 2))
STEP = diffusion.euler_maruyama(VP, LAW)
TWO = diffusion.predictor_corrector(STEP, step_size=0.05)
FLOW = diffusion.flow_heun(VP, LAW)


def _generator():
    return np.random.Generator(np.random.PCG64(5))


@pytest.mark.parametrize(("step", "shape"), [(STEP, (3, 50, 2)), (TWO, (3, 2, 50, 2))])
def test_drawn_noise_is_that_of_one_call(step, shape):
    noise = _generator().standard_normal(shape)
    drawn = diffusion.sample(step, X, TIMES, rng=_generator())
    assert np.array_equal(drawn, diffusion.sample(step, X, TIMES, noise=noise))
    x = X
    for z, t, s in zip(noise, TIMES[:-1], TIMES[1:]):
        x = step(x, t, s, z)
    assert np.allclose(drawn, x, rtol=1e-13)


def test_pieces_change_nothing(monkeypatch):
    whole = diffusion.sample(STEP, X, TIMES, rng=_generator())
    monkeypatch.setattr(sampling, "PIECE", 14)
    assert np.allclose(diffusion.sample(STEP, X, TIMES, rng=_generator()), whole, rtol=1e-13)


def test_full_groups_depend_on_nothing_that_follows(monkeypatch):
    monkeypatch.setattr(sampling, "GROUP", 40)  # 20 rows
    some, all_ = (diffusion.sample(STEP, X[:n], TIMES, rng=_generator()) for n in (41, 50))
    assert np.array_equal(some[:40], all_[:40])
    kept = diffusion.sample(STEP, X, TIMES, rng=_generator(), trajectory=True)
    assert np.array_equal(kept[-1], all_)
    assert np.array_equal(kept[0], X)
    z = _generator().standard_normal((3, 50, 2))
    given = diffusion.sample(STEP, X, TIMES, noise=z)
    monkeypatch.undo()
    assert np.allclose(given, diffusion.sample(STEP, X, TIMES, noise=z), rtol=1e-13)


def test_noise_is_a_stream_apart_from_that_of_draws_with_the_same_seed():
    start = np.random.default_rng(0).standard_normal((4, 2))
    got = diffusion.sample(STEP, start, TIMES[:2], rng=0)
    assert not np.allclose(got, STEP(start, *TIMES[:2], start))


def test_last_rules_and_the_trajectory():
    z = _generator().standard_normal((3, 50, 2))
    noisy, mean, clean = (
        diffusion.sample(STEP, X, TIMES, noise=z, last=last)
        for last in ("noise", "mean", "denoise")
    )
    before = diffusion.sample(STEP, X, TIMES[:-1], noise=z[:-1])
    assert np.allclose(mean, STEP(before, *TIMES[-2:], 0 * z[0]), rtol=1e-13)
    alpha, sigma = VP.marginal(TIMES[-1])
    score = LAW.diffuse(float(alpha), float(sigma)).score(noisy)
    assert np.allclose(clean, (noisy + sigma**2 * score) / alpha, rtol=1e-13)
    kept = diffusion.sample(STEP, X, TIMES, noise=z, last="denoise", trajectory=True)
    assert kept.shape == (5, 50, 2)
    assert np.array_equal(kept[-2], noisy)
    assert np.array_equal(kept[-1], clean)


def test_no_step_and_one_point():
    assert np.array_equal(diffusion.sample(STEP, X, [0.5]), X)
    assert diffusion.sample(FLOW, X[0], TIMES).shape == (2,)
    grid = X.reshape(5, 10, 2)
    got = diffusion.sample(FLOW, grid, TIMES)
    assert np.allclose(got.reshape(50, 2), diffusion.sample(FLOW, X, TIMES), rtol=1e-13)
    assert diffusion.sample(FLOW, X[:0], TIMES).shape == (0, 2)


class TwoStep(ReverseStep):
    """x' = x - h v + the last slope's share: a method with memory, for the runner alone."""

    memory = 1

    def advance(self, state, t, s, noise=None):
        x, *past = state
        slope = self.score_at(t)(x)
        moved = x + (t - s) * (slope if not past else 1.5 * slope - 0.5 * past[0][1])
        return moved, (t, slope)


def test_memory_is_carried_from_step_to_step():
    step, x = TwoStep(VP, LAW), X
    first = step.score_at(0.8)(x)
    x = x + 0.3 * first
    second = step.score_at(0.5)(x)
    x = x + (0.5 - 0.33) * (1.5 * second - 0.5 * first)
    assert np.allclose(diffusion.sample(step, X, TIMES[:3]), x, rtol=1e-13)


def test_the_score_that_fails_is_named_with_its_step_and_time():
    def score_at(t):
        return lambda x: x * (np.nan if t < 0.4 else 1.0)

    step = diffusion.flow_euler(VP, score_at)
    with pytest.raises(ValueError, match=r"not finite at step 3, time 0.33 \(first at row 0"):
        diffusion.sample(step, X, TIMES)
    huge = diffusion.flow_euler(processes.VP(0.1, 200.0), lambda t: lambda x: 0 * x + 1e308)
    with pytest.raises(ValueError, match=r"left the finite numbers at step 1, from t = 0.8 to 0.5"):
        diffusion.sample(huge, X, TIMES)


def test_an_interrupted_run_carries_its_finished_rows(monkeypatch):
    monkeypatch.setattr(sampling, "GROUP", 40)
    calls = []

    def score_at(t):
        calls.append(t)
        if len(calls) > 7:
            raise KeyboardInterrupt
        return lambda x: -x

    with pytest.raises(KeyboardInterrupt) as stopped:
        diffusion.sample(diffusion.flow_euler(VP, score_at), X, TIMES)
    finished = stopped.value.finished
    right = diffusion.sample(diffusion.flow_euler(VP, lambda t: lambda x: -x), X[:40], TIMES)
    assert np.array_equal(finished, right)


def test_memory_is_that_of_a_group_not_of_the_steps():
    x = np.zeros((300_000, 2))
    step = diffusion.euler_maruyama(VP, lambda t: lambda x: -x)
    tracemalloc.start()
    diffusion.sample(step, x, np.linspace(1, 0.1, 21), rng=0)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 8 * x.nbytes  # one step's noise for each of 20 would be 20 of them


def test_progress_is_told(capsys):
    diffusion.sample(FLOW, X, TIMES, progress=True)
    assert "150" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"times": [0.3, 0.5]}, "times must be strictly descending.* 0.5 at index 1 after 0.3"),
        ({"times": [0.5, 0.5]}, "times must be strictly descending"),
        ({"times": [1.2, 0.5]}, r"times must lie in \[0, 1\], got 1.2"),
        ({"times": [0.5, -0.1]}, r"times must lie in \[0, 1\], got -0.1"),
        ({"times": []}, r"times must have shape \(N \+ 1,\)"),
        ({"times": 0.5}, r"times must have shape \(N \+ 1,\)"),
        ({"noise": np.zeros((2, 50, 2))}, r"noise must have shape \(3, 50, 2\)"),
        ({"noise": np.zeros((3, 50, 2)), "rng": 0}, "noise and rng must not both be given"),
        ({"last": "none"}, "last must be one of noise, mean, denoise"),
        ({"x_T": np.inf * X}, "x_T must be finite"),
        ({"trajectory": True, "memory_limit": 1e3}, "trajectory would take 3.2e"),
        ({"step": FLOW, "noise": np.zeros((3, 50, 2))}, "noise must be None: the step takes none"),
    ],
)
def test_bad_arguments_are_named(arguments, said):
    with pytest.raises(ValueError, match=said):
        diffusion.sample(**{"step": STEP, "x_T": X, "times": TIMES} | arguments)


def test_what_is_no_step_or_no_flag_is_refused():
    with pytest.raises(TypeError, match="step must be a reverse step"):
        diffusion.sample(lambda x: x, X, TIMES)
    with pytest.raises(TypeError, match="progress must be True or False"):
        diffusion.sample(FLOW, X, TIMES, progress=2)


def _of_one_variance(name):
    rng = np.random.default_rng(8)
    if name == "kernels":
        return distributions.Empirical(rng.standard_normal((9, 3)), 0.3)
    K, d = {"narrow": (4, 12), "wide": (40, 12), "line": (2, 1), "weightless": (4, 12)}[name]
    weights = rng.dirichlet(np.ones(K))
    if name == "weightless":
        weights[1] = 0.0
        weights /= weights.sum()
    return distributions.GaussianMixture(weights, 2 * rng.standard_normal((K, d)), np.full(K, 0.2))


@pytest.mark.parametrize("name", ["narrow", "wide", "line", "weightless", "kernels"])
@pytest.mark.parametrize("last", ["noise", "mean"])
def test_components_of_one_variance_take_a_short_cut_to_the_same_points(name, last):
    law = _of_one_variance(name)
    x = np.random.default_rng(2).standard_normal((40, law.dim))
    x[3] *= 1e4  # so far out that every component is faint
    z, kept = np.random.default_rng(3).standard_normal((3, 40, law.dim)), x.copy()
    for make in (diffusion.euler_maruyama, diffusion.ancestral, diffusion.flow_euler):
        fast = make(VP, law)
        slow = make(VP, lambda t, law=law: lambda x: diffusion.diffused(VP, law, t).score(x))
        noise = {"noise": z} if fast.noises else {}
        got = diffusion.sample(fast, x, TIMES, last=last, **noise)
        right = diffusion.sample(slow, x, TIMES, last=last, **noise)
        assert isinstance(fast.plan(0.5, 0.4), sampling.MixtureMove)
        assert np.allclose(got, right, rtol=1e-12, atol=1e-13)
    assert np.array_equal(x, kept)


def test_means_far_apart_for_their_variance_take_no_short_cut():
    law = distributions.GaussianMixture([0.5, 0.5], [[0.0], [50.0]], [0.1, 0.1])
    assert not isinstance(diffusion.flow_euler(VP, law).plan(1e-3, 0.0), sampling.MixtureMove)
