"""Mistakes in grids of levels: Karras's, and which levels of a table are visited."""

from __future__ import annotations

import numpy as np

from refscore import processes
from refscore.verify.mutants.base import mistake


@mistake("karras_without_root", port="karras_sigmas", source="classic: ρ forgotten")
def _(n_levels, sigma_min, sigma_max, rho):
    """The levels themselves step equally."""
    return np.linspace(sigma_max, sigma_min, n_levels)


@mistake("karras_root_inverted", port="karras_sigmas", source="classic: ρ for 1/ρ")
def _(n_levels, sigma_min, sigma_max, rho):
    """The ρ-th powers step equally."""
    return np.linspace(sigma_max**rho, sigma_min**rho, n_levels) ** (1 / rho)


@mistake("karras_rho_fixed", port="karras_sigmas", source="a constant in place of the argument")
def _(n_levels, sigma_min, sigma_max, rho):
    """ρ is 7 whatever is asked for."""
    return processes.karras_sigmas(n_levels, sigma_min, sigma_max, 7.0)


@mistake("karras_n_for_n_minus_one", port="karras_sigmas", source="EDM: i/N for i/(N - 1)")
def _(n_levels, sigma_min, sigma_max, rho):
    """The steps are 1/n: the last level is not reached."""
    return processes.karras_sigmas(n_levels + 1, sigma_min, sigma_max, rho)[:-1]


@mistake("karras_geometric", port="karras_sigmas", source="classic: NCSN's levels")
def _(n_levels, sigma_min, sigma_max, rho):
    """The levels have one ratio."""
    return np.geomspace(sigma_max, sigma_min, n_levels)


@mistake("karras_ends_at_zero", port="karras_sigmas", source="KD: the appended 0")
def _(n_levels, sigma_min, sigma_max, rho):
    """The last level is 0 in place of sigma_min."""
    return np.append(processes.karras_sigmas(n_levels, sigma_min, sigma_max, rho)[:-1], 0.0)


@mistake("karras_rises", port="karras_sigmas", source="classic: order")
def _(n_levels, sigma_min, sigma_max, rho):
    """The levels rise."""
    return processes.karras_sigmas(n_levels, sigma_min, sigma_max, rho)[::-1]


def _integers(wrong):
    """The library's grid but for the spacings of `wrong`."""

    def grid(n_train, n_steps, spacing):
        if spacing in wrong:
            return np.asarray(wrong[spacing](n_train, n_steps))
        return processes.integer_grid(n_train, n_steps, spacing)

    return grid


_k = np.arange
for _name, _source, _summary, _wrong in (
    ("grid_leading_from_one", "conventions 5: steps_offset", "Leading indices are one too high.",
     {"leading": lambda N, n: _k(n)[::-1] * (N // n) + 1}),
    ("grid_leading_stride_rounded", "C09: LCM", "Leading strides are N/n, each index rounded.",
     {"leading": lambda N, n: np.round(_k(n)[::-1] * (N / n))}),
    ("grid_trailing_not_shifted", "classic: indices from 1", "Trailing indices lack their - 1.",
     {"trailing": lambda N, n: np.round(N - _k(n) * N / n)}),
    ("grid_trailing_floored", "classic: floor for round", "Trailing indices are cut, not rounded.",
     {"trailing": lambda N, n: np.floor(N - _k(n) * N / n) - 1}),
    ("grid_linspace_floored", "classic: astype(int) cuts", "Linspace indices are cut, not rounded.",
     {"linspace": lambda N, n: np.floor(np.linspace(0, N - 1, n))[::-1]}),
    ("grid_linspace_to_n", "off by one", "Linspace indices run to N, past the last level.",
     {"linspace": lambda N, n: np.round(np.linspace(0, N, n))[::-1]}),
    ("grid_linspace_open", "classic: endpoint=False", "Linspace indices stop short of the last.",
     {"linspace": lambda N, n: np.round(_k(n)[::-1] * N / n)}),
    ("grid_leading_for_all", "conventions 5", "Every spacing is leading.",
     {s: (lambda N, n: _k(n)[::-1] * (N // n)) for s in ("linspace", "trailing")}),
):  # fmt: skip
    _made = _integers(_wrong)
    _made.__doc__ = _summary
    mistake(_name, port="integer_grid", source=_source)(_made)


@mistake("grid_integers_rise", port="integer_grid", source="classic: order")
def _(n_train, n_steps, spacing):
    """The indices rise."""
    return processes.integer_grid(n_train, n_steps, spacing)[::-1]
