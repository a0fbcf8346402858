"""Gradients of expectations over discrete variables: exact, estimated, and how good estimates are.

Every estimator gives one value a draw, (m, ..., K); the estimate is their mean. A function of
several variables together, of rows (m, R, K), gives its one value a draw repeated for every row,
(m, R): score functions, REBAR and RELAX then estimate the gradient of its expectation in each.
"""

from refscore.discrete.gradients.bernoulli import (
    arm_gradient,
    bernoulli_expectation,
    bernoulli_expectation_gradient,
    bernoulli_leave_one_out_gradient,
    bernoulli_relaxed_gradient,
    bernoulli_score_function_gradient,
    bernoulli_straight_through_gradient,
    disarm_gradient,
)
from refscore.discrete.gradients.bernoulli_moments import (
    arm_moments,
    bernoulli_relaxed_moments,
    bernoulli_score_function_moments,
    bernoulli_straight_through_moments,
    disarm_moments,
)
from refscore.discrete.gradients.enumerated import expectation, expectation_gradient
from refscore.discrete.gradients.moments import (
    Moments,
    concrete_nodes,
    leave_one_out_moments,
    relaxed_moments,
    score_function_moments,
    straight_through_moments,
)
from refscore.discrete.gradients.rebar import Relaxed, rebar_gradient, relax_gradient
from refscore.discrete.gradients.relaxed import (
    relaxed_gradient,
    straight_through_gradient,
    straight_through_relaxed_gradient,
)
from refscore.discrete.gradients.score_function import (
    best_baseline,
    control_variate_gradient,
    leave_one_out_gradient,
    running_baseline,
    score_function_gradient,
)

__all__ = [
    "Moments",
    "Relaxed",
    "arm_gradient",
    "arm_moments",
    "bernoulli_expectation",
    "bernoulli_expectation_gradient",
    "bernoulli_leave_one_out_gradient",
    "bernoulli_relaxed_gradient",
    "bernoulli_relaxed_moments",
    "bernoulli_score_function_gradient",
    "bernoulli_score_function_moments",
    "bernoulli_straight_through_gradient",
    "bernoulli_straight_through_moments",
    "best_baseline",
    "concrete_nodes",
    "control_variate_gradient",
    "disarm_gradient",
    "disarm_moments",
    "expectation",
    "expectation_gradient",
    "leave_one_out_gradient",
    "leave_one_out_moments",
    "rebar_gradient",
    "relax_gradient",
    "relaxed_gradient",
    "relaxed_moments",
    "running_baseline",
    "score_function_gradient",
    "score_function_moments",
    "straight_through_gradient",
    "straight_through_moments",
    "straight_through_relaxed_gradient",
]
