"""What goes wrong in a run is told by what is at fault, and nothing wrong passes in silence."""

import tracemalloc
from typing import NamedTuple

import numpy as np
import pytest

from refscore import langevin as L
from refscore.distributions import Gaussian
from refscore.langevin import runner

TARGET = Gaussian([0.0, 1.0], [[2.0, 0.6], [0.6, 0.5]])


def hole(x):
    """log p, +∞ where x > 1."""
    return np.where(x[..., 0] > 1, np.inf, -0.5 * (x**2).sum(-1))


METROPOLIS = {
    "random_walk": L.random_walk(hole, 2.0),
    "mala": L.mala(hole, lambda x: -x, 2.0),
    "barker": L.barker(hole, lambda x: -x, 2.0),
    "hmc": L.hmc(hole, lambda x: -x, 1.0, 2),
}


@pytest.mark.parametrize("name", METROPOLIS)
def test_a_density_that_becomes_infinite_is_an_error(name):
    step, x = METROPOLIS[name], np.zeros((200, 1))
    with pytest.raises(ValueError, match=r"log_density\(x\) must be below inf: .* x = \[[1-9]"):
        L.run(step, x, 2000, rng=0)
    noise = tuple(np.full(shape, 0.5) for shape in step.noise_shapes(x.shape))
    with pytest.raises(ValueError, match=r"log_density\(x\) must be below inf: .* x = \[3.0\]"):
        step(x + 3.0, noise)


def test_a_preconditioner_of_another_size_is_named():
    step = L.mala(TARGET.log_density, TARGET.score, 0.1, np.eye(3))
    with pytest.raises(ValueError, match=r"preconditioner has shape \(3, 3\); got shape \(4, 2\)"):
        L.run(step, np.zeros((4, 2)), 1, rng=0)


def test_noise_that_is_not_finite_is_not_the_step_sizes_fault():
    noise = np.zeros((3, 2, 1))
    noise[1, 1] = np.nan
    with pytest.raises(ValueError, match=r"noise must be finite, got nan at index \(1, 1, 0\)"):
        L.run(L.ula(lambda x: -x, 0.1), np.zeros((2, 1)), 3, noise=noise)
    step = L.barker(TARGET.log_density, TARGET.score, 1.0)
    with pytest.raises(ValueError, match=r"noise\[2\] must have shape \(2, 5\), got \(2, 3\)"):
        L.run(step, np.zeros((5, 2)), 2,
              noise=(np.zeros((2, 5, 2)), np.zeros((2, 5, 2)), np.zeros((2, 3))))  # fmt: skip


def broken(bad):
    return lambda x: np.where(x == 7, bad, -x)


SCORED = {
    "ula": (lambda s: L.ula(s, 1e-9), np.nan, "finite"),
    "inf": (lambda s: L.ula(s, 1e-9), np.inf, "finite"),
    "preconditioned": (lambda s: L.preconditioned(s, 1e-9, np.eye(2)), np.nan, "finite"),
    "ascent": (lambda s: L.gradient_ascent(s, 1e-9), np.nan, "finite"),
    "hmc": (lambda s: L.hmc(None, s, 1e-9, 2, adjusted=False), np.nan, "finite"),
    "corrector": (lambda s: L.corrector(s, 0.1), 0.0, r"finite and not 0 \("),
    "underdamped": (lambda s: L.underdamped(s, 1e-9, 1.0), np.nan, "finite"),
}


@pytest.mark.parametrize("name", SCORED)
@pytest.mark.parametrize("workers", [None, 1])
def test_a_score_that_is_at_fault_is_named_with_its_row(name, workers):
    make, bad, must = SCORED[name]
    x = np.ones((1500, 4 if name == "underdamped" else 2))
    x[1200, :2] = 7
    words = rf"score\(x\) must be {must}.* {bad}\]"
    with pytest.raises(ValueError, match=words + r" at row 1200 \(1 of .* step 1$") as caught:
        L.run(make(broken(bad)), x, 3, rng=0, workers=workers)
    assert caught.value.run.n_steps == 0
    with pytest.raises(ValueError, match=words + ": the chain"):
        L.run(make(broken(bad)), x[1200], 3, rng=0, workers=workers)


def test_a_batch_without_chains_or_with_some_zero_scores_moves_on():
    step = L.corrector(broken(0.0), 0.1, norm="batch")
    assert L.run(step, np.zeros((0, 2)), 3, rng=0).x.shape == (0, 2)
    assert np.isfinite(L.run(step, [[7.0], [1.0]], 1, rng=0).x).all()
    with pytest.raises(ValueError, match="not 0"):
        L.run(step, [[7.0], [7.0]], 1, rng=0)


