"""PyTorch: F.gumbel_softmax on given numbers or its own, relaxed rows and bits, Gumbel's law."""

from __future__ import annotations

import torch
from torch import distributions as D
from torch.nn import functional as F

from refscore.verify import NotOffered, replay

version = torch.__version__


def drawn(call, gumbels):
    """What a call makes of given Gumbel numbers, or of its own."""
    if gumbels is None:
        return call()
    with replay(torch.exp(-gumbels), kind="exponential"):
        return call()


def passed_back(call, inputs, cotangent):
    """The gradient of sum(cotangent * call(*inputs)) in the first of the inputs."""
    first = inputs[0].clone().requires_grad_()
    return torch.autograd.grad((cotangent * call(first, *inputs[1:])).sum(), first)[0]


class Functional:
    """torch.nn.functional.gumbel_softmax: soft, hard, and what both pass back."""

    name, framework, version = "torch, F.gumbel_softmax", "torch", version

    def gumbel_softmax(self, logits, temperature, gumbels=None, *, generator=None):
        return drawn(lambda: F.gumbel_softmax(logits, tau=temperature), gumbels)

    def gumbel_softmax_hard(self, logits, temperature, gumbels=None, *, generator=None):
        return drawn(lambda: F.gumbel_softmax(logits, tau=temperature, hard=True), gumbels)

    def gumbel_softmax_gradient(self, logits, temperature, cotangent, gumbels):
        return passed_back(lambda l: self.gumbel_softmax(l, temperature, gumbels), [logits],
                           cotangent)  # fmt: skip

    def gumbel_softmax_hard_gradient(self, logits, temperature, cotangent, gumbels):
        return passed_back(lambda l: self.gumbel_softmax_hard(l, temperature, gumbels), [logits],
                           cotangent)  # fmt: skip


def possible(logits):
    if torch.isinf(logits).any():
        raise NotOffered("torch.distributions takes finite logits alone")
    return logits


class Relaxed:
    """RelaxedOneHotCategorical, whose uniform numbers are exp(-exp(-gumbels)), and its base."""

    name, framework, version = "torch, RelaxedOneHotCategorical", "torch", version

    def _law(self, logits, temperature):
        tau = torch.tensor(temperature, dtype=logits.dtype)
        return D.RelaxedOneHotCategorical(tau, logits=possible(logits))

    def gumbel_softmax(self, logits, temperature, gumbels=None, *, generator=None):
        law = self._law(logits, temperature)
        if gumbels is None:
            return law.rsample()
        with replay(torch.exp(-torch.exp(-gumbels)), kind="uniform"):
            return law.rsample()

    def gumbel_softmax_gradient(self, logits, temperature, cotangent, gumbels):
        return passed_back(lambda l: self.gumbel_softmax(l, temperature, gumbels), [logits],
                           cotangent)  # fmt: skip

    def concrete_log_density(self, y, logits, temperature):
        return self._law(logits, temperature).log_prob(y)

    def exp_concrete_log_density(self, log_y, logits, temperature):
        return self._law(logits, temperature).base_dist.log_prob(log_y)

    def concrete_kl(self, logits, other_logits, temperature, other_temperature, gumbels):
        q, p = self._law(logits, temperature), self._law(other_logits, other_temperature)
        log_y = torch.log_softmax((logits + gumbels) / temperature, -1)
        return q.base_dist.log_prob(log_y) - p.base_dist.log_prob(log_y)

    def concrete_log_density_gradient(self, y, logits, temperature):
        one = torch.ones(len(y), dtype=y.dtype)
        return passed_back(lambda l: self.concrete_log_density(y, l, temperature), [logits], one)


class Bit:
    """RelaxedBernoulli."""

    name, framework, version = "torch, RelaxedBernoulli", "torch", version
    expected_failures = {
        "logit_binary_concrete_given": "logits end at 36.04: deviations/torch_relaxed_bits",
        "logit_binary_concrete_density": "-inf far out: deviations/torch_relaxed_bits",
    }

    def _law(self, logit, temperature):
        return D.RelaxedBernoulli(torch.tensor(temperature, dtype=logit.dtype), logits=logit)

    def binary_concrete(self, logit, temperature, uniforms=None, *, generator=None):
        if uniforms is None:
            return self._law(logit, temperature).rsample()
        with replay(uniforms, kind="uniform"):
            return self._law(logit, temperature).rsample()

    def binary_concrete_log_density(self, values, logit, temperature):
        return self._law(logit, temperature).log_prob(values)

    def logit_binary_concrete(self, logit, temperature, uniforms=None, *, generator=None):
        law = self._law(logit, temperature).base_dist
        if uniforms is None:
            return law.rsample()
        with replay(uniforms, kind="uniform"):
            return law.rsample()

    def logit_binary_concrete_log_density(self, values, logit, temperature):
        return self._law(logit, temperature).base_dist.log_prob(values)


class Draws:
    """Categorical and Gumbel, and torch.multinomial without replacement."""

    name, framework, version = "torch, Categorical and Gumbel", "torch", version

    def gumbel_numbers(self, uniforms):
        zero = torch.zeros((), dtype=uniforms.dtype)
        with replay(uniforms, kind="uniform"):
            return D.Gumbel(zero, zero + 1).rsample(uniforms.shape)

    def gumbel_max(self, logits, generator):
        return D.Categorical(logits=logits).sample()

    def gumbel_max_given_temperature(self, logits, temperature, generator):
        return D.Categorical(logits=logits / temperature).sample()

    def top_k(self, logits, k, generator):
        return torch.multinomial(torch.softmax(logits, -1), k, generator=generator)

    def max_gumbel_log_density(self, logits, values):
        return D.Gumbel(torch.logsumexp(logits, -1), 1.0).log_prob(values)


class Single:
    """Gumbel in single precision."""

    name, framework, version, dtype = "torch, Gumbel in float32", "torch", version, "float32"
    expected_failures = {
        "gumbel_numbers_are_right": "no number exceeds 15.54: u ends at 1 - 3 eps/2"
    }
    gumbel_numbers = Draws.gumbel_numbers


class Planted(Functional):
    """With the detached side exchanged: y - sg(y) - y_hard negates what is passed back."""

    name = "torch, planted: hard rows whose gradient is negated"
    expected_failures = {"gumbel_softmax_hard_gradient_given": "planted"}

    def gumbel_softmax_hard_gradient(self, logits, temperature, cotangent, gumbels):
        def through(l):
            y = self.gumbel_softmax(l, temperature, gumbels)
            hard = F.one_hot(y.argmax(-1), y.shape[-1])
            return hard - y + y.detach()

        return passed_back(through, [logits], cotangent)


SUBJECTS = [Functional(), Relaxed(), Bit(), Draws(), Single(), Planted()]
