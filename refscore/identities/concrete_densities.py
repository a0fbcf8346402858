"""Chapter H: the densities of relaxed one-hot rows and bits."""

from __future__ import annotations

import numpy as np

from refscore import oracles
from refscore.identities import settings
from refscore.identities.base import Draws, Sides, Uniform, identity
from refscore.identities.cases import Case
from refscore.identities.gumbel import in_turn, repeated, rows

RELAXED = "seeds 000, 002; Maddison, Mnih and Teh 2017"
BIT = "seed 002; Maddison, Mnih and Teh 2017"
DENSITY = r"(K-1)!\,\tau^{K-1}\prod_k\pi_ky_k^{-\tau-1}\Big/\Bigl(\sum_k\pi_ky_k^{-\tau}\Bigr)^K"


def simplex(n, k, key=0):
    """n rows of the simplex of K codes."""
    weights = np.exp(settings.normals(n, k, key=70 + key))
    return weights / weights.sum(1, keepdims=True)


def _rows():
    y = np.array([[0.3, 0.45, 0.25], [0.02, 0.9, 0.08]])
    yield Case("K = 3, the same logits", y=y, logits=repeated(np.log([0.2, 0.5, 0.3]), 2),
               temperature=0.7)  # fmt: skip
    for n, k, t in ((4, 3, 0.4), (3, 5, 1.6), (5, 2, 1.0), (2, 4, 0.05)):
        yield Case(f"{n} rows of {k}, temperature {t}", y=simplex(n, k), logits=rows(n, k, 2),
                   temperature=t)  # fmt: skip


def _far():
    """Near faces, and weights that overflow: single precision holds every number too."""
    y = np.full((2, 9), 1e-37)
    y[0, 4] = y[1, 0] = 1.0
    yield Case("entries of 1e-37", y=y, logits=rows(2, 9), temperature=0.4)
    yield Case("logits of 800", y=simplex(3, 4), logits=rows(3, 4) + 800, temperature=1.3)


def _extent(right, case):
    """The size of log densities, or of what rounding makes of large logits."""
    return max(1.0, np.abs(right).max(), np.abs(case.logits).max() / 100)


@identity(
    "H6",
    ports="concrete_log_density",
    statement=DENSITY,
    assumptions="with respect to the first K - 1 coordinates",
    source=RELAXED,
    cases=lambda: [*_rows(), *_far()],
    family="relaxed rows",
)
def concrete_density(ports, case):
    """The density of relaxed rows: Gumbel densities with the common shift integrated out."""
    got = ports.concrete_log_density(case.y, case.logits, case.temperature)
    right = oracles.gumbel.log_density(case.y, case.logits, case.temperature)
    yield Sides("log density", got, right, _extent(right, case))


@identity(
    "H6-rounding",
    ports="concrete_log_density",
    statement=r"\int_{\arg\max y = i}p(y)\,dy = \pi_i\ \text{for every } \tau",
    assumptions="K = 2, 3; quadrature over the log ratios to the largest entry",
    source=RELAXED,
    cases=lambda: [
        Case("K = 3, temperature 0.5", logits=np.log([0.2, 0.5, 0.3]) + 1.1, temperature=0.5),
        Case("K = 2, temperature 1.8", logits=np.array([0.3, -0.9]), temperature=1.8),
    ],
    tolerance=1e-7,
)
def concrete_rounds(ports, case):
    """Rounded, a relaxed row has the law of the codes; so its density integrates to one."""
    got = [_cell(ports, case, code) for code in range(len(case.logits))]
    yield Sides("probabilities", np.array(got), oracles.gumbel.probabilities(case.logits))


def _cell(ports, case, code, order=44):
    """The integral of the density over the rows whose largest entry is this code's."""
    k = len(case.logits)
    x, w = np.polynomial.legendre.leggauss(order)
    reach = 36 / case.temperature  # beyond, e^(-36) is left
    axes = np.meshgrid(*[(x + 1) / 2 * reach] * (k - 1), indexing="ij")
    volume = np.prod(np.meshgrid(*[w / 2 * reach] * (k - 1), indexing="ij"), axis=0).ravel()
    below = np.insert(np.stack([a.ravel() for a in axes], 1), code, 0.0, axis=1)
    log_y = -below - np.log(np.exp(-below).sum(1, keepdims=True))
    logits = repeated(case.logits, len(log_y))
    log_density = ports.concrete_log_density(np.exp(log_y), logits, case.temperature)
    return volume @ np.exp(log_density + log_y.sum(1))


