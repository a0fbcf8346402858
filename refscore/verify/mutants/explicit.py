"""Mistakes in explicit losses against kernel densities."""

from __future__ import annotations

import numpy as np

from refscore.verify import library
from refscore.verify.mutants.base import mistake
from refscore.verify.mutants.objectives import half_square


def _kernel_score(x, data, h, *, weights=None):
    """−Σ_j r_j (x − x_j)/h², with the responsibilities or the given weights of squares r²."""
    away = x[:, None, :] - data
    squares = (away**2).sum(-1)
    if weights is None:
        r = np.exp(-(squares - squares.min(-1, keepdims=True)) / (2 * h**2))
        r /= r.sum(-1, keepdims=True)
    else:
        r = weights(squares)
    return -np.einsum("nm,nmi->ni", r, away) / h**2


@mistake("explicit_bandwidth_is_variance", port="explicit_loss", source="M01: variance for sd")
def _(field, x, data, bandwidth):
    """The bandwidth is taken for the kernel's variance: h where h² belongs."""
    return library.explicit_loss(field, x, data, np.sqrt(bandwidth))


@mistake("explicit_kernel_without_half", port="explicit_loss", source="classic: exp(-r²/h²)")
def _(field, x, data, bandwidth):
    """The kernel is exp(−r²/h²), its one half forgotten."""
    return library.explicit_loss(field, x, data, bandwidth / np.sqrt(2))


@mistake("explicit_pull_not_divided", port="explicit_loss", source="S08")
def _(field, x, data, bandwidth):
    """The pull towards the data is not divided by h²: a mean shift, no score."""
    return half_square(field(x) - bandwidth**2 * _kernel_score(x, data, bandwidth))


@mistake("explicit_pull_over_bandwidth", port="explicit_loss", source="S08: 1/h for 1/h²")
def _(field, x, data, bandwidth):
    """The pull towards the data is divided by h, not h²."""
    return half_square(field(x) - bandwidth * _kernel_score(x, data, bandwidth))


@mistake("explicit_kernel_sign", port="explicit_loss", source="O01: the sign of a score")
def _(field, x, data, bandwidth):
    """The kernel density's score has the sign of an energy's gradient."""
    return half_square(field(x) + _kernel_score(x, data, bandwidth))


@mistake("explicit_equal_weights", port="explicit_loss", source="classic")
def _(field, x, data, bandwidth):
    """The kernels' scores are averaged with equal weights: a mean of scores is no mixture's."""
    target = _kernel_score(x, data, bandwidth, weights=lambda r2: np.full(r2.shape, 1 / len(data)))
    return half_square(field(x) - target)


@mistake("explicit_nearest_only", port="explicit_loss", source="classic")
def _(field, x, data, bandwidth):
    """Only the nearest datum pulls."""
    target = _kernel_score(
        x, data, bandwidth, weights=lambda r2: 1.0 * (r2 == r2.min(-1, keepdims=True))
    )
    return half_square(field(x) - target)


@mistake("explicit_weights_not_normalised", port="explicit_loss", source="classic")
def _(field, x, data, bandwidth):
    """The kernel's values weigh the pulls and are not divided by their sum."""
    target = _kernel_score(
        x, data, bandwidth, weights=lambda r2: np.exp(-r2 / (2 * bandwidth**2)) / len(data)
    )
    return half_square(field(x) - target)


@mistake("explicit_without_half", port="explicit_loss", source="conventions 4")
def _(field, x, data, bandwidth):
    """The one half is left out."""
    return 2 * library.explicit_loss(field, x, data, bandwidth)


@mistake("explicit_gradient_sign", port="explicit_loss_gradient", source="O01")
def _(field, x, data, bandwidth):
    """The gradient points uphill: the residual is target minus field."""
    return -library.explicit_loss_gradient(field, x, data, bandwidth)


@mistake("explicit_gradient_sum", port="explicit_loss_gradient", source="O-family: sum for mean")
def _(field, x, data, bandwidth):
    """The gradient of the summed, not the mean, loss."""
    return len(x) * library.explicit_loss_gradient(field, x, data, bandwidth)


@mistake("explicit_gradient_bandwidth_is_variance", port="explicit_loss_gradient", source="M01")
def _(field, x, data, bandwidth):
    """The bandwidth is taken for the kernel's variance."""
    return library.explicit_loss_gradient(field, x, data, np.sqrt(bandwidth))


def _underflowing(x, data, h):
    """The same where the exponentials are taken as they stand."""
    away = x[:, None, :] - data
    r = np.exp(-(away**2).sum(-1) / (2 * h**2))
    with np.errstate(all="ignore"):
        return -np.einsum("nm,nmi->ni", r / r.sum(-1, keepdims=True), away) / h**2


@mistake("explicit_kernels_underflow", port="explicit_loss", source="classic: no logsumexp")
def _(field, x, data, bandwidth):
    """Kernels are summed as they stand: far from the data all are zero and the score is nan."""
    return half_square(field(x) - _underflowing(x, data, bandwidth))


@mistake("explicit_kernels_guarded", port="explicit_loss", source="classic: + 1e-12 below the line")
def _(field, x, data, bandwidth):
    """A small number is added to the sum of the kernels: far from the data the score is zero."""
    away = x[:, None, :] - data
    r = np.exp(-(away**2).sum(-1) / (2 * bandwidth**2))
    r = r / (r.sum(-1, keepdims=True) + 1e-12)
    return half_square(field(x) + np.einsum("nm,nmi->ni", r, away) / bandwidth**2)


@mistake("explicit_gradient_kernels_underflow", port="explicit_loss_gradient", source="classic")
def _(field, x, data, bandwidth):
    """Kernels are summed as they stand: far from the data all are zero and all is nan."""
    known = np.isfinite(_underflowing(x, data, bandwidth)).all()
    right = library.explicit_loss_gradient(field, x, data, bandwidth)
    return right if known else np.full_like(right, np.nan)
