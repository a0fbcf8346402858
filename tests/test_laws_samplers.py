"""Exact laws of reverse samplers: on draws, under other processes, and what is refused."""

from types import SimpleNamespace

import numpy as np
import pytest

from refscore import diffusion, distributions, laws, oracles, processes
from refscore.identities import catalogue, settings
from refscore.identities.cases import Description, Law
from refscore.verify import Subject, evaluate
from refscore.verify.library.reverse import Reverse

VP = processes.VP()
LINE = distributions.GaussianMixture([0.3, 0.7], [[1.5], [-1.0]], [0.3, 0.1])
GAUSSIAN = distributions.Gaussian([0.5, -1.0], [[1.0, 0.3], [0.3, 0.5]])
TIMES = np.array([0.8, 0.5, 0.33, 0.3])
GRID = np.linspace(-20, 20, 4001)


def test_no_step_leaves_the_start_and_may_denoise_it():
    step = diffusion.euler_maruyama(VP, GAUSSIAN)
    start = np.array([1.0, 2.0]), np.diag([0.5, 2.0])
    law = laws.sampler_law(step, *start, [0.4])
    assert np.array_equal(law.mean, start[0])
    assert np.array_equal(law.covariance, start[1])
    alpha, sigma = (float(v) for v in VP.marginal(0.4))
    clean = laws.sampler_law(step, *start, [0.4], last="denoise")
    S = alpha**2 * GAUSSIAN.covariance + sigma**2 * np.eye(2)
    gain = alpha * GAUSSIAN.covariance @ np.linalg.inv(S)
    mean = GAUSSIAN.mean + gain @ (start[0] - alpha * GAUSSIAN.mean)
    assert np.allclose(clean.mean, mean, rtol=1e-12)
    assert np.allclose(clean.covariance, gain @ start[1] @ gain.T, rtol=1e-12)


class Bashforth(diffusion.ReverseStep):
    """x' = x - h (3/2 v_t - 1/2 v before), Euler first: memory of one slope."""

    memory = 1

    def advance(self, state, t, s, noise=None):
        x, *past = state
        v = diffusion.flow_velocity(self.process, GAUSSIAN)(x, t)
        slope = v if not past else 1.5 * v - 0.5 * past[0][1]
        return x - (t - s) * slope, (t, v)


@pytest.mark.parametrize(
    "step",
    [
        diffusion.predictor_corrector(diffusion.euler_maruyama(VP, GAUSSIAN), step_size=0.1),
        Bashforth(VP, GAUSSIAN),
    ],
)
def test_two_noises_and_memory_by_points_and_signs(step):
    """Mean and covariance of an affine sampler are those over all signs of standard deviations."""
    n = 2 + 3 * step.noises * 2
    root = np.linalg.cholesky(np.array([[0.7, 0.2], [0.2, 1.1]]))
    ends = np.zeros((2 * n + 1, 2))
    unit = np.vstack([np.zeros(n), np.eye(n), -np.eye(n)])
    x = np.array([0.3, -0.4]) + unit[:, :2] @ root.T
    noise = np.moveaxis(unit[:, 2:].reshape(2 * n + 1, 3, step.noises, 2), 0, 2)
    ends = diffusion.sample(step, x, TIMES, **({"noise": noise} if step.noises else {}))
    law = laws.sampler_law(step, [0.3, -0.4], root @ root.T, TIMES)
    assert np.allclose(law.mean, ends[0], rtol=1e-12)
    spread = ends[1 : n + 1] - ends[0]
    assert np.allclose(law.covariance, spread.T @ spread, rtol=1e-11)


def test_mixtures_and_clipping_are_no_affine_steps():
    mixture = diffusion.euler_maruyama(VP, LINE)
    with pytest.raises(ValueError, match="step must be affine"):
        laws.sampler_law(mixture, [0.0], [[1.0]], TIMES)

    class Clipped(diffusion.ReverseStep):
        def plan(self, t, s):
            return lambda x, noise: np.clip(x, -1, 1)

    with pytest.raises(ValueError, match="step must be affine"):
        laws.sampler_law(Clipped(VP, GAUSSIAN), [0.0, 0.5], np.eye(2), TIMES)


