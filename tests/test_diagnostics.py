"""Diagnostics of chains against formulas, and against chains whose autocorrelation is known."""

import sys
from importlib.util import find_spec

import numpy as np
import pytest

from refscore import diagnostics, langevin
from refscore.distributions import Gaussian

HERE = {name: find_spec(name) for name in ("arviz_stats", "arviz_base")}
stats = pytest.mark.skipif(HERE["arviz_stats"] is None, reason="arviz-stats is not installed")
base = pytest.mark.skipif(HERE["arviz_base"] is None, reason="arviz-base is not installed")
VARIANCE, ETA, COPIES = 1.5, 0.6, 60


@pytest.fixture(scope="module")
def chains():
    """Four stationary chains of 60 independent coordinates: 60 estimates of everything."""
    law = Gaussian(np.zeros(COPIES), VARIANCE)
    a = 1 - ETA / 2 / VARIANCE
    rng = np.random.default_rng()
    x0 = np.sqrt(ETA / (1 - a * a)) * rng.standard_normal((4, COPIES))
    return langevin.run(langevin.ula(law.score, ETA), x0, 5000, rng=rng, trajectory=True)


@stats
@pytest.mark.parametrize("method", ["bulk", "mean"])
def test_the_effective_sample_size_of_the_unadjusted_chain(chains, method):
    """(1 + a)/(1 - a) = (2 lambda - h)/h = 9 with h = eta/2, within 6 standard errors and 3%
    for the truncated sum; a factor 2 in the step size or the lag would be 2.1."""
    h = ETA / 2
    iact = (2 * VARIANCE - h) / h
    assert iact == pytest.approx(9)
    ratio = diagnostics.ess(chains, method=method) * iact / (4 * 5000)
    assert ratio.shape == (COPIES,)
    assert abs(ratio.mean() - 1) < 0.03 + 6 * ratio.std() / np.sqrt(COPIES)


@stats
def test_the_error_of_the_mean_is_the_closed_form(chains):
    h = ETA / 2
    variance, iact = 2 * VARIANCE**2 / (2 * VARIANCE - h), (2 * VARIANCE - h) / h
    ratio = diagnostics.mcse(chains) / np.sqrt(variance * iact / (4 * 5000))
    assert abs(ratio.mean() - 1) < 0.03 + 6 * ratio.std() / np.sqrt(COPIES)
    means = chains.trajectory.mean(axis=(0, 1)) / diagnostics.mcse(chains)
    assert abs(np.mean(means**2) - 1) < 6 * np.sqrt(2 / COPIES)  # it is the means' error


@stats
def test_chains_of_one_law_agree_and_a_shifted_chain_does_not(chains):
    assert diagnostics.rhat(chains).max() < 1.03
    shifted = chains.trajectory + np.array([0.0, 0.0, 0.0, 3.0])[:, None]
    assert diagnostics.rhat(shifted).min() > 1.3


@stats
def test_r_hat_is_its_formula_on_any_shape():
    x = np.random.default_rng(1).standard_normal((40, 2, 3, 2)) + np.arange(3)[:, None] / 3
    found = diagnostics.rhat(x, method="identity")
    for i in range(2):
        m = x[..., i].reshape(40, 6)
        W, B = m.var(axis=0, ddof=1).mean(), 40 * m.mean(axis=0).var(ddof=1)
        assert found[i] == pytest.approx(np.sqrt((39 / 40 * W + B / 40) / W), rel=1e-12)
    halves = np.concatenate([x[:20].reshape(20, 6, 2), x[20:].reshape(20, 6, 2)], axis=1)
    again = diagnostics.rhat(halves, method="identity")
    np.testing.assert_allclose(diagnostics.rhat(x, method="split"), again, rtol=1e-12)


