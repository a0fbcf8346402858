"""Chapter F: discrete tables, their continuous limits, grids of levels and of times."""

from __future__ import annotations

import numpy as np

from refscore import oracles
from refscore.identities import settings
from refscore.identities.base import Bound, Order, Sides, identity
from refscore.identities.cases import Case, Description
from refscore.identities.settings import process_of

SEED = "seed 003"
NAMES = ("linear", "scaled_linear", "cosine", "sigmoid")


@identity(
    "F5-tables",
    ports="discrete_schedule",
    statement=r"\beta_i\ \text{of 1000 levels},\quad\bar\alpha_i=\prod_{j\le i}(1-\beta_j)",
    source="Ho et al. 2020; Rombach et al. 2022; Nichol and Dhariwal 2021; Xu et al. 2022",
    cases=lambda: [Case(name, schedule=name) for name in NAMES],
)
def named_tables(ports, case):
    """The rates and cumulative products of the named tables of 1000 levels."""
    betas, bars = (np.asarray(v) for v in ports.discrete_schedule(case.schedule, 1000))
    right = oracles.processes.betas(case.schedule, 1000)
    yield Sides("betas", betas, right.astype(float), right.astype(float))
    yield Sides("alpha bars", bars, oracles.processes.alpha_bars(right).astype(float), 1.0)
    last = np.log(oracles.processes.alpha_bars(right)[-1]).astype(float)
    yield Sides("log of the last", np.log(bars[-1:]), np.array([last]))


@identity(
    "F5",
    ports="discrete_schedule",
    kind="order",
    statement=r"\bar\alpha_{tT}\to e^{-\int_0^t\beta},\ \beta(t/T)=\beta_tT:\ \text{error}\ O(1/T)",
    assumptions="the linear table, T above its largest rate",
    source=SEED,
    cases=lambda: [Case(f"t = {t}", t=t) for t in (0.25, 0.5)],
)
def discrete_chain_tends_to_process(ports, case):
    """DDPM's chain of T levels tends to the variance-preserving process at rate 1/T."""
    sizes = np.array([40, 80, 160, 320])
    right = oracles.diffusion.marginal(settings.VP, case.t)[0] ** 2
    errors = []
    for n in sizes:
        bars = np.asarray(ports.discrete_schedule("linear", int(n))[1])
        errors.append(abs(bars[int(case.t * n) - 1] - right))
    yield Order("alpha bar", 1 / sizes, np.array(errors), 1.0)
    yield Bound("near the limit", errors[-1], 0.01)


@identity(
    "F5-products",
    ports="table_marginals",
    statement=r"\alpha_i=\prod_{j\le i}\sqrt{1-\beta_j},\quad\sigma_i^2=1-\alpha_i^2",
    source="Ho et al. 2020, equation 4",
    cases=lambda: [
        Case("large rates", betas=np.array([0.02, 0.3, 0.11, 0.5, 0.07, 0.83])),
        Case("small rates", betas=np.array([1e-5, 3e-5, 2e-4])),
    ],
)
def cumulative_products(ports, case):
    """A chain's alpha is the root of a running product; sigma has the noise that is left."""
    alphas, sigmas = (np.asarray(v) for v in ports.table_marginals(case.betas))
    mean, variance = 1.0, 0.0
    left = np.zeros((2, len(case.betas)))
    for i, rate in enumerate(case.betas):
        mean, variance = mean * np.sqrt(1 - rate), (1 - rate) * variance + rate
        left[:, i] = mean, np.sqrt(variance)
    yield Sides("alpha", alphas, left[0])
    yield Sides("sigma", sigmas, left[1], left[1])


