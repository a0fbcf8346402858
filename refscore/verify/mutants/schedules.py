"""Mistakes in discrete tables and ladders."""

from __future__ import annotations

import numpy as np

from refscore.verify import library
from refscore.verify.mutants.base import mistake


def _named(name, n, wrong, only=None):
    """(betas, alpha bars) by `wrong(n)` for one name, or all; else the library's."""
    if only not in (None, name):
        return library.discrete_schedule(name, n)
    betas = np.asarray(wrong(n), float)
    return betas, np.cumprod(1 - betas)


@mistake("table_not_rescaled", port="discrete_schedule", source="C05: EngiOpt #67")
def _(name, n_steps):
    """The rates of 1000 levels are kept whatever the number of levels."""
    if name != "linear":
        return library.discrete_schedule(name, n_steps)
    return _named(name, n_steps, lambda n: np.linspace(1e-4, 0.02, n))


@mistake("table_per_step", port="discrete_schedule", source="SS corrector: α = 1 - β per step")
def _(name, n_steps):
    """1 - β is returned for its cumulative product."""
    betas, _ = library.discrete_schedule(name, n_steps)
    return betas, 1 - betas


@mistake("table_rooted", port="discrete_schedule", source="F10: √ᾱ stored as ᾱ")
def _(name, n_steps):
    """The roots of the cumulative products are returned."""
    betas, bars = library.discrete_schedule(name, n_steps)
    return betas, np.sqrt(bars)


@mistake("table_of_noise", port="discrete_schedule", source="F01: labml #152")
def _(name, n_steps):
    """1 - ᾱ is returned for ᾱ."""
    betas, bars = library.discrete_schedule(name, n_steps)
    return betas, 1 - bars


@mistake("table_shifted", port="discrete_schedule", source="R02: ᾱ_prev for ᾱ")
def _(name, n_steps):
    """The products are one level late, 1 first."""
    betas, bars = library.discrete_schedule(name, n_steps)
    return betas, np.append(1.0, bars[:-1])


@mistake("table_summed", port="discrete_schedule", source="classic: 1 - Σβ")
def _(name, n_steps):
    """The products are e^{-Σβ}, the continuous limit."""
    betas, _ = library.discrete_schedule(name, n_steps)
    return betas, np.exp(-np.cumsum(betas))


@mistake("table_descends", port="discrete_schedule", source="classic: a ladder's order")
def _(name, n_steps):
    """The levels come with the most noise first."""
    betas, bars = library.discrete_schedule(name, n_steps)
    return betas[::-1], bars[::-1]


@mistake("table_midpoints", port="discrete_schedule", source="conventions 2: DJ's β(t_i) dt")
def _(name, n_steps):
    """The linear table has the rates at i/N, not spread over both ends."""
    rates = 0.1 + 19.9 * (np.arange(n_steps) + 1) / n_steps
    return _named(name, n_steps, lambda n: rates / n, "linear")


@mistake("table_roots_not_squared", port="discrete_schedule", source="diffusers scaled_linear")
def _(name, n_steps):
    """The scaled linear table is linear from 0.85 to 12."""
    return _named(name, n_steps, lambda n: np.linspace(0.85, 12, n) / n, "scaled_linear")


@mistake("table_scaled_at_ends_of_linear", port="discrete_schedule", source="classic: DDPM's ends")
def _(name, n_steps):
    """The scaled linear table has the ends of the linear one."""
    wrong = np.linspace(np.sqrt(0.1), np.sqrt(20), n_steps) ** 2 / n_steps
    return _named(name, n_steps, lambda n: wrong, "scaled_linear")


def _cosine(n, *, offset=0.008, clip=0.999, power=2, first=0):
    angle = (np.arange(first, n + 1 + first) / n + offset) / (1 + offset) * np.pi / 2
    bars = np.cos(angle) ** power
    return np.minimum(1 - bars[1:] / bars[:-1], clip)


@mistake("table_cosine_without_offset", port="discrete_schedule", source="N&D without s")
def _(name, n_steps):
    """The cosine table has no offset."""
    return _named(name, n_steps, lambda n: _cosine(n, offset=0.0), "cosine")


@mistake("table_cosine_without_clip", port="discrete_schedule", source="C07: the clip forgotten")
def _(name, n_steps):
    """The cosine table is not clipped at 0.999."""
    return _named(name, n_steps, lambda n: _cosine(n, clip=np.inf), "cosine")


@mistake("table_cosine_clipped_low", port="discrete_schedule", source="classic: a clip of 0.02")
def _(name, n_steps):
    """The cosine table is clipped at 0.02, the linear table's end."""
    return _named(name, n_steps, lambda n: _cosine(n, clip=0.02), "cosine")


@mistake("table_cosine_not_squared", port="discrete_schedule", source="F26: cos for cos²")
def _(name, n_steps):
    """The cosine table's ᾱ is the cosine, not its square."""
    return _named(name, n_steps, lambda n: _cosine(n, power=1), "cosine")


