"""What entries on discrete gradients run on: logits, functions of codes, numbers that enumerate."""

from __future__ import annotations

import itertools

import numpy as np

from refscore.identities import settings
from refscore.identities.cases import Description


def quadratic(dim: int, key: int = 0) -> Description:
    """½ yᵀMy + b·y + c with M neither symmetric nor definite."""
    linear = settings.normals(dim, key=300 + key) + 0.5
    matrix = settings.matrix(dim, 30 + key)
    return Description("quadratic", matrix=matrix, linear=linear, constant=0.7)


def exponential(dim: int, key: int = 0) -> Description:
    """Two exponentials of linear forms: no polynomial."""
    directions = settings.normals(2, dim, key=310 + key)
    return Description("exponential_sum", directions=directions, amplitudes=np.array([0.8, -0.5]))


def squared_gap(target: float = 0.45) -> Description:
    """(y_2 - target)² of two classes, the usual example: θ = .2 has the gradient .016."""
    return Description(
        "quadratic", matrix=np.diag([0.0, 2.0]), linear=np.array([0.0, -2 * target]),
        constant=target**2,
    )  # fmt: skip


def bit_logits(theta: float = 0.2) -> np.ndarray:
    """Two classes, the second of probability θ."""
    return np.log([1 - theta, theta])


def logits(dim: int, key: int = 0) -> np.ndarray:
    """Logits whose exponentials do not sum to one."""
    return 0.9 * settings.normals(dim, key=320 + key) + 0.4


def gumbels(draws: int, dim: int, key: int = 0) -> np.ndarray:
    """Gumbel numbers (m, K)."""
    return -np.log(-np.log(uniforms(draws, dim, key)))


def uniforms(draws: int, dim: int, key: int = 0) -> np.ndarray:
    """Numbers between .02 and .98, (m, K), each as likely above one half as below."""
    from scipy.special import ndtr

    return np.clip(ndtr(settings.normals(draws, dim, key=330 + key)), 0.02, 0.98)


# logits of the probabilities 1/6, 1/2, 1/3 and 1/4, 1/2, 1/8, 1/8: codes as often as they are drawn
CLASSES = {
    3: (np.log([1 / 6, 1 / 2, 1 / 3]) + 0.3, (0, 1, 1, 1, 2, 2)),
    4: (np.log([1 / 4, 1 / 2, 1 / 8, 1 / 8]) - 0.2, (0, 0, 1, 1, 1, 1, 2, 3)),
}


def choosing(codes, dim: int) -> np.ndarray:
    """Gumbel numbers (m, K) that make every draw one of these codes, whatever moderate logits."""
    return np.where(np.eye(dim)[np.asarray(codes)] == 1, 40.0, -1.0)


def legendre(low: float, high: float, order: int = 14):
    """Gauss-Legendre nodes and weights between low and high, (m,) each."""
    node, weight = np.polynomial.legendre.leggauss(order)
    return low + (high - low) * (node + 1) / 2, (high - low) * weight / 2


def tuples(codes, length: int):
    """All tuples of so many independent draws, equally likely."""
    return itertools.product(codes, repeat=length)


def cells(n: int, dim: int) -> np.ndarray:
    """The middles of n^d cubes, (n^d, d): uniform numbers for what is linear on every cube."""
    middles = (np.arange(n) + 0.5) / n
    return np.array(list(itertools.product(middles, repeat=dim)))
