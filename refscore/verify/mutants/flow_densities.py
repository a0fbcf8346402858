"""Mistakes in log densities of continuous flows, in their inverse, and in what both give."""

from __future__ import annotations

import numpy as np

from refscore import ode
from refscore.fields import Family
from refscore.flows.running import Joint, Layout
from refscore.verify.library import continuous_flows as library
from refscore.verify.mutants.base import mistake
from refscore.verify.mutants.once import once

ACCURATE = library.ACCURATE


@once
def parts(velocity, x, base, t0, t1, probes=None):
    """The library's density with its parts: base points, log p0 there, log determinant."""
    return library.flow(velocity, x, base, t0, t1).density(x, probes)


class Reclocked(Family):
    """A velocity asked for at another time than it is told."""

    def __init__(self, velocity, clock):
        super().__init__(self.at)
        self.velocity, self.clock, self.dim = velocity, clock, velocity.dim

    def at(self, t):
        """The field of the other time."""
        return self.velocity.at(self.clock(t))

    def _local(self, x, t, workspace=None):
        return self.velocity._local(x, self.clock(t), workspace)

    def _values(self, x, t):
        return self.velocity._values(x, self.clock(t))


@mistake("flow_divergence_sign", port="flow_log_density", source="L01")
def _(velocity, x, base_log_density, t0, t1):
    """The divergence along the path is added, not subtracted."""
    found = parts(velocity, x, base_log_density, t0, t1)
    return found.log_base - found.log_det


@mistake("flow_without_divergence", port="flow_log_density", source="classic: log p0(z) alone")
def _(velocity, x, base_log_density, t0, t1):
    """The change of volume is left out."""
    return parts(velocity, x, base_log_density, t0, t1).log_base


@mistake("flow_base_at_data", port="flow_log_density", source="classic: p0(x) for p0(z)")
def _(velocity, x, base_log_density, t0, t1):
    """The base's density is taken at the data, not where their paths start."""
    return base_log_density(x) + parts(velocity, x, base_log_density, t0, t1).log_det


@mistake("flow_base_subtracted", port="flow_log_density", source="L12: subtracted twice")
def _(velocity, x, base_log_density, t0, t1):
    """The base's log density is subtracted."""
    found = parts(velocity, x, base_log_density, t0, t1)
    return found.log_det - found.log_base


@mistake("flow_base_left_out", port="flow_log_density", source="classic: the volume alone")
def _(velocity, x, base_log_density, t0, t1):
    """The logarithm of the determinant alone is returned."""
    return parts(velocity, x, base_log_density, t0, t1).log_det


@mistake("flow_wrong_way", port="flow_log_density", source="L12: t0 to t1 from the data")
def _(velocity, x, base_log_density, t0, t1):
    """The data are carried from t0 to t1, away from the base."""
    return parts(velocity, x, base_log_density, t1, t0).log_density


@mistake("flow_clock_not_turned", port="flow_log_density", source="A02, A03: f(z, u) for T - u")
def _(velocity, x, base_log_density, t0, t1):
    """On the way back the velocity is asked for at the time that has passed, not that is left."""
    turned = Reclocked(velocity, lambda t: t0 + t1 - t)
    return parts(turned, x, base_log_density, t0, t1).log_density


@mistake("flow_time_frozen", port="flow_log_density", source="classic: t not handed on")
def _(velocity, x, base_log_density, t0, t1):
    """The velocity is asked for at time 0 throughout."""
    frozen = Reclocked(velocity, lambda t: 0.0 * t)
    return parts(frozen, x, base_log_density, t0, t1).log_density


@mistake("flow_unit_interval", port="flow_log_density", source="classic: 0 and 1 for t0 and t1")
def _(velocity, x, base_log_density, t0, t1):
    """The interval is 0 to 1, whatever it was meant to be."""
    return parts(velocity, x, base_log_density, 0.0, 1.0).log_density


@mistake("flow_divergence_averaged", port="flow_log_density", source="O23: mean for sum")
def _(velocity, x, base_log_density, t0, t1):
    """The trace is divided by the dimension."""
    found = parts(velocity, x, base_log_density, t0, t1)
    return found.log_base + found.log_det / x.shape[-1]


@mistake("flow_whole_jacobian_summed", port="flow_log_density", source="L04: the wrong axis")
def _(velocity, x, base_log_density, t0, t1):
    """All entries of the Jacobian are summed, not those of its diagonal."""
    ones = np.ones((len(x), 1, x.shape[-1]))
    return parts(velocity, x, base_log_density, t0, t1, ones).log_density


@mistake("flow_volume_of_batch", port="flow_log_density", source="L04: mean over the batch")
def _(velocity, x, base_log_density, t0, t1):
    """Every point is given the batch's mean change of volume."""
    found = parts(velocity, x, base_log_density, t0, t1)
    return found.log_base + found.log_det.mean()


