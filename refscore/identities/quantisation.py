"""Chapter H: vector quantisation, its losses and gradients."""

from __future__ import annotations

import numpy as np

from refscore import oracles
from refscore.identities import settings
from refscore.identities.base import Sides, identity
from refscore.identities.cases import Case

SEEDS = "seeds 000, 002"
PAPER = "derived from H3; van den Oord, Vinyals and Kavukcuoglu 2017"
K_OF = r"k(x) = \arg\min_k\|x - c_k\|"


def codes(n_codes: int, dim: int, key: int = 0, spread: float = 1.0) -> np.ndarray:
    """Codes of different lengths away from the origin."""
    sizes = np.geomspace(0.3, 2.0, n_codes)[:, None]
    return spread * sizes * settings.normals(n_codes, dim, key=90 + key) + 0.4


def _plain():
    """Codes of different lengths; seven of them, one of one coordinate, one that has no points."""
    few = codes(4, 2, 1)
    few[1] = [9.0, -9.0]
    return {
        "seven codes, d = 3": (settings.points(8, 3, 11), codes(7, 3)),
        "four codes, one without points": (settings.points(6, 2, 12), few),
        "five codes on the line": (settings.points(7, 1, 13), codes(5, 1, 2)),
    }


def cases():
    """Points and codes."""
    return [Case(name, x=x, codebook=book) for name, (x, book) in _plain().items()]


def both(got, right):
    """Codes and values as sides."""
    yield Sides("codes", got[0], right[0])
    yield Sides("values", got[1], right[1])


@identity(
    "H3-nearest",
    ports="quantise",
    statement=rf"{K_OF},\quad x_q = c_{{k(x)}}",
    source=SEEDS,
    cases=cases,
    family="points and codes",
)
def nearest_code(ports, case):
    """Every point goes to its nearest code, whatever the lengths of the codes."""
    got = ports.quantise(case.x, case.codebook)
    yield from both(got, oracles.quantisation.nearest(case.x, case.codebook))


def _ties():
    square = np.array([[1.0, 1.0], [-1.0, 1.0], [1.0, -1.0], [-1.0, -1.0]])
    middle = np.array([[0.0, 0.0], [0.0, -3.0], [-2.0, 0.0], [0.5, 0.0]])
    twice = np.array([[3.0, 0.0, 1.0], [0.5, 0.5, -1.0], [0.5, 0.5, -1.0], [0.0, 0.0, 4.0]])
    near = np.array([[0.25, 0.75, -1.5], [2.0, 0.0, 0.5], [0.0, 1.0, 4.0]])
    return [
        Case("between four codes", x=middle, codebook=square),
        Case("a code twice", x=near, codebook=twice),
    ]


@identity(
    "H3-ties",
    ports="quantise",
    statement=r"\|x - c_j\| = \|x - c_k\|,\ j < k \Rightarrow k(x) \ne k",
    assumptions="distances whose squares are floats",
    source="definition",
    cases=_ties,
)
def lowest_code_of_ties(ports, case):
    """Of several nearest codes the lowest is taken."""
    got = ports.quantise(case.x, case.codebook)
    yield from both(got, oracles.quantisation.nearest(case.x, case.codebook))


def _far():
    grid = np.array([[0.0, 0.0], [3.0, 1.0], [-2.0, 4.0], [1.0, -5.0]])
    x = np.array([[1.5, 0.0], [2.0, 1.0], [-1.0, 2.5], [0.5, -2.0], [1.0, 1.0]])
    close = np.array([[0.0, 0.0, 0.0], [2e-5, 0.0, 1e-5], [0.0, 3e-5, 0.0], [-1e-5, 0.0, 2e-5]])
    fine = close[[1, 2, 3, 0, 2]] + 4e-6 * settings.signs(5, 3, key=3)
    return [
        Case("far from the origin", x=x, codebook=grid, far=True),
        Case("thirty of these points", x=np.tile(x, (6, 1)), codebook=grid, far=True),
        Case("the same, d = 6", x=np.tile(x, 3), codebook=np.tile(grid, 3), far=True),
        Case("codes close together", x=fine, codebook=close, far=False),
    ]


