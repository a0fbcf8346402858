"""The fixed laws, fields and points that entries are run on.

Chosen so that nothing hides: full non-isotropic covariances, non-symmetric matrices,
unequal weights, three components, and every count (points, dimensions, probes, levels)
different from the others and above one.
"""

from __future__ import annotations

import functools

import numpy as np

from refscore.identities.cases import Description, FieldDescription, Law


def _generator(*key: int) -> np.random.Generator:
    return np.random.default_rng((20240917, *key))


def covariance(dim: int, key: int = 0, *, low: float = 0.4, high: float = 2.5) -> np.ndarray:
    """A full covariance with eigenvalues spread geometrically from low to high."""
    q, _ = np.linalg.qr(_generator(1, dim, key).standard_normal((dim, dim)))
    s = (q * np.geomspace(low, high, dim)) @ q.T
    return 0.5 * (s + s.T)


@functools.cache
def gaussian(dim: int = 3) -> Law:
    """A Gaussian with a full covariance and a mean away from the origin."""
    mean = np.linspace(0.7, -1.1, dim) if dim > 1 else np.array([0.7])
    return Law("gaussian", mean=mean, covariance=covariance(dim))


@functools.cache
def far_gaussian(dim: int = 2) -> Law:
    """A Gaussian between 3 and 9 from 0 in every coordinate: what clips data shows."""
    mean = np.linspace(8.0, -4.5, dim) if dim > 1 else np.array([6.0])
    return Law("gaussian", mean=mean, covariance=covariance(dim, 7))


@functools.cache
def mixture(dim: int = 2) -> Law:
    """Three components, unequal weights, a different full covariance each."""
    means = 1.6 * _generator(2, dim).standard_normal((3, dim))
    covariances = np.stack([covariance(dim, k, low=0.3 + 0.1 * k, high=1.5) for k in range(3)])
    return Law("mixture", weights=[0.5, 0.3, 0.2], means=means, covariances=covariances)


@functools.cache
def points(n: int, dim: int, key: int = 0, *, spread: float = 1.5) -> np.ndarray:
    """n points around the origin."""
    x = spread * _generator(3, n, dim, key).standard_normal((n, dim))
    x.flags.writeable = False
    return x


@functools.cache
def normals(*shape: int, key: int = 0) -> np.ndarray:
    """Standard normal numbers of a shape."""
    z = _generator(4, key, *shape).standard_normal(shape)
    z.flags.writeable = False
    return z


def drawn(seed: int, *shape: int) -> np.ndarray:
    """Standard normal numbers of this seed, independent of what a subject draws from it."""
    return _generator(5, seed).standard_normal(shape)


@functools.cache
def signs(*shape: int, key: int = 0) -> np.ndarray:
    """Numbers +1 and -1 of a shape."""
    v = _generator(5, key, *shape).choice([-1.0, 1.0], shape)
    v.flags.writeable = False
    return v


@functools.cache
def matrix(dim: int, key: int = 0) -> np.ndarray:
    """A matrix without symmetry."""
    a = _generator(6, dim, key).standard_normal((dim, dim)) + np.diag(np.arange(dim) - 0.5)
    a.flags.writeable = False
    return a


@functools.cache
def affine(dim: int = 3) -> FieldDescription:
    """A x + b with A neither symmetric nor definite."""
    return FieldDescription("affine", matrix=matrix(dim), offset=np.linspace(-0.4, 0.9, dim))


@functools.cache
def gradient_field(dim: int = 3) -> FieldDescription:
    """A x + b with A symmetric: the gradient of a quadratic, not a score of `gaussian`."""
    a = matrix(dim, 1)
    return FieldDescription("affine", matrix=0.5 * (a + a.T), offset=np.linspace(0.8, -0.3, dim))


@functools.cache
def mixture_score(dim: int = 2) -> FieldDescription:
    """The score of `mixture(dim)` as a field."""
    law = mixture(dim)
    return FieldDescription(
        "mixture_score", weights=law.weights, means=law.means, covariances=law.covariances
    )


def gaussian_score(law: Law) -> FieldDescription:
    """The score of a Gaussian law as an affine field."""
    precision = np.linalg.inv(law.covariance)
    precision = 0.5 * (precision + precision.T)
    return FieldDescription("affine", matrix=-precision, offset=precision @ law.mean)


