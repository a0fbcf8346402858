"""storchastic: its estimators of gradients over classes and bits, on given draws.

Its RELAX and REBAR raise on OneHotCategorical in this version of torch: a sum over no axes is one
over all. DisARM raises too.
"""

from __future__ import annotations

from importlib.metadata import version as _version

import storch
import torch
from storch.method import ARM, GumbelSoftmax, ScoreFunction
from storch.sampling import MonteCarlo
from torch import distributions as D
from torch.nn.functional import one_hot

from refscore.verify import NotOffered, replay


def _gradient(method, family, logits, f):
    """What storch.backward leaves in the logits: of the mean over the method's draws."""
    if torch.isinf(logits).any():
        raise NotOffered("torch.distributions takes finite logits alone")
    l = logits.clone().requires_grad_()
    b = method(family(logits=l))
    storch.add_cost(storch.deterministic(lambda b: f(b.to(l.dtype)))(b), "cost")
    storch.backward()
    return l.grad


class Constant:
    """A baseline that is a number."""

    def __init__(self, value):
        self.value = value

    def compute_baseline(self, tensor, cost):
        return self.value


def _score_function(logits, f, gumbels, baseline):
    """ScoreFunction on the classes that these numbers choose: it draws by torch.multinomial."""
    chosen = one_hot((logits + gumbels).argmax(-1), len(logits)).to(logits.dtype)
    sampling = MonteCarlo("b", len(gumbels)).set_mc_sample(lambda *_: chosen)
    method = ScoreFunction("b", sampling, len(gumbels), baseline)
    return _gradient(method, D.OneHotCategorical, logits, f)


class Estimators:
    """ScoreFunction and its baselines, GumbelSoftmax, ARM."""

    name, framework, version = "storchastic", "torch", _version("storchastic")

    def score_function_gradient(self, logits, f, baseline, gumbels):
        return _score_function(logits, f, gumbels, lambda *_: Constant(baseline))

    def leave_one_out_gradient(self, logits, f, gumbels):
        return _score_function(logits, f, gumbels, "batch_average")

    def relaxed_gradient(self, logits, f, temperature, gumbels):
        method = GumbelSoftmax("b", n_samples=len(gumbels), initial_temperature=temperature)
        with replay(torch.exp(-torch.exp(-gumbels)), kind="uniform"):
            return _gradient(method, D.OneHotCategorical, logits, f)

    def straight_through_relaxed_gradient(self, logits, f, temperature, gumbels):
        method = GumbelSoftmax("b", None, len(gumbels), True, initial_temperature=temperature)
        with replay(torch.exp(-torch.exp(-gumbels)), kind="uniform"):
            return _gradient(method, D.OneHotCategorical, logits, f)

    def bernoulli_relaxed_gradient(self, logits, f, temperature, uniforms):
        method = GumbelSoftmax("b", n_samples=len(uniforms), initial_temperature=temperature)
        with replay(uniforms, kind="uniform"):
            return _gradient(method, D.Bernoulli, logits, f)

    def arm_gradient(self, logits, f, uniforms):
        method = ARM("b", n_samples=len(uniforms))
        with replay(uniforms, kind="uniform"):
            return _gradient(method, D.Bernoulli, logits, f)


SUBJECTS = [Estimators()]
