"""Chapter G: linear maps in discrete time: matrices, their factors, permutations, convolutions."""

from __future__ import annotations

import numpy as np

from refscore import oracles
from refscore.identities import settings
from refscore.identities.base import identity
from refscore.identities.bijections import SEED, both
from refscore.identities.cases import Case
from refscore.identities.settings import convention_of


def _linears(name):
    return [
        Case(f"d = {d}", matrix=settings.matrix(d, 5), offset=np.linspace(-0.5, 0.8, d),
             **{name: settings.points(4, d, 9)})
        for d in (3, 2, 4)
    ]  # fmt: skip


@identity(
    "G4-linear",
    ports="linear_flow_forward",
    statement=r"y = Wx + b,\quad \log|\det J| = \log|\det W|",
    source=SEED,
    cases=lambda: _linears("x"),
)
def linear_flow_changes_volume(ports, case):
    """A linear map's volume is that of its matrix, whatever the point."""
    inputs = case.matrix, case.offset, case.x
    yield from both(ports.linear_flow_forward(*inputs), oracles.bijections.linear(*inputs))


@identity(
    "G4-linear-inverse",
    ports="linear_flow_inverse",
    statement=r"x = W^{-1}(y - b),\quad \log|\det J^{-1}| = -\log|\det W|",
    source=SEED,
    cases=lambda: _linears("y"),
)
def linear_flow_inverse_returns(ports, case):
    """The inverse of a linear map."""
    inputs = case.matrix, case.offset, case.y
    yield from both(ports.linear_flow_inverse(*inputs), oracles.bijections.linear_inverse(*inputs))


def _triangulars(name):
    def case(d, signs):
        lower = np.tril(0.6 * settings.normals(d, d, key=11), -1) + np.eye(d)
        upper = np.triu(0.7 * settings.normals(d, d, key=12), 1) + np.diag(signs)
        return Case(f"d = {d}", lower=lower, upper=upper, **{name: settings.points(4, d, 10)})

    return [case(4, [0.4, 1.7, 2.5, 0.8]), case(3, [1.9, 0.3, 1.4])]


@identity(
    "G4-triangular",
    ports="triangular_flow_forward",
    statement=r"y = LUx,\quad \log|\det J| = \sum_i\log|U_{ii}|",
    assumptions="L with ones on its diagonal; U_ii > 0",
    source=SEED,
    cases=lambda: _triangulars("x"),
)
def triangular_factors_change_volume(ports, case):
    """A matrix by its triangular factors: the determinant is the product of a diagonal."""
    whole = oracles.bijections.triangular(case.lower, case.upper)
    got = ports.triangular_flow_forward(case.lower, case.upper, case.x)
    yield from both(got, oracles.bijections.linear(whole, np.zeros(len(whole)), case.x))


@identity(
    "G4-triangular-inverse",
    ports="triangular_flow_inverse",
    statement=r"x = U^{-1}L^{-1}y",
    assumptions="L with ones on its diagonal; U_ii > 0",
    source=SEED,
    cases=lambda: _triangulars("y"),
)
def triangular_factors_inverse_returns(ports, case):
    """The inverse of a matrix by its triangular factors."""
    whole = oracles.bijections.triangular(case.lower, case.upper)
    got = ports.triangular_flow_inverse(case.lower, case.upper, case.y)
    yield from both(got, oracles.bijections.linear_inverse(whole, np.zeros(len(whole)), case.y))


def _permutations(name):
    return [
        Case(f"places {''.join(map(str, places))}", places=np.array(places, dtype=float),
             **{name: settings.points(4, len(places), 13)})
        for places in ((2, 0, 3, 1), (1, 2, 0))
    ]  # fmt: skip


@identity(
    "G4-permutation",
    ports="permutation_forward",
    statement=r"y_i = x_{\pi(i)},\quad \log|\det J| = 0",
    source=SEED,
    cases=lambda: _permutations("x"),
)
def permutation_reorders(ports, case):
    """A permutation takes its coordinates from the places it names."""
    right = oracles.bijection_layers.permuted(case.places, case.x), np.zeros(len(case.x))
    yield from both(ports.permutation_forward(case.places, case.x), right)


@identity(
    "G4-permutation-inverse",
    ports="permutation_inverse",
    statement=r"x_{\pi(i)} = y_i,\quad \log|\det J^{-1}| = 0",
    source=SEED,
    cases=lambda: _permutations("y"),
)
def permutation_inverse_returns(ports, case):
    """The inverse of a permutation, which is not itself, puts them back."""
    right = oracles.bijection_layers.unpermuted(case.places, case.y), np.zeros(len(case.y))
    yield from both(ports.permutation_inverse(case.places, case.y), right)


@identity(
    "G4-actnorm",
    ports="actnorm_forward",
    statement=r"y = (x - \bar x)/\hat\sigma,\quad \log|\det J| = -\sum\log\hat\sigma_i",
    source="derived from G4; Kingma and Dhariwal 2018, 3.1",
    cases=lambda: [
        Case(f"d = {d}, {m} data", x=settings.points(4, d, 14),
             data=0.6 + settings.points(m, d, 15) @ settings.matrix(d, 6))
        for d, m in ((3, 7), (2, 11))
    ],
)  # fmt: skip
def actnorm_standardises(ports, case):
    """A layer that starts from the data's means and standard deviations."""
    read = convention_of(ports, "actnorm_forward", "deviation", "n")
    right = oracles.bijection_layers.standardised(case.data, case.x, read)
    yield from both(ports.actnorm_forward(case.data, case.x), right)


@identity(
    "G4-convolution",
    ports="channel_mixing",
    statement=r"\log|\det J| = h\,w\,\log|\det W|",
    source="mistake L04; derived from G4; Kingma and Dhariwal 2018, equation 9",
    cases=lambda: [
        Case(f"{c} channels, {h} x {w}", matrix=settings.matrix(c, 7),
             images=settings.normals(2, c, h, w, key=17))
        for c, h, w in ((3, 2, 5), (2, 4, 3))
    ],
)  # fmt: skip
def convolution_counts_pixels(ports, case):
    """A 1x1 convolution's determinant counts once for every pixel."""
    right = oracles.bijection_layers.mixed_channels(case.matrix, case.images)
    yield from both(ports.channel_mixing(case.matrix, case.images), right, "images")
