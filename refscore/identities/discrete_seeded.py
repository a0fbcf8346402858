"""Chapter H: a leave-one-out estimate read off its own draws, and RELAX that draws by itself."""

from __future__ import annotations

import numpy as np

from refscore import oracles
from refscore.identities import discrete_settings as on
from refscore.identities.base import Draws, Mean, Sides, identity
from refscore.identities.cases import Case, Description
from refscore.identities.discrete_draws import DRAWS
from refscore.identities.discrete_gradients import RELAX, sided
from refscore.identities.precision import is_single

_SEEDS = range(3, 15)


def _linear(slope, constant=0.0):
    """slope·y + constant."""
    dim = len(slope)
    return Description("quadratic", matrix=np.zeros((dim, dim)), linear=np.asarray(slope, float),
                       constant=constant)  # fmt: skip


@identity(
    "H7-leave-one-out-seeded",
    ports="leave_one_out_gradient",
    draws="rng",
    statement=r"f = 1:\ 0;\quad f = e_j:\ \tfrac{m}{m-1}(\mathrm{diag}\,\bar b - \bar b\bar b^T);"
    r"\quad \text{by the same draws}\ \tfrac{m}{m-1}\,\bar b_k\bigl(f(e_k) - \textstyle\sum_j"
    r"\bar b_jf(e_j)\bigr)",
    assumptions="the subject draws by itself, the same from the same seed, m draws in all; of three"
    " classes seen, the last part",
    source="derived from H7; Kool, van Hoof and Welling 2019",
    cases=lambda: [
        Case("three classes", logits=on.logits(3), f=on.exponential(3, 2)),
        Case("four classes", logits=0.3 * on.logits(4), f=on.quadratic(4)),
    ],
)
def leave_one_out_of_frequencies(ports, case):
    """Estimates of single classes say how often each was drawn; no draw is in its own baseline."""
    logits, dim = case.logits, len(case.logits)

    def asked(f, seed):
        return np.asarray(ports.leave_one_out_gradient(logits, f, rng=seed))

    def of_classes(seed):
        return np.array([asked(_linear(row), seed) for row in np.eye(dim)])

    several = sum(of_classes(seed) for seed in _SEEDS[:4])  # a few draws may all be of one class
    yield Sides("of one class in the place of another", several, several.T)
    constant = asked(_linear(np.zeros(dim), 1.0), _SEEDS[0])
    yield Sides("of a constant", constant, np.zeros(dim), 1.0)
    for seed in _SEEDS:
        each = of_classes(seed)
        resolved = 1e-4 if is_single(ports) else 1e-8
        right = oracles.discrete_gradient_seeds.leave_one_out(each, case.f, resolved)
        if right is not None:
            yield sided(asked(case.f, seed), right, "of f, by the same draws")
            return


@identity(
    "H7-relax-mean",
    ports="relax_gradient",
    kind="expectation",
    draws="rng",
    statement=rf"E[{RELAX}] = \nabla E f",
    assumptions=f"{DRAWS}; a linear surrogate",
    source="derived from H5 and H7; Grathwohl et al. 2018",
    cases=lambda: [
        Case("three classes", logits=on.logits(3), f=on.exponential(3, 2),
             surrogate=_linear([2.0, 1.0, -1.0], 0.2))
    ],
)  # fmt: skip
def relax_mean(ports, case):
    """A RELAX estimate that draws by itself has the exact gradient for its mean."""
    given = case.logits, case.f, case.surrogate
    mean, variance = oracles.discrete_gradient_seeds.relax(*given)

    def draw(seed, n):
        seeds = np.random.default_rng((1, seed)).integers(2**31, size=n)
        return np.array([ports.relax_gradient(*given, rng=int(one)) for one in seeds])

    names = tuple(f"entry {i}" for i in range(len(mean)))
    yield Draws("gradient", draw, Mean(mean, variance=variance, names=names), 0.25, batch=200)
