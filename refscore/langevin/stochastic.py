"""Stochastic-gradient Langevin: a score that is right on average only."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from refscore._arguments import as_array, as_callable, as_count, as_real
from refscore.langevin.steps import Step, unit, vector_at


class StochasticGradient(Step):
    """x + (η/2) ŝ(x, ξ) + √η z; see `sgld`."""

    def __init__(self, gradient, step_size):
        self.gradient = as_callable(gradient, "gradient")
        super().__init__(step_size)
        self._own = getattr(gradient, "parts", ("normal",))
        self.parts = ("normal", *self._own)

    def noise_shapes(self, shape: tuple) -> tuple[tuple, ...]:
        """The shapes of z and of what the gradient takes."""
        shapes = getattr(self.gradient, "noise_shapes", None)
        if shapes is None:
            return super().noise_shapes(shape)
        return (shape, *shapes(shape))

    def _move(self, x, z, *xi):
        given = xi[0] if len(xi) == 1 else xi
        s = vector_at(lambda y: self.gradient(y, given), x, "gradient(x, randomness)")
        return x + 0.5 * self.step_size * s + self.step_size**0.5 * z


def sgld(gradient: Callable, step_size) -> Step:
    """The stochastic-gradient Langevin step.

        step(x, (z, ξ)) = x + (η/2) ŝ(x, ξ) + √η z,   E_ξ ŝ(x, ξ) = s(x)

    Arguments: gradient(x, ξ) -> (..., d), handed its own randomness: a standard normal ξ of
    the shape of x, unless it has attributes `parts` and `noise_shapes` as a Step has (those
    of `minibatch_score` do); step_size η > 0.
    Returns: step(x, (z, ξ)). Raises: ValueError naming the argument. Cost: one gradient.
    The noise of ŝ stays in the chain: with covariance V it adds (η²/4) V to every step.
    Source: Welling and Teh 2011.
    Checked by: stochastic_gradient_given_noise, stochastic_gradient_draws
    """
    return StochasticGradient(gradient, step_size)


class Minibatch:
    """A score from a few of the terms; see `minibatch_score`."""

    parts = ("uniforms",)

    def __init__(self, prior_score, likelihood_score, data, batch_size):
        self.prior_score = None if prior_score is None else as_callable(prior_score, "prior_score")
        self.likelihood_score = as_callable(likelihood_score, "likelihood_score")
        self.data = as_array(data, "data", (None, None)).copy()
        if not len(self.data):
            raise ValueError(f"data must have shape (N, m), N at least 1; got {self.data.shape}")
        self.batch_size = as_count(batch_size, "batch_size")

    def noise_shapes(self, shape: tuple) -> tuple[tuple, ...]:
        """One uniform number for every member of every chain's batch."""
        return ((*shape[:-1], self.batch_size),)

    def __call__(self, x, uniforms) -> np.ndarray:
        """ŝ(x, u), (..., d)."""
        x, u, n = as_real(x, "x"), unit(as_real(uniforms, "uniforms"), "uniforms"), len(self.data)
        if u.shape != (*x.shape[:-1], self.batch_size):
            raise ValueError(
                f"uniforms must have the shape {(*x.shape[:-1], self.batch_size)}, got {u.shape}"
            )
        chosen = np.minimum((u * n).astype(int), n - 1)
        each = np.broadcast_to(x[..., None, :], (*chosen.shape, x.shape[-1]))
        terms = as_real(self.likelihood_score(each.copy(), self.data[chosen]), "likelihood_score")
        if terms.shape != each.shape:
            raise ValueError(
                f"likelihood_score must have the shape {each.shape}, got {terms.shape}"
            )
        total = n / self.batch_size * terms.sum(-2)
        if self.prior_score is None:
            return total
        return total + vector_at(self.prior_score, x, "prior_score(x)")


def minibatch_score(prior_score, likelihood_score: Callable, data, batch_size: int) -> Minibatch:
    """An unbiased score of a posterior from B of its N terms, drawn with replacement.

        ŝ(x, u) = s₀(x) + (N/B) Σ_b ∂ₓ log p(y_{i_b} | x),   i_b = ⌊N u_b⌋

    Arguments: prior_score s₀, (..., d) -> (..., d), or None for a flat prior;
    likelihood_score(x, y) -> the shape of x, x (..., d) and y (..., m) row by row; data (N, m);
    batch_size B >= 1. Returns: gradient(x, u) for `sgld`, u (..., B) uniform: every chain draws
    its own batch. Raises: ValueError naming the argument. Cost: B terms a chain.
    Source: Welling and Teh 2011.
    Tested in: tests/langevin/test_stochastic.py
    """
    return Minibatch(prior_score, likelihood_score, data, batch_size)


__all__ = ["minibatch_score", "sgld"]
