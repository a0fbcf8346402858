"""What looks wrong of Gumbel draws and is right must hold; what is drawn inside is replayed."""

from types import SimpleNamespace

import numpy as np
import pytest
from scipy.special import expit, gammaln

from refscore.verify import replay, run

GIVEN = ["gumbel_max_given", "gumbel_max_tempered", "gumbel_softmax_given", "gumbel_softmax_limits",
         "gumbel_softmax_hard_gradient_given"]  # fmt: skip


def verdicts(report):
    return {check.name: check.verdict for check in report.checks if check.verdict != "not offered"}


def powers_of_uniforms(logits, temperature, gumbels):
    """FP11: e^l / (-ln u)^T: argmax-equivalent, and it tempers the law."""
    return (np.exp(logits) / np.exp(-gumbels) ** temperature).argmax(-1)


def renormalised(logits, temperature, gumbels):
    """FP15: log-probabilities over T in place of logits over T."""
    log_p = logits - np.log(np.exp(logits).sum(-1, keepdims=True))
    return (log_p / temperature + gumbels).argmax(-1)


@pytest.mark.parametrize("draw", [powers_of_uniforms, renormalised])
def test_other_ways_to_temper_a_law_hold(draw):
    report = run(SimpleNamespace(gumbel_max_given_temperature=draw))
    assert verdicts(report)["gumbel_max_tempered"] == "holds"
    assert not report.counts["fails"]


def test_torch_draws_on_given_numbers_and_passes_back_as_it_should():
    """FP03: y_hard - sg(y) + y is right, since y_hard has no gradient."""
    torch = pytest.importorskip("torch")
    soft = torch.nn.functional.gumbel_softmax

    def drawn(logits, temperature, gumbels, hard=False):
        with replay(torch.exp(-gumbels), kind="exponential"):
            return soft(logits, temperature, hard=hard)

    def through(logits, temperature, cotangent, gumbels):
        logits = logits.clone().requires_grad_()
        with replay(torch.exp(-gumbels), kind="exponential"):
            y = soft(logits, temperature)
        hard = torch.eye(y.shape[1], dtype=y.dtype)[y.argmax(1)]
        value = (cotangent * (hard - y.detach() + y)).sum()
        return torch.autograd.grad(value, logits)[0]

    subject = SimpleNamespace(
        framework="torch", gumbel_softmax=drawn, gumbel_softmax_hard_gradient=through
    )
    found = verdicts(run(subject, checks=GIVEN))
    assert set(found.values()) == {"holds"}


def test_single_precision_with_impossible_codes():
    def soft(logits, temperature, gumbels):
        assert logits.dtype == np.float32
        z = (logits + gumbels) / np.float32(temperature)
        y = np.exp(z - z.max(-1, keepdims=True))
        return y / y.sum(-1, keepdims=True)

    report = run(SimpleNamespace(gumbel_softmax=soft, dtype="float32"), checks=GIVEN)
    assert verdicts(report)["gumbel_softmax_given"] == "holds"


def softmax(z):
    y = np.exp(z - z.max(-1, keepdims=True))
    return y / y.sum(-1, keepdims=True)


def soft_rows(logits, temperature, seed):
    g = np.random.default_rng(seed).gumbel(size=logits.shape)
    return softmax((logits + g) / temperature)


def rounded_rows(logits, temperature, seed):
    return np.round(soft_rows(logits, temperature, seed))


def third_of_any(logits, k, seed):
    """Two codes without replacement, and the others of all codes alike."""
    rng = np.random.default_rng(seed)
    codes = np.argsort(-(logits + rng.gumbel(size=logits.shape)), 1)[:, : min(k, 2)]
    return np.hstack([codes, rng.integers(logits.shape[1], size=(len(logits), k - 2))])


def bits_of(spoilt):
    """Bits that draw by themselves, with the logit and the temperature spoilt."""

    def drawn(logit, temperature, seed):
        noise = np.random.default_rng(seed).logistic(size=logit.shape)
        return expit(np.divide(*spoilt(logit, temperature, noise)))

    return drawn


def hard_bits(logit, temperature, seed):
    return (np.random.default_rng(seed).random(logit.shape) < expit(logit)).astype(float)


def smoothed_rows(logits, temperature, seed):
    g = np.random.default_rng(seed).gumbel(size=logits.shape)
    return 0.9 * np.eye(logits.shape[1])[(logits + g).argmax(1)] + 0.1 / logits.shape[1]


def class_by_class(logits, temperature, seed):
    return 1.0 * (np.random.default_rng(seed).random(logits.shape) < softmax(logits))


