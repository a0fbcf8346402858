"""What estimates say of their own draws, against draws counted and estimates simulated."""

import numpy as np
import pytest

from refscore.identities import discrete_settings as on
from refscore.identities.discrete_seeded import _linear
from refscore.oracles import discrete_gradient_seeds as oracle
from refscore.oracles.discrete_gradients import leave_one_out, softmax, value


def test_draws_are_counted_by_estimates_of_single_classes():
    logits, f, gumbels = on.logits(4), on.quadratic(4), on.gumbels(30, 4)
    each = np.array([leave_one_out(logits, _linear(row), gumbels) for row in np.eye(4)])
    right = leave_one_out(logits, f, gumbels)
    assert oracle.leave_one_out(each, f) == pytest.approx(right, rel=1e-9)
    biased = oracle.leave_one_out(29 / 30 * each, f)
    assert (biased / right > 1 - 1e-9).all()  # of the least m with these shares: not 29/30 of it
    assert oracle.leave_one_out(each * (np.arange(4) > 0)[:, None] * (np.arange(4) > 0), f) is None


def test_mean_and_variance_of_relax():
    logits, f, slope = on.logits(3), on.exponential(3, 2), np.array([2.0, 1.0, -1.0])
    rng, n, pi = np.random.default_rng(), 100_000, softmax(logits)
    e = rng.standard_exponential((n, 3))
    b = np.eye(3)[rng.choice(3, n, p=pi)]
    own = (b * e).sum(1, keepdims=True)
    apart = own + np.where(b == 1, 0, e / pi)
    moved = (1 - own / apart) * slope
    scored = (value(f, b) - 0.2 + np.log(apart) @ slope)[:, None] * (b - pi)
    g = scored + slope - pi * slope.sum() - moved + pi * moved.sum(1, keepdims=True)
    mean, variance = oracle.relax(logits, f, _linear(slope, 0.2))
    assert (abs(g.mean(0) - mean) < 6 * g.std(0) / n**0.5).all()
    assert (g.var(0) < variance).all()
    assert (variance < 1.25 * g.var(0)).all()
