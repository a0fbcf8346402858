"""Functions handed to subjects: weights and log odds of a case, from their descriptions."""

from __future__ import annotations

import numpy as np

from refscore import objectives
from refscore.verify.relaxable import relaxable

_WEIGHTS = {
    "power": objectives.power_weight,
    "capped": objectives.capped_weight,
    "log": objectives.log_weight,
    "box": objectives.box_weight,
    "distance": objectives.distance_weight,
}


def weight_function(framework, description):
    """The described weight h, differentiable, on a framework's arrays (..., d)."""
    weight = _weight(description)
    return framework.callable(_on_points(weight, description), weight.vjp)


def weight_derivative(framework, description):
    """Its derivative h', on a framework's arrays (..., d)."""
    return framework.callable(_on_points(_weight(description).derivative, description))


def log_odds(framework, description):
    """Log odds log p(x)/p(x with bit i flipped) of a Boltzmann law, (..., d) to (..., d)."""
    return framework.callable(_log_odds(description))


def _on_points(weight, description):
    """The same, refusing single coordinates where every coordinate has bounds of its own."""
    dim = np.size(getattr(description, "low", 0.0))

    def on_points(x):
        if dim > 1 and np.shape(x)[-1:] != (dim,):
            raise ValueError(
                f"a weight is called on whole points (..., {dim}), since every coordinate has"
                f" bounds of its own; got shape {np.shape(x)}"
            )
        return weight(x)

    return on_points


def _weight(description):
    return _WEIGHTS[description.kind](**description.parameters_by_name)


def _log_odds(description):
    return objectives.BoltzmannLogOdds(**description.parameters_by_name)


def of_state(framework, description):
    """(rate + ramp t) x + level of a state and a time, in plain arithmetic: any framework's."""
    d = description
    return lambda x, t: (d.rate + d.ramp * t) * x + d.level


def slope_of_state(framework, description):
    """Its derivative in x, of x's shape."""
    d = description
    return lambda x, t: (d.rate + d.ramp * t) + 0.0 * x


def running_cost(framework, description):
    """1/2 (rate + ramp t) |x|^2 + level sum x, in plain arithmetic; .gradient(x, t) beside."""
    d = description

    def running(x, t):
        return (d.rate + d.ramp * t) / 2 * (x * x).sum(-1) + d.level * x.sum(-1)

    running.gradient = lambda x, t: (d.rate + d.ramp * t) * x + d.level
    return running


FUNCTIONS = {
    "drift_of": of_state,
    "diffusion_of": of_state,
    "diffusion_slope": slope_of_state,
    "weight_function": weight_function,
    "weight_derivative": weight_derivative,
    "log_odds": log_odds,
    "running": running_cost,
    "f": relaxable,
    "surrogate": relaxable,
}