def half_arm(logits, f, seed):
    u = np.random.default_rng(seed).random((8, len(logits)))
    gap = f(1.0 * (u > expit(-logits))) - f(1.0 * (u < expit(logits)))
    return 0.5 * (gap[:, None] * (u - 0.5)).mean(0)


WRONG = {
    "every class by itself": ({"gumbel_softmax_hard": class_by_class}, "hard_class_by_class"),
    "smoothed rows": ({"gumbel_softmax_hard": smoothed_rows}, "hard_smoothed"),
    "zeros for ones": ({"binary_concrete": bits_of(lambda l, t, e: (-l - e, t))}, "bit_of_zero"),
    "a cold logit": (
        {"binary_concrete": bits_of(lambda l, t, e: (l / t + e, 1.0))},
        "bit_temperature_on_logit_alone"),
    "ARM, halved": ({"arm_gradient": half_arm}, "arm_halved"),
    "soft rows for hard ones": (
        {"gumbel_softmax_hard": soft_rows}, "hard_left_soft"),
    "rounded entry by entry": (
        {"gumbel_softmax_hard": rounded_rows}, "hard_beyond_half"),
    "hard bits": ({"binary_concrete": hard_bits}, "bit_hard"),
    "a temperature squared": (
        {"binary_concrete": bits_of(lambda l, t, e: (l + e, t**2))}, "bit_temperature_squared"),
    "the first logit": (
        {"binary_concrete": bits_of(lambda l, t, e: (l[0] + e, t))}, "bit_first_logit"),
    "the first row": (
        {"gumbel_max": lambda logits, seed: np.random.default_rng(seed).choice(
            logits.shape[1], len(logits), p=softmax(logits[0]))}, "gumbel_max_first_logits"),
    "a third code of any": ({"top_k": third_of_any}, "top_k_rest_of_any"),
}  # fmt: skip


@pytest.mark.parametrize("case", WRONG)
def test_draws_of_another_law_fail(case):
    ports, name = WRONG[case]
    report = run(SimpleNamespace(**ports), checks=["H5", "H6", "H7-arm-mean"])
    failed = [check for check in report.checks if check.verdict == "fails"]
    assert failed
    assert all(check.diagnosis.mistakes == (name,) for check in failed)


def test_hard_rows_to_rounding_are_hard():
    """y_hard - y + y is one-hot to rounding alone, and no mistake."""

    def through(logits, temperature, seed):
        y = soft_rows(logits, temperature, seed)
        return (np.eye(y.shape[1])[y.argmax(1)] - y) + y

    report = run(SimpleNamespace(gumbel_softmax_hard=through))
    assert verdicts(report)["gumbel_softmax_hard_draws"] == "holds"


def test_overflow_in_single_precision_has_a_name():
    def soft(logits, temperature, gumbels):
        y = np.exp((logits + gumbels) / temperature)
        return y / y.sum(-1, keepdims=True)

    with np.errstate(all="ignore"):
        report = run(SimpleNamespace(gumbel_softmax=soft, dtype="float32"), checks=["H6"])
    named = {m for c in report.checks if c.diagnosis for m in c.diagnosis.mistakes}
    assert named == {"concrete_overflows"}


def test_what_never_draws_has_a_name():
    """One result from every seed ends the checks before they run, and still is a listed mistake."""
    subject = SimpleNamespace(
        gumbel_softmax=lambda logits, temperature, seed: softmax(logits / temperature),
        gumbel_max=lambda logits, seed: np.full(len(logits), 1),
    )
    report = run(subject, checks=["H5", "H6"])
    soft, code = (report[f"{port}_prerequisites"] for port in ("gumbel_softmax", "gumbel_max"))
    assert soft.diagnosis.mistakes == ("concrete_without_noise",)
    assert code.verdict == "fails"
    assert code.diagnosis is None


def test_a_density_through_rows_that_underflow_has_a_name():
    """Logarithms taken of rows that were 0: no number, as torch has it."""

    def log_density(log_y, logits, temperature):
        with np.errstate(all="ignore"):
            y = np.log(np.exp(log_y))
            z = logits - temperature * y
            k, top = z.shape[1], z.max(1, keepdims=True)
            shares = z - top - np.log(np.exp(z - top).sum(1, keepdims=True))
            return gammaln(k) + (k - 1) * np.log(temperature) + (shares - y).sum(1)

    report = run(SimpleNamespace(exp_concrete_log_density=log_density), checks=["H6-log"])
    assert report["H6-log"].diagnosis.mistakes == ("log_density_of_simplex",)
