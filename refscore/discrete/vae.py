"""A small discrete autoencoder whose every quantity is exact.

One model, a grid of P codes a point: z = A x + a in P places, q(c_p = k|x) ∝ exp(−|z_p − e_k|²),
decoder logits B (e_{c_1}, …, e_{c_P}) + b of independent bits, uniform prior. The exact bound is an
enumeration of the K^P grids. Losses that fit it are in `vae_losses`.
"""

from __future__ import annotations

import numpy as np

from refscore._arguments import (
    as_array,
    as_count,
    as_points,
    as_real,
    as_rng,
    beyond_float,
)
from refscore.discrete._logits import sigmoid
from refscore.discrete.elbo import (
    deterministic_elbo,
    grid_elbo,
    log_evidence,
)
from refscore.discrete.quantisation import nearest_codes

MOST_GRIDS = 2**16


class DiscreteVAE:
    """An autoencoder of bits x ∈ [0, 1]^d through P codes of a book of K vectors in R^D.

        z = A x + a,  q(c_p = k|x) ∝ exp(−|z_p − e_k|²),  p(x_i = 1|c) = σ(B e_c + b)_i

    encoder A (P D, d), encoder_offset a (P D,), codebook e (K, D), decoder B (d, P D),
    decoder_offset b (d,); n_positions P. `parameters` is flat, in this order; `with_parameters`.
    Raises ValueError for shapes that do not fit, or more than 65536 grids of codes; its methods,
    where a latent, a distance or a logit passes 1.8e308.
    Source: seeds 000, 002; van den Oord, Vinyals and Kavukcuoglu 2017.

    Tested in: tests/discrete/test_vae.py
    """

    def __init__(self, encoder, encoder_offset, codebook, decoder, decoder_offset, n_positions):
        self.n_positions = as_count(n_positions, "n_positions")
        self.codebook = as_array(codebook, "codebook", (None, None)).copy()
        n_codes, code_dim = self.codebook.shape
        if n_codes == 0 or code_dim == 0:
            raise ValueError(f"codebook must hold a code, got shape {self.codebook.shape}")
        if n_codes**self.n_positions > MOST_GRIDS:
            raise ValueError(
                f"codebook and n_positions must leave at most {MOST_GRIDS} grids of codes,"
                f" got {n_codes} ** {self.n_positions}"
            )
        width = self.n_positions * code_dim
        self.encoder = as_array(encoder, "encoder", (width, None)).copy()
        self.dim = self.encoder.shape[1]
        self.encoder_offset = as_array(encoder_offset, "encoder_offset", (width,)).copy()
        self.decoder = as_array(decoder, "decoder", (self.dim, width)).copy()
        self.decoder_offset = as_array(decoder_offset, "decoder_offset", (self.dim,)).copy()

    @classmethod
    def initialise(cls, dim, n_positions, n_codes, code_dim, *, rng) -> DiscreteVAE:
        """Random weights: codes N(0, I), maps N(0, 1 / inputs), no offsets."""
        dim, code_dim = as_count(dim, "dim"), as_count(code_dim, "code_dim")
        n_positions, rng = as_count(n_positions, "n_positions"), as_rng(rng)
        width = n_positions * code_dim
        codebook = rng.standard_normal((as_count(n_codes, "n_codes"), code_dim))
        encoder = rng.standard_normal((width, dim)) / np.sqrt(dim)
        decoder = rng.standard_normal((dim, width)) / np.sqrt(width)
        return cls(encoder, np.zeros(width), codebook, decoder, np.zeros(dim), n_positions)

    @property
    def _arrays(self):
        return (
            self.encoder, self.encoder_offset, self.codebook, self.decoder, self.decoder_offset,
        )  # fmt: skip

    @property
    def parameters(self) -> np.ndarray:
        """A, a, e, B, b as one flat array (p,)."""
        return np.concatenate([array.ravel() for array in self._arrays])

    def with_parameters(self, theta) -> DiscreteVAE:
        """The same model with other parameters (p,)."""
        theta = as_array(theta, "theta", self.parameters.shape)
        ends = np.cumsum([array.size for array in self._arrays])[:-1]
        parts = np.split(theta, ends)
        encoder, encoder_offset, codebook, decoder, decoder_offset = (
            part.reshape(own.shape) for part, own in zip(parts, self._arrays)
        )
        return DiscreteVAE(
            encoder, encoder_offset, codebook, decoder, decoder_offset, self.n_positions
        )

    def encode(self, x) -> np.ndarray:
        """z = A x + a, (..., P, D)."""
        with beyond_float():
            z = as_points(x, "x", self.dim) @ self.encoder.T + self.encoder_offset
        _within(z, "x must have latents")
        return z.reshape(*z.shape[:-1], self.n_positions, self.codebook.shape[1])

    def logits(self, x) -> np.ndarray:
        """−|z_p − e_k|², logits of the posterior, (..., P, K)."""
        with beyond_float():
            squares = ((self.encode(x)[..., None, :] - self.codebook) ** 2).sum(-1)
        return -_within(squares, "x must have squared distances to the codes")

    def codes(self, x) -> np.ndarray:
        """The nearest code of every position, the first of several, (..., P) whole numbers."""
        return nearest_codes(self.encode(x), self.codebook)

    def decode(self, z) -> np.ndarray:
        """Logits of the bits B z + b at latents z (..., P, D), (..., d)."""
        z = as_real(z, "z")
        if z.shape[-2:] != (self.n_positions, self.codebook.shape[1]):
            wanted = f"(..., {self.n_positions}, {self.codebook.shape[1]})"
            raise ValueError(f"z must have shape {wanted}, got shape {z.shape}")
        with beyond_float():
            logits = z.reshape(*z.shape[:-2], self.decoder.shape[1]) @ self.decoder.T
            logits = logits + self.decoder_offset
        return _within(logits, "z must have logits of the bits")

    def sample(self, n, *, rng) -> np.ndarray:
        """Exact draws of p(x), (n, d) bits: codes from the prior, then bits from the decoder."""
        rng, n = as_rng(rng), as_count(n, "n", minimum=0)
        codes = rng.integers(len(self.codebook), size=(n, self.n_positions))
        chances = sigmoid(self.decode(self.codebook[codes]))
        return (rng.random(chances.shape) < chances).astype(np.float64)

    def grids(self) -> np.ndarray:
        """All K^P grids of codes, the last position running fastest, (K^P, P)."""
        shape = (len(self.codebook),) * self.n_positions
        return np.indices(shape).reshape(self.n_positions, -1).T

    def log_likelihoods(self, x) -> np.ndarray:
        """log p(x|c) of every grid of codes, (..., K, …, K).

        Beside the answer, and a table of the grids (K^P, P), a few megabytes or copies of x."""
        x = as_bits(x, self.dim)
        grids, flat = self.grids(), x.reshape(-1, self.dim)
        found = np.empty((len(flat), len(grids)))
        for some in slices(len(grids), self.decoder.size):
            decoded = self.decode(self.codebook[grids[some]])
            found[:, some] = bernoulli(flat, decoded)
        return found.reshape(*x.shape[:-1], *(len(self.codebook),) * self.n_positions)

    def log_density(self, x) -> np.ndarray:
        """log p(x) under the uniform prior, by enumeration of a few points at a time, (...,)."""
        n_grids = len(self.codebook) ** self.n_positions

        def evidence(rows):
            return log_evidence(self.log_likelihoods(rows).reshape(len(rows), n_grids))

        return self._by_rows(evidence, x) - self.n_positions * np.log(len(self.codebook))

    def elbo(self, x) -> np.ndarray:
        """The exact bound of the posterior q(c|x), of a few points at a time, (...,)."""
        return self._by_rows(lambda x: grid_elbo(self.log_likelihoods(x), self.logits(x)), x)

    def _by_rows(self, function, x):
        """function of rows (m, d), with as few tables of grids as 8 MB hold, 16 at least."""
        x, n_grids = as_bits(x, self.dim), len(self.codebook) ** self.n_positions
        flat, found = x.reshape(-1, self.dim), np.empty(x.shape[:-1])
        step = max(16, (1 << 20) // n_grids)
        for some in (slice(i, i + step) for i in range(0, len(flat), step)):
            found.reshape(-1)[some] = function(flat[some])
        return found[()]

    def deterministic_elbo(self, x) -> np.ndarray:
        """The bound of the nearest codes, log p(x|z_q) − P log K, (...,)."""
        x = as_bits(x, self.dim)
        quantised = self.decode(self.codebook[self.codes(x)])
        likelihood = paired(x, quantised)
        return deterministic_elbo(likelihood, self.n_positions, len(self.codebook))


def as_bits(x, dim: int) -> np.ndarray:
    """Points (..., dim) of numbers from 0 to 1."""
    x = as_points(x, "x", dim)
    if x.size and (x.min() < 0 or x.max() > 1):
        raise ValueError(f"x must lie in [0, 1], got {x.min():.3g} to {x.max():.3g}")
    return x


def bernoulli(x, logits):
    """log p(x|logits) of every point at every row of logits, (..., S)."""
    with beyond_float():
        on = np.log1p(np.exp(-np.abs(logits)))  # log(1 + e^{-|l|}), of both signs
        off = on + np.maximum(logits, 0.0)
        on += np.maximum(-logits, 0.0)
        return -(x @ on.T) - (1 - x) @ off.T


def paired(x, logits):
    """The same of each point at its own logits, (...,)."""
    with beyond_float():
        return -(x * np.logaddexp(0.0, -logits) + (1 - x) * np.logaddexp(0.0, logits)).sum(-1)


def _within(array, what):
    """An array of numbers that have not passed 1.8e308."""
    if not np.isfinite(array).all():
        raise ValueError(f"{what} below 1.8e308 under the model's weights")
    return array


def slices(n, size):
    """0 ... n in slices of 2 MB, `size` numbers each."""
    step = max(1, (1 << 18) // size)
    return (slice(i, min(i + step, n)) for i in range(0, n, step))
