"""Strong orders along one Wiener path, and weak ones of steps that no identity measures."""

import numpy as np
import pytest

from refscore import diffusion, distributions, laws, processes

VP = processes.VP()
LINE = distributions.GaussianMixture([0.3, 0.7], [[1.5], [-1.0]], [0.3, 0.1])
GAUSSIAN = distributions.Gaussian([0.5], [[0.3]])
T, S = 0.5, 0.15


def _order(counts, errors):
    return np.polyfit(np.log(1 / np.asarray(counts)), np.log(errors), 1)[0]


@pytest.mark.parametrize("law", [GAUSSIAN, LINE], ids=["Gaussian", "mixture"])
@pytest.mark.parametrize("make", [diffusion.euler_maruyama, diffusion.stochastic_heun])
def test_strong_order_is_one_as_the_noise_is_additive(make, law):
    counts, fine = (8, 16, 32, 64), 512
    rng = np.random.default_rng(4)
    x = diffusion.diffused(VP, law, T).sample(400, rng=rng)
    z = rng.standard_normal((fine, 400, 1))

    def end(n):
        times = np.linspace(T, S, n + 1)
        noise = z.reshape(n, fine // n, 400, 1).sum(1) / np.sqrt(fine // n)
        return diffusion.sample(make(VP, law), x, times, noise=noise)

    right = end(fine)
    errors = [np.sqrt(np.mean((end(n) - right) ** 2)) for n in counts]
    assert _order(counts, errors) == pytest.approx(1.0, abs=0.25)


def _moment_errors(step, law, counts):
    """What the variance (Gaussian) or the second moment (mixture) misses after N steps."""
    start, end = (diffusion.diffused(VP, law, u) for u in (T, S))
    y = np.linspace(-6, 6, 801)
    errors = []
    for n in counts:
        times = np.linspace(T, S, n + 1)
        if law is GAUSSIAN:
            found = laws.sampler_law(step, start.mean, start.covariance, times).covariance
            errors.append(abs(found - end.covariance).item())
        else:
            p = laws.sampler_density(step, start, times, y, -9, 9)
            right = np.exp(end.log_density(y[:, None]))
            errors.append(abs((p - right) @ y**2 * (y[1] - y[0])))
    return errors


STEPS = {
    "half the noise": (lambda law: diffusion.euler_maruyama(VP, law, 0.5), 1),
    "implicit, half the noise": (lambda law: diffusion.ddim(VP, law, 0.5), 1),
    "ancestral, large variance": (lambda law: diffusion.ancestral(VP, law, "large"), 1),
}


@pytest.mark.parametrize("name", STEPS)
@pytest.mark.parametrize("law", [GAUSSIAN, LINE], ids=["Gaussian", "mixture"])
def test_weak_order_on_the_variance_and_on_a_mixture(name, law):
    make, order = STEPS[name]
    counts = (8, 16, 32)
    errors = _moment_errors(make(law), law, counts)
    assert _order(counts, errors) == pytest.approx(order, abs=0.25)


def test_a_corrector_of_fixed_size_leaves_a_bias_of_its_own_size():
    """η per step keeps the law to O(η): with η in proportion to h the order is still 1."""
    predictor = diffusion.euler_maruyama(VP, GAUSSIAN)
    counts, errors = (8, 16, 32, 64), []
    for n in counts:
        step = diffusion.predictor_corrector(predictor, step_size=0.5 / n)
        errors += _moment_errors(step, GAUSSIAN, (n,))
    assert _order(counts, errors) == pytest.approx(1.0, abs=0.25)
