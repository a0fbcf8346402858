"""Mistakes in forward processes: their marginals."""

from __future__ import annotations

import numpy as np

from refscore import processes
from refscore.verify import library
from refscore.verify.mutants.base import mistake
from refscore.verify.timed import forward

VP = processes.VP()


def only(kind, wrong, port):
    """`wrong` for processes of one kind, the library's port for the others."""

    def either(process, *times):
        if process.kind != kind:
            return getattr(library, port)(process, *times)
        return wrong(process, *times)

    return either


def like(process, **other):
    """The library's process of this kind, with other numbers."""
    return forward(type(process)(process.kind, **{**process.parameters_by_name, **other}))


def _marginal(name, kind, source, summary, wrong):
    made = only(kind, wrong, "process_marginal")
    made.__doc__ = summary
    mistake(name, port="process_marginal", source=source)(made)


def _moments(process, t):
    return forward(process).marginal(t)


_marginal(
    "sub_vp_of_vp", "sub_vp", "F25: sd √(1 - e^{2m})",
    "sub-VP has the standard deviation of VP, the root of its own.",
    lambda p, t: (_moments(p, t)[0], np.sqrt(_moments(p, t)[1])),
)  # fmt: skip
_marginal(
    "sub_vp_squared", "sub_vp", "F25: a variance for a standard deviation",
    "sub-VP returns (1 - e^{-B})², its variance.",
    lambda p, t: (_moments(p, t)[0], _moments(p, t)[1] ** 2),
)  # fmt: skip
_marginal(
    "sub_vp_alpha_bar", "sub_vp", "F26",
    "sub-VP's alpha is e^{-B}: alpha-bar for alpha.",
    lambda p, t: (_moments(p, t)[0] ** 2, _moments(p, t)[1]),
)  # fmt: skip
_marginal(
    "sub_vp_cancels", "sub_vp", "N15: 1 - e^{-B} in single precision",
    "sub-VP forms 1 - e^{-B} in single precision.",
    lambda p, t: (_moments(p, t)[0], float(np.float32(1) - np.float32(_moments(p, t)[0]) ** 2)),
)  # fmt: skip
_marginal(
    "ve_keeps_its_start", "ve", "F07: score_sde VESDE; erratum J22",
    "VE from a point keeps the paper's σ(t)², the starting variance included.",
    lambda p, t: like(p, exact=False).marginal(t),
)  # fmt: skip
_marginal(
    "ve_start_of_sds", "ve", "F07: the difference of standard deviations",
    "VE from a point subtracts standard deviations, not variances.",
    lambda p, t: (1.0, like(p, exact=False).marginal(t)[1] - p.exact * p.sigma_min),
)  # fmt: skip
_marginal(
    "ve_log_sigma", "ve", "F06: diffusionjax 306b9ac",
    "VE returns log σ for σ.",
    lambda p, t: (1.0, np.log(_moments(p, t)[1])),
)  # fmt: skip
_marginal(
    "ve_linear_levels", "ve", "C12: linear for log-linear",
    "VE's σ is linear in time.",
    lambda p, t: (1.0, p.sigma_min + t * (p.sigma_max - p.sigma_min)),
)  # fmt: skip
_marginal(
    "ve_ratio_inverted", "ve", "classic: levels in falling order",
    "VE's σ falls from σ_max to σ_min.",
    lambda p, t: (1.0, p.sigma_max * (p.sigma_min / p.sigma_max) ** t),
)  # fmt: skip
_marginal(
    "ve_shrinks_the_data", "ve", "F03: diffusers da7d4cf",
    "VE multiplies the data by 1/√(1 + σ²), as a variance-preserving sampler would.",
    lambda p, t: (1 / np.hypot(1, _moments(p, t)[1]), _moments(p, t)[1]),
)  # fmt: skip
_marginal(
    "edm_variance_is_time", "edm", "conventions 1: whose time is σ",
    "EDM's variance, not its standard deviation, is the time.",
    lambda p, t: (1.0, np.sqrt(t)),
)  # fmt: skip
_marginal(
    "straight_time_reversed", "straight", "conventions 1: torchcfm has data at 1",
    "The straight path has the data at time 1.",
    lambda p, t: (t, 1.0 - t),
)  # fmt: skip
_marginal(
    "straight_preserving", "straight", "O12: another schedule's coefficients",
    "The straight path's σ is √(1 - α²).",
    lambda p, t: (1.0 - t, np.sqrt(t * (2 - t))),
)  # fmt: skip
_marginal(
    "straight_floor", "straight", "conventions 2: torchcfm's σ",
    "The straight path keeps noise of 0.001 at the data.",
    lambda p, t: (1.0 - t, t + 1e-3 * (1 - t)),
)  # fmt: skip
_marginal(
    "cosine_alpha_bar", "cosine", "F26: cos² for cos",
    "The cosine schedule's alpha is alpha-bar.",
    lambda p, t: (_moments(p, t)[0] ** 2, _moments(p, t)[1]),
)  # fmt: skip
_marginal(
    "cosine_without_offset", "cosine", "classic: Nichol and Dhariwal without s",
    "The cosine schedule has no offset.",
    lambda p, t: like(p, offset=0.0).marginal(t),
)  # fmt: skip
_marginal(
    "cosine_not_normalised", "cosine", "classic: f(t) without f(0)",
    "The cosine schedule is not divided by its value at 0.",
    lambda p, t: (
        np.sin((1 - t) / (1 + p.offset) * np.pi / 2),
        np.cos((1 - t) / (1 + p.offset) * np.pi / 2),
    ),
)  # fmt: skip
_marginal(
    "cosine_offset_not_divided", "cosine", "classic: t + s without 1 + s",
    "The cosine's angle is ½π (t + s), not divided by 1 + s.",
    lambda p, t: _cosine_of(np.pi / 2, p.offset, t),
)  # fmt: skip
_marginal(
    "cosine_whole_angle", "cosine", "C01: a factor of π/2",
    "The cosine's angle is t + s, without π/2.",
    lambda p, t: _cosine_of(1 / (1 + p.offset), p.offset, t),
)  # fmt: skip


def _cosine_of(speed, offset, t):
    alpha = np.cos(speed * (t + offset)) / np.cos(speed * offset)
    return alpha, np.sqrt(1 - alpha**2)