@mistake("table_cosine_spread", port="discrete_schedule", source="classic: linspace(0, 1, N)")
def _(name, n_steps):
    """The cosine table's levels stand at i/(N - 1), both ends included."""
    angle = (np.linspace(0, 1, n_steps) + 0.008) / 1.008 * np.pi / 2
    bars = np.append(1.0, np.cos(angle) ** 2 / np.cos(angle[0]) ** 2)
    wrong = np.clip(1 - bars[1:] / bars[:-1], 0, 0.999)
    return _named(name, n_steps, lambda n: wrong, "cosine")


@mistake("table_sigmoid_narrow", port="discrete_schedule", source="classic: another range")
def _(name, n_steps):
    """The sigmoid runs over -3 to 3."""
    rates = 0.1 + 19.9 / (1 + np.exp(-np.linspace(-3, 3, n_steps)))
    return _named(name, n_steps, lambda n: rates / n, "sigmoid")


@mistake("table_sigmoid_from_zero", port="discrete_schedule", source="classic: β_min left out")
def _(name, n_steps):
    """The sigmoid table lacks its lower end."""
    rates = 19.9 / (1 + np.exp(-np.linspace(-6, 6, n_steps)))
    return _named(name, n_steps, lambda n: rates / n, "sigmoid")


@mistake("products_alpha_bar", port="table_marginals", source="F26, F10")
def _(betas):
    """alpha-bar is returned for alpha."""
    alphas, sigmas = library.table_marginals(betas)
    return alphas**2, sigmas


@mistake("products_alpha_twice", port="table_marginals", source="F01: labml #152")
def _(betas):
    """√ᾱ stands in both places."""
    alphas, _ = library.table_marginals(betas)
    return alphas, alphas


@mistake("products_root_twice", port="table_marginals", source="F10: deepinv 998bd7c")
def _(betas):
    """The root of alpha is taken again."""
    alphas, sigmas = library.table_marginals(betas)
    return np.sqrt(alphas), sigmas


@mistake("products_per_step", port="table_marginals", source="conventions 5: per-step 1 - β_i")
def _(betas):
    """Every level has the factors of its own step."""
    return np.sqrt(1 - betas), np.sqrt(betas)


@mistake("products_sigma_of_step", port="table_marginals", source="per step for cumulative")
def _(betas):
    """sigma is √β, the noise of one step."""
    return library.table_marginals(betas)[0], np.sqrt(betas)


@mistake("products_shifted", port="table_marginals", source="R02: off by one")
def _(betas):
    """The levels are one late: the first is the data."""
    alphas, sigmas = library.table_marginals(betas)
    return np.append(1.0, alphas[:-1]), np.append(0.0, sigmas[:-1])


@mistake("products_variance", port="table_marginals", source="F11")
def _(betas):
    """sigma is 1 - ᾱ, the variance."""
    alphas, sigmas = library.table_marginals(betas)
    return alphas, sigmas**2


@mistake("products_swapped", port="table_marginals", source="F01: labml #152")
def _(betas):
    """√(1 - ᾱ) is filled with √ᾱ."""
    return library.table_marginals(betas)[::-1]


@mistake("products_cancel", port="table_marginals", source="N15: 1 - ᾱ in single precision")
def _(betas):
    """1 - ᾱ is formed in single precision, which loses small rates."""
    bars = np.cumprod(1 - betas)
    return np.sqrt(bars), np.sqrt(np.float32(1) - bars.astype(np.float32)).astype(float)


@mistake("products_exponential", port="table_marginals", source="classic: e^{-Σβ}")
def _(betas):
    """The products are e^{-½Σβ}, the continuous limit."""
    total = np.cumsum(betas)
    return np.exp(-total / 2), np.sqrt(-np.expm1(-total))


@mistake("ladder_differences", port="ladder_increments", source="N01: σ_i - σ_{i-1}")
def _(sigmas):
    """Standard deviations are subtracted, not variances."""
    return np.diff(sigmas[::-1], prepend=0.0)


@mistake("ladder_variances", port="ladder_increments", source="F11")
def _(sigmas):
    """The variances of the increments are returned."""
    return library.ladder_increments(sigmas) ** 2


@mistake("ladder_levels", port="ladder_increments", source="per step for cumulative, reversed")
def _(sigmas):
    """Every step adds the whole noise of its level."""
    return sigmas[::-1].copy()


@mistake("ladder_start_left_out", port="ladder_increments", source="F07")
def _(sigmas):
    """The noise up to the smallest level is left out."""
    return np.append(0.0, library.ladder_increments(sigmas)[1:])


@mistake("ladder_descends", port="ladder_increments", source="classic: a ladder's order")
def _(sigmas):
    """The increments come from the largest level down."""
    return library.ladder_increments(sigmas)[::-1]