@identity(
    "F5-ladder",
    ports="ladder_increments",
    kind="exact law",
    statement=r"x_i=x_{i-1}+\sqrt{\sigma_i^2-\sigma_{i-1}^2}\,z,\ \sigma_0=0:\ "
    r"\mathrm{Var}\,x_i=\sigma_i^2=\sigma(t_i)^2,\ t_i=\tfrac{i-1}{N-1}",
    assumptions="a geometric ladder; the paper's VE marginal",
    source=SEED,
    cases=lambda: [
        Case("10 levels", high=50.0, low=0.01, n=10),
        Case("4 levels", high=3.0, low=0.5, n=4),
    ],
)
def ladder_is_the_exploding_marginal(ports, case):
    """The chain through a ladder has the variance-exploding marginal exactly at its levels."""
    sigmas = np.geomspace(case.high, case.low, case.n)
    added = np.asarray(ports.ladder_increments(sigmas))
    process = Description("ve", sigma_min=case.low, sigma_max=case.high, exact=False)
    times = np.linspace(0, 1, case.n)
    right = np.array([oracles.diffusion.marginal(process, t)[1] for t in times])
    yield Sides("standard deviation", np.sqrt(np.cumsum(added**2)), right, right)
    yield Sides("increments", added, oracles.processes.ladder_increments(sigmas), right)


@identity(
    "B11-karras",
    ports="karras_sigmas",
    statement=r"\sigma_i^{1/\rho}\ \text{steps equally from}\ \sigma_{\max}\ \text{to}\ "
    r"\sigma_{\min}",
    source="Karras et al. 2022, equation 5",
    cases=lambda: [
        Case("EDM", n=5, low=0.002, high=80.0, rho=7.0),
        Case("rho = 3", n=4, low=0.1, high=14.0, rho=3.0),
    ],
)
def karras_levels(ports, case):
    """Noise levels equally spaced in a root."""
    got = ports.karras_sigmas(case.n, case.low, case.high, case.rho)
    right = oracles.processes.karras(case.n, case.low, case.high, case.rho)
    yield Sides("levels", got, right, right)


@identity(
    "F5-subset",
    ports="integer_grid",
    statement=r"\text{leading }k\lfloor\tfrac Nn\rfloor,\ \text{linspace }"
    r"\tfrac{k(N-1)}{n-1},\ \text{trailing }N-\tfrac{kN}n-1",
    assumptions="rounded to the nearest; where two are, either will do",
    source="Lin et al. 2024, table 2",
    cases=lambda: [
        Case(f"{spacing}, {n} of {total}", spacing=spacing, n=n, total=total)
        for spacing in ("leading", "linspace", "trailing")
        for n, total in ((6, 1000), (14, 1000), (6, 50))  # no index is half-way between two
    ],
)
def integer_grids(ports, case):
    """Which levels of a table a sampler of fewer steps visits."""
    got = np.asarray(ports.integer_grid(case.total, case.n, case.spacing), float)
    right = oracles.processes.integer_grid(case.total, case.n, case.spacing)
    yield Sides("indices", got, right)


SPACINGS = ("uniform", "karras", "log_snr")


@identity(
    "F4-grid",
    ports="time_grid",
    statement=r"q(t_i)=q(t_0)+\tfrac in(q(t_n)-q(t_0)),\quad q=t,\ "
    r"(\sigma_t/\alpha_t)^{1/7},\ \log(\alpha_t/\sigma_t)",
    assumptions="the subject's process",
    source="Karras et al. 2022; Lu et al. 2022",
    cases=lambda: [
        Case(f"{spacing}, {n} steps", spacing=spacing, n=n, start=0.95, end=0.02)
        for spacing in SPACINGS
        for n in (1, 5)
    ],
)
def grids_are_equally_spaced(ports, case):
    """The grid's times step equally in time, in a root of noise over signal, or in log snr."""
    process = process_of(ports)
    times = np.asarray(ports.time_grid(case.spacing, case.n, case.start, case.end), float)

    def quantity(t):
        value = oracles.processes.log_snr(process, t)
        return {"uniform": t, "karras": np.exp(-value / 7), "log_snr": value}[case.spacing]

    left = np.array([quantity(float(t)) if 0 < t <= 1 else np.nan for t in times])
    ends = [quantity(t) for t in (case.start, case.end)]
    yield Sides("quantity", left, np.linspace(*ends, case.n + 1), 1.0)
