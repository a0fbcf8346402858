"""Mistakes in quantisers without a codebook: rounding and signs, coordinate by coordinate."""

from __future__ import annotations

import numpy as np

from refscore.verify import library
from refscore.verify.mutants.base import mistake


def _bounds(bins, epsilon=1e-3):
    return (bins - 1) * (1 + epsilon) / 2, np.where(bins % 2 == 0, 0.5, 0.0)


def _coded(whole, bins, places=None):
    """Codes and values of whole numbers from -floor(L/2)."""
    whole = whole.astype(int)
    places = np.cumprod(np.concatenate([[1], bins[:-1]])) if places is None else places
    return ((whole + bins // 2) * places).sum(1), whole / (bins // 2)


def _shift(bins):
    half, offset = _bounds(bins)
    return half, offset, np.arctanh(offset / half)


@mistake(
    "finite_scalar_tan_for_atanh",
    port="finite_scalar",
    source="D17: vector-quantize-pytorch 92a895b",
)
def _(x, bins):
    """The shift of even numbers is a tangent, not an inverse hyperbolic one."""
    half, offset = _bounds(bins)
    return _coded(np.round(half * np.tanh(x + np.tan(offset / half)) - offset), bins)


@mistake("finite_scalar_not_shifted", port="finite_scalar", source="classic: D17's term left out")
def _(x, bins):
    """Even numbers of values are not shifted inside tanh."""
    half, offset = _bounds(bins)
    return _coded(np.round(half * np.tanh(x) - offset), bins)


@mistake("finite_scalar_no_offset", port="finite_scalar", source="classic: the half left out")
def _(x, bins):
    """The half of even numbers is not subtracted: the lowest value is never reached."""
    half, _, shift = _shift(bins)
    whole = np.round(half * np.tanh(x + shift))
    return _coded(np.clip(whole, -(bins // 2), (bins - 1) // 2), bins)


@mistake(
    "finite_scalar_epsilon_sign",
    port="finite_scalar",
    source="D17: vector-quantize-pytorch 5f7851b",
)
def _(x, bins):
    """Bounds shrink where they should grow; even numbers lose their lowest value."""
    half, offset = _bounds(bins, -1e-3)
    return _coded(np.round(half * np.tanh(x + np.arctanh(offset / half)) - offset), bins)


@mistake("finite_scalar_no_epsilon", port="finite_scalar", source="classic: (L - 1)/2 as it is")
def _(x, bins):
    """The bound is (L - 1)/2 as it is: the factor 1.001 is left out."""
    half, offset = _bounds(bins, 0.0)
    return _coded(np.round(half * np.tanh(x + np.arctanh(offset / half)) - offset), bins)


@mistake("finite_scalar_tan_and_no_epsilon", port="finite_scalar", source="D17, both at once")
def _(x, bins):
    """The shift of even numbers is a tangent, and the factor 1.001 is left out."""
    half, offset = _bounds(bins, 0.0)
    return _coded(np.round(half * np.tanh(x + np.tan(offset / half)) - offset), bins)


@mistake("finite_scalar_tan_and_epsilon_sign", port="finite_scalar",
         source="D17: vector-quantize-pytorch before 5f7851b")  # fmt: skip
def _(x, bins):
    """The shift of even numbers is a tangent, and bounds shrink where they should grow."""
    half, offset = _bounds(bins, -1e-3)
    return _coded(np.round(half * np.tanh(x + np.tan(offset / half)) - offset), bins)


@mistake("finite_scalar_half_of_all", port="finite_scalar", source="classic: L for L - 1")
def _(x, bins):
    """The bound is half of L, not of L - 1, and a clip keeps the codes there are."""
    half, offset = bins * 1.001 / 2, np.where(bins % 2 == 0, 0.5, 0.0)
    whole = np.round(half * np.tanh(x + np.arctanh(offset / half)) - offset)
    return _coded(np.clip(whole, -(bins // 2), (bins - 1) // 2), bins)


@mistake("finite_scalar_shift_sign", port="finite_scalar", source="classic: sign of the shift")
def _(x, bins):
    """The shift inside tanh is subtracted."""
    half, offset, shift = _shift(bins)
    return _coded(np.round(half * np.tanh(x - shift) - offset), bins)


@mistake("finite_scalar_offset_sign", port="finite_scalar", source="classic: sign of the half")
def _(x, bins):
    """The half of even numbers is added: the highest value there is none of is clipped."""
    half, offset, shift = _shift(bins)
    whole = np.round(half * np.tanh(x - shift) + offset)
    return _coded(np.clip(whole, -(bins // 2), (bins - 1) // 2), bins)


@mistake("finite_scalar_floored", port="finite_scalar", source="classic: int() for round")
def _(x, bins):
    """Numbers are rounded down."""
    half, offset, shift = _shift(bins)
    whole = np.floor(half * np.tanh(x + shift) - offset)
    return _coded(np.maximum(whole, -(bins // 2)), bins)


@mistake("finite_scalar_clipped", port="finite_scalar", source="classic: clip for tanh")
def _(x, bins):
    """A clip bounds, not tanh."""
    half, offset, shift = _shift(bins)
    return _coded(np.round(half * np.clip(x + shift, -1, 1) - offset), bins)


@mistake("finite_scalar_last_fastest", port="finite_scalar", source="classic: row-major codes")
def _(x, bins):
    """The last coordinate counts fastest."""
    places = np.cumprod(np.concatenate([[1], bins[:0:-1]]))[::-1]
    whole = np.round(library.finite_scalar(x, bins)[1] * (bins // 2))
    return _coded(whole, bins, places)


@mistake("finite_scalar_places_off_by_one", port="finite_scalar", source="classic: cumprod(L)")
def _(x, bins):
    """A coordinate's place is the product up to its own number of values."""
    whole = np.round(library.finite_scalar(x, bins)[1] * (bins // 2))
    return _coded(whole, bins, np.cumprod(bins))


@mistake(
    "finite_scalar_not_normalised", port="finite_scalar", source="classic: missing / floor(L / 2)"
)
def _(x, bins):
    """Values are the whole numbers."""
    codes, values = library.finite_scalar(x, bins)
    return codes, values * (bins // 2)


@mistake(
    "finite_scalar_width_not_floored",
    port="finite_scalar",
    source="D17: vector-quantize-pytorch 6898026",
)
def _(x, bins):
    """Values are divided by L / 2, odd numbers not rounded down."""
    codes, values = library.finite_scalar(x, bins)
    return codes, values * (bins // 2) / (bins / 2)


@mistake(
    "finite_scalar_values_last_fastest", port="finite_scalar_values", source="classic: row-major"
)
def _(index, bins):
    """The last coordinate is read as the fastest."""
    return library.finite_scalar_values(index, bins[::-1])[:, ::-1].copy()


@mistake(
    "finite_scalar_values_not_centred",
    port="finite_scalar_values",
    source="classic: missing - floor(L / 2)",
)
def _(index, bins):
    """Digits are not centred."""
    return library.finite_scalar_values(index, bins) + 1


@mistake(
    "finite_scalar_values_no_modulus", port="finite_scalar_values", source="classic: missing mod L"
)
def _(index, bins):
    """Digits are quotients without their modulus."""
    half = bins // 2
    places = np.cumprod(np.concatenate([[1], bins[:-1]]))
    return (index[:, None] // places - half) / half


@mistake(
    "finite_scalar_gradient_of_rounding",
    port="finite_scalar_gradient",
    source="classic: no straight-through",
)
def _(x, bins, cotangent):
    """The derivative of rounding itself: zero."""
    return np.zeros_like(x)


@mistake(
    "finite_scalar_gradient_unbounded",
    port="finite_scalar_gradient",
    source="classic: the bound's slope left out",
)
def _(x, bins, cotangent):
    """The bound is passed as if it were the identity."""
    return cotangent.copy()


@mistake(
    "finite_scalar_gradient_not_normalised",
    port="finite_scalar_gradient",
    source="classic: missing / floor(L / 2)",
)
def _(x, bins, cotangent):
    """The division by ⌊L/2⌋ is left out."""
    return library.finite_scalar_gradient(x, bins, cotangent) * (bins // 2)


@mistake(
    "finite_scalar_gradient_not_shifted",
    port="finite_scalar_gradient",
    source="classic: slope of tanh(x)",
)
def _(x, bins, cotangent):
    """The slope is taken without the shift."""
    return cotangent * _bounds(bins)[0] / (bins // 2) / np.cosh(x) ** 2


@mistake(
    "finite_scalar_gradient_half_left_out",
    port="finite_scalar_gradient",
    source="classic: slope of tanh alone",
)
def _(x, bins, cotangent):
    """The factor h is left out."""
    return library.finite_scalar_gradient(x, bins, cotangent) / _bounds(bins)[0]


@mistake("finite_scalar_gradient_not_squared", port="finite_scalar_gradient",
         source="classic: sech for its square")  # fmt: skip
def _(x, bins, cotangent):
    """The slope of tanh is taken as 1 / cosh, not its square."""
    half, _, shift = _shift(bins)
    return cotangent * half / (bins // 2) / np.cosh(x + shift)


@mistake("finite_scalar_gradient_floor_lost", port="finite_scalar_gradient",
         source="D17: vector-quantize-pytorch 6898026")  # fmt: skip
def _(x, bins, cotangent):
    """Values are taken as divided by L / 2, odd numbers not rounded down."""
    return library.finite_scalar_gradient(x, bins, cotangent) * (bins // 2) / (bins / 2)


@mistake("lookup_free_places_doubled", port="lookup_free", source="classic: 2^i counted from one")
def _(x):
    """Places are counted from one: codes are doubled."""
    codes, values = library.lookup_free(x)
    return 2 * codes, values


@mistake("lookup_free_zero_counts", port="lookup_free", source="classic: >= 0")
def _(x):
    """Zero counts as positive."""
    codes, _ = library.lookup_free(np.where(x == 0, 1.0, x))
    return codes, np.where(x >= 0, 1.0, -1.0)


@mistake("lookup_free_sign_of_zero", port="lookup_free", source="classic: sign(0) = 0")
def _(x):
    """The sign of zero is zero."""
    return library.lookup_free(x)[0], np.sign(x)


@mistake("lookup_free_bits_turned", port="lookup_free", source="classic: 1 for negative")
def _(x):
    """A bit says that a coordinate is negative."""
    codes, values = library.lookup_free(x)
    return 2 ** x.shape[1] - 1 - codes, values


@mistake("lookup_free_values_as_bits", port="lookup_free", source="classic: 0 and 1 for signs")
def _(x):
    """Values are 0 and 1."""
    codes, values = library.lookup_free(x)
    return codes, 0.5 * (values + 1)