@identity(
    "H6-log",
    ports="exp_concrete_log_density",
    statement=DENSITY + r"\cdot\prod_ky_k",
    assumptions="with respect to the log ratios log(y_k / y_K), k < K",
    source=RELAXED,
    cases=lambda: [
        *(Case(**{**_without_y(case), "log_y": np.log(case.y)}) for case in _rows()),
        Case("rows that underflow", logits=rows(2, 3, 4), temperature=0.004,
             log_y=np.array([[0.0, -900.0, -1100.0], [-2000.0, -1800.0, 0.0]])),
        Case("powers that overflow", logits=rows(2, 3, 4), temperature=1.2,
             log_y=np.array([[0.0, -900.0, -1100.0], [-2000.0, -1800.0, 0.0]])),
        Case("logits of 800", log_y=np.log(simplex(3, 4)), logits=rows(3, 4) + 800,
             temperature=1.3),
    ],
)  # fmt: skip
def exp_concrete_density(ports, case):
    """The density of the logarithms has the Jacobian as a factor, and no underflow."""
    got = ports.exp_concrete_log_density(case.log_y, case.logits, case.temperature)
    right = oracles.gumbel.ratio_log_density(case.log_y, case.logits, case.temperature)
    yield Sides("log density", got, right, _extent(right, case))


def _without_y(case):
    return {name: value for name, value in vars(case).items() if name != "y"}


@identity(
    "H6-density-gradient",
    ports="concrete_log_density_gradient",
    statement=r"\partial\log p(y)/\partial\ell_k = 1 - "
    r"K\,\pi_ky_k^{-\tau}\big/\sum_j\pi_jy_j^{-\tau}",
    source="derived from H6",
    cases=lambda: [*_rows(), *_far()],
    tolerance=1e-7,
)
def concrete_density_gradient(ports, case):
    """The score function of the relaxed law in its logits."""
    got = ports.concrete_log_density_gradient(case.y, case.logits, case.temperature)
    right = oracles.gumbel.log_density_gradient(case.y, case.logits, case.temperature)
    yield Sides("gradient", got, right)


def _bits():
    u = np.array([0.07, 0.31, 0.5, 0.86, 0.995])
    logit = np.array([0.4, -1.3, 2.0, 0.0, -0.6])
    for t in (0.3, 2.0, 0.04):
        yield Case(f"temperature {t}", logit=logit, temperature=t, uniforms=u)
    yield Case("logits of 900", logit=900 * logit, temperature=0.3, uniforms=u)


@identity(
    "H6-bit",
    ports="binary_concrete",
    statement=r"b = \sigma\bigl((\ell + \log u - \log(1 - u))/\tau\bigr)",
    source=BIT,
    cases=_bits,
)
def binary_concrete_given(ports, case):
    """A relaxed bit from one uniform number."""
    got = ports.binary_concrete(case.logit, case.temperature, uniforms=case.uniforms)
    yield Sides("bits", got, oracles.gumbel.bit(case.logit, case.temperature, case.uniforms))


@identity(
    "H6-bit-draws",
    ports="binary_concrete",
    kind="expectation",
    draws="rng",
    statement=r"P(b \le y) = \sigma(\tau\log\tfrac y{1 - y} - \ell)",
    source=BIT,
    cases=lambda: [
        Case(f"three logits, temperature {t}", logit=np.array([-0.9, 1.4, 0.3]), temperature=t)
        for t in (0.4, 1.7)
    ],
)
def binary_concrete_draws(ports, case):
    """Relaxed bits through their distribution functions, every one of its own logit."""
    m = len(case.logit)

    def draw(seed, n):
        b = np.asarray(ports.binary_concrete(in_turn(case.logit, n), case.temperature, rng=seed))
        return oracles.gumbel.bit_below(b.reshape(n, m), case.logit, case.temperature)

    names = tuple(f"the bit of logit {logit}" for logit in case.logit)
    yield Draws("uniforms", draw, Uniform(names=names))


@identity(
    "H6-bit-density",
    ports="binary_concrete_log_density",
    statement=r"\tau e^\ell(y(1 - y))^{-\tau-1}\big/(e^\ell y^{-\tau} + (1 - y)^{-\tau})^2",
    source=BIT,
    cases=lambda: [
        Case(f"temperature {t}", values=np.array([0.03, 0.4, 0.5, 0.81]), temperature=t,
             logit=np.array([0.7, -1.1, 0.2, 1.9]))
        for t in (0.35, 1.8, 0.04)
    ] + [
        Case("near the ends", values=np.array([0.005, 0.995, 1e-37, 0.005]), temperature=0.6,
             logit=np.array([0.7, -1.1, 0.2, -2.0])),
        Case("logits of -800", values=np.array([0.3, 0.6, 0.9]), temperature=1.3,
             logit=np.array([-800.0, -790.0, -801.0])),
    ],
)  # fmt: skip
def binary_concrete_density(ports, case):
    """The density of relaxed bits is the slope of P(b <= y)."""
    got = ports.binary_concrete_log_density(case.values, case.logit, case.temperature)
    right = oracles.gumbel.bit_log_density(case.values, case.logit, case.temperature)
    yield Sides("log density", got, right, np.maximum(1.0, np.abs(right)))
