"""What a subject is handed: arrays, laws, fields and functions in its own framework."""

from __future__ import annotations

import numpy as np

from refscore.identities import Law
from refscore.identities.cases import VelocityDescription
from refscore.identities.settings import process_of
from refscore.verify.errors import NotOffered
from refscore.verify.frameworks import energies
from refscore.verify.ports import GIVEN_NAMES

_FIELDS = {"field", "score"}
_DESCRIBED = {
    "velocities", "drift", "diffusion", "velocity", "log_density_at", "energy", "log_model",
    "log_noise", "log_density", "weight_function", "weight_derivative", "log_odds", "drift_of",
    "diffusion_of", "diffusion_slope", "running", "base_log_density", "f", "surrogate",
}  # fmt: skip
_ARRAYS = {
    "x", "x0", "y", "H", "noise_cov", "matrix", "offset", "mean", "covariance", "factor", "data",
    "couplings", "biases", "basis", "factor_gradient",
    "pattern", "h", "h_slope", "sigmas", "precision",
    "snr", "normals", "squares", "log_variance",
    "preconditioner", "gradient_noise", "proposal", "momentum", "v", "direction", "points",
    "betas", "times", "w_start", "w_end", "increments",
    "weights", "x_weights", "y_weights", "other_mean", "other_covariance", "u",
    "density", "grid", "cotangent", "cotangents",
    "x_T", "value",
    "mask", "hidden_weights", "output_weights", "degrees", "bend", "centre", "lower", "upper",
    "skewness", "tail", "x_knots", "y_knots", "slopes", "images", "deviations",
    "codebook", "counts", "sums", "reproduction",
    "log_likelihoods", "logits", "logit", "log_y", "values",
    "jacobian", "posterior_scores", "prior_score",
    "log_joint", "other_logits", "grid_log_likelihoods", "grid_logits", "standard_normals",
    "loadings", "latent_mean", "latent_covariance", "data_log_odds", "model_log_odds", "log_ratio",
    "critic_x", "critic_y", "log_unnormalised", "log_proposal",
}  # fmt: skip
LEVELED = (
    "score_at", "gradient", "family", "likelihood_score_at", "conditional_at", "unconditional_at",
)  # fmt: skip


def handed_over(subject, name: str, value):
    """An argument of a port, as the subject is handed it."""
    if name in _FIELDS:
        return subject.framework.field(value)
    if name in ("law", "other_law") and subject.framework_name != "numpy":
        return _law(subject, value)
    if name in _DESCRIBED or isinstance(value, VelocityDescription):
        return _described(subject, name, value)
    if name in LEVELED:
        return _leveled(subject, name, value)
    if name in ("conditioner", "layers"):
        from refscore.verify.layered import LAYERED

        return LAYERED[name](subject.framework, value, subject.dtype)
    if name in ("levels", "places", "index", "codes", "rows", "bins"):
        whole = subject.framework.to(np.array(value))
        return whole.long() if hasattr(whole, "long") else whole.astype(int)
    if name == "matvec":
        return _counted(subject, subject.framework.callable(np.array(value)))
    if (name in _ARRAYS or name in GIVEN_NAMES) and not isinstance(value, float):
        return subject.framework.to(_within_range(subject, name, np.array(value)), subject.dtype)
    return value


def _described(subject, name: str, value):
    """Functions that are made of a description: of points, or of points and a time."""
    if isinstance(value, VelocityDescription):
        return subject.framework.velocity(value)
    if name == "velocities":
        return tuple(_described(subject, "velocity", one) for one in value)
    if name in ("drift", "diffusion", "velocity", "log_density_at"):
        from refscore.verify.evolving import EVOLVING

        return EVOLVING[name](subject.framework, value)
    if name in ("energy", "log_model", "log_noise", "log_density"):
        return energies.handed(name, subject.framework, value, subject.dtype)
    if name == "base_log_density":
        return energies.with_score(subject.framework, value, subject.dtype)
    from refscore.verify.functions import FUNCTIONS

    return FUNCTIONS[name](subject.framework, value)


def _leveled(subject, name: str, value):
    """Fields of a time or a level as well, and stochastic ones."""
    from refscore.verify import leveled

    if name == "family":
        return leveled.family_of(subject.framework, value)
    if name == "gradient":
        return leveled.noisy_gradient(subject.framework, value, subject.dtype)
    if value.kind == "noised":
        return leveled.NoisedScores(subject.framework, value.law)
    from refscore.verify.timed import ClassScoreAt, ScoreAt

    turned = value.kind == "turned"
    value = value.law if turned else value
    made = ClassScoreAt if value.kind == "class" else ScoreAt
    return made(subject.framework, value, process_of(subject), turned=turned)


def _law(subject, law) -> Law:
    """The same law with its arrays in the subject's framework; numbers stay numbers."""
    return Law(
        law.kind,
        **{
            name: subject.framework.to(_within_range(subject, name, np.array(value)), subject.dtype)
            if isinstance(value, np.ndarray)
            else value
            for name, value in law.parameters_by_name.items()
        },
    )


def _within_range(subject, name: str, array):
    finite = array[np.isfinite(array)]
    if subject.dtype == "float32" and np.abs(finite).max(initial=0) > np.finfo(np.float32).max:
        raise NotOffered(f"{name} is beyond the range of float32")
    return array


def _counted(subject, matvec):
    """The same product, adding the vectors it is asked for to `products`."""

    def product(v, *more):
        subject.products += v.shape[0] if getattr(v, "ndim", 1) > 1 else 1
        return matvec(v, *more)

    return product
