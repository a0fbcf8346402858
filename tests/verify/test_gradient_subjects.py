"""Subjects that estimate gradients over discrete variables: functions handed over, verdicts."""

from importlib import import_module
from types import SimpleNamespace

import numpy as np
import pytest

from refscore.identities import discrete_settings as on
from refscore.oracles import discrete_gradients as oracle
from refscore.verify import run
from refscore.verify.frameworks import framework
from refscore.verify.functions import FUNCTIONS

Y = np.array([[0.2, 0.5, 0.3], [0.0, 1.0, 0.0]])


@pytest.mark.parametrize("name", ["numpy", "torch", "jax"])
@pytest.mark.parametrize("f", [on.quadratic(3), on.exponential(3)], ids=["quadratic", "exp"])
def test_functions_handed_over_are_the_oracles(name, f):
    pytest.importorskip(name)
    to = framework(name)
    for argument in ("f", "surrogate"):
        with to.session():
            made = FUNCTIONS[argument](to, f)
            value, slope = to.back(made(to.to(Y))), to.back(made.gradient(to.to(Y)))
        np.testing.assert_allclose(value, oracle.value(f, Y), rtol=1e-12)
        np.testing.assert_allclose(slope, [oracle.slope(f, y) for y in Y], rtol=1e-12)


def _relaxed(logits, f, temperature, gumbels):
    import torch

    l = logits.clone().requires_grad_()
    y = torch.softmax((l + gumbels) / temperature, -1)
    return torch.autograd.grad(f(y).mean(), l)[0]


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_a_torch_subject_that_differentiates_by_itself_holds(dtype):
    pytest.importorskip("torch")
    subject = SimpleNamespace(framework="torch", dtype=dtype, relaxed_gradient=_relaxed)
    report = run(subject, checks=["relaxed_given_draws"])
    assert report["relaxed_given_draws"].verdict == "holds", report.summary()


def test_an_exchanged_detach_is_named():
    def negated(logits, f, gumbels):
        pi = np.exp(logits - logits.max())
        pi /= pi.sum()
        b = np.eye(len(logits))[(logits + gumbels).argmax(-1)]
        slopes = f.gradient(b)
        return -(pi * (slopes - slopes @ pi[:, None])).mean(0)

    report = run(
        SimpleNamespace(name="theirs", straight_through_gradient=negated), checks=["H4-given"]
    )
    found = report["straight_through_given_draws"]
    assert found.verdict == "fails"
    assert found.diagnosis.mistakes == ("straight_through_detached_wrong_side",)


def _reinforce(turned, draws=16):
    """A subject that draws by itself; `turned`: what becomes of its values and scores."""

    class Subject:
        framework = "torch"

        def score_function_gradient(self, logits, f, baseline, rng):
            import torch

            l = logits.clone().requires_grad_()
            pi = torch.softmax(l, -1)
            index = torch.multinomial(pi.detach(), draws, True, generator=rng)
            b = torch.nn.functional.one_hot(index, len(l)).to(l.dtype)
            values, scores = turned(f(b) - baseline, (b * torch.log(pi)).sum(-1))
            return torch.autograd.grad((values.detach() * scores).mean(), l)[0]

    return Subject()


BY_ITSELF = ["score_function_mean", "score_function_of_frequencies"]


@pytest.mark.parametrize("draws", [2, 16])
def test_a_subject_that_draws_by_itself_holds(draws):
    pytest.importorskip("torch")
    report = run(_reinforce(lambda v, s: (v, s), draws), checks=BY_ITSELF)
    assert [report[name].verdict for name in BY_ITSELF] == ["holds", "holds"], report.summary()


def test_a_baseline_of_the_own_draws_is_seen_whatever_their_number():
    pytest.importorskip("torch")
    report = run(_reinforce(lambda v, s: (v - v.mean(), s)), checks=BY_ITSELF)
    found = report["score_function_of_frequencies"]
    assert found.verdict == "fails"
    assert "score_function_baseline_of_own_draw" in found.diagnosis.explanation


@pytest.mark.parametrize(
    ("turned", "name"),
    [
        (lambda v, s: (-v, s), "score_function_of_descent"),
        (lambda v, s: (v, s.roll(1)), "score_function_values_of_neighbour"),
    ],
)
def test_what_draws_by_itself_is_named(turned, name):
    pytest.importorskip("torch")
    report = run(_reinforce(turned), checks=BY_ITSELF)
    for check in BY_ITSELF:
        assert report[check].verdict == "fails"
        assert name in report[check].diagnosis.explanation


def test_logarithms_of_probabilities_serve_as_logits():
    """The same law in other logits is no mistake: log_softmax changes nothing."""
    from refscore.verify import library

    def renormalised(logits, f, temperature, gumbels):
        logits = logits - np.log(np.exp(logits).sum())
        return library.relaxed_gradient(logits, f, temperature, gumbels)

    report = run(SimpleNamespace(relaxed_gradient=renormalised), checks=["relaxed_given_draws"])
    assert report["relaxed_given_draws"].verdict == "holds"


def test_the_peers_are_listed_with_what_they_need():
    peers = import_module("validation.peers").PEERS
    assert peers["torch_gradients"] == ("torch",)
    assert peers["storchastic"] == ("torch", "storch")
