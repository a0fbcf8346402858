"""Chapter H: bounds on the evidence of a discrete latent, of one code and of grids of codes."""

from __future__ import annotations

import itertools

import numpy as np

from refscore import oracles
from refscore.identities import settings
from refscore.identities.base import Bound, Sides, identity
from refscore.identities.cases import Case

SEED = "seeds 000, 002"
OUT = -np.inf


def rows(n, k, key, spread=1.5):
    """Log weights (n, K) of no particular sum."""
    return spread * settings.normals(n, k, key=key)


def _with(array, *holes):
    """The same with −inf in some places."""
    changed = np.array(array)
    for place in holes:
        changed[place] = OUT
    return changed


def _rows():
    joint, logits = rows(4, 5, 1) - 3.0, rows(4, 5, 2)
    yield Case("K = 5", log_joint=joint, logits=logits)
    yield Case(
        "codes of no probability", log_joint=_with(joint, (1, 2), (3, 0), (3, 4)),
        logits=_with(logits, (0, 1), (1, 2), (3, 0), (3, 4)),
    )  # fmt: skip
    yield Case("K = 1", log_joint=rows(2, 1, 17), logits=rows(2, 1, 18))
    yield Case("K = 2, n = 3", log_joint=rows(3, 2, 3), logits=rows(3, 2, 4))
    yield Case("far apart", log_joint=np.array([[-8.0, -2.0, -5.0], [-1e4, -3.0, -9e3]]),
               logits=np.array([[1e4, -1e4, 0.0], [-1e4, 1e4, 9.9e3]]))  # fmt: skip


@identity(
    "H1-bound",
    ports="elbo",
    statement=r"\mathcal L = \sum_kq(k)\,[\log p(x,k) - \log q(k)],\quad 0\log0 = 0",
    source=SEED,
    cases=_rows,
)
def elbo_by_enumeration(ports, case):
    """The evidence lower bound of a categorical posterior, code by code."""
    right = oracles.elbo.bound(case.log_joint, case.logits)
    yield Sides("bound", ports.elbo(case.log_joint, case.logits), right)


def _posterior(joint):
    """The posterior's logits, of another sum."""
    return joint + np.arange(len(joint))[:, None]


@identity(
    "H1",
    ports="elbo elbo_gap",
    statement=r"\log p(x) = \mathcal L(q) + \mathrm{KL}(q\,\|\,p(c|x))",
    source=SEED,
    cases=_rows,
)
def evidence_is_elbo_and_gap(ports, case):
    """Whatever q, the bound and its gap add up to log p(x); at the posterior there is no gap."""
    joint, logits = case.log_joint, case.logits
    evidence = oracles.elbo.evidence(joint)
    yield Sides("their sum", ports.elbo(joint, logits) + ports.elbo_gap(joint, logits), evidence)
    yield Sides("bound at the posterior", ports.elbo(joint, _posterior(joint)), evidence)


@identity(
    "H1-gap",
    ports="elbo_gap",
    statement=r"\log p(x) - \mathcal L(q) = \mathrm{KL}(q\,\|\,p(c|x)),\quad "
    r"\mathrm{KL}(p(c|x)\,\|\,p(c|x)) = 0",
    source=SEED,
    cases=_rows,
)
def elbo_gap_is_divergence(ports, case):
    """The gap is what the bound lacks; at the posterior there is none."""
    joint, evidence = case.log_joint, oracles.elbo.evidence(case.log_joint)
    right = evidence - oracles.elbo.bound(joint, case.logits)
    yield Sides("gap", ports.elbo_gap(joint, case.logits), right)
    size = np.maximum(1.0, np.abs(evidence).max())
    got = ports.elbo_gap(joint, _posterior(joint))
    yield Sides("gap at the posterior", got, np.zeros(len(joint)), size)


def _impossible():
    joint, logits = rows(3, 4, 19), rows(3, 4, 20)
    yield Case("a code in two of three rows", log_joint=_with(joint, (0, 1), (2, 3)),
               logits=_with(logits, (0, 2), (1, 1)))  # fmt: skip


