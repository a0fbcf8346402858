"""What a fit returns: an estimate with its sandwich covariance, and models side by side."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from refscore._arguments import as_array, as_scalar, as_symmetric, beyond_float
from refscore.fields.base import as_field
from refscore.objectives import implicit_loss


@dataclass(frozen=True, eq=False)
class FitResult:
    """An estimate θ̂ with its asymptotic covariance, for n independent points.

        Cov θ̂ ≈ D⁻¹ V D⁻¹ / n,  D the mean Hessian of the loss, V = mean g gᵀ of its gradients

    parameters θ̂ (p,); covariance (p, p), None where the fit does not offer one; loss, the mean
    objective at θ̂; n points; converged and message, how the minimiser ended; names of the
    parameters; field, the fitted field.
    Checked by: sandwich_errors, confidence_intervals
    """

    parameters: np.ndarray
    covariance: np.ndarray | None
    loss: float
    n: int
    names: tuple[str, ...]
    field: Any = None
    converged: bool = True
    message: str = "closed form"
    history: tuple = ()

    @property
    def standard_errors(self) -> np.ndarray:
        """√ of the covariance's diagonal, (p,)."""
        return np.sqrt(np.diagonal(self._covariance()))

    def confidence_interval(self, level: float = 0.95) -> np.ndarray:
        """θ̂ ± z·se with Φ(z) = (1 + level)/2, (p, 2); the coverage is asymptotic in n.

        Checked by: confidence_intervals, interval_coverage
        """
        from scipy.special import ndtri

        level = as_scalar(level, "level")
        if not 0 < level < 1:
            raise ValueError(f"level must be between 0 and 1, got {level!r}")
        half = ndtri((1 + level) / 2) * self.standard_errors
        return np.stack([self.parameters - half, self.parameters + half], axis=1)

    def efficiency(self, bound) -> np.ndarray:
        """bound_jj / Cov_jj for every parameter, (p,): the share of the data that is used.

        bound (p, p), the covariance of the best estimator from the same n points, e.g.
        `cramer_rao_bound(...) / n`.
        Tested in: tests/estimation/test_results.py
        """
        bound = as_symmetric(bound, "bound", len(self.parameters))
        return np.diagonal(bound) / np.diagonal(self._covariance())

    def _covariance(self) -> np.ndarray:
        if self.covariance is None:
            raise ValueError(f"this fit offers no covariance ({self.message})")
        return self.covariance

    def __repr__(self) -> str:
        known = self.covariance is not None
        errors = self.standard_errors if known else np.full(self.parameters.shape, np.nan)
        width = max((len(name) for name in self.names), default=0)
        lines = [
            f"  {name:<{width}}  {value: .6g}" + (f" ± {error:.2g}" if known else "")
            for name, value, error in zip(self.names[:12], self.parameters, errors)
        ]
        if len(self.names) > 12:
            lines.append(f"  ... {len(self.names) - 12} more")
        ended = "" if self.converged else "NOT CONVERGED, "
        head = f"{type(self).__name__}: loss {self.loss:.6g} on {self.n} points"
        return "\n".join([f"{head} ({ended}{self.message})", *lines])


@dataclass(frozen=True, eq=False)
class Comparison:
    """Held-out implicit losses of models on the same points, best first.

    names; losses and standard_errors (k,), in the order given; differences (k,) from the best
    model and their standard errors, from paired differences of the losses at every point.
    Tested in: tests/estimation/test_results.py
    """

    names: tuple[str, ...]
    losses: np.ndarray
    standard_errors: np.ndarray
    differences: np.ndarray
    difference_errors: np.ndarray
    n: int

    @property
    def best(self) -> str:
        """The name of the model with the smallest loss."""
        return self.names[int(np.argmin(self.losses))]

    def __repr__(self) -> str:
        width = max(map(len, self.names))
        rows = [
            f"  {self.names[k]:<{width}}  {self.losses[k]: .6g} ± {self.standard_errors[k]:.2g}"
            f"   {self.differences[k]:+.4g} ± {self.difference_errors[k]:.2g}"
            for k in np.argsort(self.losses)
        ]
        return "\n".join([f"implicit loss on {self.n} held-out points, and above the best", *rows])


def held_out_loss(model, x) -> tuple[float, float]:
    """The mean implicit loss of a fitted field on points it has not seen, with its error.

        mean[ ½‖s‖² + div s ],  and sd/√n

    model a Field, a FitResult, or anything with a `score` field; x points (n, d), n ≥ 2.
    Up to a constant that no model moves, it estimates the Fisher divergence from the data.
    Tested in: tests/estimation/test_results.py
    """
    losses = _losses(model, x, "model", "x")
    with beyond_float():
        return float(losses.mean()), _error(losses)


def compare_models(models: Mapping[str, Any], x_held_out) -> Comparison:
    """Models side by side by held-out implicit loss; differences are paired point by point.

    models {name: Field, FitResult or anything with a `score` field}; x_held_out (n, d), n ≥ 2.
    Tested in: tests/estimation/test_results.py
    """
    if not isinstance(models, Mapping) or not models:
        raise TypeError(f"models must be a mapping of names to fields, got {models!r}")
    losses = np.stack(
        [_losses(one, x_held_out, f"model {name!r}", "x_held_out") for name, one in models.items()]
    )
    with beyond_float():
        best = int(np.argmin(losses.mean(axis=1)))
        apart = losses - losses[best]
        return Comparison(
            tuple(map(str, models)),
            losses.mean(axis=1),
            np.array([_error(row) for row in losses]),
            apart.mean(axis=1),
            np.array([_error(row) for row in apart]),
            losses.shape[1],
        )


def _losses(model, x, name, points) -> np.ndarray:
    if isinstance(model, FitResult):
        if model.field is None:
            raise TypeError(f"{name} is a FitResult without a field")
        model = model.field
    field = as_field(getattr(model, "score", model), name)
    x = as_array(x, points, (None, field.dim))
    if len(x) < 2:
        raise ValueError(f"{points} must hold at least two points, got {len(x)}")
    return implicit_loss(field, x)


def _error(values: np.ndarray) -> float:
    return float(values.std(ddof=1) / np.sqrt(len(values)))
