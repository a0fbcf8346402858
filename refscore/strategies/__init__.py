"""Hypothesis strategies for laws, fields, points and awkward arrays, for our tests and for yours.

    @given(strategies.mixtures(dim=2), strategies.points(2))
    def test_mine(law, x): ...          # law.weights, law.means, law.covariances

    @given(strategies.cases("field with probes"))
    def test_loss(case): ...            # case.field, case.x, case.probes

Laws and fields are the plain descriptions of `refscore.identities.cases`.
"""

from refscore.strategies.draws import (
    MOST_DIMS,
    affine_fields,
    covariances,
    dims,
    fields,
    gaussians,
    ladders,
    laws,
    layouts,
    matrices,
    mixture_scores,
    mixtures,
    mlps,
    normals,
    points,
    scales,
    weights,
)
from refscore.strategies.families import FAMILIES, cases
from refscore.strategies.on_flows import time_mlps, velocities

__all__ = [
    "FAMILIES", "MOST_DIMS", "affine_fields", "cases", "covariances", "dims", "fields",
    "gaussians", "ladders", "laws", "layouts", "matrices", "mixture_scores", "mixtures", "mlps",
    "normals", "points", "scales", "time_mlps", "velocities", "weights",
]  # fmt: skip
