"""What all steps have in common: rows, layouts, types, errors, and no write to what came in."""

import numpy as np
import pytest

from refscore import langevin
from refscore.distributions import Gaussian, GaussianMixture


def mixture(d):
    means = np.zeros((2, d))
    means[:, 0] = -1, 1
    return GaussianMixture([0.4, 0.6], means, np.array([0.5, 1.3]))


def every_step(p, score=None, log_density=None):
    """name -> step, for points of p's dimension, on score functions of one's own if given."""
    s, f = score or p.score, log_density or p.log_density
    G = np.diag(np.linspace(0.5, 1.5, p.dim))
    return {
        "ula": langevin.ula(s, 0.2),
        "preconditioned": langevin.preconditioned(s, 0.2, G),
        "gradient_ascent": langevin.gradient_ascent(s, 0.2),
        "mala": langevin.mala(f, s, 0.5),
        "mala in a metric": langevin.mala(f, s, 0.5, G),
        "random_walk": langevin.random_walk(f, 0.8),
        "barker": langevin.barker(f, s, 0.8),
        "hmc": langevin.hmc(f, s, 0.3, 3),
        "unadjusted hmc": langevin.hmc(f, s, 0.3, 3, adjusted=False),
        "BAOAB": langevin.underdamped(s, 0.3, 1.0),
        "ABOBA": langevin.underdamped(s, 0.3, 1.0, "ABOBA"),
        "OBABO": langevin.underdamped(s, 0.3, 1.0, "OBABO"),
        "OABAO": langevin.underdamped(s, 0.3, 1.0, "OABAO"),
        "sgld": langevin.sgld(lambda x, xi: s(x) + 0.3 * xi, 0.2),
        "corrector": langevin.corrector(s, 0.16),
    }


NAMES = list(every_step(mixture(2)))
KINETIC = ("BAOAB", "ABOBA", "OBABO", "OABAO")


def inputs(name, step, lead, d, seed=0):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(*lead, 2 * d if name in KINETIC else d))
    parts = [
        rng.standard_normal(s) if part == "normal" else rng.random(s)
        for part, s in zip(step.parts, step.noise_shapes(x.shape))
    ]
    return x, parts


def handed(parts):
    return tuple(parts) if len(parts) > 1 else parts[0] if parts else None


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("lead", [(), (4,), (2, 3), (0,)])
def test_rowwise_and_untouched(name, lead):
    step = every_step(mixture(2))[name]
    x, parts = inputs(name, step, lead, 2)
    for array in (x, *parts):
        array.flags.writeable = False
    found = step(x, handed(parts))
    assert found.shape == x.shape
    assert found.dtype == np.float64
    for i in np.ndindex(lead):
        alone = step(x[i], handed([part[i] for part in parts]))
        np.testing.assert_allclose(found[i], alone, rtol=1e-12, atol=1e-14)
    assert not np.may_share_memory(found, x)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("d", [1, 1000])
def test_any_dimension(name, d):
    step = every_step(mixture(d))[name]
    x, parts = inputs(name, step, (3,), d)
    parts = [0 * part if kind == "uniform" else part for kind, part in zip(step.parts, parts)]
    found = step(x, handed(parts))
    assert np.isfinite(found).all()
    assert np.abs(found - x).max() > 1e-3


@pytest.mark.parametrize("name", NAMES)
def test_layouts_and_types_of_other_kinds(name):
    step = every_step(mixture(2))[name]
    x, parts = inputs(name, step, (5,), 2)
    x, parts = np.round(x * 4), [np.round(part * 16) / 16 for part in parts]
    expected = step(x, handed(parts))
    single = step(x.astype(np.float32), handed([part.astype(np.float32) for part in parts]))
    np.testing.assert_allclose(single, expected, rtol=1e-12)
    assert single.dtype == np.float64
    np.testing.assert_allclose(step(x.astype(int), handed(parts)), expected, rtol=1e-12)
    np.testing.assert_allclose(step(x.tolist(), handed(parts)), expected, rtol=1e-12)
    strided = np.repeat(x, 2, axis=0)[::2]
    columns = handed([np.asfortranarray(part) for part in parts])
    np.testing.assert_allclose(step(strided, columns), expected, rtol=1e-12)


@pytest.mark.parametrize("name", NAMES)
def test_functions_that_write_to_their_argument_or_reuse_their_answer_do_no_harm(name):
    p = mixture(2)
    buffers = {}

    def score(x):
        out = buffers.setdefault(("s", x.shape), np.empty(x.shape))
        out[...] = p.score(x)
        x[...] = np.nan
        return out

    def log_density(x):
        out = buffers.setdefault(("p", x.shape), np.empty(x.shape[:-1]))
        out[...] = p.log_density(x)
        x[...] = np.nan
        return out

    plain, rude = every_step(p)[name], every_step(p, score, log_density)[name]
    x0, _ = inputs(name, plain, (20,), 2)
    expected = langevin.run(plain, x0, 15, rng=4)
    found = langevin.run(rude, x0, 15, rng=4)
    np.testing.assert_allclose(found.x, expected.x, rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize("name", NAMES)
def test_noise_of_another_shape_is_refused(name):
    step = every_step(mixture(2))[name]
    x, parts = inputs(name, step, (5,), 2)
    if not parts:
        with pytest.raises(ValueError, match="noise must be None"):
            step(x, np.zeros_like(x))
        return
    for i in range(len(parts)):
        wrong = [*parts[:i], parts[i][:1], *parts[i + 1 :]]
        with pytest.raises(ValueError, match=r"^noise(\[\d\])? must have the shape"):
            step(x, handed(wrong))
    with pytest.raises((ValueError, TypeError), match="noise"):
        step(x, None)
    with pytest.raises((ValueError, TypeError), match="noise"):
        step(x, (*parts, parts[0]))


@pytest.mark.parametrize("name", NAMES)
def test_points_must_be_points(name):
    step = every_step(mixture(2))[name]
    x, parts = inputs(name, step, (5,), 2)
    with pytest.raises(ValueError, match=r"^x must"):
        step(1.0, handed(parts))
    with pytest.raises(TypeError, match=r"^x must"):
        step("x", handed(parts))


@pytest.mark.parametrize("name", ["ula", "preconditioned", "BAOAB", "OBABO", "unadjusted hmc"])
def test_noise_that_is_not_finite_stays_in_its_row(name):
    step = every_step(Gaussian(np.zeros(2), 1.0), score=lambda x: -x)[name]
    x, parts = inputs(name, step, (5,), 2)
    expected = step(x, handed(parts))
    parts[0][2, 0] = np.nan
    found = step(x, handed(parts))
    assert np.isnan(found[2]).any()
    np.testing.assert_array_equal(np.delete(found, 2, 0), np.delete(expected, 2, 0))


@pytest.mark.parametrize("name", NAMES)
def test_far_points_are_answered(name):
    """1e150 standard deviations away: no warning, and on a Gaussian a finite answer."""
    step = every_step(Gaussian(np.zeros(2), 1.0))[name]
    x, parts = inputs(name, step, (2,), 2)
    x[0] = 1e150
    assert np.isfinite(step(x, handed(parts))).all()


@pytest.mark.parametrize("name", NAMES)
def test_the_state_is_the_map(name):
    step = every_step(mixture(2))[name]
    x, _ = inputs(name, step, (6,), 2)
    state = step.start(x)
    for seed in range(5):
        _, parts = inputs(name, step, (6,), 2, seed)
        state, x = step.advance(state, handed(parts)), step(x, handed(parts))
        np.testing.assert_array_equal(state.x, x)
