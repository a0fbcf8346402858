"""Forward processes against their moment equations, their definitions and 50 digits."""

import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from refscore.oracles import diffusion as oracle
from refscore.processes import EDM, VE, VP, Cosine, Process, Straight, SubVP
from refscore.verify.timed import FORWARD

PROCESSES = [
    VP(), VP(0.0, 3.0), VP(2.0, 2.0), VE(), VE(0.01, 50.0, exact=True), VE(0.5, 0.6),
    SubVP(), SubVP(0.0, 3.0), EDM(), EDM(0.7), Straight(), Cosine(), Cosine(0.0),
    Cosine(0.02, 0.99),
]  # fmt: skip
TIMES = st.floats(0.02, 0.98)
every = pytest.mark.parametrize("process", PROCESSES, ids=repr)


def derivative(f, t, h):
    """Richardson on central differences, error O(h⁶)."""
    d = [(f(t + k * h) - f(t - k * h)) / (2 * k * h) for k in (1, 2, 3)]
    return 1.5 * d[0] - 0.6 * d[1] + 0.1 * d[2]


@every
@settings(max_examples=12, deadline=None)
@given(TIMES)
def test_moments_obey_the_linear_equation(process, u):
    """α' = f α and (σ²)' = 2 f σ² + g², with f and g read off drift and diffusion."""
    t, h = u * process.final_time, 1e-3 * process.final_time
    alpha, sigma = process.marginal(t)
    f, g = process.drift(np.array([1.0]), t)[0], process.diffusion(t)
    slope = derivative(lambda s: process.marginal(s)[0], t, h)
    assert slope == pytest.approx(f * alpha, rel=1e-7, abs=1e-9)
    assert derivative(lambda s: process.marginal(s)[1] ** 2, t, h) == pytest.approx(
        2 * f * sigma**2 + g**2, rel=1e-6, abs=1e-9
    )
    assert f == process.drift_rate(t)
    rates = process.marginal_rates(t)
    assert rates[0] == pytest.approx(slope, rel=1e-7, abs=1e-9)
    assert rates[1] == pytest.approx((f * sigma**2 + g**2 / 2) / sigma, rel=1e-10, abs=1e-10)


@every
@settings(max_examples=12, deadline=None)
@given(TIMES, TIMES)
def test_closed_forms_are_those_of_any_process(process, u, v):
    """What a process has in closed form against the base class's derivation from its marginals."""
    t, s = (w * process.final_time for w in sorted((u, v)))
    for mine, base, scale in (
        (process.log_snr(t), Process.log_snr(process, t), 1.0),
        (process.transition(t, s), Process.transition(process, t, s), process.prior_std()),
        (process.marginal_rates(t), Process.marginal_rates(process, t), process.prior_std()),
    ):
        np.testing.assert_allclose(mine, base, rtol=1e-9, atol=2e-7 * scale)
    value = process.log_snr(t)
    np.testing.assert_allclose(process.time_at(value), t, rtol=1e-9, atol=0)
    np.testing.assert_allclose(Process.time_at(process, value), t, rtol=1e-9, atol=0)
    assert process.log_snr(s) <= value


@every
@settings(max_examples=12, deadline=None)
@given(TIMES, TIMES, TIMES)
def test_two_transitions_make_one(process, a, b, c):
    t, m, s = (w * process.final_time for w in sorted((a, b, c)))
    (p, q), (r, w), (x, y) = (process.transition(*ends) for ends in ((t, m), (m, s), (t, s)))
    assert p * r == pytest.approx(x, rel=1e-12, abs=0)
    assert np.hypot(r * q, w) == pytest.approx(y, rel=1e-12, abs=0)
    alpha, sigma = process.marginal(t)
    end = process.marginal(s)
    assert (x * alpha, np.hypot(x * sigma, y)) == pytest.approx(end, rel=1e-12, abs=0)


@every
def test_transitions_of_a_short_step_keep_their_precision(process):
    """b² = g² h (1 + O(h)) at h = 1e-9 T, where σ_s² - a² σ_t² has lost nine digits."""
    t = 0.4 * process.final_time
    s = t * (1 + 1e-9)
    b = process.transition(t, s)[1]
    assert b**2 == pytest.approx(process.diffusion(t) ** 2 * (s - t), rel=1e-7, abs=0)
    assert process.transition(t, t)[1] == 0
    assert process.transition(t, t)[0] == 1


