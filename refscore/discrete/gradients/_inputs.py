"""What gradient estimators are handed: logits, draws, and a function with its gradient."""

from __future__ import annotations

import numpy as np

from refscore._arguments import as_array, as_callable, as_count, as_real, as_rng, require_one
from refscore.discrete._logits import as_logits, given_or_drawn
from refscore.discrete.concrete import gumbel_softmax_pullback
from refscore.discrete.gumbel import gumbel_max

BLOCK = 1 << 20  # numbers of the one-hot vectors made at a time


def as_variable(logits) -> np.ndarray:
    """The logits (K,) of one variable, -inf where a probability is 0."""
    logits = as_logits(logits)
    if logits.ndim != 1:
        raise ValueError(f"logits must have shape (K,), one variable; got shape {logits.shape}")
    return logits


def as_bit_logits(logits, *, one: bool = False) -> np.ndarray:
    """Log odds (..., d) of bits, or of `one` vector (d,); ±inf are bits that never change."""
    logits = as_real(logits, "logits")
    if logits.ndim == 0 or logits.shape[-1] == 0 or (one and logits.ndim > 1):
        wanted = "(d,)" if one else "(..., d)"
        raise ValueError(f"logits must have shape {wanted}, d >= 1, got shape {logits.shape}")
    if np.isnan(logits).any():
        raise ValueError("logits must not be NaN")
    return logits


def pulled_back(y: np.ndarray, cotangent: np.ndarray, temperature: float = 1.0) -> np.ndarray:
    """(∂y/∂z)ᵀ v of y = softmax(z/τ), y ∘ (v - y·v)/τ; one y for all v, or one each."""
    return gumbel_softmax_pullback(np.broadcast_to(y, cotangent.shape), temperature, cotangent)


def as_gumbels(gumbels, logits: np.ndarray, rng, n_draws) -> np.ndarray:
    """Gumbel numbers (m, ..., K): as given, or `n_draws` of them from `rng`."""
    require_one("gumbels", gumbels, rng)
    if gumbels is None:
        return given_or_drawn(logits, None, rng, as_count(n_draws, "n_draws"))
    return as_draws(gumbels, "gumbels", logits)


def as_uniforms(uniforms, logits: np.ndarray, rng, n_draws) -> np.ndarray:
    """Uniform numbers (m, ..., K): as given, or `n_draws` of them from `rng`."""
    require_one("uniforms", uniforms, rng)
    if uniforms is None:
        return as_rng(rng, "uniforms").random((as_count(n_draws, "n_draws"), *logits.shape))
    uniforms = as_draws(uniforms, "uniforms", logits)
    if ((uniforms < 0) | (uniforms >= 1)).any():
        raise ValueError(f"uniforms must lie in [0, 1), got {uniforms.min()} to {uniforms.max()}")
    return uniforms


def as_draws(draws, name: str, logits: np.ndarray) -> np.ndarray:
    """Given draws of shape (m, *logits.shape), m >= 1."""
    draws = as_array(draws, name)
    if draws.shape[1:] != logits.shape or not len(draws):
        wanted = ", ".join(("m", *map(str, logits.shape)))
        raise ValueError(f"{name} must have shape ({wanted}), m >= 1, got shape {draws.shape}")
    return draws


def as_baseline(baseline, values: np.ndarray) -> np.ndarray:
    """A number, or one for every value of f."""
    baseline = as_array(baseline, "baseline")
    if baseline.shape not in ((), values.shape):
        raise ValueError(
            f"baseline must be a number or have the shape of f's values, {values.shape};"
            f" got shape {baseline.shape}"
        )
    return baseline


def without_own(values: np.ndarray) -> np.ndarray:
    """f_i - 1/(m-1) Σ_{j≠i} f_j of values (m, ...), exactly 0 where all are equal."""
    m = len(values)
    values = values - values[0]
    return m / (m - 1) * (values - values.mean(0))


def values_of(f, y: np.ndarray, name: str = "f") -> np.ndarray:
    """f(y): one finite number for every vector along the last axis of y."""
    values = as_array(as_callable(f, name)(y), f"values of {name}")
    if values.shape != y.shape[:-1]:
        raise ValueError(
            f"{name} must give one number a vector, shape {y.shape[:-1]} for {y.shape};"
            f" got shape {values.shape}"
        )
    return values


def slopes_of(f, y: np.ndarray, name: str = "f") -> np.ndarray:
    """∇f(y), of the shape of y."""
    if not callable(getattr(f, "gradient", None)):
        raise TypeError(f"{name} must offer .gradient(y), got a {type(f).__name__} without")
    slopes = as_array(f.gradient(y), f"{name}.gradient(y)")
    if slopes.shape != y.shape:
        raise ValueError(
            f"{name}.gradient(y) must have the shape of y, {y.shape}; got shape {slopes.shape}"
        )
    return slopes


def drawn(logits: np.ndarray, gumbels: np.ndarray) -> np.ndarray:
    """One-hot b = argmax(l + g)."""
    return one_hot(gumbel_max(logits, gumbels), logits.shape[-1])


def one_hot(codes: np.ndarray, n_classes: int) -> np.ndarray:
    """e_k for every code k, along a new last axis."""
    hot = np.zeros((*np.shape(codes), n_classes))
    np.put_along_axis(hot, np.asarray(codes)[..., None], 1.0, axis=-1)
    return hot


def complement(probabilities: np.ndarray) -> np.ndarray:
    """1 - π_k, of the likeliest class as the sum of the others: no digits are lost beside it."""
    first = probabilities.argmax(-1)[..., None]
    others = probabilities.copy()
    np.put_along_axis(others, first, 0.0, -1)
    others[...], rest = 1 - probabilities, others.sum(-1, keepdims=True)
    np.put_along_axis(others, first, rest, -1)
    return others


def scores(hot: np.ndarray, probabilities: np.ndarray) -> np.ndarray:
    """∂ log π(b)/∂l = b - π of one-hot b."""
    return np.where(hot == 1, complement(probabilities), -probabilities)


def gradient_of(probabilities: np.ndarray, values: np.ndarray) -> np.ndarray:
    """π_k (f_k - E f), values counted from that of the likeliest class; f (K,) for all rows."""
    with np.errstate(over="ignore", under="ignore", invalid="ignore"):
        values = 0.25 * values - 0.25 * values[probabilities.argmax(-1)][..., None]
        mean = (probabilities * values).sum(-1, keepdims=True)
        return 4 * (probabilities * (values - mean))  # quarters: differences do not overflow


def values_at_codes(f, n_classes: int) -> np.ndarray:
    """f(e_0), ..., f(e_{K-1}): of a function, or as given (K,)."""
    if callable(f):
        return at_every_code(lambda b: values_of(f, b), n_classes)
    values = as_array(f, "f")
    if values.shape != (n_classes,):
        raise ValueError(
            f"f must be a function or its values at the classes, shape ({n_classes},);"
            f" got shape {values.shape}"
        )
    return values


def at_every_code(function, n_classes: int) -> np.ndarray:
    """function(e_0), ..., function(e_{K-1}) along the first axis, few one-hot vectors at a time."""
    rows = max(1, BLOCK // n_classes)
    codes = np.arange(n_classes)
    blocks = [codes[start : start + rows] for start in range(0, n_classes, rows)]
    return np.concatenate([function(one_hot(block, n_classes)) for block in blocks])
