"""A small discrete autoencoder whose every quantity is exact, and three ways to fit it.

One model, a grid of P codes a point: z = A x + a in P places, q(c_p = k|x) ∝ exp(−|z_p − e_k|²),
decoder logits B (e_{c_1}, …, e_{c_P}) + b of independent bits, uniform prior. The exact bound is an
enumeration of the K^P grids; the relaxed one draws ĉ and decodes Σ_k ĉ_k e_k; vector quantisation
decodes the nearest codes. Their gradients are written out; `estimation.train` takes each loss.
"""

from __future__ import annotations

import numpy as np

from refscore._arguments import (
    as_array,
    as_count,
    as_points,
    as_positive,
    as_real,
    as_rng,
)
from refscore.discrete._logits import given_or_drawn, log_softmax, sigmoid, softmax
from refscore.discrete.concrete import gumbel_softmax, gumbel_softmax_pullback
from refscore.discrete.elbo import (
    deterministic_elbo,
    grid_elbo,
    kl_to_uniform,
    log_evidence,
)

MOST_GRIDS = 2**16


class DiscreteVAE:
    """An autoencoder of bits x ∈ [0, 1]^d through P codes of a book of K vectors in R^D.

        z = A x + a,  q(c_p = k|x) ∝ exp(−|z_p − e_k|²),  p(x_i = 1|c) = σ(B e_c + b)_i

    encoder A (P D, d), encoder_offset a (P D,), codebook e (K, D), decoder B (d, P D),
    decoder_offset b (d,); n_positions P. `parameters` is flat, in this order; `with_parameters`.
    Raises ValueError for shapes that do not fit, or more than 65536 grids of codes.
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
        z = as_points(x, "x", self.dim) @ self.encoder.T + self.encoder_offset
        return z.reshape(*z.shape[:-1], self.n_positions, self.codebook.shape[1])

    def logits(self, x) -> np.ndarray:
        """−|z_p − e_k|², logits of the posterior, (..., P, K)."""
        return -((self.encode(x)[..., None, :] - self.codebook) ** 2).sum(-1)

    def codes(self, x) -> np.ndarray:
        """The nearest code of every position, the first of several, (..., P) whole numbers."""
        return self.logits(x).argmax(-1)

    def decode(self, z) -> np.ndarray:
        """Logits of the bits B z + b at latents z (..., P, D), (..., d)."""
        z = as_real(z, "z")
        if z.shape[-2:] != (self.n_positions, self.codebook.shape[1]):
            wanted = f"(..., {self.n_positions}, {self.codebook.shape[1]})"
            raise ValueError(f"z must have shape {wanted}, got shape {z.shape}")
        return (
            z.reshape(*z.shape[:-2], self.decoder.shape[1]) @ self.decoder.T + self.decoder_offset
        )

    def grids(self) -> np.ndarray:
        """All K^P grids of codes, the last position running fastest, (K^P, P)."""
        shape = (len(self.codebook),) * self.n_positions
        return np.indices(shape).reshape(self.n_positions, -1).T

    def log_likelihoods(self, x) -> np.ndarray:
        """log p(x|c) of every grid of codes, (..., K, …, K)."""
        x = _bits(x, self.dim)
        found = _bernoulli(x, self.decode(self.codebook[self.grids()]))
        return found.reshape(*x.shape[:-1], *(len(self.codebook),) * self.n_positions)

    def log_density(self, x) -> np.ndarray:
        """log p(x) under the uniform prior, by enumeration, (...,)."""
        x = _bits(x, self.dim)
        n_grids = len(self.codebook) ** self.n_positions
        joint = self.log_likelihoods(x).reshape(*x.shape[:-1], n_grids)
        return log_evidence(joint) - self.n_positions * np.log(len(self.codebook))

    def elbo(self, x) -> np.ndarray:
        """The exact bound of the posterior q(c|x), (...,)."""
        return grid_elbo(self.log_likelihoods(x), self.logits(x))

    def deterministic_elbo(self, x) -> np.ndarray:
        """The bound of the nearest codes, log p(x|z_q) − P log K, (...,)."""
        x = _bits(x, self.dim)
        quantised = self.decode(self.codebook[self.codes(x)])
        likelihood = _paired(x, quantised)
        return deterministic_elbo(likelihood, self.n_positions, len(self.codebook))


def exact_loss(model, x) -> tuple[float, np.ndarray]:
    """Minus the mean exact bound, and its gradient (p,): no draw, every grid of codes counted.

    model a DiscreteVAE, x (n, d) in [0, 1]. Cost O(n K^P d).
    Source: derived from H1.
    Tested in: tests/discrete/test_vae.py
    """
    x = _rows(model, x)
    table, logits = model.log_likelihoods(x), model.logits(x)
    q = softmax(logits)
    grids, n_codes, n = model.grids(), len(model.codebook), len(x)
    chosen = [q[:, p][:, grids[:, p]] for p in range(model.n_positions)]
    weight = np.prod(chosen, axis=0)
    flat = table.reshape(n, -1)
    z = model.codebook[grids]
    over = weight.T @ x - weight.sum(0)[:, None] * sigmoid(model.decode(z))
    given = np.empty_like(logits)
    for p in range(model.n_positions):
        others = np.prod([c for i, c in enumerate(chosen) if i != p] or [np.ones_like(weight)], 0)
        member = grids[:, p][:, None] == np.arange(n_codes)
        given[:, p] = (others * flat) @ member
    along = _through_posterior(logits, given)
    decoder, offset, latent = _decoder_pullback(model, z, over)
    codes = np.zeros_like(model.codebook)
    np.add.at(codes, grids, latent)
    bound = (weight * flat).sum(-1) - kl_to_uniform(logits).sum(-1)
    encoding, more = _distance_pullback(model, x, along)
    return _finished(model, x, bound.mean(), encoding, codes + more, decoder, offset)


def relaxed_loss(model, x, gumbels=None, *, temperature=0.5, rng=None) -> tuple[float, np.ndarray]:
    """Minus the mean relaxed bound on given Gumbels, and its exact gradient (p,).

        ĉ = softmax((logits + g)/τ),  L̂ = log p(x|Σ_k ĉ_k e_k) − KL(q ‖ uniform)

    model a DiscreteVAE, x (n, d) in [0, 1]; gumbels (n, P, K), or drawn from rng; temperature
    τ > 0. The decoder sees mixtures of codes, which the model never decodes: L̂ is no bound of
    log p(x), and its gradient is not that of the exact bound. Cost O(n P (K D + d D)).
    Source: seeds 000, 002; Jang, Gu and Poole 2017.
    Tested in: tests/discrete/test_vae.py
    """
    x = _rows(model, x)
    temperature = as_positive(temperature, "temperature")
    logits = model.logits(x)
    gumbels = given_or_drawn(logits, gumbels, rng)
    if gumbels.shape != logits.shape:
        raise ValueError(f"gumbels must have shape {logits.shape}, got shape {gumbels.shape}")
    relaxed = gumbel_softmax(logits, temperature, gumbels)
    z = relaxed @ model.codebook
    decoded = model.decode(z)
    decoder, offset, latent = _decoder_pullback(model, z, x - sigmoid(decoded))
    along = gumbel_softmax_pullback(relaxed, temperature, latent @ model.codebook.T)
    along = along + _through_posterior(logits, 0.0)
    codes = np.einsum("npk,npd->kd", relaxed, latent)
    bound = _paired(x, decoded) - kl_to_uniform(logits).sum(-1)
    encoding, more = _distance_pullback(model, x, along)
    return _finished(model, x, bound.mean(), encoding, codes + more, decoder, offset)


def quantised_loss(model, x, *, commitment=0.25) -> tuple[float, np.ndarray]:
    """Minus the mean bound of the nearest codes, plus codebook and commitment losses.

        −log p(x|z_q) + P log K + |sg(z) − e|² + β |z − sg(e)|²,  ∂z_q/∂z taken for I, ∂z_q/∂e for 0

    model a DiscreteVAE, x (n, d) in [0, 1]; commitment β ≥ 0. Returns the loss and the gradient
    with these stops, (p,), which is that of no function. Cost O(n P (K D + d D)).
    Source: seeds 000, 002; van den Oord, Vinyals and Kavukcuoglu 2017.
    Tested in: tests/discrete/test_vae.py
    """
    x, beta = _rows(model, x), as_positive(commitment, "commitment", zero=True)
    z, at = model.encode(x), model.codes(x)
    quantised = model.codebook[at]
    decoded = model.decode(quantised)
    decoder, offset, latent = _decoder_pullback(model, quantised, x - sigmoid(decoded))
    apart = z - quantised
    codes = np.zeros_like(model.codebook)
    np.add.at(codes, at, 2 * apart)
    encoding = (latent - 2 * beta * apart).reshape(len(x), -1)
    bound = _paired(x, decoded) - model.n_positions * np.log(len(model.codebook))
    bound = bound - (1 + beta) * (apart**2).sum((-2, -1))
    return _finished(model, x, bound.mean(), encoding, codes, decoder, offset)


def _bits(x, dim: int) -> np.ndarray:
    """Points (..., dim) of numbers from 0 to 1."""
    x = as_points(x, "x", dim)
    if x.size and (x.min() < 0 or x.max() > 1):
        raise ValueError(f"x must lie in [0, 1], got {x.min():.3g} to {x.max():.3g}")
    return x


def _rows(model, x) -> np.ndarray:
    """The same as one batch (n, d) of at least one, for a model of that d."""
    if not isinstance(model, DiscreteVAE):
        raise TypeError(f"model must be a DiscreteVAE, got {type(model).__name__}")
    x = _bits(x, model.dim)
    if x.ndim != 2 or len(x) == 0:
        raise ValueError(f"x must have shape (n, {model.dim}) with n >= 1, got shape {x.shape}")
    return x


def _bernoulli(x, logits):
    """log p(x|logits) of every point at every row of logits, (..., S)."""
    return x @ logits.T - np.logaddexp(0.0, logits).sum(-1)


def _paired(x, logits):
    """The same of each point at its own logits, (...,)."""
    return (x * logits - np.logaddexp(0.0, logits)).sum(-1)


def _through_posterior(logits, slope):
    """The gradient in the logits of q of what has this slope in q, plus H(q), whose own is
    −log q; constants drop out."""
    return gumbel_softmax_pullback(softmax(logits), 1.0, slope - log_softmax(logits))


def _decoder_pullback(model, z, over):
    """Gradients in B and b, and in z, of Σ log p at latents z, `over` that in their logits."""
    flat = z.reshape(len(z), -1)
    return over.T @ flat, over.sum(0), (over @ model.decoder).reshape(z.shape)


def _distance_pullback(model, x, along):
    """Gradients in z (n, P D) and in the codebook, of logits −|z − e|² with cotangents `along`."""
    apart = model.encode(x)[..., None, :] - model.codebook
    z = -2 * (along[..., None] * apart).sum(-2)
    return z.reshape(len(x), -1), 2 * np.einsum("npk,npkd->kd", along, apart)


def _finished(model, x, bound, encoding, codes, decoder, offset):
    """The loss, and minus the mean gradient as one flat array."""
    parts = encoding.T @ x, encoding.sum(0), codes, decoder, offset
    return -float(bound), -np.concatenate([part.ravel() for part in parts]) / len(x)
