"""Mistakes in the rates and transitions of forward processes."""

from __future__ import annotations

import numpy as np

from refscore import processes
from refscore.verify import library
from refscore.verify.mutants.base import mistake
from refscore.verify.mutants.processes import like, only
from refscore.verify.timed import forward

VP = processes.VP()


def _rates(name, kind, source, summary, wrong):
    made = only(kind, wrong, "process_rates")
    made.__doc__ = summary
    mistake(name, port="process_rates", source=source)(made)


def _transition(name, kind, source, summary, wrong):
    made = only(kind, wrong, "process_transition")
    made.__doc__ = summary
    mistake(name, port="process_transition", source=source)(made)


def _moments(process, t):
    return forward(process).marginal(t)


def _f_g(process, t):
    made = forward(process)
    return made.drift_rate(t), made.diffusion(t)


_rates(
    "sub_vp_noise_of_vp", "sub_vp", "F25",
    "sub-VP has the diffusion of VP.",
    lambda p, t: (_f_g(p, t)[0], np.sqrt(-2 * _f_g(p, t)[0])),
)  # fmt: skip
_rates(
    "sub_vp_single_exponent", "sub_vp", "Song et al. 2021: e^{-2B}",
    "sub-VP's g² is β(1 - e^{-B}): the exponent lacks its 2.",
    lambda p, t: (_f_g(p, t)[0], np.sqrt(-2 * _f_g(p, t)[0] * _moments(p, t)[1])),
)  # fmt: skip
_rates(
    "ve_noise_without_two", "ve", "F09: factor 2",
    "VE's g² is s² log(σ_max/σ_min), without the 2 of (σ²)' = 2σσ'.",
    lambda p, t: (0.0, _f_g(p, t)[1] / np.sqrt(2)),
)  # fmt: skip
_rates(
    "ve_noise_without_log", "ve", "classic: σ(t) for g",
    "VE's g lacks the log ratio: √2 s.",
    lambda p, t: (0.0, _f_g(p, t)[1] / np.sqrt(np.log(p.sigma_max / p.sigma_min))),
)  # fmt: skip
_rates(
    "ve_noise_is_the_level", "ve", "classic: σ(t) for g",
    "VE's g is its σ(t).",
    lambda p, t: (0.0, like(p, exact=False).marginal(t)[1]),
)  # fmt: skip
_rates(
    "ve_noise_log_ten", "ve", "classic: log10",
    "VE's g has the decimal logarithm.",
    lambda p, t: (0.0, _f_g(p, t)[1] / np.sqrt(np.log(10))),
)  # fmt: skip
_rates(
    "edm_noise_squared", "edm", "classic: g² for g",
    "EDM's g is 2t, its square.",
    lambda p, t: (0.0, 2.0 * t),
)  # fmt: skip
_rates(
    "edm_noise_without_two", "edm", "F09: factor 2",
    "EDM's g is √t.",
    lambda p, t: (0.0, np.sqrt(t)),
)  # fmt: skip
_rates(
    "straight_drift_outwards", "straight", "torchcfm #85: a sign",
    "The straight path's drift rate has the wrong sign.",
    lambda p, t: (1 / (1 - t), _f_g(p, t)[1]),
)  # fmt: skip
_rates(
    "straight_drift_reversed", "straight", "conventions 1: data at 1",
    "The straight path's drift rate is -1/t.",
    lambda p, t: (-1 / t, _f_g(p, t)[1]),
)  # fmt: skip
_rates(
    "straight_noise_without_drift", "straight", "classic: (σ²)' for g²",
    "The straight path's g² is 2t: the part of the drift is left out.",
    lambda p, t: (_f_g(p, t)[0], np.sqrt(2 * t)),
)  # fmt: skip
_rates(
    "straight_noise_half", "straight", "F09: factor 2",
    "The straight path's g² is t/(1 - t).",
    lambda p, t: (_f_g(p, t)[0], _f_g(p, t)[1] / np.sqrt(2)),
)  # fmt: skip
_rates(
    "straight_noise_drift_added", "straight", "classic: + 2 f σ² for -",
    "The straight path's g² is (σ²)' + 2fσ², where that is positive.",
    lambda p, t: (_f_g(p, t)[0], np.sqrt(max(2 * t - 2 * t * t / (1 - t), 0.0))),
)  # fmt: skip
_rates(
    "cosine_rate_of_alpha_bar", "cosine", "F26: (log ᾱ)' for (log α)'",
    "The cosine schedule's drift rate is that of alpha-bar.",
    lambda p, t: (2 * _f_g(p, t)[0], _f_g(p, t)[1]),
)  # fmt: skip
_rates(
    "cosine_rate_without_pi", "cosine", "C01",
    "The cosine's angle is differentiated without ½π.",
    lambda p, t: (_f_g(p, t)[0] * 2 / np.pi, _f_g(p, t)[1] * np.sqrt(2 / np.pi)),
)  # fmt: skip
_rates(
    "cosine_noise_half", "cosine", "F09: factor 2",
    "The cosine's g² is -f.",
    lambda p, t: (_f_g(p, t)[0], _f_g(p, t)[1] / np.sqrt(2)),
)  # fmt: skip
_rates(
    "cosine_clipped", "cosine", "C07: the discrete table's clip in continuous time",
    "The cosine's β is clipped at 2.",
    lambda p, t: (max(_f_g(p, t)[0], -1.0), min(_f_g(p, t)[1], np.sqrt(2))),
)  # fmt: skip