@functools.cache
def network(dim: int = 2, widths: tuple[int, ...] = (5, 4)) -> FieldDescription:
    """A tanh network dim -> widths -> dim."""
    sizes = (dim, *widths, dim)
    weights = tuple(
        _generator(7, dim, i).standard_normal((out, size)) / np.sqrt(size)
        for i, (size, out) in enumerate(zip(sizes[:-1], sizes[1:]))
    )
    biases = tuple(
        0.3 * _generator(8, dim, i).standard_normal(out) for i, out in enumerate(sizes[1:])
    )
    return FieldDescription("mlp", weights=weights, biases=biases)


def all_signs(dim: int) -> np.ndarray:
    """All 2^d sign vectors."""
    return np.array(np.meshgrid(*[[-1.0, 1.0]] * dim, indexing="ij")).reshape(dim, -1).T


def hermite(dim: int, order: int) -> tuple[np.ndarray, np.ndarray]:
    """Tensor Gauss-Hermite nodes and weights of N(0, I): exact to degree 2 order - 1."""
    z, w = np.polynomial.hermite_e.hermegauss(order)
    w = w / w.sum()
    nodes = np.array(np.meshgrid(*[z] * dim, indexing="ij")).reshape(dim, -1).T
    weights = np.prod(np.array(np.meshgrid(*[w] * dim, indexing="ij")).reshape(dim, -1), axis=0)
    return nodes, weights


def convention_of(ports, port: str, name: str, default: str) -> str:
    """The value of a convention that a subject declares, for one port or for all."""
    declared = getattr(ports, "declared", None) or {}
    return declared.get(f"{port}.{name}", declared.get(name, default))


def prior_of(ports, port: str) -> str:
    """The prior a subject declares: what the noise tends to, or the noise at the end."""
    return convention_of(ports, port, "prior", "limit")


VP = Description("vp", beta_min=0.1, beta_max=20.0)
# the numbers of every kind, where an adapter gives none
PROCESSES: dict[str, dict] = {
    "vp": {"beta_min": 0.1, "beta_max": 20.0},
    "sub_vp": {"beta_min": 0.1, "beta_max": 20.0},
    "ve": {"sigma_min": 0.01, "sigma_max": 50.0, "exact": True},
    "cosine": {"offset": 0.008, "final_time": 1.0},
    "edm": {"sigma_max": 80.0},
    "straight": {},
}


def process_of(ports) -> Description:
    """The process a subject is judged by: VP unless it carries its own.

    `process = {"kind": "vp" | "sub_vp", "beta_min": .., "beta_max": ..}`,
    `{"kind": "ve", "sigma_min": .., "sigma_max": .., "exact": True | False}`,
    `{"kind": "edm", "sigma_max": ..}`, `{"kind": "straight"}` or
    `{"kind": "cosine", "offset": .., "final_time": ..}`; what is left out has the value of
    `PROCESSES`. A kind's name alone, or an object with these attributes, will do as well.
    """
    own = getattr(ports, "process", None)
    if own is None:
        return VP
    given = _given(own)
    kind = given.pop("kind", None)
    if kind not in PROCESSES:
        raise ValueError(f"process must name a kind of {', '.join(PROCESSES)}; got {kind!r}")
    strange = sorted(set(given) - set(PROCESSES[kind]))
    if strange and not _is_object(own):
        takes = ", ".join(PROCESSES[kind]) or "nothing more"
        raise ValueError(f"process of kind {kind!r} takes {takes}; got {', '.join(strange)}")
    return Description(kind, **{n: given.get(n, v) for n, v in PROCESSES[kind].items()})


def _is_object(own) -> bool:
    return not isinstance(own, (str, dict))


def _given(own) -> dict:
    """The kind and the numbers of a process as an adapter gives it."""
    if isinstance(own, dict):
        return dict(own)
    if isinstance(own, str):
        return {"kind": own}
    if not hasattr(own, "kind"):
        raise ValueError(
            "process must be a mapping such as {'kind': 'straight'}, the name of a kind, or an"
            f" object with .kind; got {getattr(own, '__name__', type(own).__name__)}"
        )
    names = {name for numbers in PROCESSES.values() for name in numbers}
    return {name: getattr(own, name) for name in ("kind", *names) if hasattr(own, name)}
