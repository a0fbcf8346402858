"""Mistakes in the Fokker-Planck and continuity equations, point by point."""

from __future__ import annotations

import numpy as np

from refscore.verify.mutants.base import mistake


def _terms(log_density_at, drift, diffusion, x, t):
    """d log p/dt, div f, f·s, and div s, |s|², g², with the gradient and Laplacian of g²."""
    s = log_density_at.score(x, t)
    trace = np.trace(log_density_at.jacobian(x, t), axis1=-2, axis2=-1)
    f, square = drift(x, t), np.sum(s * s, axis=-1)
    moved = drift.divergence(x, t), np.sum(f * s, axis=-1)
    slope, laplacian = _of_square(diffusion, x, t)
    of_noise = diffusion(x, t) ** 2, 2 * np.sum(slope * s, axis=-1), laplacian
    return log_density_at.rate(x, t), moved, (trace, square), of_noise


def _of_square(diffusion, x, t, h=2e-3):
    """Gradient (n, d) and Laplacian (n,) of g² by differences of fourth order."""
    here, slope, laplacian = diffusion(x, t) ** 2, np.zeros_like(x), np.zeros(len(x))
    for i, unit in enumerate(np.eye(x.shape[1])):
        near, far = (
            [diffusion(x + k * h * unit, t) ** 2 for k in (-step, step)] for step in (1, 2)
        )
        slope[:, i] = (8 * (near[1] - near[0]) - (far[1] - far[0])) / (12 * h)
        laplacian += (16 * sum(near) - sum(far) - 30 * here) / (12 * h * h)
    return slope, laplacian


def _residual(name, source, said, combine):
    """A wrong residual: `combine(rate, div f, f·s, g², div s, |s|², 2 ∇g²·s, Δg²)`."""

    def wrong(log_density_at, drift, diffusion, x, t):
        rate, (div, carried), (trace, square), (g2, slope, laplacian) = _terms(
            log_density_at, drift, diffusion, x, t
        )
        return combine(rate, div, carried, g2, trace, square, slope, laplacian)

    wrong.__doc__ = said
    mistake(name, port="fokker_planck_residual", source=source)(wrong)


_residual(
    "residual_without_half", "classic: R33", "The noise counts g², not ½ g².",
    lambda r, d, c, g2, tr, sq, sl, la: r + d + c - (g2 * (tr + sq) + sl + la),
)  # fmt: skip
_residual(
    "residual_g_for_square", "classic: g for g²", "The noise counts ½ g.",
    lambda r, d, c, g2, tr, sq, sl, la: r + d + c - 0.5 * (np.sqrt(g2) * (tr + sq) + sl + la),
)  # fmt: skip
_residual(
    "residual_quarter", "classic: the half is squared with g", "The noise counts ½² g².",
    lambda r, d, c, g2, tr, sq, sl, la: r + d + c - 0.25 * (g2 * (tr + sq) + sl + la),
)  # fmt: skip
_residual(
    "residual_not_carried", "classic: div(f) p for div(f p)", "f·∇p is left out.",
    lambda r, d, c, g2, tr, sq, sl, la: r + d - 0.5 * (g2 * (tr + sq) + sl + la),
)  # fmt: skip
_residual(
    "residual_backward_equation", "classic: Kolmogorov's backward equation for the forward one",
    "The divergence of the drift is left out, as in f·∇p.",
    lambda r, d, c, g2, tr, sq, sl, la: r + c - 0.5 * (g2 * (tr + sq) + sl + la),
)  # fmt: skip
_residual(
    "residual_drift_sign", "classic: sign of the drift's flux", "The drift has the wrong sign.",
    lambda r, d, c, g2, tr, sq, sl, la: r - d - c - 0.5 * (g2 * (tr + sq) + sl + la),
)  # fmt: skip
_residual(
    "residual_noise_sign", "classic: the equation run back", "The noise has the wrong sign.",
    lambda r, d, c, g2, tr, sq, sl, la: r + d + c + 0.5 * (g2 * (tr + sq) + sl + la),
)  # fmt: skip
_residual(
    "residual_without_square", "classic: Δ log p for Δp/p", "|s|² is left out.",
    lambda r, d, c, g2, tr, sq, sl, la: r + d + c - 0.5 * (g2 * tr + sl + la),
)  # fmt: skip
_residual(
    "residual_square_sign", "classic: Δ log p = Δp/p - |s|²", "|s|² is taken away.",
    lambda r, d, c, g2, tr, sq, sl, la: r + d + c - 0.5 * (g2 * (tr - sq) + sl + la),
)  # fmt: skip
_residual(
    "residual_without_rate", "classic: the stationary equation", "∂p/∂t is left out.",
    lambda r, d, c, g2, tr, sq, sl, la: d + c - 0.5 * (g2 * (tr + sq) + sl + la),
)  # fmt: skip
_residual(
    "residual_stratonovich", "classic: ½ ∂(g ∂(g p)) for ½ ∂²(g² p)",
    "The noise is read in the sense of Stratonovich.",
    lambda r, d, c, g2, tr, sq, sl, la: r + d + c - 0.5 * (g2 * (tr + sq) + 0.75 * sl + 0.5 * la),
)  # fmt: skip
_residual(
    "residual_fick", "classic: Fick's law ∂(D ∂p) for ∂²(D p)",
    "The noise's flux is -D ∇p: one derivative of D is lost.",
    lambda r, d, c, g2, tr, sq, sl, la: r + d + c - 0.5 * (g2 * (tr + sq) + 0.5 * sl),
)  # fmt: skip
_residual(
    "residual_noise_not_differentiated", "classic: ½ g² Δp for ½ Δ(g² p)",
    "g² is not differentiated.",
    lambda r, d, c, g2, tr, sq, sl, la: r + d + c - 0.5 * g2 * (tr + sq),
)  # fmt: skip
_residual(
    "residual_cross_term_once", "classic: the product rule's 2", "∇g²·∇p is counted once.",
    lambda r, d, c, g2, tr, sq, sl, la: r + d + c - 0.5 * (g2 * (tr + sq) + 0.5 * sl + la),
)  # fmt: skip


def _continuity(name, source, said, combine):
    """A wrong residual: `combine(rate, div v, v·s)`."""

    def wrong(log_density_at, velocity, x, t):
        s = log_density_at.score(x, t)
        carried = np.sum(velocity(x, t) * s, axis=-1)
        return combine(log_density_at.rate(x, t), velocity.divergence(x, t), carried)

    wrong.__doc__ = said
    mistake(name, port="continuity_residual", source=source)(wrong)


_continuity(
    "continuity_along_path", "classic: d/dt for ∂/∂t",
    "v·s is left out: the rate of log p along a path, not at a point.",
    lambda r, d, c: r + d,
)  # fmt: skip
_continuity(
    "continuity_without_divergence", "classic: transport of a function for that of a density",
    "The divergence of the velocity is left out.", lambda r, d, c: r + c,
)  # fmt: skip
_continuity(
    "continuity_divergence_sign", "L01: sign of the change of volume",
    "The divergence has the wrong sign.", lambda r, d, c: r - d + c,
)  # fmt: skip
_continuity(
    "continuity_carried_sign", "classic: sign of v·s", "v·s has the wrong sign.",
    lambda r, d, c: r + d - c,
)  # fmt: skip
_continuity(
    "continuity_time_reversed", "L12: one orientation of time", "The velocity has the wrong sign.",
    lambda r, d, c: r - d - c,
)  # fmt: skip
_continuity(
    "continuity_without_rate", "classic: the stationary equation", "∂ log p/∂t is left out.",
    lambda r, d, c: d + c,
)  # fmt: skip
