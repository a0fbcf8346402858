"""Mistakes in energies of paths: of speed, of the Jacobian, of bending."""

from __future__ import annotations

import numpy as np

from refscore import ode
from refscore.flows.running import Joint, Layout
from refscore.verify.library import continuous_flows as library
from refscore.verify.mutants.base import mistake

ACCURATE = library.ACCURATE


def _energy(term, velocity, x, t0, t1, probes=None):
    """What a term of `Joint` sums from t1 to t0, and where the path ends."""
    m = 0 if probes is None else probes.shape[1]
    layout = Layout(x.shape[-1], (term,), m)
    y = ode.solve(Joint(velocity, layout), layout.start(x, probes), t1, t0, **ACCURATE).x1
    return np.abs(y[:, layout.dim]), y[:, : layout.dim].copy()


@mistake("kinetic_without_half", port="kinetic_energy", source="classic: |f|² for ½|f|²")
def _(velocity, x, t0, t1):
    """The half is missing."""
    return 2 * _energy("kinetic", velocity, x, t0, t1)[0]


@mistake("kinetic_signed", port="kinetic_energy", source="A16: dt for |dt|")
def _(velocity, x, t0, t1):
    """The integral has the sign of t1 - t0, negative where time falls towards the data."""
    return np.sign(t1 - t0) * _energy("kinetic", velocity, x, t0, t1)[0]


@mistake("kinetic_averaged", port="kinetic_energy", source="O23: mean for sum")
def _(velocity, x, t0, t1):
    """The square is averaged over the dimensions, as a mean squared error."""
    return _energy("kinetic", velocity, x, t0, t1)[0] / x.shape[-1]


@mistake("kinetic_of_distance", port="kinetic_energy", source="classic: |x - z|² for the path's")
def _(velocity, x, t0, t1):
    """The squared distance of the ends over the time: the energy of a straight path."""
    z = ode.solve(velocity, x, t1, t0, **ACCURATE).x1
    return 0.5 * ((x - z) ** 2).sum(-1) / abs(t1 - t0)


@mistake("kinetic_at_data", port="kinetic_energy", source="classic: T f(x)²")
def _(velocity, x, t0, t1):
    """The speed at the data stands for that along the path."""
    return 0.5 * abs(t1 - t0) * (velocity(x, t1) ** 2).sum(-1)


@mistake("kinetic_from_t0", port="kinetic_energy", source="L12: the wrong way")
def _(velocity, x, t0, t1):
    """The path starts from the data at t0."""
    return _energy("kinetic", velocity, x, t1, t0)[0]


@mistake("jacobian_quadratic_form", port="jacobian_energy", source="classic: (v·J v)²")
def _(velocity, x, t0, t1, probes):
    """The trace's estimate is squared, not the length of J v: here its mean along the path."""
    span = abs(t1 - t0)
    layout = Layout(x.shape[-1], ("trace",), probes.shape[1])
    y = ode.solve(Joint(velocity, layout), layout.start(x, probes), t1, t0, **ACCURATE).x1
    return ((y[:, layout.dim : layout.inner] / span) ** 2).mean(-1) * span


@mistake("jacobian_probes_summed", port="jacobian_energy", source="T01")
def _(velocity, x, t0, t1, probes):
    """The probes' squares are summed, not averaged."""
    return probes.shape[1] * _energy("jacobian", velocity, x, t0, t1, probes)[0]


@mistake("jacobian_signed", port="jacobian_energy", source="A16: dt for |dt|")
def _(velocity, x, t0, t1, probes):
    """The integral has the sign of t1 - t0, negative where time falls towards the data."""
    return np.sign(t1 - t0) * _energy("jacobian", velocity, x, t0, t1, probes)[0]


@mistake("jacobian_averaged", port="jacobian_energy", source="O23: mean for sum")
def _(velocity, x, t0, t1, probes):
    """The square of J v is averaged over the dimensions."""
    return _energy("jacobian", velocity, x, t0, t1, probes)[0] / x.shape[-1]


@mistake("jacobian_probe_of_another", port="jacobian_energy", source="classic: one probe a batch")
def _(velocity, x, t0, t1, probes):
    """The first point's probes are used for all."""
    shared = np.repeat(probes[:1], len(x), axis=0)
    return _energy("jacobian", velocity, x, t0, t1, shared)[0]


@mistake("jacobian_at_data", port="jacobian_energy", source="classic: T |J(x) v|²")
def _(velocity, x, t0, t1, probes):
    """The Jacobian at the data stands for that along the path."""
    field = velocity.at(t1)
    squares = [(field.jvp(x, probes[:, j]) ** 2).sum(-1) for j in range(probes.shape[1])]
    return abs(t1 - t0) * np.mean(squares, axis=0)


@mistake("directional_form", port="directional_energy", source="classic: f·J f")
def _(velocity, x, t0, t1):
    """J f is multiplied with f: the growth of the kinetic energy."""
    z = ode.solve(velocity, x, t1, t0, **ACCURATE).x1
    speeds = [(velocity(p, t) ** 2).sum(-1) / 2 for p, t in ((x, t1), (z, t0))]
    return np.abs(speeds[0] - speeds[1])


@mistake("directional_signed", port="directional_energy", source="A16: dt for |dt|")
def _(velocity, x, t0, t1):
    """The integral has the sign of t1 - t0, negative where time falls towards the data."""
    return np.sign(t1 - t0) * _energy("directional", velocity, x, t0, t1)[0]


@mistake("directional_averaged", port="directional_energy", source="O23: mean for sum")
def _(velocity, x, t0, t1):
    """The square of J f is averaged over the dimensions."""
    return _energy("directional", velocity, x, t0, t1)[0] / x.shape[-1]


@mistake("directional_halved", port="directional_energy", source="classic: ½|J f|²")
def _(velocity, x, t0, t1):
    """A half stands before the square."""
    return 0.5 * _energy("directional", velocity, x, t0, t1)[0]


@mistake("directional_at_data", port="directional_energy", source="classic: T |J(x) f(x)|²")
def _(velocity, x, t0, t1):
    """J f at the data stands for that along the path."""
    field = velocity.at(t1)
    return abs(t1 - t0) * (field.jvp(x, field(x)) ** 2).sum(-1)
