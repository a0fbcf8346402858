"""NumPy subjects: the library's own fields, arrays as they are."""

from __future__ import annotations

import numpy as np

from refscore.verify.errors import NotOffered
from refscore.verify.frameworks.base import Framework, check_dtype
from refscore.verify.kept import kept


class NumpyFramework(Framework):
    """NumPy in, NumPy out."""

    name = "numpy"

    def to(self, array, dtype=None):
        """A copy."""
        return np.array(array, dtype=check_dtype(dtype))

    def field(self, description):
        """The library's own field."""
        return _field(description)

    def velocity(self, description):
        """The library's own velocity."""
        return velocity(description)

    def rng(self, seed):
        """A numpy Generator."""
        return np.random.default_rng(seed)

    def callable(self, f, vjp=None):
        """The function itself, or the product with a matrix on rows."""
        if callable(f):
            return f
        matrix = np.array(f)
        return lambda v: v @ matrix.T


@kept
def _field(description):
    field = _made(description)
    field.energy = _declining(field.energy)
    return field


def _made(description):
    parameters = description.parameters_by_name
    if description.kind == "affine":
        from refscore.fields import Affine

        return Affine(**parameters)
    if description.kind == "mlp":
        from refscore.networks import MLP

        return MLP(**parameters)
    if description.kind == "mixture_score":
        from refscore.distributions import GaussianMixture

        return GaussianMixture(**parameters).score
    raise ValueError(
        f"kind must be one of ['affine', 'mixture_score', 'mlp'], got {description.kind!r}"
    )


_VELOCITIES = {
    "linear": "Linear",
    "rotating": "Rotating",
    "hopf": "Hopf",
    "cubic": "Cubic",
    "logistic": "Logistic",
    "sine": "Sine",
    "forced": "Forced",
}


@kept
def velocity(description):
    """The library's velocity of a `VelocityDescription`, a Family."""
    from refscore import flows, networks

    if description.kind == "time_mlp":
        return networks.TimeMLP(**description.parameters_by_name)
    if description.kind not in _VELOCITIES:
        raise ValueError(
            f"kind must be one of {sorted(_VELOCITIES)} or 'time_mlp', got {description.kind!r}"
        )
    return getattr(flows, _VELOCITIES[description.kind])(**description.parameters_by_name)


def _declining(energy):
    """The same energy, raising NotOffered where a field has none."""

    def declining(x):
        try:
            return energy(x)
        except AttributeError as error:
            raise NotOffered(str(error)) from None

    return declining


FRAMEWORK = NumpyFramework()
