"""Discrete noise tables: N levels of a chain, their continuous limits, and the way between."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from refscore._arguments import as_array, as_count, as_ladder, as_positive
from refscore.processes._interpolated import (
    Interpolated,
    InterpolatedLevels,
    InterpolatedToNothing,
)
from refscore.processes.base import Process
from refscore.processes.given import variance_preserving
from refscore.processes.preserving import VP
from refscore.processes.straight import Cosine

LIMITS = {"linear": (0.1, 20.0), "scaled_linear": (0.85, 12.0), "sigmoid": (0.1, 20.0)}
NAMES = ("linear", "scaled_linear", "cosine", "sigmoid")


@dataclass(frozen=True, eq=False)
class Table:
    """Marginals X_i = α_i X_0 + σ_i Z of a chain, i = 1, ..., N, least noise first.

        preserving: x_i = √(1 - β_i) x_{i-1} + √β_i z,  ᾱ_i = Π_{j<=i} (1 - β_j) = α_i²
        exploding:  x_i = x_{i-1} + √(σ_i² - σ_{i-1}²) z,  σ_0 = 0

    Attributes: alphas α_i (not ᾱ_i), sigmas σ_i, betas β_i (0 when exploding), all (N,). Entry k
    of an array, which is read-only, is level k + 1 and stands at time (k + 1)/N; the clean data are
    no entry. Made by
    `from_betas`, `from_sigmas`, `discrete_schedule`.
    Source: Ho et al. 2020; Song et al. 2021, appendix B.
    Checked by: named_tables, ladder_is_the_exploding_marginal
    """

    alphas: np.ndarray
    sigmas: np.ndarray
    betas: np.ndarray
    log_alpha_bars: np.ndarray = field(repr=False)

    def __post_init__(self):
        for name in ("alphas", "sigmas", "betas", "log_alpha_bars"):
            own = np.array(getattr(self, name))  # nobody else's, and kept as it is
            own.flags.writeable = False
            object.__setattr__(self, name, own)

    @property
    def n_steps(self) -> int:
        """N."""
        return len(self.alphas)

    @property
    def alpha_bars(self) -> np.ndarray:
        """ᾱ = α², (N,)."""
        return np.exp(self.log_alpha_bars)

    @property
    def added(self) -> np.ndarray:
        """Standard deviation of the noise a step adds, √β_i or √(σ_i² - σ_{i-1}²), (N,)."""
        if self.log_alpha_bars[-1] < 0:
            return np.sqrt(self.betas)
        before = np.append(0.0, self.sigmas[:-1])
        return np.sqrt(self.sigmas - before) * np.sqrt(self.sigmas + before)

    @property
    def times(self) -> np.ndarray:
        """The times 1/N, 2/N, ..., 1 of the levels, (N,)."""
        return np.arange(1, self.n_steps + 1) / self.n_steps

    def process(self) -> Process:
        """The process on [0, 1] that has the table's marginals, and the chain's transitions, at
        `times`: between them log α is linear (DPM-Solver's interpolation), so f and g are
        constant, and for an exploding table log σ is linear (σ² up to the first level). Where
        α_N = 0 (`zero_terminal_snr`, cosine with clip 1) α itself is linear on the last interval,
        and f and g are infinite at 1. The rates jump at `times`, the process's `kinks`: solvers
        with error control stop there, steps of a sampler over them are of order 1.
        """
        ends = np.append(0.0, self.times)
        if self.log_alpha_bars[-1] < 0:
            some = np.isfinite(self.log_alpha_bars[-1])
            kind = Interpolated if some else InterpolatedToNothing
            return kind(ends, np.append(0.0, -self.log_alpha_bars))
        return InterpolatedLevels(ends, self.sigmas)


def from_betas(betas) -> Table:
    """The variance-preserving table of rates β_i.

        ᾱ_i = Π_{j<=i} (1 - β_j),  α_i = √ᾱ_i,  σ_i = √(1 - ᾱ_i)

    Arguments: betas (N,), 0 < β_i < 1; the last may be 1 (nothing of the data is left).
    Returns: Table. Raises: ValueError naming the entry. Source: Ho et al. 2020, equation 4.
    Checked by: cumulative_products
    """
    b = as_array(betas, "betas", (None,))
    if not b.size:
        raise ValueError("betas must have at least one entry")
    bad = ~((b > 0) & ((b < 1) | ((b == 1) & (np.arange(b.size) == b.size - 1))))
    for i in np.flatnonzero(bad)[:1]:
        raise ValueError(
            f"betas must lie strictly between 0 and 1, got {float(b[i]):.6g} at index {i}"
        )
    with np.errstate(divide="ignore"):
        logs = np.cumsum(np.log1p(-b))
    return Table(np.exp(logs / 2), np.sqrt(-np.expm1(logs)), b, logs)


def from_sigmas(sigmas) -> Table:
    """The variance-exploding table of a ladder of noise levels.

        x_i = x_{i-1} + √(σ_i² - σ_{i-1}²) z,  σ_0 = 0:  X_i = X_0 + σ_i Z

    Arguments: sigmas (N,), strictly decreasing, as ladders are everywhere here; the table has
    them rising. Returns: Table. Raises: ValueError naming the entry. Source: Song et al. 2021,
    appendix B; Song and Ermon 2019.
    Checked by: ladder_is_the_exploding_marginal
    """
    rising = as_ladder(sigmas, "sigmas")[::-1].copy()
    return Table(np.ones_like(rising), rising, np.zeros_like(rising), np.zeros_like(rising))


def discrete_schedule(name: str, n_steps, **options) -> Table:
    """A named variance-preserving table of n_steps levels; rates scale with 1/n_steps.

        linear         β_i = linspace(b_0, b_1, N)_i / N,  b = 0.1, 20
        scaled_linear  β_i = linspace(√b_0, √b_1, N)_i² / N,  b = 0.85, 12
        sigmoid        β_i = (b_0 + (b_1 - b_0) sigmoid(linspace(-6, 6, N)_i)) / N,  b = 0.1, 20
        cosine         β_i = min(1 - c(i/N)/c((i - 1)/N), 0.999),  c(t) = cos²(½π (t + s)/(1 + s))

    At N = 1000 the first three are the tables of DDPM (1e-4 to 0.02), of latent diffusion
    (0.00085 to 0.012) and of GeoDiff; linear is also Song's linspace(b_0/N, b_1/N, N). Others
    keep the rates of N = 1000 whatever N; `from_betas` takes any table.
    Options: beta_min b_0, beta_max b_1; for cosine offset s = 0.008 and clip = 0.999 (1: the
    table ends at α = 0). Returns:
    Table. Raises: ValueError for another name, or where n_steps <= b_1 makes a β of 1 or more.
    Source: Ho et al. 2020; Rombach et al. 2022; Xu et al. 2022; Nichol and Dhariwal 2021.
    Checked by: named_tables, discrete_chain_tends_to_process
    """
    n = as_count(n_steps, "n_steps")
    if _named(name) == "cosine":
        return from_betas(_cosine_betas(n, **_options(name, options)))
    rates = _rates(name, np.linspace(0, 1, n) if n > 1 else np.array([0.0]), options)
    if rates.max() >= n:
        raise ValueError(
            f"n_steps must be above the largest rate, {rates.max():g}, or a step has beta >= 1;"
            f" got {n}"
        )
    return from_betas(rates / n)


def continuous_limit(name: str, **options) -> Process:
    """The process that `discrete_schedule(name, N)` tends to, at rate 1/N, at times i/N.

        linear: VP;  cosine: Cosine (without the clip);  scaled_linear: β(t) = (√b_0 + t c)²,
        c = √b_1 - √b_0;  sigmoid: β(t) = b_0 + (b_1 - b_0) sigmoid(12 t - 6)

    Options: as `discrete_schedule`, without clip. Returns: a Process on [0, 1]. Raises:
    ValueError for another name. Source: Song et al. 2021, appendix B.
    Tested in: tests/processes/test_tables.py
    """
    if _named(name) == "cosine":
        return Cosine(**options)
    low, high = _ends(name, options)
    if name == "linear":
        return VP(low, high)
    if name == "scaled_linear":
        r, c = np.sqrt(low), np.sqrt(high) - np.sqrt(low)
        return variance_preserving(
            lambda t: (r + c * t) ** 2, lambda t: t * (r * r + t * c * (r + t * c / 3))
        )

    def area(t):
        return low * t + (high - low) / 12 * (np.logaddexp(0, 12 * t - 6) - np.logaddexp(0, -6))

    return variance_preserving(lambda t: _rates("sigmoid", t, options), area)


def zero_terminal_snr(betas) -> np.ndarray:
    """The rates β (N,) of the table whose √ᾱ is shifted to 0 at the end and keeps its start.

        √ᾱ'_i = (√ᾱ_i - √ᾱ_N) √ᾱ_1/(√ᾱ_1 - √ᾱ_N)

    Arguments: betas (N,), N >= 2. Returns: (N,), the last one 1. Raises: ValueError naming the
    entry. Source: Lin et al. 2024, algorithm 1.
    Tested in: tests/processes/test_tables.py
    """
    root = from_betas(betas).alphas
    if len(root) < 2:
        raise ValueError("betas must have at least two entries")
    if not root[-1] < root[0]:
        raise ValueError("betas are too small: no signal is lost after the first of them")
    moved = (root - root[-1]) * root[0] / (root[0] - root[-1])
    return np.append(1 - moved[0] ** 2, 1 - (moved[1:] / moved[:-1]) ** 2)


def _named(name) -> str:
    if name not in NAMES:
        raise ValueError(f"name must be one of {', '.join(NAMES)}; got {name!r}")
    return name


def _options(name: str, options: dict) -> dict:
    known = {"offset", "clip"} if name == "cosine" else {"beta_min", "beta_max"}
    for other in set(options) - known:
        raise TypeError(f"{other} is no option of {name!r}: {', '.join(sorted(known))}")
    return options


def _ends(name: str, options: dict) -> tuple[float, float]:
    low, high = LIMITS[name]
    given = _options(name, options)
    low = as_positive(given.get("beta_min", low), "beta_min")
    high = as_positive(given.get("beta_max", high), "beta_max")
    if low > high:
        raise ValueError(f"beta_min must be at most beta_max, {high}, got {low}")
    return low, high


def _rates(name: str, u, options: dict) -> np.ndarray:
    """β(u) per unit of time, at u in [0, 1]."""
    low, high = _ends(name, options)
    if name == "scaled_linear":
        return (np.sqrt(low) + u * (np.sqrt(high) - np.sqrt(low))) ** 2
    return low + (high - low) * (u if name == "linear" else 1 / (1 + np.exp(6 - 12 * u)))


def _cosine_betas(n: int, offset=0.008, clip=0.999) -> np.ndarray:
    process = Cosine(offset)
    clip = as_positive(clip, "clip")
    if clip > 1:
        raise ValueError(f"clip must be at most 1, got {clip}")
    t = np.arange(n + 1) / n
    _, added = process.transition(t[:-1], t[1:])
    added[-1] = 1.0  # c(1) = 0
    return np.minimum(added**2, clip)  # 1 - c(i/N)/c((i-1)/N)
