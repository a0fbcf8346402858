"""Estimates of gradients over classes: many variables at once, extremes, bad input."""

import mpmath
import numpy as np
import pytest
from functions_of_codes import Exponential

from refscore.discrete import gradients as g

LOGITS = np.array([0.4, 1.3, -0.6])
F = Exponential(3)
DRAWN = {
    "score_function_gradient": (), "leave_one_out_gradient": (), "straight_through_gradient": (),
    "relaxed_gradient": (0.5,), "straight_through_relaxed_gradient": (0.5,),
    "control_variate_gradient": (Exponential(3),),
}  # fmt: skip


@pytest.mark.parametrize("name", DRAWN)
def test_rows_of_logits_are_variables_of_their_own(name):
    logits = np.random.default_rng(1).normal(size=(4, 2, 3))
    gumbels = np.random.default_rng(2).gumbel(size=(5, 4, 2, 3))
    estimate = getattr(g, name)
    got = estimate(logits, F, *DRAWN[name], gumbels)
    assert got.shape == (5, 4, 2, 3)
    for i, j in np.ndindex(4, 2):
        alone = estimate(logits[i, j], F, *DRAWN[name], gumbels[:, i, j])
        np.testing.assert_allclose(got[:, i, j], alone, rtol=1e-12, atol=1e-14)


def test_rebar_takes_every_row_with_its_own_numbers():
    rng = np.random.default_rng(1)
    logits, gumbels = rng.normal(size=(4, 2, 3)), rng.gumbel(size=(5, 4, 2, 3))
    uniforms = rng.random((5, 4, 2, 3))
    got = g.rebar_gradient(logits, F, 0.6, 0.9, gumbels, uniforms)
    for i, j in np.ndindex(4, 2):
        own = g.rebar_gradient(logits[i, j], F, 0.6, 0.9, gumbels[:, i, j], uniforms[:, i, j])
        np.testing.assert_allclose(got[:, i, j], own, rtol=1e-12, atol=1e-14)


def test_no_variables_have_no_gradients():
    none, u = np.zeros((0, 3)), np.zeros((2, 0, 3))
    assert g.expectation(none, F).shape == (0,)
    assert g.expectation_gradient(none, F).shape == (0, 3)
    assert g.rebar_gradient(none, F, 0.6, 0.9, u, u).shape == (2, 0, 3)
    assert g.leave_one_out_gradient(none, F, u).shape == (2, 0, 3)


def test_what_is_left_out_of_a_call():
    """One draw; two where one is left out; an average of nine tenths from zero; a scale of one."""
    for name in {*DRAWN, "rebar_gradient"} - {"leave_one_out_gradient"}:
        assert getattr(g, name)(LOGITS, F, *DRAWN.get(name, (0.5,)), rng=0).shape == (1, 3)
    assert g.relax_gradient(LOGITS, F, g.Relaxed(F, 0.5), rng=0).shape == (1, 3)
    assert g.leave_one_out_gradient(LOGITS, F, rng=0).shape == (2, 3)
    np.testing.assert_allclose(g.running_baseline([3.0, 1.0, 2.0]), [0, 0.3, 0.37], rtol=1e-14)
    np.testing.assert_array_equal(g.running_baseline([3.0, 1.0, 2.0], decay=0), [0, 3, 1])
    gumbels, uniforms = np.random.default_rng(0).uniform(size=(2, 4, 3))
    for scale in ((), (1.0,)):
        surrogate = g.Relaxed(F, 0.5, *scale)
        np.testing.assert_array_equal(
            g.relax_gradient(LOGITS, F, surrogate, gumbels, uniforms),
            g.rebar_gradient(LOGITS, F, 0.5, gumbels=gumbels, uniforms=uniforms),
        )
        y = np.exp([-4.0, -2.0, 0.0])  # of z/τ, as z = 0, 1, 2
        assert surrogate([0.0, 1.0, 2.0]) == pytest.approx(F(y / y.sum()))