@stats
def test_independent_draws_count_in_full_and_every_method_answers():
    x = np.random.default_rng().standard_normal((4000, 4, 20))
    for method, low in (("bulk", 0.9), ("mean", 0.9), ("median", 0.8), ("tail", 0.8), ("sd", 0.8)):
        assert diagnostics.ess(x, method=method).mean() > low * 16_000
    assert diagnostics.ess(x[:, 0]).shape == (20,)
    for method in ("mean", "sd", "median"):
        assert (diagnostics.mcse(x, method=method) > 0).all()
    for method in ("rank", "split", "folded"):
        assert diagnostics.rhat(x, method=method).max() < 1.02


@base
def test_to_arviz_keeps_chains_draws_and_coordinates_apart():
    x = np.arange(5 * 3 * 2.0).reshape(5, 3, 2)
    for given in (x, langevin.Run(x[-1], None, None, 15, x)):
        tree = diagnostics.to_arviz(given, name="position")
        found = tree["posterior"]["position"]
        assert found.dims[:2] == ("chain", "draw")
        np.testing.assert_array_equal(found.values, np.moveaxis(x, 0, 1))
    assert diagnostics.to_arviz(x[:, 0])["posterior"]["x"].shape == (1, 5, 2)


@pytest.mark.parametrize("call", [diagnostics.rhat, diagnostics.ess, diagnostics.mcse,
                                  diagnostics.to_arviz])  # fmt: skip
def test_a_missing_package_names_the_extra(call, monkeypatch):
    for name in ("arviz_stats", "arviz_stats.base", "arviz_base"):
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(ImportError, match=r"extra `arviz`: pip install 'refscore\[arviz\]'"):
        call(np.zeros((8, 2)))


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: diagnostics.rhat(np.zeros(9)), r"chains must have shape \(n, d\)"),
        (lambda: diagnostics.ess(np.zeros((3, 2))), "chains must hold at least 4 draws, got 3"),
        (lambda: diagnostics.ess([[np.nan]] * 9), r"chains must be finite, got nan at index"),
        (lambda: diagnostics.mcse(np.zeros((9, 2)), method="tail"), "method must be one of mean"),
        (lambda: diagnostics.rhat(langevin.Run(np.zeros(2), None, None, 0, None)), "trajectory=Tr"),
        (lambda: diagnostics.to_arviz(np.zeros((9, 2)), name=3), "name must be a string"),
    ],
)
def test_bad_input_is_named(call, words):
    with pytest.raises((ValueError, TypeError), match=words):
        call()


@stats
def test_one_chain_is_compared_with_itself_in_halves():
    x = np.random.default_rng(1).standard_normal((41, 3))
    halves = np.stack([x[:20], x[-20:]], axis=1)
    for i, found in enumerate(diagnostics.rhat(x, method="split")):
        W, B = halves[..., i].var(0, ddof=1).mean(), 20 * halves[..., i].mean(0).var(ddof=1)
        assert found == pytest.approx(np.sqrt((19 / 20 * W + B / 20) / W), rel=1e-12)
    y = np.random.default_rng().standard_normal((4000, 5))
    for method in ("rank", "split", "folded", "z_scale"):
        found = diagnostics.rhat(y, method=method)
        assert ((found > 0.99) & (found < 1.02)).all()
        assert diagnostics.rhat(y + np.linspace(0, 9, 4000)[:, None] ** 2).min() > 1.5
    with pytest.raises(ValueError, match='two chains or more for method "identity"'):
        diagnostics.rhat(y, method="identity")


@stats
def test_a_frozen_coordinate_has_no_sample_size_and_no_error():
    x = np.random.default_rng(2).standard_normal((50, 4, 3))
    x[..., 1] = 7.0
    for method in ("bulk", "tail", "mean", "sd", "median", "mad", "z_scale"):
        found = diagnostics.ess(x, method=method)
        assert np.isnan(found[1])
        if method != "tail":
            assert np.isfinite(found[[0, 2]]).all()
    for method in ("mean", "sd", "median"):
        assert list(np.isnan(diagnostics.mcse(x, method=method))) == [False, True, False]
    assert list(np.isnan(diagnostics.rhat(x))) == [False, True, False]
