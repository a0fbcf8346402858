"""Pyro: hard rows with a straight-through gradient, on given numbers or its own."""

from __future__ import annotations

import pyro
import torch
from pyro import distributions as D

from refscore.verify import NotOffered, replay


class Rows:
    """RelaxedOneHotCategoricalStraightThrough, whose uniform numbers are exp(-exp(-gumbels))."""

    name, framework, version = "Pyro, straight-through rows", "torch", pyro.__version__

    def gumbel_softmax_hard(self, logits, temperature, gumbels=None, *, generator=None):
        if torch.isinf(logits).any():
            raise NotOffered("torch.distributions takes finite logits alone")
        tau = torch.tensor(temperature, dtype=logits.dtype)
        law = D.RelaxedOneHotCategoricalStraightThrough(tau, logits=logits)
        if gumbels is None:
            return law.rsample()
        with replay(torch.exp(-torch.exp(-gumbels)), kind="uniform"):
            return law.rsample()

    def gumbel_softmax_hard_gradient(self, logits, temperature, cotangent, gumbels):
        logits = logits.clone().requires_grad_()
        value = (cotangent * self.gumbel_softmax_hard(logits, temperature, gumbels)).sum()
        return torch.autograd.grad(value, logits)[0]


class Planted(Rows):
    """With the gradient at the selected code alone."""

    name = "Pyro, planted: a gradient at the selected code alone"
    expected_failures = {"gumbel_softmax_hard_gradient_given": "planted"}

    def gumbel_softmax_hard_gradient(self, logits, temperature, cotangent, gumbels):
        hard = self.gumbel_softmax_hard(logits, temperature, gumbels)
        return super().gumbel_softmax_hard_gradient(logits, temperature, hard * cotangent, gumbels)


SUBJECTS = [Rows(), Planted()]
