"""coreax: sliced score matching on given vectors, and the score of a kernel density."""

from __future__ import annotations

from importlib.metadata import version as version_of

import jax

from validation.peers.stand_ins import modules

UNUSED = ("flax", "flax.linen", "flax.training", "flax.training.train_state", "sklearn", "jaxopt")
matching, _ = modules("coreax", ("score_matching", "kernels"), UNUSED)
VERSION = version_of("coreax")


class Sliced:
    """`SlicedScoreMatching`'s objectives: eq. (7) of the paper, and (8), with less variance."""

    name, framework, version = "coreax", "jax", VERSION

    def _loss(self, field, x, probes, analytic):
        key = jax.random.PRNGKey(0)
        own = matching.SlicedScoreMatching(key, jax.random.normal, use_analytic=analytic)
        return own._loss(field)(x, probes).mean(-1)

    def sliced_loss(self, field, x, probes):
        return self._loss(field, x, probes, analytic=False)

    def variance_reduced_sliced_loss(self, field, x, probes):
        return self._loss(field, x, probes, analytic=True)


class KernelDensity:
    """Explicit score matching against the score of its `KernelDensityMatching`."""

    name, framework, version = "coreax, kernel density", "jax", VERSION
    expected_failures = {
        "explicit_given_data": "nan where all kernels underflow"
        " (deviations/coreax_kernels_underflow.py)"
    }

    def explicit_loss(self, field, x, data, bandwidth):
        score = matching.KernelDensityMatching(float(bandwidth)).match(data)
        return 0.5 * ((field(x) - score(x)) ** 2).sum(-1)


SUBJECTS = [Sliced(), KernelDensity()]
