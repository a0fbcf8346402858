"""torch.distributions: log densities, and scores and their Jacobians by torch's autograd."""

from __future__ import annotations

from types import SimpleNamespace

import torch
from torch import distributions as D

from refscore.verify import NotOffered

name, framework, version = "torch.distributions", "torch", torch.__version__


def _independent(family, *parameters):
    return D.Independent(family(*parameters), 1)


def _student_t(p):
    if len(p.location) > 1:
        raise NotOffered("torch.distributions has Student's t in one dimension only")
    return _independent(D.StudentT, p.dof, p.location, p.shape[0].sqrt())


def _logistic(p):
    base = _independent(D.Uniform, torch.zeros_like(p.scale), torch.ones_like(p.scale))
    steps = [D.SigmoidTransform().inv, D.AffineTransform(p.location, p.scale, event_dim=1)]
    return D.TransformedDistribution(base, steps)


def _mixture(weights, means, covariances):
    return D.MixtureSameFamily(D.Categorical(weights), D.MultivariateNormal(means, covariances))


def _kernel_density(p):
    n, d = p.data.shape
    spread = p.bandwidth**2 * torch.eye(d, dtype=torch.float64)
    return _mixture(torch.ones(n, dtype=torch.float64), p.data, spread.expand(n, d, d))


_FAMILIES = {
    "gaussian": lambda p: D.MultivariateNormal(p.mean, p.covariance),
    "mixture": lambda p: _mixture(p.weights, p.means, p.covariances),
    "empirical": _kernel_density,
    "student_t": _student_t,
    "laplace": lambda p: _independent(D.Laplace, p.location, p.scale),
    "logistic": _logistic,
    "half_normal": lambda p: _independent(D.HalfNormal, p.sd),
    "uniform": lambda p: _independent(D.Uniform, p.low, p.high),
}


def distribution(law):
    """torch's own distribution of a description."""
    if law.kind not in _FAMILIES:
        raise NotOffered(f"torch.distributions has no {law.kind}")
    named = {k: torch.tensor(v, dtype=torch.float64) for k, v in law.parameters_by_name.items()}
    return _FAMILIES[law.kind](SimpleNamespace(**named))


def _gradient(value, x):
    graph = {"create_graph": True, "materialize_grads": True}
    return torch.autograd.grad((value + 0.0 * x.flatten(1).sum(1)).sum(), x, **graph)[0]


def log_density(law, x):
    return distribution(law).log_prob(x)


def score(law, x):
    x = x.clone().requires_grad_()
    return _gradient(distribution(law).log_prob(x), x)


def score_jacobian(law, x):
    x = x.clone().requires_grad_()
    s = _gradient(distribution(law).log_prob(x), x)
    return torch.stack([_gradient(component, x) for component in s.unbind(1)], dim=1)


def divergence(law, x):
    return torch.einsum("nii->n", score_jacobian(law, x))


def sample(law, n, rng):
    """torch.distributions draws from torch's global generator, which the kit has seeded."""
    return distribution(law).sample((n,))


SUBJECTS = [SimpleNamespace(**{k: v for k, v in globals().items() if not k.startswith("_")})]
