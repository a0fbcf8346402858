"""Mistakes in gradients of a flow's log density: terms of the trace, the base, the probes."""

from __future__ import annotations

import numpy as np

from refscore import ode
from refscore.flows._differentiated import layout_of, summed
from refscore.flows.running import Joint, JointLocal
from refscore.verify.library import continuous_flows as library
from refscore.verify.mutants.base import mistake
from refscore.verify.mutants.flow_densities import parts
from refscore.verify.mutants.once import once

GRADIENT, ESTIMATED = "flow_log_density_gradient", "flow_log_density_estimate_gradient"
_right = once(library.flow_log_density_gradient)


class _Altered(Joint):
    """What a solve and an adjoint see of a velocity, with other derivatives."""

    def __init__(self, velocity, layout, local):
        super().__init__(velocity, layout)
        self.local = local

    def _local(self, y, t, workspace=None):
        inner = self.velocity._local(self.layout.point(y), t, workspace)
        return self.local(inner, self.layout, y)


class _DeafParameters(JointLocal):
    """The trace does not depend on the parameters."""

    def gradients(self, a, c=None, v=None, b=None):
        value = np.ascontiguousarray(a[:, : self.layout.dim])
        return self.vjp(a), self.inner.gradient(value, None, None, None)


class _DeafPoints(JointLocal):
    """The trace does not depend on the point."""

    def vjp(self, a):
        return self._beyond(self.inner.vjp(np.ascontiguousarray(a[:, : self.layout.dim])))

    def gradients(self, a, c=None, v=None, b=None):
        return self.vjp(a), self.gradient(a)


class _Transposed(JointLocal):
    """J where Jᵀ belongs."""

    def vjp(self, a):
        rest = a.copy()
        rest[:, : self.layout.dim] = 0
        along = np.ascontiguousarray(a[:, : self.layout.dim])
        return super().vjp(rest) + self._beyond(self.inner.jvp(along[None])[0])

    def gradients(self, a, c=None, v=None, b=None):
        return self.vjp(a), self.gradient(a)


@once
def _pulled(velocity, x, base, t0, t1, *, probes=None, local=None, base_part=1.0, trace=1.0):
    """The gradients of the mean, with parts of the cotangent weighted and another `local`."""
    own = library.flow(velocity, x, base, t0, t1)
    layout = layout_of(own.dim, probes)
    start = layout.start(x, probes)
    end, _ = summed(own, layout, start, t1, t0)
    cotangent = np.zeros(end.shape)
    cotangent[:, : own.dim] = base_part * base.score(end[:, : own.dim])
    inner = slice(own.dim, layout.inner)
    cotangent[:, inner] = trace / (layout.inner - own.dim)
    joint = Joint(velocity, layout) if local is None else _Altered(velocity, layout, local)
    options = layout.tolerances(library.ACCURATE)
    found = ode.adjoint(joint, start, t1, t0, cotangent / len(x), **options)
    return found.x0[:, : own.dim], found.parameters


@mistake("flow_gradient_without_trace", port=GRADIENT, source="J13: no trace terms")
def _(velocity, x, base_log_density, t0, t1):
    """The adjoint has no terms of the trace."""
    return _pulled(velocity, x, base_log_density, t0, t1, trace=0.0)


@mistake("flow_gradient_without_base", port=GRADIENT, source="A-row: no terminal condition")
def _(velocity, x, base_log_density, t0, t1):
    """The adjoint starts from 0: the base's score is missing."""
    return _pulled(velocity, x, base_log_density, t0, t1, base_part=0.0)


@mistake("flow_gradient_trace_sign", port=GRADIENT, source="L01")
def _(velocity, x, base_log_density, t0, t1):
    """The terms of the trace have the wrong sign."""
    return _pulled(velocity, x, base_log_density, t0, t1, trace=-1.0)


@mistake("flow_gradient_trace_averaged", port=GRADIENT, source="O23: mean for sum")
def _(velocity, x, base_log_density, t0, t1):
    """The terms of the trace are divided by the dimension."""
    return _pulled(velocity, x, base_log_density, t0, t1, trace=1 / x.shape[-1])


@mistake("flow_gradient_trace_fixed", port=GRADIENT, source="classic: the trace is detached from θ")
def _(velocity, x, base_log_density, t0, t1):
    """The trace's own derivative in the parameters is left out."""
    return _pulled(velocity, x, base_log_density, t0, t1, local=_DeafParameters)


@mistake("flow_gradient_trace_detached", port=GRADIENT, source="classic: z is detached")
def _(velocity, x, base_log_density, t0, t1):
    """The trace's derivative along the path is left out: the point is detached there."""
    return _pulled(velocity, x, base_log_density, t0, t1, local=_DeafPoints)


@mistake("flow_gradient_transposed", port=GRADIENT, source="A-row: J for its transpose")
def _(velocity, x, base_log_density, t0, t1):
    """The adjoint multiplies by J, not by its transpose."""
    return _pulled(velocity, x, base_log_density, t0, t1, local=_Transposed)


