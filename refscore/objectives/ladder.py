"""Denoising over a ladder of noise levels: one loss for a noise-conditional family."""

from __future__ import annotations

import numpy as np

from refscore._arguments import (
    as_array,
    as_ladder,
    as_like,
    as_offering,
    as_points,
    as_rng,
    beyond_float,
    require_one,
)
from refscore.fields.families import Family
from refscore.fields.levels import local_of
from refscore.objectives.integrands import half_square, loss_and_gradient, losses
from refscore.objectives.weightings import draw_levels, sigma_squared_weight


def ladder_loss(
    family, x, levels, sigmas, noise=None, *, weighting="sigma_squared", rng=None
) -> np.ndarray:
    """The weighted denoising loss at every point, each at its own level of a ladder.

        λ(σ_l) ½‖s(x + σ_l z, σ_l) + z/σ_l‖²,   l = levels[i] at point i

    With λ = σ² the zero score costs ½‖z‖², d/2 on average, at every level and for every law;
    the best score costs ½(d − σ² I(q_σ)) on average, I the Fisher information of the noised
    law, which is not the same at every level.

    family a Family, such as ConditionalMLP or PerLevel; x points (..., d); levels l (...,),
    whole numbers below L, drawn uniformly over all levels if None; sigmas σ (L,), positive and
    strictly decreasing; noise z (..., d), standard normal; weighting λ: "sigma_squared", "none"
    (λ = 1) or a function of an array of levels, such as `edm_weight` passed through
    `score_weight`; rng anything numpy.random.default_rng takes, from which first the levels and
    then the noise are drawn where they are not given. Returns (...,). Raises TypeError or
    ValueError naming the argument. Cost: one value of the family a point.
    Source: Song and Ermon, Generative modeling by estimating gradients (2019), equation 6.
    Checked by: ladder_given_noise, ladder_at_zero_score, ladder_at_the_optimum
    """
    return losses(*_arguments(family, x, levels, sigmas, noise, weighting, rng))


def ladder_loss_gradient(
    family, x, levels, sigmas, noise=None, *, weighting="sigma_squared", rng=None
) -> np.ndarray:
    """The gradient (p,) of the mean ladder loss in `family.parameters`.

    family a Family with parameters; x points (..., d), at least one; levels (...,) or None;
    sigmas (L,); noise (..., d) or None; weighting and rng as for `ladder_loss`.
    Checked by: ladder_gradient
    """
    return ladder_loss_and_gradient(family, x, levels, sigmas, noise, weighting=weighting, rng=rng)[
        1
    ]


def ladder_loss_and_gradient(
    family, x, levels, sigmas, noise=None, *, weighting="sigma_squared", rng=None
):
    """The mean ladder loss, a number, and its gradient (p,), from one forward pass.

    With levels None and an rng this is what a trainer calls on every batch. family a Family
    with parameters; x points (..., d), at least one; levels (...,) or None; sigmas (L,); noise
    (..., d) or None; weighting and rng as for `ladder_loss`.
    Checked by: ladder_gradient
    """
    _require_parameters(family)
    return loss_and_gradient(*_arguments(family, x, levels, sigmas, noise, weighting, rng))


def _require_parameters(family):
    as_offering(family, "family", "parameters")
    if not np.size(family.parameters):
        raise TypeError("family must offer .parameters to differentiate in, got one without any")


def _arguments(family, x, levels, sigmas, noise, weighting, rng):
    """The family on rows (x + σ z, σ), and the integrand with every row's target and weight."""
    if not isinstance(family, Family):
        raise TypeError(f"family must be a refscore Family, got {type(family).__name__}")
    x, sigmas = as_points(x, "x", getattr(family, "dim", None)), as_ladder(sigmas, "sigmas")
    require_one("levels and noise", None if levels is None else noise, rng)
    rng = as_rng(rng, "noise")
    levels = _levels(levels, x.shape[:-1], len(sigmas), rng)
    sigma = sigmas[levels][..., None]
    z = rng.standard_normal(x.shape) if noise is None else as_like(noise, "noise", x, "x")
    weight = _weights(weighting, sigmas)[levels].reshape(-1)
    with beyond_float():
        rows = np.concatenate([x + sigma * z, sigma], axis=-1)
        target = (z / sigma).reshape(-1, x.shape[-1])

    def integrand(local, rows):
        residual = local.value + target[rows]
        weighted = weight[rows, None] * residual
        return weight[rows] * half_square(residual), (weighted, None, None, None)

    return _OnRows(family, x.shape[-1]), rows, integrand


def _levels(levels, shape, count, rng):
    if levels is None:
        drawn = draw_levels(int(np.prod(shape)), count, rng=rng)
        return drawn.reshape(shape)
    levels = as_array(levels, "levels", shape)
    if (levels != np.rint(levels)).any():
        raise ValueError(f"levels must be whole numbers, got {levels.ravel()}")
    if levels.size and (levels.min() < 0 or levels.max() >= count):
        raise ValueError(
            f"levels must be from 0 to {count - 1}, got {levels.min()} to {levels.max()}"
        )
    return levels.astype(int)


def _weights(weighting, sigmas):
    """λ at every level, (L,)."""
    if callable(weighting):
        weights = as_array(weighting(sigmas.copy()), "weighting(sigmas)", sigmas.shape)
        if weights.min() < 0:
            raise ValueError(f"weighting must be at least 0, got {weights.min()!r}")
        return weights
    if weighting not in ("sigma_squared", "none"):
        raise ValueError(
            f"weighting must be 'sigma_squared', 'none' or a function, got {weighting!r}"
        )
    return sigma_squared_weight(sigmas) if weighting == "sigma_squared" else np.ones(sigmas.shape)


class _OnRows:
    """A family as a field on rows (x, σ), for the integrand's loop over blocks."""

    def __init__(self, family, dim: int):
        self.family, self.dim = family, dim + 1
        self.rows_at_once = getattr(family, "rows_at_once", 4096)

    def _local(self, rows, workspace):
        x = np.ascontiguousarray(rows[:, :-1])
        return local_of(self.family, x, rows[:, -1], workspace)