@pytest.mark.parametrize("name", [*DRAWN, "rebar_gradient"])
@pytest.mark.parametrize(
    ("logits", "temperature"),
    [([1e4, -1e4, 0.0], 1e-3), ([-np.inf, 0.3, -1e4], 1e-3), ([1e4, 1e4, -np.inf], 1.0)],
)
def test_extreme_logits_and_temperatures_stay_finite(name, logits, temperature):
    more = DRAWN.get(name, (0.5,))
    more = (temperature,) if more == (0.5,) else more
    got = getattr(g, name)(logits, F, *more, rng=0, n_draws=50)
    assert np.isfinite(got).all()
    assert (got[:, np.isneginf(logits)] == 0).all()
    if g.best_baseline(logits, np.arange(3)) in (0.0, 1.0):  # one class has all
        assert (got == 0).all()


def test_one_class_has_one_node_and_nothing_to_estimate():
    for logits in ([3.0], [-np.inf, 3.0], [-100.0, 3.0, -np.inf]):
        nodes = g.concrete_nodes(logits, 0.5)
        np.testing.assert_array_equal(nodes.points, [np.equal(logits, 3.0)])
        assert nodes.weights == 1
        for part in g.relaxed_moments(logits, Exponential(len(logits)), 0.5):
            assert not part.any()


def test_extreme_logits_have_exact_gradients():
    np.testing.assert_array_equal(g.expectation_gradient([1e4, -1e4, -np.inf], F), 0)
    moments = g.relaxed_moments([0.3, -np.inf, 1.1], F, 1e-3)
    exact = g.expectation_gradient([0.3, -np.inf, 1.1], F)
    np.testing.assert_allclose(moments.mean, exact, atol=0.01)


@pytest.mark.parametrize("gap", [3.0, 18.42, 21.0, 40.0, 300.0])
def test_a_class_that_has_almost_all_keeps_its_digits(gap):
    logits, f = [-gap, -gap - 0.3, 0.0], [5, 9, 2]
    with mpmath.workdps(300):
        p = [mpmath.exp(l) for l in logits]
        p = [a / mpmath.fsum(p) for a in p]
        mean = mpmath.fdot(p, f)
        slopes = [float(a * (v - mean)) for a, v in zip(p, f)]
        weights = [a * ((1 - a) ** 2 + mpmath.fdot(p, p) - a * a) for a in p]
        best = float(mpmath.fdot(weights, f) / mpmath.fsum(weights))
    found = g.expectation_gradient(logits, np.array(f, dtype=float))
    np.testing.assert_allclose(found, slopes, rtol=2e-14 + 1e-16 * gap)
    assert g.best_baseline(logits, f) == pytest.approx(best, rel=2e-15, abs=0)


def test_a_million_classes():
    logits = np.zeros(10**6)
    logits[7] = 1e4
    values = np.arange(1e6)
    assert g.expectation(logits, values) == 7
    found = g.expectation_gradient(0 * logits, values)
    np.testing.assert_allclose(found, values / 1e6 - 0.4999995, atol=1e-12)
    w = np.linspace(0, 1, 10**6)

    def f(y):
        return y @ w

    f.gradient = lambda y: np.broadcast_to(w, y.shape)
    for estimate, more in ((g.score_function_gradient, ()), (g.relaxed_gradient, (1e-3,))):
        got = estimate(logits, f, *more, rng=0)
        assert got.shape == (1, 10**6)
        assert not got.any()  # the one class there is


def test_single_precision_is_welcome_and_answered_in_double():
    gumbels = np.random.default_rng(0).gumbel(size=(4, 3)).astype(np.float32)
    got = g.relaxed_gradient(LOGITS.astype(np.float32), F, 0.7, gumbels)
    assert got.dtype == np.float64
    want = g.relaxed_gradient(
        LOGITS.astype(np.float32).astype(float), F, 0.7, gumbels.astype(float)
    )
    np.testing.assert_array_equal(got, want)


def test_uniforms_of_zero_are_moved_inside():
    gumbels, uniforms = np.zeros((2, 3)), np.array([[0.0, 0.9, 0.5], [0.0, 0.0, 0.0]])
    assert np.isfinite(g.rebar_gradient(LOGITS, F, 0.7, 1.0, gumbels, uniforms)).all()