@every
def test_ends(process):
    """λ is inf where σ = 0 and -inf where α = 0, and its inverse knows both."""
    T = process.final_time
    start, end = process.log_snr(0.0), process.log_snr(T)
    noise = process.marginal(0.0)[1]
    assert start == (np.inf if noise == 0 else pytest.approx(-np.log(noise)))
    assert process.time_at(start) == 0
    assert process.time_at(end) == pytest.approx(T, rel=1e-14)
    assert process.time_at(end) <= T
    assert np.isfinite(process.marginal_rates(T)).all()
    assert np.isfinite(process.marginal(T)).all()
    if process.marginal(T)[0] == 0:
        assert end == -np.inf
        for call in (process.drift_rate, process.diffusion, lambda t: process.transition(t, t)):
            with pytest.raises(ValueError, match="t must be before the time at which alpha is 0"):
                call(T)


def test_noise_starts_like_a_root_or_like_time():
    for process in (VP(), VE(exact=True), Cosine()):
        assert process.marginal_rates(0.0)[1] == np.inf
    for process, rate in (
        (VP(0.0, 3.0), np.sqrt(1.5)), (SubVP(), 0.1), (Straight(), 1.0), (EDM(), 1.0),
        (Cosine(0.0), np.pi / 2), (VE(), 0.01 * np.log(5000)),
    ):  # fmt: skip
        assert process.marginal_rates(0.0)[1] == pytest.approx(rate, rel=1e-14)


def _digits(name, t):
    """(α, σ, λ) of a process to 50 digits."""
    m = mpmath
    T = m.mpf(t)
    B = T * m.mpf(0.1) + T**2 * (m.mpf(20.0) - m.mpf(0.1)) / 2
    low, ratio = m.mpf(0.01), m.mpf(50.0) / m.mpf(0.01)
    if name == "cosine":
        s = m.mpf(0.008)
        alpha = m.cos((T + s) / (1 + s) * m.pi / 2) / m.cos(s / (1 + s) * m.pi / 2)
        alpha = m.mpf(0) if t == 1.0 else alpha
        return alpha, m.sqrt(1 - alpha**2)
    return {
        "vp": (m.exp(-B / 2), m.sqrt(1 - m.exp(-B))),
        "sub_vp": (m.exp(-B / 2), 1 - m.exp(-B)),
        "ve": (m.mpf(1), low * ratio**T),
        "exact": (m.mpf(1), m.sqrt((low * ratio**T) ** 2 - low**2)),
        "edm": (m.mpf(1), T),
        "straight": (1 - T, T),
    }[name]


@pytest.mark.parametrize("name", ["vp", "sub_vp", "ve", "exact", "edm", "straight", "cosine"])
def test_marginals_to_full_precision(name):
    process = VE(exact=True) if name == "exact" else FORWARD[name]()
    for t in (0.0, 1e-12, 1e-5, 1e-3, 0.3, 0.999999, 1.0):
        with mpmath.workdps(50):
            alpha, sigma = _digits(name, t)
            want = [float(alpha), float(sigma)]
            snr = np.inf * (1 if alpha else -1)
            snr = float(mpmath.log(alpha / sigma)) if alpha * sigma else snr
        np.testing.assert_allclose(process.marginal(t), want, rtol=3e-15, atol=0)
        np.testing.assert_allclose(process.log_snr(t), snr, rtol=3e-14, atol=3e-15)
        if name != "ve":
            np.testing.assert_allclose(process.time_at(snr), t, rtol=3e-14, atol=0)


def test_published_numbers():
    alpha, sigma = VP().marginal(1.0)
    assert alpha**2 == pytest.approx(4.32e-5, rel=1e-3)
    for t, ratio in ((1e-5, 76.6), (1e-3, 7.69), (0.1, 1.11)):
        found = VE().marginal(t)[1] / VE(exact=True).marginal(t)[1]
        assert found == pytest.approx(ratio, rel=5e-3)
    assert VP().prior_std() == 1.0
    assert VE().prior_std() == pytest.approx(50.0, rel=1e-14)
    assert VE(exact=True).prior_std() == pytest.approx(np.sqrt(2500 - 1e-4), rel=1e-14)
    assert VP().marginal(0.3)[1] == pytest.approx(0.777, abs=1e-3)  # mistakes F25
    assert SubVP().marginal(0.3)[1] == pytest.approx(0.604, abs=1e-3)


@pytest.mark.parametrize("process", [VP(0.3, 7.0), Cosine(), Cosine(0.1)], ids=repr)
@settings(max_examples=12, deadline=None)
@given(st.floats(0, 1))
def test_the_variance_preserving_processes_preserve_unit_variance(process, t):
    alpha, sigma = process.marginal(t)
    assert alpha**2 + sigma**2 == pytest.approx(1.0, rel=1e-14, abs=0)