@identity(
    "H1-impossible",
    ports="elbo",
    statement=r"q(k) > 0 = p(x,k):\quad \mathcal L = -\infty,\quad e^{\mathcal L} = 0",
    source="derived from H1: 0 log 0 = 0 holds for q alone",
    cases=_impossible,
)
def elbo_of_impossible_codes(ports, case):
    """A posterior that may draw what the model cannot have has no bound: minus infinity."""
    right = np.exp(oracles.elbo.bound(case.log_joint, case.logits))
    yield Sides("e^bound", np.exp(np.asarray(ports.elbo(case.log_joint, case.logits))), right)


@identity(
    "H1-gap-impossible",
    ports="elbo_gap",
    statement=r"q(k) > 0 = p(x,k):\quad \mathrm{KL}(q\,\|\,p(c|x)) = \infty,\quad "
    r"e^{-\mathrm{KL}} = 0",
    source="derived from H1",
    cases=_impossible,
)
def elbo_gap_of_impossible_codes(ports, case):
    """Nor does what such a posterior lacks have an end."""
    joint, right = case.log_joint, oracles.elbo.bound(case.log_joint, case.logits)
    right = np.exp(right - oracles.elbo.evidence(joint))
    yield Sides("e^-gap", np.exp(-np.asarray(ports.elbo_gap(joint, case.logits))), right)


@identity(
    "H1-gradient",
    ports="elbo_gradient",
    statement=r"\partial\mathcal L/\partial l_k = q(k)\Bigl(r_k - \sum_jq(j)r_j\Bigr),\quad "
    r"r = \log p(x,\cdot) - \log q",
    source="derived from H1",
    cases=lambda: [case for case in _rows() if case.name != "far apart"],
)
def elbo_gradient_is_derivative(ports, case):
    """The exact gradient of the bound in the logits of the posterior."""
    right = oracles.elbo.bound_gradient(case.log_joint, case.logits)
    yield Sides("gradient", ports.elbo_gradient(case.log_joint, case.logits), right)


def _draws():
    codes = np.array([[0, 3, 2], [1, 3, 0], [1, 3, 4], [4, 0, 0]])
    yield Case("m = 4", log_joint=rows(3, 5, 5) - 2.0, logits=rows(3, 5, 6), codes=codes)
    yield Case("one draw", log_joint=rows(3, 5, 7), logits=rows(3, 5, 8), codes=codes[1:2])
    yield Case("far apart", codes=np.array([[0, 1], [1, 1], [1, 0]]),
               log_joint=np.array([[-2000.0, -1990.0], [900.0, -900.0]]),
               logits=np.array([[0.3, -0.5], [1.0, 0.0]]))  # fmt: skip


@identity(
    "H1-weighted",
    ports="importance_bound",
    statement=r"\log\frac1m\sum_i\frac{p(x,c_i)}{q(c_i)}",
    source="definition; Burda, Grosse and Salakhutdinov 2016",
    cases=_draws,
)
def importance_bound_given_codes(ports, case):
    """The importance-weighted bound on given draws: the log of a mean, not a mean of logs."""
    inputs = case.log_joint, case.logits, case.codes
    right = oracles.elbo.importance_bound(*inputs)
    yield Sides("bound", ports.importance_bound(*inputs), right)


def _counts():
    joint, logits = rows(3, 4, 9), rows(3, 4, 10)
    for m in (1, 2, 3):
        yield Case(f"m = {m}", log_joint=joint, logits=logits, n_draws=m)
    yield Case("codes of no probability", log_joint=_with(joint, (0, 1), (2, 3)),
               logits=_with(logits, (0, 1), (1, 2), (2, 3)), n_draws=3)  # fmt: skip


@identity(
    "H1-weighted-mean",
    ports="expected_importance_bound",
    statement=r"\mathcal L_m = \sum_{c_1,\dots,c_m}\prod_iq(c_i)\,"
    r"\log\frac1m\sum_i\frac{p(x,c_i)}{q(c_i)}",
    source="derived from Burda, Grosse and Salakhutdinov 2016",
    cases=_counts,
)
def importance_bound_by_enumeration(ports, case):
    """The mean of the importance-weighted bound over every sequence of draws."""
    inputs = case.log_joint, case.logits, case.n_draws
    right = oracles.elbo.expected_importance_bound(*inputs)
    yield Sides("mean", ports.expected_importance_bound(*inputs), right)


