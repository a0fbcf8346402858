"""One network for all noise levels, with explicit derivatives.

    s(x, σ) = A x + B F(C x, e),   e = (c, sin ω₁c, cos ω₁c, ...),   c = ¼ log σ

F is a tanh network; A, B, C are numbers that the reading of F's output fixes at every level:

    "score"     A = 0, B = 1, C = 1: F is the score
    "noise"     A = 0, B = −1/σ, C = 1: F is the noise z in x + σ z, ẑ = −σ s
    "denoiser"  s = (D − x)/σ², D = c_skip x + c_out F(c_in x, e)
"""

from __future__ import annotations

import numpy as np

from refscore._arguments import as_array, as_points, as_positive, beyond_float
from refscore.fields import Family, Field
from refscore.fields.at_time import AtTime
from refscore.fields.linearisation import (
    Local,
    beside_points,
    borrowed_workspace,
    rows_in_blocks,
    with_trace,
)
from refscore.networks.backpropagation import MLPLocal
from refscore.networks.blocks import BlockField
from refscore.networks.layers import Layers, initial_layers

READINGS = ("score", "noise", "denoiser")


def edm_preconditioning(sigma, sigma_data):
    """What a denoiser D = c_skip x + c_out F(c_in x, c_noise) makes of a network F.

        c_skip = σ_d²/(σ² + σ_d²)     c_out = σ σ_d/√(σ² + σ_d²)
        c_in = 1/√(σ² + σ_d²)         c_noise = ¼ log σ

    For data of standard deviation σ_d, F's input and its target have unit variance.
    sigma: levels σ > 0 (...,); sigma_data: σ_d > 0. Returns four arrays (...,), in this order.
    Raises: ValueError naming the argument. Source: Karras et al. (2022), table 1.
    Checked by: edm_preconditioning_values, edm_unit_variance
    """
    sigma, sigma_data = as_levels(sigma, "sigma"), as_positive(sigma_data, "sigma_data")
    length = np.hypot(sigma, sigma_data)
    skip = (sigma_data / length) ** 2
    return skip, sigma_data * (sigma / length), 1 / length, 0.25 * np.log(sigma)


def as_levels(value, name: str, shape: tuple | None = None) -> np.ndarray:
    """Noise levels of any shape, or of the given one; all positive."""
    levels = as_array(value, name, shape)
    for at in map(tuple, np.argwhere(levels <= 0)[:1].tolist()):
        where = f" at row {', '.join(map(str, at))}" if at else ""
        raise ValueError(f"{name} must be positive, got {float(levels[at])!r}{where}")
    return levels


class ConditionalMLP(Layers, Family):
    """A tanh network for all noise levels, s(x, σ) = A x + B F(C x, e(σ)).

    weights: matrices (out, in), the first `in` d + 1 + 2m, the last `out` d; biases; reading:
    "score", "noise" or "denoiser", what F's output means (see this module); sigma_data: σ_d of
    a denoiser; frequencies (m,): the ω of the embedding, none by default. Points may have a
    level each: one forward pass serves them all. `at(sigma)` is a Field whose parameters are
    the whole network's: W₁ row-major, b₁, W₂, b₂, ... Its divergence takes d products J v.
    Raises: ValueError naming the argument. Cost: as an MLP of these widths.

    Tested in: tests/test_conditional.py
    """

    dim: int

    def __init__(self, weights, biases, *, reading="noise", sigma_data=1.0, frequencies=()):
        if reading not in READINGS:
            raise ValueError(f"reading must be one of {READINGS}, got {reading!r}")
        self.reading, self.sigma_data = reading, as_positive(sigma_data, "sigma_data")
        self.frequencies = as_array(frequencies, "frequencies", (None,)).copy()
        extra = 1 + 2 * len(self.frequencies)
        inputs, self.dim = self._set_layers(weights, biases)
        if self.dim == 0 or inputs != self.dim + extra:
            raise ValueError(
                f"weights must begin with {extra} inputs more than the outputs they end with;"
                f" got {inputs} and {self.dim}"
            )
        self.rows_at_once = self._rows_at_once()
        super().__init__(self.at)

    @classmethod
    def initialise(cls, widths, *, rng=None, **options) -> ConditionalMLP:
        """A random network with the widths (d, m₁, ..., d): W ~ N(0, 1/in), b = 0.

        rng: anything numpy.random.default_rng takes; options: as for the class.
        """
        inputs = 1 + 2 * np.size(options.get("frequencies", ()))
        return cls(*initial_layers(widths, rng, inputs), **options)

    def with_parameters(self, theta) -> ConditionalMLP:
        """The same family with parameters `theta` (p,)."""
        return ConditionalMLP(
            *self._layers_of(theta), reading=self.reading, sigma_data=self.sigma_data,
            frequencies=self.frequencies,
        )  # fmt: skip

    def at(self, sigma) -> Field:
        """The field s(·, σ) at one level."""
        return _AtLevel(self, as_positive(sigma, "sigma"))

    def __call__(self, x, sigma) -> np.ndarray:
        """s(x, σ): points (..., d), and sigma one level or one a point (...,)."""
        x = as_points(x, "x", self.dim)
        shape = None if np.ndim(sigma) == 0 else x.shape[:-1]
        sigma = np.broadcast_to(as_levels(sigma, "sigma", shape), x.shape[:-1])
        rows = x.reshape(-1, self.dim), sigma.reshape(-1)
        return self._values(*rows).reshape(x.shape)

    def _values(self, x, sigma):
        """s at points (n, d) and levels (n,), over blocks of points that fit the cache."""
        blocks = rows_in_blocks(len(x), self.rows_at_once)
        with borrowed_workspace() as space, beyond_float():
            return np.concatenate([self._local(x[b], sigma[b], space).value for b in blocks])

    def _local(self, x, sigma, workspace=None) -> Local:
        return ConditionalLocal(self, x, sigma, workspace)

    def _numbers(self, sigma):
        """A, B and C at levels (n,), each (n, 1) or a number."""
        sigma = sigma[:, None]
        if self.reading == "score":
            return 0.0, 1.0, 1.0
        if self.reading == "noise":
            return 0.0, -1 / sigma, 1.0
        length = np.hypot(sigma, self.sigma_data)
        return -((1 / length) ** 2), (self.sigma_data / length) / sigma, 1 / length

    def _embedded(self, sigma):
        """e = (c, sin ω₁c, ..., cos ω₁c, ...), (n, 1 + 2m)."""
        c = 0.25 * np.log(sigma)[:, None]
        turns = c * self.frequencies
        return np.concatenate([c, np.sin(turns), np.cos(turns)], axis=1)