@every
def test_a_time_for_every_point_equals_the_loop(process):
    rng = np.random.default_rng(0)
    x, t = rng.normal(size=(4, 3, 2)), process.final_time * rng.uniform(size=(4, 3))
    s = t + 0.3 * (process.final_time - t)
    found = {
        name: getattr(process, name)(t)
        for name in ("marginal", "marginal_rates", "diffusion", "drift_rate", "log_snr")
    }
    found["transition"], drift = process.transition(t, s), process.drift(x, t)
    times = process.time_at(found["log_snr"])
    for i in np.ndindex(4, 3):
        np.testing.assert_allclose(drift[i], process.drift(x[i], t[i]), rtol=1e-14)
        for name, values in found.items():
            alone = getattr(process, name)(*((t[i], s[i]) if name == "transition" else (t[i],)))
            whole = np.array(values)[..., i[0], i[1]]
            assert np.shape(alone) == whole.shape
            np.testing.assert_allclose(whole, alone, rtol=1e-13, atol=0)
        np.testing.assert_allclose(times[i], t[i], rtol=1e-12)
    np.testing.assert_array_equal(process.drift(x, t[0, 0])[0], process.drift(x[0], t[0, 0]))
    first, later = t[0, 0], np.maximum(s, t[0, 0])
    whole, alone = process.transition(first, later), process.transition(first, later[1, 1])
    np.testing.assert_allclose([v[1, 1] for v in whole], alone, rtol=1e-14)


@pytest.mark.parametrize("kind", FORWARD)
def test_the_kit_hands_over_the_judged_process(kind):
    """The library's process of a description has the oracle's moments."""
    from types import SimpleNamespace

    own = {"vp": VP, "sub_vp": SubVP}.get(kind, FORWARD[kind])()
    fields = {name: getattr(own, name) for name in getattr(own, "__dataclass_fields__", {})}
    process = SimpleNamespace(kind=kind, **fields)
    np.testing.assert_allclose(own.marginal(0.3), oracle.marginal(process, 0.3), rtol=1e-13)
    assert oracle.final_time(process) == own.final_time


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: VP().marginal(1.1), r"t must lie in \[0, 1\], got 1.1"),
        (lambda: VE().diffusion(-1e-9), r"t must lie in \[0, 1\]"),
        (lambda: EDM(3.0).marginal(3.1), r"t must lie in \[0, 3\]"),
        (lambda: VP().beta([0.2, np.nan]), "t must be finite"),
        (lambda: VP().drift(np.ones((3, 2)), np.ones(2)), r"t must have shape \(\) or \(3,\)"),
        (lambda: VP(2.0, 1.0), "beta_min must be at most beta_max"),
        (lambda: VP(-1.0, 1.0), "beta_min must be at least 0"),
        (lambda: SubVP(0.0, 0.0), "beta_max must be positive"),
        (lambda: VE(1.0, 1.0), "sigma_min must be below sigma_max"),
        (lambda: VE(0.0, 1.0), "sigma_min must be positive"),
        (lambda: EDM(0.0), "sigma_max must be positive"),
        (lambda: Cosine(-0.1), "offset must be at least 0"),
        (lambda: Cosine(0.0, 1.5), "final_time must be at most 1"),
        (lambda: VP().transition(0.5, 0.4), "s must not be before t"),
        (lambda: VP().transition(np.zeros(2), np.ones(3)), r"s must have the shape of t, \(2,\)"),
        (lambda: VP().time_at(-6.0), r"log_snr must lie in \[-5.02\d+, inf\], got -6"),
        (lambda: VE().time_at(np.inf), "log_snr must lie in"),
        (lambda: EDM().time_at([0.0, np.nan]), "log_snr must lie in .* got nan"),
    ],
)
def test_bad_input_is_named(call, words):
    with pytest.raises(ValueError, match=words):
        call()
    with pytest.raises(TypeError, match="exact"):
        VE(exact="yes")


def test_drift_overflows_without_a_warning():
    assert VP().drift([1e308], 1.0) == -np.inf


def test_what_a_process_of_one_s_own_lacks_is_named():
    class Half(Process):
        final_time = 1.0

        def marginal(self, t):
            return np.exp(-t), t

    for lacking, call in (("drift_rate", Half().drift_rate), ("diffusion", Half().diffusion)):
        with pytest.raises(NotImplementedError, match=rf"Half must define {lacking}\(t\)"):
            call(0.3)
