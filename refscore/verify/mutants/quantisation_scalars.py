"""Mistakes in scalar quantisers of the normal law: levels of least error, the error of any."""

from __future__ import annotations

import numpy as np

from refscore.verify import library
from refscore.verify.mutants.base import mistake


def _quantiles(n_levels):
    from scipy.special import ndtri

    return ndtri((np.arange(n_levels) + 0.5) / n_levels)


@mistake("lloyd_max_quantiles", port="lloyd_max", source="classic: equal probabilities")
def _(n_levels, mu, sd):
    """Levels are the middle quantiles of cells of equal probability."""
    return mu + sd * _quantiles(n_levels)


@mistake("lloyd_max_companded", port="lloyd_max", source="Panter and Dite 1951, as if exact")
def _(n_levels, mu, sd):
    """Levels are those of the companding law, right as their number grows only."""
    return mu + np.sqrt(3) * sd * _quantiles(n_levels)


@mistake("lloyd_max_thresholds", port="lloyd_max", source="classic: thresholds returned for levels")
def _(n_levels, mu, sd):
    """Where cells meet is returned, with the outer levels at its ends."""
    y = library.lloyd_max(n_levels, mu, sd)
    return np.concatenate([y[:1], 0.5 * (y[2:] + y[1:-1]), y[-1:]])


@mistake("lloyd_max_variance_for_sd", port="lloyd_max", source="classic: sigma^2 for sigma")
def _(n_levels, mu, sd):
    """Levels are scaled by the variance."""
    return mu + sd**2 * library.lloyd_max(n_levels, 0.0, 1.0)


@mistake("lloyd_max_mean_left_out", port="lloyd_max", source="classic: centred and not moved back")
def _(n_levels, mu, sd):
    """Levels stand about zero."""
    return library.lloyd_max(n_levels, 0.0, sd)


@mistake(
    "lloyd_max_uniform", port="lloyd_max", source="classic: the best even spacing; Max 1960, II"
)
def _(n_levels, mu, sd):
    """Levels are evenly spaced between the outer ones of the best."""
    y = library.lloyd_max(n_levels, mu, sd)
    return np.linspace(y[0], y[-1], n_levels)


@mistake("lloyd_max_falling", port="lloyd_max", source="classic: order")
def _(n_levels, mu, sd):
    """Levels fall."""
    return library.lloyd_max(n_levels, mu, sd)[::-1].copy()


@mistake("distortion_of_centroids", port="scalar_distortion",
         source="classic: sigma^2 - sum p y^2, which holds for the best levels")  # fmt: skip
def _(reproduction, mu, sd):
    """σ² − Σ p (y − mean)², which holds where levels are the means of their cells alone."""
    from scipy.special import ndtr

    y = (reproduction - mu) / sd
    ends = np.concatenate([[0.0], ndtr(0.5 * (y[1:] + y[:-1])), [1.0]])
    return sd**2 * (1 - (np.diff(ends) * y**2).sum())


@mistake(
    "distortion_sd_for_variance", port="scalar_distortion", source="classic: sigma for sigma^2"
)
def _(reproduction, mu, sd):
    """The error of the standardised levels is scaled by the standard deviation once."""
    return library.scalar_distortion(reproduction, mu, sd) / sd


@mistake(
    "distortion_mean_left_out", port="scalar_distortion", source="classic: a centred law assumed"
)
def _(reproduction, mu, sd):
    """The law's mean is taken as zero."""
    return library.scalar_distortion(reproduction, 0.0, sd)


@mistake("distortion_sd_left_out", port="scalar_distortion", source="classic: a unit law assumed")
def _(reproduction, mu, sd):
    """The law's standard deviation is taken as one."""
    return library.scalar_distortion(reproduction, mu, 1.0)


@mistake("distortion_halved", port="scalar_distortion", source="classic: 1/2 of a square")
def _(reproduction, mu, sd):
    """Half the mean square."""
    return 0.5 * library.scalar_distortion(reproduction, mu, sd)


@mistake("distortion_outer_cells_cut", port="scalar_distortion",
         source="classic: integrated between the outer levels")  # fmt: skip
def _(reproduction, mu, sd):
    """Only what lies between the outer levels is counted."""
    y = np.concatenate([reproduction[:1], reproduction, reproduction[-1:]])
    x = np.linspace(y[0], y[-1], 801)
    square = ((x[:, None] - reproduction) ** 2).min(1)
    density = np.exp(-0.5 * ((x - mu) / sd) ** 2) / (sd * np.sqrt(2 * np.pi))
    return float((square * density).mean() * (x[-1] - x[0]))
