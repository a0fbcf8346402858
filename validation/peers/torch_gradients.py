"""PyTorch: gradients of expectations over classes and bits, as written by hand on its laws."""

from __future__ import annotations

import torch
from torch import distributions as D
from torch.nn import functional as F

from refscore.verify import NotOffered, replay

version = torch.__version__


def _passed_back(call, logits):
    """The gradient of the mean of what call makes of the logits."""
    if torch.isinf(logits).any():
        raise NotOffered("torch.distributions takes finite logits alone")
    l = logits.clone().requires_grad_()
    return torch.autograd.grad(call(l).mean(), l)[0]


def _drawn(logits, gumbels, hard, temperature):
    with replay(torch.exp(-gumbels), kind="exponential"):
        return F.gumbel_softmax(logits.expand(gumbels.shape), tau=temperature, hard=hard)


def _codes(logits, gumbels):
    return F.one_hot((logits + gumbels).argmax(-1), len(logits)).to(logits.dtype)


class Autograd:
    """autograd through F.gumbel_softmax and RelaxedBernoulli; REINFORCE by log_prob."""

    name, framework, version = "torch, gradients of expectations", "torch", version

    def expectation_gradient(self, logits, f):
        return len(logits) * _passed_back(
            lambda l: torch.softmax(l, -1) * f(torch.eye(len(l), dtype=l.dtype)), logits
        )

    def score_function_gradient(self, logits, f, baseline, gumbels):
        b = _codes(logits, gumbels)
        held = (f(b) - baseline).detach()
        return _passed_back(lambda l: held * D.OneHotCategorical(logits=l).log_prob(b), logits)

    def leave_one_out_gradient(self, logits, f, gumbels):
        b = _codes(logits, gumbels)
        values = f(b).detach()
        held = values - (values.sum() - values) / (len(values) - 1)
        return _passed_back(lambda l: held * D.OneHotCategorical(logits=l).log_prob(b), logits)

    def straight_through_gradient(self, logits, f, gumbels):
        b = _codes(logits, gumbels)

        def through(l):
            p = torch.softmax(l, -1)
            return f(b + p - p.detach())

        return _passed_back(through, logits)

    def relaxed_gradient(self, logits, f, temperature, gumbels):
        return _passed_back(lambda l: f(_drawn(l, gumbels, False, temperature)), logits)

    def straight_through_relaxed_gradient(self, logits, f, temperature, gumbels):
        return _passed_back(lambda l: f(_drawn(l, gumbels, True, temperature)), logits)

    def bernoulli_relaxed_gradient(self, logits, f, temperature, uniforms):
        def through(l):
            with replay(uniforms, kind="uniform"):
                tau = torch.tensor(temperature, dtype=l.dtype)
                return f(D.RelaxedBernoulli(tau, logits=l).rsample(uniforms.shape[:1]))

        return _passed_back(through, logits)


def _relaxed(f, z, temperature, scale):
    return scale * f(torch.softmax(z / temperature, -1))


class Rebar(Autograd):
    """REBAR and RELAX as in their papers, by autograd through both relaxed samples."""

    name = "torch, REBAR and RELAX by hand"

    def rebar_gradient(self, logits, f, temperature, scale, gumbels, uniforms):
        surrogate = lambda z: _relaxed(f, z, temperature, scale)  # noqa: E731
        return self.relax_gradient(logits, f, surrogate, gumbels, uniforms)

    def relax_gradient(self, logits, f, surrogate, gumbels, uniforms):
        b, e = _codes(logits, gumbels), -torch.log(uniforms)
        own = (b * e).sum(-1, keepdim=True)

        def estimate(l):
            log_p = torch.log_softmax(l, -1)
            given = -torch.log(torch.where(b == 1, own, e / log_p.exp() + own))
            held = (f(b) - surrogate(given)).detach()
            return held * (log_p * b).sum(-1) + surrogate(log_p + gumbels) - surrogate(given)

        return _passed_back(estimate, logits)


class Planted(Autograd):
    """Straight-through with the detached side exchanged: b - p + sg(p)."""

    name = "torch, planted: straight-through whose gradient is negated"
    expected_failures = {
        "straight_through_given_draws": "planted", "straight_through_mean_is_reached": "planted",
    }  # fmt: skip

    def straight_through_gradient(self, logits, f, gumbels):
        b = _codes(logits, gumbels)

        def through(l):
            p = torch.softmax(l, -1)
            return f(b - p + p.detach())

        return _passed_back(through, logits)


SUBJECTS = [Autograd(), Rebar(), Planted()]
