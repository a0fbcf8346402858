"""Mistakes in finite differences and propagated curvature."""

from __future__ import annotations

import numpy as np

from refscore.verify import library
from refscore.verify.mutants.base import mistake
from refscore.verify.mutants.gradients import parts
from refscore.verify.mutants.objectives import half_square


def _differences(field, x, step, probes, *, over=None, along=None, slope=1.0, square=1.0):
    """v·(s(x + ε v) − s(x − ε v))/over and ½(v·along)², averaged over the probes."""
    at = x[:, None, :]
    up, down = field(at + step * probes), field(at - step * probes)
    over = 2 * step if over is None else over
    s = field(x)[:, None, :] if along is None else along
    forms = slope * (probes * (up - down)).sum(-1) / over
    return (forms + square * 0.5 * (probes * s).sum(-1) ** 2).mean(-1)


@mistake("finite_difference_one_sided", port="finite_difference_loss", source="classic")
def _(field, x, step, probes):
    """The difference is one-sided: an error of order ε."""
    at = x[:, None, :]
    slope = (probes * (field(at + step * probes) - field(at))).sum(-1) / step
    return (slope + 0.5 * (probes * field(at)).sum(-1) ** 2).mean(-1)


@mistake("finite_difference_over_step", port="finite_difference_loss", source="classic")
def _(field, x, step, probes):
    """The difference is divided by ε, not by 2ε."""
    return _differences(field, x, step, probes, over=step)


@mistake("finite_difference_not_divided", port="finite_difference_loss", source="classic")
def _(field, x, step, probes):
    """The difference is halved and not divided by ε."""
    return _differences(field, x, step, probes, over=2.0)


@mistake("finite_difference_over_square", port="finite_difference_loss", source="conventions 4: FD")
def _(field, x, step, probes):
    """The difference is divided by 2ε², as if the probes carried ε already."""
    return _differences(field, x, step, probes, over=2 * step**2)


@mistake("finite_difference_step_not_applied", port="finite_difference_loss", source="classic")
def _(field, x, step, probes):
    """The points are x ± v, the difference divided by 2ε."""
    return _differences(field, x, 1.0, probes, over=2 * step)


@mistake("finite_difference_sign", port="finite_difference_loss", source="O22")
def _(field, x, step, probes):
    """The difference is taken backwards."""
    return _differences(field, x, step, probes, slope=-1.0)


@mistake("finite_difference_probes_normalised", port="finite_difference_loss", source="T11")
def _(field, x, step, probes):
    """Given probes are scaled to unit length."""
    unit = probes / np.linalg.norm(probes, axis=-1, keepdims=True)
    return library.finite_difference_loss(field, x, step, unit)


@mistake("finite_difference_probes_summed", port="finite_difference_loss", source="T01")
def _(field, x, step, probes):
    """Probes are summed, never divided by their number."""
    return probes.shape[1] * library.finite_difference_loss(field, x, step, probes)


@mistake("finite_difference_first_probe_only", port="finite_difference_loss", source="erratum J4")
def _(field, x, step, probes):
    """Only the first probe is used."""
    return library.finite_difference_loss(field, x, step, probes[:, :1])


@mistake("finite_difference_square_ahead", port="finite_difference_loss", source="classic")
def _(field, x, step, probes):
    """The square takes the field at x + εv: an error of order ε."""
    along = field(x[:, None, :] + step * probes)
    return _differences(field, x, step, probes, along=along)


@mistake("finite_difference_square_of_both_sides", port="finite_difference_loss",
         source="Pang et al. 2020: another convention")  # fmt: skip
def _(field, x, step, probes):
    """The square takes the mean of the field at x + εv and x − εv, not the field at x."""
    at = x[:, None, :]
    along = 0.5 * (field(at + step * probes) + field(at - step * probes))
    return _differences(field, x, step, probes, along=along)


@mistake("finite_difference_square_without_half", port="finite_difference_loss", source="classic")
def _(field, x, step, probes):
    """The square has lost its one half."""
    return _differences(field, x, step, probes, square=2.0)


@mistake("finite_difference_reduced_form", port="finite_difference_loss", source="classic")
def _(field, x, step, probes):
    """The square is ½‖s‖², the variance-reduced form."""
    return half_square(field(x)) + _differences(field, x, step, probes, square=0.0)


@mistake("finite_difference_gradient_without_slope", port="finite_difference_loss_gradient",
         source="O18: detached")  # fmt: skip
def _(field, x, step, probes):
    """The difference was detached."""
    along = np.einsum("nmi,ni->nm", probes, field(x))
    back = np.einsum("nm,nmi->ni", along, probes) / probes.shape[1]
    return parts(field, x, value=back) / len(x)


@mistake("finite_difference_gradient_of_sliced_loss", port="finite_difference_loss_gradient",
         source="classic")  # fmt: skip
def _(field, x, step, probes):
    """The gradient is the sliced loss's: off by O(ε²)."""
    return library.sliced_loss_gradient(field, x, probes)


@mistake("finite_difference_gradient_sum", port="finite_difference_loss_gradient", source="T01")
def _(field, x, step, probes):
    """Probes are summed, never divided by their number."""
    return probes.shape[1] * library.finite_difference_loss_gradient(field, x, step, probes)


