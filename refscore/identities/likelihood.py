"""Chapter F: what a likelihood by the flow misses, and divergences from scores."""

from __future__ import annotations

import numpy as np

from refscore import oracles
from refscore.identities import settings
from refscore.identities.base import Sides, identity
from refscore.identities.cases import Case, Law
from refscore.identities.settings import convention_of, prior_of, process_of

SEED = "seed 003"


def small(dim: int) -> Law:
    """A Gaussian of less than unit volume, so that volumes change on the way."""
    mean = np.linspace(0.3, -0.8, dim)
    return Law("gaussian", mean=mean, covariance=settings.covariance(dim, 3, high=0.9))


def line_mixture(*, shift: float = 0.0) -> Law:
    """Two components on the line, of unequal weights and widths."""
    return Law(
        "mixture",
        weights=[0.65, 0.35],
        means=[[0.9 + shift], [-1.1 + shift]],
        covariances=[[[0.5]], [[0.8]]],
    )


@identity(
    "F11-probes",
    ports="log_likelihood",
    statement=r"\log\hat p_0(x) = \log N(x_T;0,I) + \tfrac1m\sum_j v_j^TAv_j,\quad "
    r"A = \int_0^T fI + \tfrac12g^2S_t^{-1}\,dt = \tfrac12\log(S_TS_0^{-1})",
    assumptions="VP, Gaussian data, exact score, prior N(0, I), probes held fixed; on the"
    " whole velocity, or on the score alone where declared",
    source="seeds 000, 003",
    cases=lambda: [
        Case(f"d = {d}, {m} probes", law=small(d), x=settings.points(4, d),
             probes=settings.normals(4, m, d, key=5))
        for d, m in ((3, 2), (2, 1), (2, 3))
    ],
    tolerance=2e-5,
)  # fmt: skip
def flow_log_likelihood_on_probes(ports, case):
    """On given probes the log-likelihood of Gaussian data is exact: their quadratic forms."""
    process = process_of(ports)
    part = convention_of(ports, "log_likelihood", "likelihood_probes", "velocity")
    end = oracles.diffusion.final_time(process)
    if part == "score" and oracles.diffusion.marginal(process, end)[0] == 0:
        raise NotImplementedError("alpha = 0 at the end, where the integral of f is infinite")
    got = ports.log_likelihood(case.law, case.x, probes=case.probes)
    std = oracles.diffusion.prior_std(process, prior_of(ports, "log_likelihood"))
    right = oracles.likelihood.on_probes(case.law, process, case.x, case.probes, std, part)
    yield Sides("log likelihood", got, right, 10.0)


@identity(
    "F11-prior",
    ports="prior_mismatch",
    statement=r"\log N(x_T;0,s^2I) - \log p_T(x_T),\quad x_T\text{ the flow of }x",
    assumptions="VP, s = 1, or sigma_T where declared; Gaussian data, and a mixture on the line,"
    " whose flow keeps its quantiles",
    source=SEED,
    cases=lambda: [
        Case("Gaussian, d = 3", law=settings.gaussian(3), x=settings.points(4, 3)),
        Case("Gaussian, d = 2", law=small(2), x=settings.points(5, 2)),
        Case("mixture, d = 1", law=line_mixture(shift=4.0), x=4 + settings.points(5, 1)),
    ],
    tolerance=1e-6,
)
def prior_error_of_a_likelihood(ports, case):
    """What the prior adds to a log-likelihood, at the end of the exact flow."""
    got = ports.prior_mismatch(case.law, case.x)
    process = process_of(ports)
    std = oracles.diffusion.prior_std(process, prior_of(ports, "prior_mismatch"))
    right = oracles.likelihood.prior_mismatch(case.law, process, case.x, std)
    yield Sides("mismatch", got, right, np.abs(right).max())


@identity(
    "F11-cutoff",
    ports="cutoff_error",
    statement=r"\log p_\varepsilon(x) - \log p_0(x)",
    assumptions="VP",
    source=SEED,
    cases=lambda: [
        Case(f"{law.kind}, d = {d}, start = {start}", law=law, x=settings.points(4, d), start=start)
        for law, d in ((settings.gaussian(3), 3), (settings.mixture(2), 2))
        for start in (1e-3, 0.05)
    ],
    tolerance=1e-8,
)
def cutoff_error_of_a_likelihood(ports, case):
    """What the density at the cut-off differs by from the density of the data."""
    got = ports.cutoff_error(case.law, case.x, case.start)
    right = oracles.likelihood.cutoff_error(case.law, process_of(ports), case.x, case.start)
    yield Sides("cut-off", got, right, np.abs(right).max())


@identity(
    "F11-bits",
    ports="bits_per_dimension",
    statement=r"-\frac{\log p(x) + d\log\delta}{d\log 2}",
    assumptions="natural logarithm; bins of width delta in every coordinate",
    source=SEED,
    cases=lambda: [
        Case(f"d = {d}, width {width:g}", values=-3.0 + 2.5 * settings.normals(4, key=d),
             dim=d, width=width)
        for d, width in ((3, 1.0), (2, 1 / 128), (5, 0.25))
    ],
)  # fmt: skip
def bits_of_quantised_data(ports, case):
    """Nats of a density to bits a dimension of the bins, their width an explicit offset."""
    got = ports.bits_per_dimension(case.values, case.dim, case.width)
    yield Sides("bits", got, oracles.likelihood.bits(case.values, case.dim, case.width))


@identity(
    "F12",
    ports="kl_by_scores",
    statement=r"KL(p_0\|q_0) = \tfrac12\int_0^Tg^2\,E_{p_t}\|\nabla\log p_t-\nabla\log q_t\|^2dt "
    r"+ KL(p_T\|q_T)",
    assumptions="two laws diffused by one VP process",
    source="beyond the lectures: Song, Durkan, Murray and Ermon 2021, theorem 1",
    cases=lambda: [
        Case("Gaussians, d = 3", law=settings.gaussian(3), other=small(3)),
        Case("Gaussians, d = 2", law=small(2), other=settings.gaussian(2)),
        Case("mixtures, d = 1", law=line_mixture(), other=line_mixture(shift=0.4)),
    ],
    tolerance=2e-6,
)
def kl_along_a_diffusion(ports, case):
    """The divergence of two laws is what their scores differ by along one diffusion."""
    got = ports.kl_by_scores(case.law, case.other)
    yield Sides("KL", got, np.array(oracles.likelihood.kl(case.law, case.other)))
