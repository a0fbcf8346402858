"""Laws, fields, points and awkward arrays, drawn one property at a time.

Sizes, condition numbers and scales are drawn one by one, so that a failure shrinks to the
smallest; entries come in general position, from a drawn seed, so that no two sides agree or
cancel by accident.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from refscore.identities.cases import FieldDescription, Law

try:
    from hypothesis import strategies as st
except ImportError as error:
    raise ImportError(
        "refscore.strategies needs the package 'hypothesis' (pip install hypothesis)"
    ) from error

MOST_DIMS = 4


def dims(low: int = 1, high: int = MOST_DIMS) -> st.SearchStrategy[int]:
    """Dimensions d, small ones first."""
    return st.integers(low, high)


def scales(low: float, high: float) -> st.SearchStrategy[float]:
    """Positive numbers spread evenly in their logarithm, low to high."""
    return st.floats(np.log(low), np.log(high)).map(lambda e: float(np.clip(np.exp(e), low, high)))


def normals(*shape: int) -> st.SearchStrategy[np.ndarray]:
    """Arrays of a shape with entries in general position, standard normal for a drawn seed."""
    seeds = st.integers(0, 2**32 - 1)
    return seeds.map(lambda seed: np.random.default_rng(seed).standard_normal(shape))


@st.composite
def points(draw, dim: int, n: int | None = None, *, distance: float | None = None):
    """Points (n, dim) around the origin, or `distance` away from it (1e150 is fair)."""
    n = draw(st.integers(1, 5)) if n is None else n
    x = draw(normals(n, dim))
    if distance is None:
        return 1.5 * x
    return distance * x / np.linalg.norm(x, axis=-1, keepdims=True)


@st.composite
def covariances(draw, dim: int | None = None, condition: float | None = None):
    """Full covariances (dim, dim), eigenvalues geometric from κ^-½ to κ^½; on the line κ^½.

    condition κ >= 1, drawn between 1 and 1000 unless given.
    """
    dim = draw(dims()) if dim is None else dim
    condition = draw(scales(1.0, 1e3)) if condition is None else condition
    q, _ = np.linalg.qr(draw(normals(dim, dim)))
    half = condition**0.5
    s = (q * np.geomspace(half, 1 / half, dim)) @ q.T
    return 0.5 * (s + s.T)


@st.composite
def matrices(draw, dim: int | None = None):
    """Square matrices without symmetry."""
    dim = draw(dims()) if dim is None else dim
    return draw(normals(dim, dim))


@st.composite
def weights(draw, count: int):
    """Probabilities (count,), none below 1/50 of the largest."""
    raw = np.array([draw(scales(0.02, 1.0)) for _ in range(count)])
    return raw / raw.sum()


@st.composite
def ladders(draw):
    """Noise levels (L,) from the largest down, L from 1 to 4, no two within a fifth."""
    ratios = [draw(scales(1.2, 5.0)) for _ in range(draw(st.integers(0, 3)))]
    return draw(scales(0.5, 10.0)) / np.cumprod([1.0, *ratios])


@st.composite
def gaussians(draw, dim: int | None = None, condition: float | None = None):
    """Gaussian laws: mean (d,) and a full covariance."""
    s = draw(covariances(dim, condition))
    return Law("gaussian", mean=draw(normals(len(s))), covariance=s)


@st.composite
def mixtures(draw, dim: int | None = None, components: int | None = None, condition=None):
    """Gaussian mixtures of one to four components, a full covariance each."""
    dim = draw(dims()) if dim is None else dim
    count = draw(st.integers(1, 4)) if components is None else components
    each = [draw(covariances(dim, condition)) for _ in range(count)]
    means = 2 * draw(normals(count, dim))
    return Law("mixture", weights=draw(weights(count)), means=means, covariances=np.stack(each))


@st.composite
def laws(draw, dim: int | None = None, kinds: tuple[str, ...] | None = None):
    """Laws of every described kind (or of these kinds)."""
    dim = draw(dims()) if dim is None else dim
    fitting = [k for k in _LAWS if (dim > 1 or k != "funnel") and (dim == 2 or k != "banana")]
    kind = draw(st.sampled_from(fitting if kinds is None else list(kinds)))
    return _LAWS[kind](draw, dim)


def _vector(draw, dim):
    return draw(normals(dim))


def _positive(draw, dim):
    return np.array([draw(scales(0.3, 3.0)) for _ in range(dim)])


def _box(draw, dim):
    low = _vector(draw, dim)
    return {"low": low, "high": low + _positive(draw, dim)}


def _located(kind, **more):
    def make(draw, dim):
        extra = {name: one(draw, dim) for name, one in more.items()}
        return Law(kind, location=_vector(draw, dim), scale=_positive(draw, dim), **extra)

    return make


def _power(draw, dim):
    return np.array([draw(st.floats(1.25, 4.0)) for _ in range(dim)])


_LAWS: dict[str, Callable] = {
    "gaussian": lambda draw, d: draw(gaussians(d)),
    "mixture": lambda draw, d: draw(mixtures(d)),
    "empirical": lambda draw, d: Law(
        "empirical", data=draw(points(d, 4)), bandwidth=draw(scales(0.1, 2.0))
    ),
    "student_t": lambda draw, d: Law(
        "student_t", location=_vector(draw, d), shape=draw(covariances(d)),
        dof=draw(st.floats(2.5, 30.0)),
    ),
    "laplace": _located("laplace"),
    "logistic": _located("logistic"),
    "generalised_normal": _located("generalised_normal", power=_power),
    "uniform": lambda draw, d: Law("uniform", **_box(draw, d)),
    "smoothed_uniform": lambda draw, d: Law(
        "smoothed_uniform", **_box(draw, d), sigma=draw(scales(0.1, 2.0))
    ),
    "truncated_normal": lambda draw, d: Law(
        "truncated_normal", mean=_vector(draw, d), sd=_positive(draw, d), **_box(draw, d)
    ),
    "half_normal": lambda draw, d: Law("half_normal", sd=_positive(draw, d)),
    "funnel": lambda draw, d: Law("funnel", dim=d, scale=draw(scales(0.5, 3.0))),
    "banana": lambda draw, d: Law(
        "banana", curvature=draw(st.floats(-1.0, 1.0)), scale=draw(scales(0.5, 3.0))
    ),
}  # fmt: skip


@st.composite
def affine_fields(draw, dim: int | None = None):
    """Fields A x + b, A neither symmetric nor definite."""
    matrix = draw(matrices(dim))
    return FieldDescription("affine", matrix=matrix, offset=draw(normals(len(matrix))))


@st.composite
def mixture_scores(draw, dim: int | None = None):
    """Scores of mixtures as fields."""
    return FieldDescription("mixture_score", **draw(mixtures(dim)).parameters_by_name)


@st.composite
def mlps(draw, dim: int | None = None, layers: int | None = None):
    """Networks with one to three layers of tanh units."""
    dim = draw(dims()) if dim is None else dim
    layers = draw(st.integers(1, 3)) if layers is None else layers
    sizes = [dim, *(draw(st.integers(1, 6)) for _ in range(layers)), dim]
    pairs = list(zip(sizes, sizes[1:], strict=False))
    return FieldDescription(
        "mlp",
        weights=tuple(draw(normals(m, k)) / np.sqrt(k) for k, m in pairs),
        biases=tuple(0.3 * draw(normals(m)) for _, m in pairs),
    )


def fields(dim: int | None = None) -> st.SearchStrategy[FieldDescription]:
    """Affine fields, mixture scores and networks."""
    return st.one_of(affine_fields(dim), mixture_scores(dim), mlps(dim))


def layouts(array) -> st.SearchStrategy:
    """The array as others store it; compare with what np.array(it, dtype=float) gives.

    Fortran order, reversed or every-other strides, read-only, nested lists, big-endian; and
    with other numbers: float32, rounded to integers, one row repeated with stride zero.
    """
    array = np.asarray(array, dtype=np.float64)
    return st.sampled_from(sorted(_LAYOUTS)).map(lambda name: _LAYOUTS[name](array))


def _spaced(array):
    wide = np.full((*array.shape[:-1], 2 * array.shape[-1]), np.nan)
    wide[..., ::2] = array
    return wide[..., ::2]


def _read_only(array):
    array = array.copy()
    array.flags.writeable = False
    return array


_LAYOUTS: dict[str, Callable] = {
    "big-endian": lambda a: a.astype(">f8"),
    "float32": lambda a: a.astype(np.float32),
    "fortran": lambda a: np.asfortranarray(a),
    "integers": lambda a: np.rint(a).astype(np.int64),
    "lists": lambda a: a.tolist(),
    "read-only": _read_only,
    "repeated": lambda a: np.broadcast_to(a[:1], a.shape),
    "reversed": lambda a: a[::-1, ...].copy()[::-1, ...],
    "spaced": _spaced,
}