def test_moments_beyond_float64_are_an_error_that_carries_the_points():
    x = np.array([[1e160, 0.0], [-1e160, 0.0]])
    step = L.ula(lambda x: -x, 0.1)
    with pytest.raises(ValueError, match="moments of the points must stay below 1e308") as caught:
        L.run(step, x, 3, rng=0, trajectory=True)
    found = L.run(step, x, 3, rng=0, trajectory=True, moments=False)
    np.testing.assert_array_equal(caught.value.run.trajectory, found.trajectory)
    assert caught.value.run.covariance is caught.value.run.mean is None

    def stop(k, x):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt) as caught:
        L.run(step, x, 3, rng=0, callback=stop)
    assert caught.value.run.covariance is None


@pytest.mark.parametrize("blocks", [1, 2])
def test_the_memory_of_moments_is_counted(blocks):
    d, n = 300, 1025 if blocks == 2 else 40
    need, options = 8 * d * d * (blocks + 2), {"rng": 0, "workers": 1}
    with pytest.raises(ValueError, match=f"moments of {d} dimensions would take .* moments=False"):
        L.run(lambda x, z: x, np.zeros((n, d)), 1, memory_limit=need - 1, **options)
    step, x, peaks = lambda x, z: x, np.zeros((n, d)), []
    for moments in (False, True, False, True):
        tracemalloc.start()
        L.run(step, x, 3, memory_limit=need, moments=moments, **options)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    rows = 8 * d * 1024 * 4  # a batch of points, and those points about their mean
    assert peaks[3] - peaks[2] < need + rows


def test_small_points_come_in_large_blocks_whatever_the_workers():
    sizes = [runner._block_size(n, d) for n, d in [(2000, 2), (20_000, 2), (10**6, 2), (10**6, 50)]]
    assert sizes == [1024, 2500, 8192, 1024]
    x = np.arange(10_000.0)[:, None] / 1e4
    one, two = (L.run(L.ula(lambda x: -x, 0.1), x, 3, rng=0, workers=w) for w in (1, 2))
    np.testing.assert_array_equal(one.x, two.x)
    assert len(np.unique(one.x)) == len(x)


class Model(NamedTuple):
    target: Gaussian

    def score(self, x):
        return self.target.score(x)


MODEL = Model(TARGET)


def _score(x):
    return MODEL.score(x)


def test_the_target_behind_a_global_belongs_to_a_run(tmp_path, monkeypatch):
    options = {"rng": 0, "checkpoint": tmp_path / "a.npz"}
    L.run(L.ula(_score, 0.1), np.zeros((3, 2)), 5, **options)
    assert L.run(L.ula(_score, 0.1), np.zeros((3, 2)), 6, **options).n_steps == 6
    monkeypatch.setitem(globals(), "MODEL", Model(Gaussian([5.0, 1.0], TARGET.covariance)))
    with pytest.raises(ValueError, match="another step"):
        L.run(L.ula(_score, 0.1), np.zeros((3, 2)), 7, **options)


def test_noise_handed_in_may_be_longer_than_it_was_and_not_another(tmp_path):
    step, x, path = L.ula(TARGET.score, 0.1), np.zeros((3, 2)), {"checkpoint": tmp_path / "a.npz"}
    z = np.random.default_rng(0).normal(size=(9, 3, 2))
    L.run(step, x, 5, noise=z[:5], **path)
    other = z.copy()
    other[4, 2, 1] += 1
    for options in ({"noise": other}, {"rng": 0}):
        with pytest.raises(ValueError, match="another noise"):
            L.run(step, x, 9, **options, **path)
    for n in (7, 9):
        found, want = L.run(step, x, n, noise=z[:n], **path), L.run(step, x, n, noise=z[:n])
        np.testing.assert_array_equal(found.x, want.x)
    L.run(step, x, 5, rng=np.random.default_rng(0), checkpoint=tmp_path / "b.npz")
    with pytest.raises(ValueError, match="another noise"):
        L.run(step, x, 9, noise=z, checkpoint=tmp_path / "b.npz")


def test_checkpoints_name_what_they_cannot_take(tmp_path):
    step, path = L.ula(TARGET.score, 0.1), tmp_path / "a.npz"
    with pytest.raises(TypeError, match="checkpoint must be a path, got 3"):
        L.run(step, np.zeros(2), 3, rng=0, checkpoint=3)
    L.run(step, np.zeros(2), 3, rng=np.random.default_rng(0), checkpoint=path)
    other = np.random.Generator(np.random.MT19937(0))
    with pytest.raises(ValueError, match="rng must draw from PCG64 .* got MT19937"):
        L.run(step, np.zeros(2), 4, rng=other, checkpoint=path)


@pytest.mark.parametrize(
    ("call", "value", "name"),
    [
        (L.spellings.step_size_from_epsilon, 1e200, "epsilon"),
        (L.spellings.step_size_from_epsilon, 1e-200, "epsilon"),
        (L.spellings.step_size_from_h, 1e308, "h"),
        (L.spellings.h_from_step_size, 5e-324, "step_size"),
    ],
)
def test_a_step_size_beyond_float64_is_named(call, value, name):
    with pytest.raises(ValueError, match=rf"^{name} must give a number within float64, got"):
        call(value)