@identity(
    "H1-weighted-order",
    ports="elbo expected_importance_bound",
    kind="bound",
    statement=r"\mathcal L = \mathcal L_1 \le \mathcal L_2 \le \dots \le \log p(x)",
    source="Burda, Grosse and Salakhutdinov 2016",
    cases=lambda: [Case("K = 4", log_joint=rows(3, 4, 9), logits=rows(3, 4, 10))],
)
def importance_bound_grows(ports, case):
    """One draw gives the plain bound on average, every further one more, none too much."""
    joint, logits = case.log_joint, case.logits
    values = [ports.expected_importance_bound(joint, logits, m) for m in (1, 2, 4, 7)]
    yield Sides("one draw", values[0], ports.elbo(joint, logits))
    for m, (less, more) in zip((2, 4, 7), itertools.pairwise(values)):
        yield Bound(f"to {m} draws", less, more)
    yield Bound("log p(x)", values[-1], oracles.elbo.evidence(joint))


@identity(
    "H2",
    ports="kl_to_uniform",
    statement=r"\mathrm{KL}(q\,\|\,\text{uniform}) = \log K - H(q);\quad \log K\ "
    r"\text{for one code},\ 0\ \text{for}\ q\ \text{uniform}",
    source="seed 002",
    cases=lambda: [
        Case("K = 5", logits=rows(4, 5, 11), known=None),
        Case("K = 1", logits=rows(2, 1, 21), known=np.zeros(2)),
        Case("one code, K = 3", logits=np.array([[OUT, 2.0, OUT], [0.3, OUT, OUT]]),
             known=np.full(2, np.log(3))),
        Case("one code, far apart", logits=np.array([[-1e4, 1e4, 0.0, 9e3]]),
             known=np.full(1, np.log(4))),
        Case("two of four codes", logits=np.array([[0.7, OUT, 0.7, OUT]]),
             known=np.full(1, np.log(2))),
        Case("uniform", logits=np.array([[-3.0] * 4, [800.0] * 4]), known=np.zeros(2)),
    ],
)  # fmt: skip
def kl_to_uniform_is_log_k_less_entropy(ports, case):
    """The KL term of a uniform prior: log K for one code, nothing for all alike."""
    got = ports.kl_to_uniform(case.logits)
    right = np.log(case.logits.shape[1]) - oracles.elbo.entropy(case.logits)
    yield Sides("divergence", got, right, np.maximum(1.0, np.abs(right).max()))
    if case.known is not None:
        yield Sides("its value", got, case.known, 1.0)


@identity(
    "H2-prior",
    ports="categorical_kl",
    statement=r"\mathrm{KL}(q\,\|\,p) = -H(q) - \sum_kq(k)\log p(k)",
    source="derived from H2",
    cases=lambda: [
        Case("K = 5", logits=rows(4, 5, 12), other_logits=rows(4, 5, 13) + 2.0),
        Case("codes of no probability", logits=_with(rows(3, 4, 14), (0, 1), (2, 0), (2, 3)),
             other_logits=_with(rows(3, 4, 15), (0, 1), (2, 3))),
        Case("close", logits=rows(2, 3, 16), other_logits=rows(2, 3, 16) + [0.1, 0.3, -0.2]),
        Case("far apart", logits=np.array([[1e4, -1e4, 0.0], [0.0, -100.0, -20.0]]),
             other_logits=np.array([[-700.0, 9.0, 10.0], [-3.0, -9e3, -4.0]])),
    ],
)  # fmt: skip
def kl_to_any_prior(ports, case):
    """The KL term of any prior, normalised or not."""
    right = oracles.elbo.divergence(case.logits, case.other_logits)
    yield Sides("divergence", ports.categorical_kl(case.logits, case.other_logits), right)