def _curvature(field, factor, x, probes, *, sign=-1.0, read=None):
    back = np.einsum("nkd,nmk->nmd", factor, probes)
    form = (back**2).sum(-1) if read is None else read(back)
    return half_square(field(x)) + sign * form.mean(-1)


@mistake("curvature_loss_sign", port="curvature_propagation_loss", source="O22")
def _(field, x, factor, probes):
    """The curvature is added: C factors J, not −J."""
    return _curvature(field, factor, x, probes, sign=1.0)


@mistake("curvature_loss_halved", port="curvature_propagation_loss", source="classic")
def _(field, x, factor, probes):
    """The curvature is halved with the square."""
    return _curvature(field, factor, x, probes, sign=-0.5)


@mistake("curvature_loss_square_of_sum", port="curvature_propagation_loss", source="erratum J2")
def _(field, x, factor, probes):
    """The entries of Cᵀv are summed before they are squared."""
    return _curvature(field, factor, x, probes, read=lambda back: back.sum(-1) ** 2)


@mistake("curvature_loss_not_squared", port="curvature_propagation_loss", source="G05")
def _(field, x, factor, probes):
    """The norm of Cᵀv is not squared."""
    return _curvature(field, factor, x, probes, read=lambda back: np.linalg.norm(back, axis=-1))


@mistake("curvature_loss_mean_over_dimensions", port="curvature_propagation_loss", source="O23")
def _(field, x, factor, probes):
    """The curvature is a mean over dimensions beside a full square."""
    return _curvature(field, factor, x, probes, read=lambda back: (back**2).mean(-1))


@mistake("curvature_loss_probes_summed", port="curvature_propagation_loss", source="T01")
def _(field, x, factor, probes):
    """Probes are summed, never divided by their number."""
    return _curvature(field, factor, x, probes, sign=-probes.shape[1])


@mistake("curvature_loss_mean_then_square", port="curvature_propagation_loss", source="T16")
def _(field, x, factor, probes):
    """The probes are averaged before the square."""
    return _curvature(field, factor, x, probes.mean(1, keepdims=True))


@mistake("curvature_loss_probes_normalised", port="curvature_propagation_loss", source="T11")
def _(field, x, factor, probes):
    """Given probes are scaled to unit length."""
    unit = probes / np.linalg.norm(probes, axis=-1, keepdims=True)
    return _curvature(field, factor, x, unit)


@mistake("curvature_loss_square_without_half", port="curvature_propagation_loss", source="classic")
def _(field, x, factor, probes):
    """The square of the field has lost its one half."""
    return half_square(field(x)) + _curvature(field, factor, x, probes)


CURVATURE = "curvature_propagation_loss_gradient"


def _curvature_gradient(field, x, factor, slope, probes, *, weight=-2.0, back=None, value=1.0):
    """The gradient of the square, and weight times the mean of Σ v_k (Cᵀv)ᵢ ∂C_ki/∂θ."""
    back = np.einsum("nkd,nmk->nmd", factor, probes) if back is None else back
    along = np.einsum("nmk,nmd,nkdp->p", probes, back, slope) / probes[..., 0].size
    return value * field.linearise(x).gradient(value=field(x)) / len(x) + weight * along


@mistake("curvature_gradient_fixed_factor", port=CURVATURE, source="O18")
def _(field, x, factor, factor_gradient, probes):
    """The factor is detached: it does not move with the parameters."""
    return _curvature_gradient(field, x, factor, factor_gradient, probes, weight=0.0)


@mistake("curvature_gradient_without_two", port=CURVATURE, source="classic")
def _(field, x, factor, factor_gradient, probes):
    """The square of Cᵀv is differentiated without its 2."""
    return _curvature_gradient(field, x, factor, factor_gradient, probes, weight=-1.0)


@mistake("curvature_gradient_sign", port=CURVATURE, source="O22")
def _(field, x, factor, factor_gradient, probes):
    """The curvature is added: C factors J, not −J."""
    return _curvature_gradient(field, x, factor, factor_gradient, probes, weight=2.0)


@mistake("curvature_gradient_probes_summed", port=CURVATURE, source="T01")
def _(field, x, factor, factor_gradient, probes):
    """Probes are summed in the curvature, never divided by their number."""
    weight = -2.0 * probes.shape[1]
    return _curvature_gradient(field, x, factor, factor_gradient, probes, weight=weight)


@mistake("curvature_gradient_square_twice", port=CURVATURE, source="classic")
def _(field, x, factor, factor_gradient, probes):
    """The square of the field has lost its one half."""
    return _curvature_gradient(field, x, factor, factor_gradient, probes, value=2.0)


@mistake("curvature_gradient_trace", port=CURVATURE, source="T11")
def _(field, x, factor, factor_gradient, probes):
    """The probes are left out: the gradient of tr CᵀC, which is only its mean over probes."""
    exact = np.einsum("nkd,nkdp->p", factor, factor_gradient) / len(x)
    rest = _curvature_gradient(field, x, factor, factor_gradient, probes, weight=0.0)
    return rest - 2.0 * exact


@mistake("curvature_gradient_summed", port=CURVATURE, source="O-family: sum for mean")
def _(field, x, factor, factor_gradient, probes):
    """The gradient of the summed, not the mean, loss."""
    return len(x) * _curvature_gradient(field, x, factor, factor_gradient, probes)