@identity(
    "H3-nearest-far",
    ports="quantise",
    statement=r"k(x + a; c + a) = k(x; c),\quad k(tx; tc) = k(x; c)",
    source="derived from H3",
    cases=_far,
)
def nearest_code_is_where_it_is(ports, case):
    """The nearest code depends on differences alone, far from the origin and at any size."""
    single = getattr(ports, "dtype", "float64") == "float32"
    offset = (2.0**18 if single else 2.0**28) if case.far else 0.0  # halves are floats there
    x, codebook = case.x + offset, case.codebook + offset
    got = ports.quantise(x, codebook)
    right = oracles.quantisation.nearest(x, codebook)
    label = "codes, where ‖x‖² - 2 x·c + ‖c‖² has no digits left" if case.far else "codes"
    yield Sides(label, got[0], right[0])
    base = codebook[0]
    yield Sides("values, from the first code", got[1] - base, right[1] - base)


@identity(
    "H3-codebook-loss",
    ports="vq_codebook_loss",
    statement=r"\ell = \|sg(x) - c_{k(x)}\|^2",
    source=PAPER,
    cases=cases,
)
def codebook_loss_is_distance(ports, case):
    """What pulls the codes is the squared distance of a point from its code."""
    got = ports.vq_codebook_loss(case.x, case.codebook)
    right = oracles.quantisation.losses(case.x, case.codebook)
    yield Sides("losses", got, right if np.ndim(got) else right.mean())


@identity(
    "H3-commitment-loss",
    ports="vq_commitment_loss",
    statement=r"\ell = \|x - sg(c_{k(x)})\|^2",
    source=PAPER,
    cases=cases,
)
def commitment_loss_is_distance(ports, case):
    """What pulls the points has the same value, without its weight."""
    got = ports.vq_commitment_loss(case.x, case.codebook)
    right = oracles.quantisation.losses(case.x, case.codebook)
    yield Sides("losses", got, right if np.ndim(got) else right.mean())


def _weighted():
    return [
        Case(f"{case.name}, beta = {beta:g}", x=case.x, codebook=case.codebook, beta=beta)
        for case, beta in zip(cases(), (0.25, 1.5, 0.4))
    ]


@identity(
    "H3-point-gradient",
    ports="vq_point_gradient",
    statement=r"\partial L/\partial x_i = \tfrac{2\beta}{n}(x_i - c_{k(x_i)})",
    source=PAPER,
    cases=_weighted,
    family="points and codes with a weight",
)
def commitment_moves_points(ports, case):
    """Points are moved by the commitment loss alone, with its weight."""
    inputs = case.x, case.codebook, case.beta
    got = ports.vq_point_gradient(*inputs)
    yield Sides("gradient", got, oracles.quantisation.point_gradient(*inputs))


@identity(
    "H3-codebook-gradient",
    ports="vq_codebook_gradient",
    statement=r"\partial L/\partial c_k = \tfrac2n\sum_{i:\,k(x_i) = k}(c_k - x_i)",
    source=PAPER,
    cases=_weighted,
    family="points and codes with a weight",
)
def codebook_loss_moves_codes(ports, case):
    """Codes are moved by their own loss alone, whatever beta; a code without points stays."""
    got = ports.vq_codebook_gradient(case.x, case.codebook, case.beta)
    yield Sides("gradient", got, oracles.quantisation.codebook_gradient(case.x, case.codebook))


def _pulled():
    return [
        Case(case.name, x=case.x, codebook=case.codebook,
             cotangent=settings.normals(*case.x.shape, key=95))
        for case in cases()
    ]  # fmt: skip


@identity(
    "H4-codes",
    ports="vq_straight_through_gradient",
    statement=r"\partial_x\, a\cdot(x + sg(c_{k(x)} - x)) = a",
    source=SEEDS,
    cases=_pulled,
)
def straight_through_passes(ports, case):
    """Straight-through quantisation hands a gradient from the code to the point as it is."""
    got = ports.vq_straight_through_gradient(case.x, case.codebook, case.cotangent)
    yield Sides("gradient", got, case.cotangent)


@identity(
    "H4-rotation",
    ports="vq_rotation_gradient",
    statement=r"\partial_x\, a\cdot sg(\lambda R)x = \lambda R^\top a,\quad \lambda Rx = c_{k(x)}",
    assumptions="point and code not zero, not opposite; d > 1",
    source="derived from H4; Fifty et al. 2024",
    cases=lambda: _pulled()[:2],
)
def rotation_trick(ports, case):
    """The rotation trick turns a gradient back by the rotation that took the point to its code."""
    inputs = case.x, case.codebook, case.cotangent
    got = ports.vq_rotation_gradient(*inputs)
    yield Sides("gradient", got, oracles.quantisation.rotation_gradient(*inputs))