def _tables():
    for p, k, n in ((2, 3, 4), (3, 2, 3), (1, 4, 2)):
        table = 1.3 * settings.normals(n, *(k,) * p, key=20 + p) - 2.0
        logits = 1.2 * settings.normals(n, p, k, key=30 + p)
        yield Case(f"P = {p}, K = {k}", grid_log_likelihoods=table, grid_logits=logits)
    sure = _with(logits, (0, 0, 1), (0, 0, 2), (0, 0, 3))
    yield Case("one code", grid_log_likelihoods=table, grid_logits=sure)


@identity(
    "H3-grid",
    ports="grid_elbo",
    statement=r"\sum_{c_1,\dots,c_P}\prod_pq_p(c_p)\log p(x|c) - \sum_p(\log K - H(q_p))",
    source=SEED,
    cases=_tables,
)
def grid_elbo_by_enumeration(ports, case):
    """The bound of a grid of codes under a uniform prior, grid after grid."""
    inputs = case.grid_log_likelihoods, case.grid_logits
    yield Sides("bound", ports.grid_elbo(*inputs), oracles.elbo.grid_bound(*inputs))


def _certain(codes, k):
    """Logits of a posterior that is one code a place, (n, P, K)."""
    return np.where(np.eye(k)[np.asarray(codes)] > 0, 0.4, OUT)


def _decoded(codes, k, log_likelihood):
    """A decoder under which x comes from one grid of codes alone, (n, K, ..., K)."""
    table = np.full((len(codes), *(k,) * len(codes[0])), OUT)
    for i, grid in enumerate(codes):
        table[(i, *grid)] = log_likelihood[i]
    return table


def _grids():
    yield Case("P = 2, K = 3", codes=[[0, 2], [1, 1]], n_codes=3, log_likelihood=[-1.0, -0.2])
    yield Case("P = 3, K = 2", codes=[[0, 1, 1]], n_codes=2, log_likelihood=[-0.7])


@identity(
    "J14",
    ports="grid_elbo",
    statement=r"q\ \text{one code in each of}\ P\ \text{places}:\ \mathcal L = \log p(x|z_q) - "
    r"P\log K;\ \text{with}\ \log K\ \text{above}\ \log p(x)\ \text{by}\ (P-1)\log K",
    assumptions="uniform prior; a decoder under which one grid alone gives x, so that L = log p(x)",
    source="seeds 000, 002 (the bound of c_ij, as printed)",
    cases=_grids,
)
def erratum_log_k_of_a_grid(ports, case):
    """Printed with log K once for the whole grid: a bound that exceeds what it bounds."""
    likelihood, k, places = np.array(case.log_likelihood), case.n_codes, len(case.codes[0])
    table = _decoded(case.codes, k, likelihood)
    evidence = oracles.elbo.grid_evidence(table)
    got = ports.grid_elbo(table, _certain(case.codes, k))
    yield Sides("bound", got, evidence)
    printed = likelihood - np.log(k)
    yield Sides(
        "printed, less log p(x)", printed - got, np.full(len(got), (places - 1) * np.log(k))
    )


@identity(
    "J14-codes",
    ports="deterministic_elbo",
    statement=r"\mathcal L = \log p(x|z_q) - P\log K,\ \text{not}\ -\log K",
    assumptions="uniform prior; a decoder under which one grid alone gives x, so that L = log p(x)",
    source="seeds 000, 002 (the bound of c_ij, as printed)",
    cases=lambda: [
        *_grids(),
        Case("P = 5, K = 4", codes=[[0, 3, 2, 1, 0]], n_codes=4, log_likelihood=[-3.0]),
    ],
)
def erratum_log_k_of_deterministic_codes(ports, case):
    """The same from log p(x|z_q): every place costs log K, not the grid."""
    likelihood, places = np.array(case.log_likelihood), len(case.codes[0])
    evidence = oracles.elbo.grid_evidence(_decoded(case.codes, case.n_codes, likelihood))
    got = ports.deterministic_elbo(likelihood, places, case.n_codes)
    yield Sides("bound", got, evidence)
    printed = likelihood - np.log(case.n_codes)
    excess = (places - 1) * np.log(case.n_codes)
    yield Sides("printed, less log p(x)", printed - got, np.full(len(got), excess))