for _kind, _names in (
    ("vp", ("VP", "DPM-Solver: α_s for α_s/α_t")),
    ("sub_vp", ("sub-VP", "classic")),
    ("straight", ("The straight path", "classic")),
    ("cosine", ("The cosine schedule", "classic")),
):
    _transition(
        f"{_kind}_noise_not_shrunk", _kind, "classic: σ_s² - σ_t²",
        f"{_names[0]}'s transition subtracts σ_t² without shrinking it.",
        lambda p, t, s: (
            library.process_transition(p, t, s)[0],
            np.sqrt(np.abs(_moments(p, s)[1] ** 2 - _moments(p, t)[1] ** 2)),
        ),
    )  # fmt: skip
    _transition(
        f"{_kind}_noise_of_the_end", _kind, "classic: the marginal for the transition",
        f"{_names[0]}'s transition has the noise of the marginal.",
        lambda p, t, s: (library.process_transition(p, t, s)[0], _moments(p, s)[1]),
    )  # fmt: skip
    _transition(
        f"{_kind}_ratio_of_marginal", _kind, _names[1],
        f"{_names[0]}'s transition multiplies by α_s, not α_s/α_t.",
        lambda p, t, s: (_moments(p, s)[0], library.process_transition(p, t, s)[1]),
    )  # fmt: skip
    _transition(
        f"{_kind}_noise_shrunk_once", _kind, "F11: a ratio not squared",
        f"{_names[0]}'s transition shrinks σ_t² by α_s/α_t, not by its square.",
        lambda p, t, s: (
            library.process_transition(p, t, s)[0],
            np.sqrt(
                np.abs(
                    _moments(p, s)[1] ** 2
                    - library.process_transition(p, t, s)[0] * _moments(p, t)[1] ** 2
                )
            ),
        ),
    )  # fmt: skip

_transition(
    "edm_noise_of_differences", "edm", "N01: σ_s - σ_t for √(σ_s² - σ_t²)",
    "EDM's transition adds noise of σ_s - σ_t.",
    lambda p, t, s: (1.0, s - t),
)  # fmt: skip
_transition(
    "ve_transition_of_variance", "ve", "classic: a variance for a standard deviation",
    "VE's transition returns the variance.",
    lambda p, t, s: (1.0, library.process_transition(p, t, s)[1] ** 2),
)  # fmt: skip
_transition(
    "edm_cancels", "edm", "N01: σ_to² - σ_up² in single precision",
    "EDM's σ_s² - σ_t² is formed in single precision.",
    lambda p, t, s: (1.0, float(np.sqrt(np.maximum(np.float32(s) ** 2 - np.float32(t) ** 2, 0)))),
)  # fmt: skip
