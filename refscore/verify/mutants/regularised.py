"""Mistakes in a penalty on the squared diagonal of the Jacobian."""

from __future__ import annotations

import numpy as np

from refscore.verify import library
from refscore.verify.mutants.base import mistake
from refscore.verify.mutants.gradients import parts
from refscore.verify.mutants.objectives import half_square


def _diagonal(field, x):
    return np.einsum("nii->ni", field.jacobian(x))


def _regularised(field, x, penalty, *, square=1.0, trace=1.0):
    return square * half_square(field(x)) + trace * field.divergence(x) + penalty


@mistake("regularised_not_squared", port="regularised_implicit_loss", source="G05")
def _(field, x, strength):
    """The diagonal entries are not squared."""
    return _regularised(field, x, strength * field.divergence(x))


@mistake("regularised_absolute", port="regularised_implicit_loss", source="G05")
def _(field, x, strength):
    """The penalty takes absolute values, not squares."""
    return _regularised(field, x, strength * np.abs(_diagonal(field, x)).sum(-1))


@mistake("regularised_all_entries", port="regularised_implicit_loss", source="seed 004; row B10")
def _(field, x, strength):
    """The penalty takes all entries of the Jacobian, ‖J‖²_F, not the diagonal alone."""
    return _regularised(field, x, strength * (field.jacobian(x) ** 2).sum((-1, -2)))


@mistake("regularised_trace_squared", port="regularised_implicit_loss", source="erratum J2")
def _(field, x, strength):
    """The square of the sum stands for the sum of squares."""
    return _regularised(field, x, strength * field.divergence(x) ** 2)


@mistake("regularised_halved", port="regularised_implicit_loss", source="classic")
def _(field, x, strength):
    """The strength is halved: λ/2, as for a penalty ½λ."""
    return library.regularised_implicit_loss(field, x, strength / 2)


@mistake("regularised_strength_squared", port="regularised_implicit_loss", source="M01")
def _(field, x, strength):
    """The strength is squared, as if it were a standard deviation."""
    return library.regularised_implicit_loss(field, x, strength**2)


@mistake("regularised_sign", port="regularised_implicit_loss", source="classic")
def _(field, x, strength):
    """The penalty is subtracted: curvature is rewarded."""
    return _regularised(field, x, -strength * (_diagonal(field, x) ** 2).sum(-1))


@mistake("regularised_mean_over_dimensions", port="regularised_implicit_loss", source="O23")
def _(field, x, strength):
    """The penalty is a mean over dimensions beside full sums."""
    return _regularised(field, x, strength * (_diagonal(field, x) ** 2).mean(-1))


@mistake("regularised_without_penalty", port="regularised_implicit_loss", source="classic")
def _(field, x, strength):
    """There is no penalty."""
    return library.implicit_loss(field, x)


@mistake("regularised_trace_sign", port="regularised_implicit_loss", source="O22")
def _(field, x, strength):
    """The trace term has the wrong sign."""
    return _regularised(field, x, strength * (_diagonal(field, x) ** 2).sum(-1), trace=-1.0)


@mistake("regularised_square_without_half", port="regularised_implicit_loss", source="classic")
def _(field, x, strength):
    """The square of the field has lost its one half."""
    return _regularised(field, x, strength * (_diagonal(field, x) ** 2).sum(-1), square=2.0)


@mistake("regularised_gradient_of_plain_loss", port="regularised_implicit_loss_gradient",
         source="O18: detached")  # fmt: skip
def _(field, x, strength):
    """The penalty was detached."""
    return library.implicit_loss_gradient(field, x)


@mistake("regularised_gradient_halved", port="regularised_implicit_loss_gradient",
         source="classic")  # fmt: skip
def _(field, x, strength):
    """The 2 of the square's derivative is missing in the penalty."""
    return library.regularised_implicit_loss_gradient(field, x, strength / 2)


@mistake("regularised_gradient_all_entries", port="regularised_implicit_loss_gradient",
         source="seed 004; row B10")  # fmt: skip
def _(field, x, strength):
    """The penalty's gradient takes all entries of the Jacobian."""
    units = np.broadcast_to(np.eye(x.shape[-1])[:, None], (x.shape[-1], *x.shape))
    columns = np.moveaxis(field.jacobian(x), -1, 0)
    return parts(
        field, x, value=field(x), divergence=np.ones(len(x)), jvp=(units, 2 * strength * columns)
    ) / len(x)


@mistake("regularised_gradient_sum", port="regularised_implicit_loss_gradient",
         source="O-family: sum for mean")  # fmt: skip
def _(field, x, strength):
    """The gradient of the summed, not the mean, loss."""
    return len(x) * library.regularised_implicit_loss_gradient(field, x, strength)
