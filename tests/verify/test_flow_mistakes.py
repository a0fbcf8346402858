"""Flows of others: what is named under declared conventions, pairs, shapes, folds, precision."""

import re
from types import SimpleNamespace

import numpy as np
import pytest

import refscore.verify as rv
from refscore import ode
from refscore.verify import conventions, library
from refscore.verify.setting import DEFAULT, Setting, under


def run(conventions=None, **ports):
    return rv.run(SimpleNamespace(name="theirs", conventions=conventions or {}, **ports))


def named(report):
    return {name for c in report.checks if c.diagnosis for name in c.diagnosis.mistakes}


def coupling(scale, log_det, move=lambda x, m, g: x * g + m):
    """A coupling whose log-determinant is `log_det` of the moved coordinates' log scales."""

    def port(conditioner, mask, x):
        m, s = conditioner(x[:, mask == 1])
        y = x.copy()
        y[:, mask == 0] = move(x[:, mask == 0], m, scale(s))
        return y, log_det(np.log(scale(s)))

    return port


def summed(log_scales):
    return log_scales.sum(1)


def one_pass(conditioner, y):
    m, s = conditioner(y)
    return y * np.exp(s) + m, s.sum(1)


def hat(u, w):
    return u + (np.logaddexp(0, w @ u) - 1 - w @ u) * w / (w @ w)


def planar_of_one_minus_tanh(u, w, b, x):
    u, h = hat(u, w), np.tanh(x @ w + b)
    return x + np.outer(h, u), np.log(np.abs(1 + (1 - h) * (u @ w)))


def radial_of_d(c, a, b, x):
    b, r = np.logaddexp(0, b) - a, np.linalg.norm(x - c, axis=1)
    k, d = b / (a + r), x.shape[1]
    return x + k[:, None] * (x - c), d * np.log1p(k) + np.log1p(k - k * r / (a + r))


def to_base_wrongly(layers, x):
    total = 0.0
    for layer in layers:
        x, log_det = layer.forward(x)
        total = total - log_det
    return -0.5 * (x**2 + np.log(2 * np.pi)).sum(1) + total


def actnorm_of_wrong_sign(data, x):
    sd = data.std(0, ddof=1)
    return (x - data.mean(0)) / sd, np.full(len(x), np.log(sd).sum())


def shampine_without_step(velocity, x, t, step_size, method):
    table = ode.tableau(method)
    if method == "dormand_prince":
        weights = (1951 / 21600, 0, 22642 / 50085, 451 / 720, -12231 / 42400, 649 / 6300, 1 / 60)
        table = table._replace(b_low=np.array(weights))
    return ode.runge_kutta_error(table, velocity, x, t, step_size) / step_size


def gate(s):
    return 1 / (1 + np.exp(-s - 2))


UNDER = {
    "autoregression_inverse_in_one_pass": (
        {"affine_form": "(x - shift) / scale"}, "autoregressive_inverse", one_pass
    ),
    "coupling_log_det_averaged": (
        {"scale_of": "sigmoid(s + 2)"}, "coupling_forward", coupling(gate, lambda s: s.mean(1))
    ),
    "planar_slope_not_squared": (
        {"planar_bend": "made invertible"}, "planar_forward", planar_of_one_minus_tanh
    ),
    "radial_exponent_of_d": (
        {"radial_swelling": "made invertible"}, "radial_forward", radial_of_d
    ),
    "layered_density_log_det_sign": (
        {"flow_direction": "data to base"}, "layered_log_density", to_base_wrongly
    ),
    "actnorm_log_det_sign": ({"deviation": "n - 1"}, "actnorm_forward", actnorm_of_wrong_sign),
    "ode_error_without_step": (
        {"embedded_weights": "Shampine"}, "ode_error", shampine_without_step
    ),
}  # fmt: skip


@pytest.mark.parametrize("mistake", UNDER)
def test_mistakes_are_named_under_a_declared_convention(mistake):
    declared, port, function = UNDER[mistake]
    assert named(run(declared, **{port: function})) == {mistake}


READ = (
    "scale_of", "affine_form", "flow_direction", "planar_bend", "radial_swelling", "deviation",
    "embedded_weights",
)  # fmt: skip


@pytest.mark.parametrize("name", READ)
def test_the_library_holds_under_every_convention_it_reads(name):
    for value in conventions.values_of(name)[1:]:
        ports = {port: getattr(library, port) for port in conventions.APPLIES[name]}
        with under(Setting(DEFAULT.process, ((name, value),))):
            report = run({name: value}, **ports)
        assert report.exit_code == 0, report.summary()


def test_no_convention_is_proposed_that_parts_a_map_from_its_inverse():
    forward = coupling(np.exp, summed)
    inverse = coupling(lambda s: np.exp(-s), summed, lambda y, m, g: y * g - m)
    report = run(coupling_forward=forward, coupling_inverse=inverse)
    assert report.exit_code == 1
    assert named(report) == {"coupling_inverse_shift_last"}
    assert not report.hints
    split = {"coupling_inverse.affine_form": "(x + shift) scale"}
    report = run(split, coupling_forward=forward, coupling_inverse=inverse)
    assert report["coupling_returns"].verdict == "fails"
    assert "do not undo each other" in report.hints[0]
    repeated = run(
        autoregressive_forward=one_pass,
        autoregressive_inverse=lambda net, y: (one_pass(net, y)[0], -one_pass(net, y)[1]),
    )
    assert named(repeated) == {"autoregression_inverse_repeats_forward"}
    assert not repeated.hints