@mistake("flow_gradient_of_loss", port=GRADIENT, source="L15: a loss's gradient")
def _(velocity, x, base_log_density, t0, t1):
    """The gradient of the negative log density is returned."""
    points, slope = _right(velocity, x, base_log_density, t0, t1)
    return -points, -slope


@mistake("flow_gradient_of_sum", port=GRADIENT, source="classic: sum for mean")
def _(velocity, x, base_log_density, t0, t1):
    """The gradient of the sum over the batch is returned."""
    points, slope = _right(velocity, x, base_log_density, t0, t1)
    return len(x) * points, len(x) * slope


@mistake("flow_gradient_score_of_base", port=GRADIENT, source="classic: not carried to the data")
def _(velocity, x, base_log_density, t0, t1):
    """In the points the base's score where the paths start is returned."""
    z = parts(velocity, x, base_log_density, t0, t1).base_points
    slope = _right(velocity, x, base_log_density, t0, t1)[1]
    return base_log_density.score(z) / len(x), slope


@mistake("flow_gradient_base_at_data", port=GRADIENT, source="classic: the score at x")
def _(velocity, x, base_log_density, t0, t1):
    """The adjoint starts from the base's score at the data."""

    class AtData:
        score = staticmethod(lambda z: base_log_density.score(x))
        __call__ = staticmethod(base_log_density)

    return _pulled(velocity, x, AtData(), t0, t1)


@mistake("flow_gradient_of_base_at_data", port=GRADIENT, source="classic: p0(x) for p0(z)")
def _(velocity, x, base_log_density, t0, t1):
    """Of the density whose base is taken at the data: its score is added, not carried."""
    points, slope = _pulled(velocity, x, base_log_density, t0, t1, base_part=0.0)
    return points + base_log_density.score(x) / len(x), slope


@mistake("flow_gradient_parameter_sign", port=GRADIENT, source="A16")
def _(velocity, x, base_log_density, t0, t1):
    """The integral for the parameters has the wrong sign, the limits not being turned."""
    points, slope = _right(velocity, x, base_log_density, t0, t1)
    return points, -slope


@mistake("flow_gradient_wrong_way", port=GRADIENT, source="L12: the wrong way")
def _(velocity, x, base_log_density, t0, t1):
    """Of the flow that carries the data from t0 to t1."""
    return _right(velocity, x, base_log_density, t1, t0)


@mistake("estimate_gradient_new_probes", port=ESTIMATED, source="A18")
def _(velocity, x, base_log_density, t0, t1, probes):
    """On the way back other probes are used: those of the next point."""
    return library.flow_log_density_estimate_gradient(
        velocity, x, base_log_density, t0, t1, np.roll(probes, 1, axis=0)
    )


@mistake("estimate_gradient_of_exact", port=ESTIMATED, source="A18: its mean")
def _(velocity, x, base_log_density, t0, t1, probes):
    """The gradient of the exact log density stands for that of the value realised."""
    return _right(velocity, x, base_log_density, t0, t1)


@mistake("estimate_gradient_probes_summed", port=ESTIMATED, source="T01")
def _(velocity, x, base_log_density, t0, t1, probes):
    """The probes are summed, not averaged."""
    m = float(probes.shape[1])
    return _pulled(velocity, x, base_log_density, t0, t1, probes=probes, trace=m)


@mistake("estimate_gradient_first_probe", port=ESTIMATED, source="classic: probes[:, 0]")
def _(velocity, x, base_log_density, t0, t1, probes):
    """Only the first probe is used."""
    return _pulled(velocity, x, base_log_density, t0, t1, probes=probes[:, :1].copy())


@mistake("estimate_gradient_without_trace", port=ESTIMATED, source="J13: no trace terms")
def _(velocity, x, base_log_density, t0, t1, probes):
    """The adjoint has no terms of the estimated trace."""
    return _pulled(velocity, x, base_log_density, t0, t1, probes=probes, trace=0.0)


@mistake("estimate_gradient_trace_detached", port=ESTIMATED, source="classic: z is detached")
def _(velocity, x, base_log_density, t0, t1, probes):
    """The estimate's derivative along the path is left out."""
    return _pulled(velocity, x, base_log_density, t0, t1, probes=probes, local=_DeafPoints)


@mistake("estimate_gradient_trace_fixed", port=ESTIMATED, source="classic: detached from θ")
def _(velocity, x, base_log_density, t0, t1, probes):
    """The estimate's own derivative in the parameters is left out."""
    return _pulled(velocity, x, base_log_density, t0, t1, probes=probes, local=_DeafParameters)


@mistake("estimate_gradient_halved", port=ESTIMATED, source="classic: Jᵀ + J taken once")
def _(velocity, x, base_log_density, t0, t1, probes):
    """The terms of the estimate are halved."""
    return _pulled(velocity, x, base_log_density, t0, t1, probes=probes, trace=0.5)
