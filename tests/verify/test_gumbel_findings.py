"""What looks wrong of Gumbel draws and is right must hold; what is drawn inside is replayed."""

from types import SimpleNamespace

import numpy as np
import pytest

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
