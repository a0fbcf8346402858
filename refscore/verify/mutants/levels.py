"""Mistakes in noise levels: how they are laid out and drawn."""

from __future__ import annotations

import numpy as np

from refscore.verify import library
from refscore.verify.mutants.base import mistake


@mistake("edm_levels_exchanged", port="edm_sigmas", source="O09: milmor #3")
def _(normals, p_mean, p_std):
    """Mean and standard deviation are exchanged."""
    return np.exp(p_std + p_mean * normals)


@mistake("edm_levels_exchanged_signs", port="edm_sigmas", source="O09: exp(z P_mean − P_std)")
def _(normals, p_mean, p_std):
    """Mean and standard deviation are exchanged and the second subtracted."""
    return np.exp(normals * p_mean - p_std)


@mistake("edm_levels_variance", port="edm_sigmas", source="classic")
def _(normals, p_mean, p_std):
    """The standard deviation is taken for a variance."""
    return np.exp(p_mean + np.sqrt(p_std) * normals)


@mistake("edm_levels_of_variance", port="edm_sigmas", source="classic")
def _(normals, p_mean, p_std):
    """What is log-normal is σ², not σ."""
    return np.exp((p_mean + p_std * normals) / 2)


@mistake("edm_levels_not_exponentiated", port="edm_sigmas", source="classic")
def _(normals, p_mean, p_std):
    """The levels are log σ."""
    return p_mean + p_std * normals


@mistake("log_uniform_is_uniform", port="log_uniform_sigmas", source="C12")
def _(uniforms, sigma_min, sigma_max):
    """The levels themselves are uniform."""
    return sigma_min + (sigma_max - sigma_min) * uniforms


@mistake("log_uniform_reversed", port="log_uniform_sigmas", source="classic")
def _(uniforms, sigma_min, sigma_max):
    """Uniform numbers count from the largest level down."""
    return library.log_uniform_sigmas(1 - uniforms, sigma_min, sigma_max)


@mistake("log_uniform_of_variance", port="log_uniform_sigmas", source="classic: log σ² for log σ")
def _(uniforms, sigma_min, sigma_max):
    """The range is that of log σ²."""
    return sigma_min * (sigma_max / sigma_min) ** (2 * uniforms)


@mistake("geometric_is_linear", port="geometric_sigmas", source="C12")
def _(sigma_max, sigma_min, n):
    """The levels are equally far apart, not of one ratio."""
    return np.linspace(sigma_max, sigma_min, n)


@mistake("geometric_without_end", port="geometric_sigmas", source="classic: n for n - 1")
def _(sigma_max, sigma_min, n):
    """The exponent is l/n: the smallest level is missing."""
    return np.geomspace(sigma_max, sigma_min, n + 1)[:-1]


@mistake("geometric_ascending", port="geometric_sigmas", source="classic")
def _(sigma_max, sigma_min, n):
    """The ladder goes up."""
    return np.geomspace(sigma_min, sigma_max, n)


@mistake("levels_without_first", port="draw_levels", source="O27: randint(1, T)")
def _(n, n_levels, rng):
    """The first level is never drawn."""
    return np.random.default_rng(rng).integers(1, n_levels, size=n)


@mistake("levels_without_last", port="draw_levels", source="O27: randint(T - 1)")
def _(n, n_levels, rng):
    """The last level is never drawn."""
    return np.random.default_rng(rng).integers(n_levels - 1, size=n)


@mistake("levels_rounded", port="draw_levels", source="classic: round(u (T - 1))")
def _(n, n_levels, rng):
    """Uniform numbers are rounded: the two ends are drawn half as often."""
    return np.rint(np.random.default_rng(rng).random(n) * (n_levels - 1)).astype(int)


@mistake("levels_beyond_last", port="draw_levels", source="classic: both ends included")
def _(n, n_levels, rng):
    """One level too many is drawn."""
    return np.random.default_rng(rng).integers(n_levels + 1, size=n)


@mistake("levels_one_for_the_batch", port="draw_levels", source="O26")
def _(n, n_levels, rng):
    """One level is drawn for the whole batch."""
    return np.full(n, np.random.default_rng(rng).integers(n_levels))


@mistake("levels_in_pairs", port="draw_levels", source="F04: one draw for two rows")
def _(n, n_levels, rng):
    """Every level is drawn once for two rows that follow each other."""
    return np.repeat(np.random.default_rng(rng).integers(n_levels, size=-(-n // 2)), 2)[:n]


@mistake("levels_of_half_the_batch", port="draw_levels", source="F04: tiled draws")
def _(n, n_levels, rng):
    """The levels of the first half of the batch serve the second half again."""
    return np.resize(np.random.default_rng(rng).integers(n_levels, size=-(-n // 2)), n)


@mistake("levels_mirrored", port="draw_levels", source="classic: cat([t, T - 1 - t])")
def _(n, n_levels, rng):
    """The second half of the batch mirrors the first half's levels: they are not independent."""
    drawn = np.random.default_rng(rng).integers(n_levels, size=-(-n // 2))
    return np.concatenate([drawn, n_levels - 1 - drawn])[:n]


@mistake("levels_balanced", port="draw_levels", source="classic: a shuffled arange(n) % L")
def _(n, n_levels, rng):
    """Every level is drawn equally often in a batch: a row's level depends on the others'."""
    return np.random.default_rng(rng).permutation(np.arange(n) % n_levels)