@pytest.mark.parametrize("last", ["noise", "mean", "denoise"])
@pytest.mark.parametrize(
    "make", [diffusion.euler_maruyama, diffusion.ddim, diffusion.flow_heun, diffusion.ancestral]
)
def test_density_on_gaussian_data_is_that_of_the_law(make, last):
    data, start = distributions.Gaussian([0.4], [[0.3]]), distributions.Gaussian([0.2], [[1.3]])
    step, c = make(VP, data), np.linspace(-2, 3, 11)
    got = laws.sampler_density(step, start, TIMES, c, -25, 25, last=last)
    law = laws.sampler_law(step, [0.2], [[1.3]], TIMES, last=last)
    right = np.exp(law.log_density(c[:, None]))
    assert np.abs(got - right).max() < 1e-7 * right.max()


def test_density_on_a_mixture_is_that_of_draws_and_keeps_its_mass():
    step, start = diffusion.euler_maruyama(VP, LINE), distributions.Gaussian([0.0], [[1.0]])
    density = laws.sampler_density(step, start, TIMES, GRID, -25, 25, last="mean")
    mass = density * (GRID[1] - GRID[0])
    assert mass.sum() == pytest.approx(1, abs=1e-6)
    n = 40_000
    x = diffusion.sample(step, start.sample(n, rng=2), TIMES, rng=2, last="mean")[:, 0]
    for power in (1, 2, 3):
        mean = mass @ GRID**power
        sd = np.sqrt(mass @ GRID ** (2 * power) - mean**2)
        assert abs((x**power).mean() - mean) < 6 * sd / np.sqrt(n)


def test_density_refusals():
    start = distributions.Gaussian([0.0], [[1.0]])
    wide = diffusion.stochastic_heun(VP, LINE)
    with pytest.raises(ValueError, match="b the same for every x"):
        laws.sampler_density(wide, start, TIMES, [0.0], -9, 9)
    step = diffusion.euler_maruyama(VP, LINE)
    with pytest.raises(ValueError, match="low and high must hold the whole law"):
        laws.sampler_density(step, start, TIMES, [0.0], -1, 1)
    with pytest.raises(ValueError, match="allow a grid of at most 8192"):
        laws.sampler_density(step, start, [1e-3, 1e-9, 0.0], [0.0], -90, 90)
    both = diffusion.predictor_corrector(step, step_size=0.1)
    with pytest.raises(ValueError, match="at most one noise"):
        laws.sampler_density(both, start, TIMES, [0.0], -9, 9)


OTHERS = {
    "ve": {"sigma_min": 0.01, "sigma_max": 5.0, "exact": True},
    "sub_vp": {"beta_min": 0.1, "beta_max": 20.0},
    "straight": {},
    "cosine": {},
}
ROWS = ("F7", "F8", "F9", "F9-flow-heun", "F9-ancestral", "F9-ddim", "F9-corrected", "F13")


@pytest.mark.parametrize("kind", OTHERS)
def test_identities_hold_under_other_processes(kind):
    from refscore.verify.timed import forward

    described = Description(kind, **OTHERS[kind])
    ports = Reverse(forward(described))
    names = [name for name in dir(ports) if not name.startswith("_") and name != "process"]
    source = SimpleNamespace(**{name: getattr(ports, name) for name in names})
    source.process = {"kind": kind, **OTHERS[kind]}
    subject = Subject(source)
    for entry in catalogue().values():
        if entry.id in ROWS:
            for case in list(entry.cases())[::4]:
                judged = evaluate(entry, subject, 1e-6, cases=[case])
                assert judged.verdict == "holds", (entry.id, case.name, judged)


def test_the_oracle_refuses_what_has_no_exact_law():
    with pytest.raises(ValueError, match="gaussian data"):
        oracles.reverse.law_after(
            settings.mixture(2), settings.VP, "ddim", TIMES, np.zeros(2), np.eye(2)
        )
    assert Law("gaussian", mean=[0.0], covariance=[[1.0]]).kind == "gaussian"
