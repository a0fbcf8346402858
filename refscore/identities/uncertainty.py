"""Chapter C: standard errors, asymptotic variances and efficiencies."""

from __future__ import annotations

import numpy as np

from refscore.identities.base import Sides, identity
from refscore.identities.cases import Case
from refscore.identities.estimators import YU, data_cases, probe_cases
from refscore.identities.fields import SONG
from refscore.oracles import estimators as exact

KOEHLER = "Koehler, Heckett and Risteski 2022"
HUBER = "White 1982"


@identity(
    "C3",
    ports="precision_errors",
    statement=r"\widehat{\operatorname{Cov}} = \hat D^{-1}\hat V\hat D^{-1}/n,\ "
    r"\hat V = \tfrac1n\sum g_ig_i^T",
    assumptions="independent points, of any law",
    source=HUBER,
    cases=data_cases,
    family="sample",
)
def sandwich_errors(ports, case):
    """Standard errors of the implicit estimate hold without the model being right."""
    yield Sides("errors", ports.precision_errors(case.x), exact.diagonal_errors(case.x))


@identity(
    "C3-sliced",
    ports="sliced_precision_errors",
    statement=r"\widehat{\operatorname{Cov}} = \hat D^{-1}\hat V\hat D^{-1}/n,\ "
    r"g_i\ \text{averaged over the probes of a point}",
    assumptions="independent points with fresh probes",
    source=HUBER,
    cases=probe_cases,
    family="sample with probes",
)
def sliced_sandwich_errors(ports, case):
    """Standard errors of the sliced estimate count the probes of a point together."""
    got = ports.sliced_precision_errors(case.x, probes=case.probes)
    yield Sides("errors", got, exact.sliced_errors(case.x, case.probes))


@identity(
    "C3-interval",
    ports="precision_interval",
    statement=r"\hat\lambda\pm z\,\mathrm{se},\ P(|Z|<z) = \text{level}",
    assumptions="asymptotic in n: a variance's interval covers .940 at n = 100",
    source="seed 004",
    cases=lambda: [
        Case(f"{case.name}, level {level}", **case.inputs, level=level)
        for case, level in zip(data_cases(), (0.95, 0.5, 0.9))
    ],
    family="sample with a confidence level",
)
def confidence_intervals(ports, case):
    """Two-sided normal confidence intervals of the implicit estimate."""
    estimate, error = exact.diagonal_precision(case.x), exact.diagonal_errors(case.x)
    want = exact.interval(estimate, error, case.level)
    yield Sides("interval", ports.precision_interval(case.x, case.level), want)


@identity(
    "C3-probes",
    ports="sliced_precision_variance",
    statement=r"n\operatorname{Var} = D^{-1}(V+W/M)D^{-1}:\ "
    r"11,\ 12.5,\ 15\ \text{for signs, sphere, Gaussian},\ d = 10,\ \lambda = 1",
    assumptions="data N(0, diag 1/lambda), M fresh probes a point",
    source=SONG,
    cases=lambda: [
        Case(
            f"{probe}, M = {m}{', reduced' if reduced else ''}",
            precision=[0.7, 1.3, 2.1], probe=probe, n_probes=m, reduced=reduced,
        )
        for probe in ("rademacher", "gaussian", "sphere")
        for m in (1, 4)
        for reduced in (False, True)
    ],
    family="cost of slicing",
)  # fmt: skip
def sliced_precision_variances(ports, case):
    """What slicing costs: the variance of the probes, over their number, on top of the data's."""
    given = (case.probe, case.n_probes, case.reduced)
    precision = np.asarray(case.precision)
    got = ports.sliced_precision_variance(precision, *given)
    yield Sides("n Var", got, exact.sliced_precision_variance(precision, *given))


@identity(
    "C4",
    ports="generalised_normal_efficiency",
    statement=r".623892,\ .914466,\ 1,\ .821356,\ .685420\ \text{at}\ a = 1.6,\ 1.75,\ 2,\ 3,\ 4",
    assumptions="data exp(-theta |x|^a / a), a > 3/2",
    source=KOEHLER,
    cases=lambda: [Case(f"power {a}", power=a) for a in (1.6, 1.75, 2.0, 3.0, 4.0, 6.0, 8.0)],
    family="power",
)
def generalised_normal_efficiencies(ports, case):
    """Score matching is efficient for Gaussian tails alone."""
    got = ports.generalised_normal_efficiency(case.power)
    yield Sides("efficiency", got, exact.generalised_normal_efficiency(case.power))


@identity(
    "C4-modes",
    ports="mixture_weight_ratio",
    statement=r"1.082,\ 1.663,\ 9.423,\ 139.5,\ 5543\ \text{at}\ a = .5,\ 1,\ 2,\ 3,\ 4",
    assumptions="data 1/2 N(a, 1) + 1/2 N(-a, 1), the weight unknown",
    source=KOEHLER,
    cases=lambda: [Case(f"modes at +-{a}", separation=a) for a in (0.5, 1.0, 2.0, 3.0, 4.0)],
    family="separation",
)
def mixture_weight_ratios(ports, case):
    """Score matching wastes data as modes part: it hardly sees their weights."""
    got = ports.mixture_weight_ratio(case.separation)
    yield Sides("ratio", got, exact.mixture_weight_ratio(case.separation))


@identity(
    "C4-half-line",
    ports="half_normal_variance",
    statement=r"n\operatorname{Var} = E[h^2+h'^2]/(Eh)^2:\ \pi\ \text{for}\ h = x,\ 7\ "
    r"\text{for}\ h = x^2;\ \text{the bound is}\ 1/(1-2/\pi)",
    assumptions="data |N(0, 1)|, the mean unknown",
    source=YU,
    cases=lambda: [Case(f"h = x^{a:g}", power=a) for a in (1.0, 1.5, 2.0, 3.0)],
    family="power",
)
def half_normal_variances(ports, case):
    """The variance of generalised score matching on the half-line, by its weight."""
    got = ports.half_normal_variance(case.power)
    yield Sides("n Var", got, exact.half_normal_variance(case.power))