# --- bad input -------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [*DRAWN, "rebar_gradient"])
@pytest.mark.parametrize(
    ("logits", "said"),
    [([], "K >= 1"), ([np.nan, 0.0], "NaN|nan"), ([-np.inf, -np.inf], "-inf"),
     ([np.inf, 0.0], "inf"), (0.5, "K >= 1"), (["a"], "real numbers")],
)  # fmt: skip
def test_bad_logits_are_refused(name, logits, said):
    more = DRAWN.get(name, (0.5,))
    with pytest.raises((ValueError, TypeError), match=f"logits.*({said})"):
        getattr(g, name)(logits, F, *more, rng=0)


@pytest.mark.parametrize("temperature", [0.0, -1.0, np.nan, np.inf])
def test_bad_temperatures_are_refused(temperature):
    for estimate in (g.relaxed_gradient, g.straight_through_relaxed_gradient, g.rebar_gradient):
        with pytest.raises(ValueError, match="temperature"):
            estimate(LOGITS, F, temperature, rng=0)
    for function in (lambda t: g.concrete_nodes(LOGITS, t), lambda t: g.Relaxed(F, t)):
        with pytest.raises(ValueError, match="temperature"):
            function(temperature)


def test_functions_of_the_wrong_shape_or_without_gradient_are_refused():
    with pytest.raises(ValueError, match=r"f must give one number a vector.*\(1,\)"):
        g.score_function_gradient(LOGITS, lambda y: y, rng=0)
    with pytest.raises(TypeError, match=r"f must offer .gradient"):
        g.straight_through_gradient(LOGITS, lambda y: y.sum(-1), rng=0)
    with pytest.raises(TypeError, match=r"surrogate must offer .gradient"):
        g.relax_gradient(LOGITS, F, lambda y: y.sum(-1), rng=0)
    wrong = Exponential(3)
    wrong.gradient = lambda y: y.sum(-1)
    with pytest.raises(ValueError, match=r"f.gradient\(y\) must have the shape of y"):
        g.relaxed_gradient(LOGITS, wrong, 0.5, rng=0)
    with pytest.raises(ValueError, match=r"values of f must be finite"):
        g.score_function_gradient(LOGITS, lambda y: np.nan * y[..., 0], rng=0)
    with pytest.raises(ValueError, match=r"f must be a function or its values"):
        g.expectation(LOGITS, np.zeros(2))


def test_draws_are_given_or_drawn_and_of_the_right_shape():
    with pytest.raises(ValueError, match="gumbels and rng must not both"):
        g.score_function_gradient(LOGITS, F, np.zeros((2, 3)), rng=0)
    with pytest.raises(ValueError, match=r"gumbels must have shape \(m, 3\)"):
        g.score_function_gradient(LOGITS, F, np.zeros(3))
    with pytest.raises(ValueError, match="both be given, or neither"):
        g.rebar_gradient(LOGITS, F, 0.5, 1.0, np.zeros((2, 3)))
    with pytest.raises(ValueError, match=r"uniforms must lie in \[0, 1\)"):
        g.rebar_gradient(LOGITS, F, 0.5, 1.0, np.zeros((2, 3)), np.full((2, 3), 1.5))
    with pytest.raises(ValueError, match="uniforms must have the shape of gumbels"):
        g.rebar_gradient(LOGITS, F, 0.5, 1.0, np.zeros((2, 3)), np.full((4, 3), 0.5))
    with pytest.raises(ValueError, match="at least two draws"):
        g.leave_one_out_gradient(LOGITS, F, np.zeros((1, 3)))
    with pytest.raises(ValueError, match="baseline must be a number or have the shape"):
        g.score_function_gradient(LOGITS, F, np.zeros((2, 3)), baseline=np.zeros(3))
    with pytest.raises(ValueError, match="n_draws must be at least 2, got 1"):
        g.leave_one_out_gradient(LOGITS, F, rng=0, n_draws=1)
    with pytest.raises(ValueError, match=r"values must have shape \(m, ...\), got a scalar"):
        g.running_baseline(3.0)
    with pytest.raises(ValueError, match="decay must be below 1"):
        g.running_baseline(np.zeros(3), decay=1.0)
    with pytest.raises(ValueError, match="logits must give at most 3 classes a probability, got 4"):
        g.concrete_nodes(np.zeros(4), 1.0)