@mistake("flow_divergence_at_data", port="flow_log_density", source="classic: T div f(x)")
def _(velocity, x, base_log_density, t0, t1):
    """The divergence at the data stands for that along the path."""
    volume = (t1 - t0) * velocity.at(t1).divergence(x)
    return parts(velocity, x, base_log_density, t0, t1).log_base - volume


@mistake("flow_divergence_of_still_data", port="flow_log_density", source="classic: div f(x, t)")
def _(velocity, x, base_log_density, t0, t1):
    """Time moves in the divergence, the point stays at the data."""
    nodes, weights = np.polynomial.legendre.leggauss(12)
    middle, half = (t0 + t1) / 2, (t1 - t0) / 2
    rates = [velocity.at(middle + half * node).divergence(x) for node in nodes]
    return parts(velocity, x, base_log_density, t0, t1).log_base - half * weights @ rates


@mistake("flow_one_euler_step", port="flow_log_density", source="G1: one residual block")
def _(velocity, x, base_log_density, t0, t1):
    """One step of Euler's method stands for the whole path."""
    field, span = velocity.at(t1), t1 - t0
    return base_log_density(x - span * field(x)) - span * field.divergence(x)


@mistake("flow_few_euler_steps", port="flow_log_density", source="classic: a fixed coarse grid")
def _(velocity, x, base_log_density, t0, t1):
    """Twelve steps of Euler's method."""
    own = library.flow(velocity, x, base_log_density, t0, t1, method="euler", n_steps=12)
    return own.log_density(x)


@mistake("flow_per_dimension", port="flow_log_density", source="L15: nats a dimension")
def _(velocity, x, base_log_density, t0, t1):
    """The log density is divided by the dimension."""
    return parts(velocity, x, base_log_density, t0, t1).log_density / x.shape[-1]


@mistake("flow_bits", port="flow_log_density", source="L15: bits for nats")
def _(velocity, x, base_log_density, t0, t1):
    """The logarithm is to base two."""
    return parts(velocity, x, base_log_density, t0, t1).log_density / np.log(2)


@mistake("flow_interval_divided_out", port="flow_log_density", source="classic: mean over time")
def _(velocity, x, base_log_density, t0, t1):
    """The divergence is averaged over the time, not integrated."""
    found = parts(velocity, x, base_log_density, t0, t1)
    return found.log_base + found.log_det / abs(t1 - t0)


# --- inverse and forward ---------------------------------------------------------------------


@mistake("inverse_forward", port="flow_inverse", source="L12: the wrong way")
def _(velocity, x, t0, t1):
    """The data are carried from t0 to t1."""
    return ode.solve(velocity, x, t0, t1, **ACCURATE).x1


@mistake("inverse_clock_not_turned", port="flow_inverse", source="A02, A03")
def _(velocity, x, t0, t1):
    """On the way back the velocity is asked for at the time that has passed."""
    turned = Reclocked(velocity, lambda t: t0 + t1 - t)
    return ode.solve(turned, x, t1, t0, **ACCURATE).x1


@mistake("inverse_of_euler", port="flow_inverse", source="G1: x - T f(x)")
def _(velocity, x, t0, t1):
    """The velocity at the data is subtracted once: no residual block is so inverted."""
    return x - (t1 - t0) * velocity(x, t1)


def _both(velocity, x0, t0, t1):
    layout = Layout(x0.shape[-1], ("divergence",))
    y = ode.solve(Joint(velocity, layout), layout.start(x0), t0, t1, **ACCURATE).x1
    return y[:, :-1].copy(), y[:, -1]


@mistake("forward_divergence_sign", port="flow_forward", source="L01")
def _(velocity, x0, base_log_density, t0, t1):
    """The divergence is added on the way to the data."""
    x, volume = _both(velocity, x0, t0, t1)
    return x, base_log_density(x0) + volume


@mistake("forward_base_at_end", port="flow_forward", source="classic: p0(x) for p0(z)")
def _(velocity, x0, base_log_density, t0, t1):
    """The base's density is taken at the end of the path."""
    x, volume = _both(velocity, x0, t0, t1)
    return x, base_log_density(x) - volume


@mistake("forward_without_divergence", port="flow_forward", source="classic: log p0(z) alone")
def _(velocity, x0, base_log_density, t0, t1):
    """The draw's log density is that of its base point."""
    return ode.solve(velocity, x0, t0, t1, **ACCURATE).x1, base_log_density(x0)


@mistake("forward_steps_positive", port="flow_forward", source="J5, J8: the sign of dt < 0")
def _(velocity, x0, base_log_density, t0, t1):
    """Where t1 < t0 the path goes on from t0, not back: dt is taken positive."""
    x, volume = _both(velocity, x0, t0, t0 + abs(t1 - t0))
    return x, base_log_density(x0) - volume


@mistake("forward_backwards", port="flow_forward", source="L12: the wrong way")
def _(velocity, x0, base_log_density, t0, t1):
    """The base's points are carried from t1 to t0."""
    x, volume = _both(velocity, x0, t1, t0)
    return x, base_log_density(x0) - volume