@pytest.mark.parametrize(
    ("log_det", "said"),
    [
        (lambda s: s, r"log_det of shape \(4, 3\), expected \(4,\).*sum log_det over the coord"),
        (lambda s: s.sum(1, keepdims=True), r"of shape \(4, 1\).*drop the last axis"),
        (lambda s: s.sum(), r"of shape \(\).*summed over the batch\?"),
        (lambda s: np.full(len(s), s.sum()), "log_det is summed over the batch"),
        (lambda s: np.full(len(s), s.sum(1).mean()), "log_det is averaged over the batch"),
        (lambda s: s.sum(1) + s[0, 0], "a row's log_det changes with the other rows"),
        (lambda s: s.sum(1) + s[-1, 0], "a row's log_det changes with the other rows"),
        (lambda s: s.sum(1) * np.nan, r"log_det that is not finite.*log\|det\| is meant"),
    ],
)
def test_prerequisites_say_what_is_wrong_with_a_log_determinant(log_det, said):
    report = run(coupling_forward=coupling(np.exp, log_det))
    first = report["coupling_forward_prerequisites"]
    assert first.verdict == "fails"
    assert "solver" not in first.note
    assert re.search(said, first.note), first.note


def test_prerequisites_notice_exchanged_parts():
    right = coupling(np.exp, summed)
    report = run(coupling_forward=lambda *args: right(*args)[::-1])
    assert "(log_det, y)" in report["coupling_forward_prerequisites"].note


def test_forms_without_a_convention_are_pointed_to_layers_of_ones_own():
    additive = coupling(np.ones_like, summed)
    report = run(coupling_forward=additive)
    assert "bijection_forward" in report.hints[0]
    clamped = run(coupling_forward=coupling(lambda s: np.exp(np.tanh(s)), summed))
    assert clamped.convention == """conventions = {"scale_of": 'exp(tanh(s))'}"""


FOLDS = {
    "absolute": lambda x: (np.abs(x), np.zeros(len(x))),
    "square": lambda x: (x * x, np.log(np.abs(2 * x)).sum(1)),
    "back and forth": lambda x: (
        x - 3 * np.tanh(x), np.log(np.abs(1 - 3 / np.cosh(x) ** 2)).sum(1)
    ),
    "flat": lambda x: (np.clip(x, -2, 2), np.zeros(len(x))),
}  # fmt: skip


@pytest.mark.parametrize("fold", FOLDS)
def test_a_map_that_folds_space_is_no_bijection(fold):
    assert run(bijection_forward=FOLDS[fold])["own_bijection_changes_volume"].verdict == "fails"


def test_own_bijections_are_asked_far_out_too():
    report = run(
        bijection_forward=lambda x: (
            np.where(np.abs(x) > 5, 2 * x, x), np.where(np.abs(x) > 5, np.log(2), 0.0).sum(1)
        ),
        bijection_inverse=lambda y: (y, np.zeros(len(y))),
    )  # fmt: skip
    assert report["own_bijection_inverse_returns"].verdict == "fails"
    squashed = run(
        bijection_forward=lambda x: (np.tanh(x), -2 * np.log(np.cosh(x)).sum(1)),
        bijection_inverse=lambda y: (np.arctanh(y), -np.log(1 - y * y).sum(1)),
    )
    assert squashed.exit_code == 0, squashed.summary()
    mirrored = run(bijection_forward=lambda x: (-x, np.zeros(len(x))))
    assert mirrored.exit_code == 0


@pytest.mark.parametrize(
    ("deviations", "mistake"),
    [
        (lambda data: np.sqrt(data.var(0) + 1e-6), "actnorm_variance_and_epsilon"),
        (lambda data: data.std(0) + 1e-6, "actnorm_deviation_and_epsilon"),
    ],
)
def test_what_is_added_to_a_deviation_is_noticed(deviations, mistake):
    def actnorm(data, x):
        sd = deviations(data)
        return (x - data.mean(0)) / sd, np.full(len(x), -np.log(sd).sum())

    assert named(run(actnorm_forward=actnorm)) == {mistake}


def test_a_scattered_permutation_is_named_alone_and_in_its_pair():
    def scattered(places, x):
        y = np.empty_like(x)
        y[:, places.astype(int)] = x
        return y, np.zeros(len(x))

    def gathered(places, y):
        return y[:, places.astype(int)], np.zeros(len(y))

    assert named(run(permutation_forward=scattered)) == {"permutation_scattered"}
    both = run(permutation_forward=scattered, permutation_inverse=gathered)
    assert "permutation_scattered" in named(both)
    assert run(permutation_forward=gathered, permutation_inverse=scattered).exit_code == 0


def test_single_precision_inside_a_layer_is_said_to_be_that():
    def narrow(matrix, offset, x):
        matrix, offset, x = (a.astype(np.float32) for a in (matrix, offset, x))
        y = (x @ matrix.T + offset).astype(float)
        return y, np.full(len(x), float(np.linalg.slogdet(matrix)[1]))

    assert run(linear_flow_forward=narrow).convention == 'dtype = "float32"'