class ConditionalLocal(Local):
    """A conditional network near x (n, d) at levels sigma (n,), by one pass of F."""

    def __init__(self, family, x, sigma, workspace=None):
        self.family, self.x = family, x
        self._A, self._B, self._C = family._numbers(sigma)
        inputs = np.concatenate([self._C * x, family._embedded(sigma)], axis=1)
        self._extra = inputs.shape[1] - family.dim
        self._inner = MLPLocal(family, inputs, workspace)
        self.value = self._A * x + self._B * self._inner.value

    def jvp(self, v):
        """J v = A v + B J_F (C v, 0) for stacked directions (m, n, d)."""
        return self._A * v + self._B * self._inner.jvp(self._padded(v))

    def vjp(self, w):
        """Jᵀ w = A w + C (J_Fᵀ B w) on the coordinates of x."""
        return self._A * w + self._C * self._inner.vjp(self._B * w)[:, : self.family.dim]

    def jacobian(self):
        """J, (n, d, d)."""
        return np.moveaxis(self.jvp(self._units()), 0, -1)

    def divergence(self):
        """tr J by d products, (n,)."""
        return np.einsum("knk->n", self.jvp(self._units()))

    def gradient(self, a, c, v, b):
        """∂/∂θ [Σ a·s + Σ c div s + Σ b·J v], (p,): A, B and C are free of θ."""
        return self._inner.gradient(*self._within(a, c, v, b))

    def point_gradient(self, a, c, v, b):
        """∂/∂x of the same, (n, d)."""
        return self._outside(a, self._inner.point_gradient(*self._within(a, c, v, b)))

    def gradients(self, a, c, v, b):
        """∂/∂x (n, d) and ∂/∂θ (p,) by one backward pass."""
        points, parameters = self._inner.gradients(*self._within(a, c, v, b))
        return self._outside(a, points), parameters

    def _within(self, a, c, v, b):
        """The weights as F meets them; div s is the sum of d products."""
        if c is not None:
            v, b = with_trace(v, b, c, self._units())
        return (
            None if a is None else self._B * a,
            None,
            None if v is None else self._padded(v),
            None if b is None else self._B * b,
        )

    def _outside(self, a, points):
        """A a + C times the gradient in F's inputs."""
        return self._C * points if a is None else self._A * a + self._C * points

    def _units(self):
        n, dim = self.x.shape
        return beside_points(np.eye(dim), n)

    def _padded(self, v):
        """(C v, 0): the embedding does not move with x."""
        return np.concatenate([self._C * v, np.zeros((*v.shape[:-1], self._extra))], axis=-1)


class _AtLevel(AtTime, BlockField):
    """A conditional network at one level."""

    def _local(self, x, workspace=None):
        return ConditionalLocal(self.family, x, np.full(len(x), self.t), workspace)
