"""Three ways to fit a discrete autoencoder: its exact bound, a relaxed one, vector quantisation.

The relaxed bound draws ĉ and decodes Σ_k ĉ_k e_k; vector quantisation decodes the nearest codes.
Gradients are written out; `estimation.train` takes each loss.
"""

from __future__ import annotations

import numpy as np

from refscore._arguments import as_positive
from refscore.discrete._grouped import counts_and_sums
from refscore.discrete._logits import given_or_drawn, log_softmax, sigmoid, softmax
from refscore.discrete.concrete import gumbel_softmax, gumbel_softmax_pullback
from refscore.discrete.elbo import kl_to_uniform
from refscore.discrete.vae import DiscreteVAE, as_bits, bernoulli, paired, slices


def exact_loss(model, x) -> tuple[float, np.ndarray]:
    """Minus the mean exact bound, and its gradient (p,): no draw, every grid of codes counted.

    model a DiscreteVAE, x (n, d) in [0, 1]. Cost O(n K^P (d + P)), few points by few grids at a
    time: beside the arguments some megabytes, and a few arrays of the size of the encoded points,
    (n, P, K) and (n, P, D).
    Source: derived from H1.
    Tested in: tests/discrete/test_vae.py
    """
    x = _rows(model, x)
    logits, grids = model.logits(x), model.grids()
    q, given, bound = softmax(logits), np.zeros_like(logits), -kl_to_uniform(logits).sum(-1)
    decoder, offset, codes = (
        np.zeros_like(a) for a in (model.decoder, model.decoder_offset, model.codebook)
    )
    for some in slices(len(grids), model.decoder.size):
        z = model.codebook[grids[some]]
        decoded = model.decode(z)
        over = np.zeros_like(decoded)
        for rows in slices(len(x), model.n_positions * len(z)):
            _add_block(x[rows], q[rows], grids[some], decoded, bound[rows], given[rows], over)
        more = _decoder_pullback(model, z, over)
        decoder, offset = decoder + more[0], offset + more[1]
        np.add.at(codes, grids[some], more[2])
    encoding, more = _distance_pullback(model, x, _through_posterior(logits, given))
    return _finished(model, x, bound.mean(), encoding, codes + more, decoder, offset)


def _add_block(x, q, grids, decoded, bound, given, over):
    """Adds what these points at these grids count: to Σ_c q log p, to its slope in q, and to
    that in the logits of the bits."""
    n_positions, n_codes = q.shape[1:]
    table = bernoulli(x, decoded)
    chosen = [q[:, p][:, grids[:, p]] for p in range(n_positions)]
    after = [np.ones_like(table)]  # products of the positions from p on, the last first
    for c in reversed(chosen[1:]):
        after.append(after[-1] * c)
    before = np.ones_like(table)
    for p, c in enumerate(chosen):
        others = before * after.pop() * table
        given[:, p] += counts_and_sums(others.T, grids[:, p], n_codes)[1].T
        before = before * c
    bound += (before * table).sum(-1)
    over += (before.T @ x) * sigmoid(-decoded) - (before.T @ (1 - x)) * sigmoid(decoded)


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
    decoder, offset, latent = _decoder_pullback(model, z, _slope(x, decoded))
    along = gumbel_softmax_pullback(relaxed, temperature, latent @ model.codebook.T)
    along = along + _through_posterior(logits, 0.0)
    codes = np.einsum("npk,npd->kd", relaxed, latent)
    bound = paired(x, decoded) - kl_to_uniform(logits).sum(-1)
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
    decoder, offset, latent = _decoder_pullback(model, quantised, _slope(x, decoded))
    apart = z - quantised
    codes = np.zeros_like(model.codebook)
    np.add.at(codes, at, 2 * apart)
    encoding = (latent - 2 * beta * apart).reshape(len(x), -1)
    bound = paired(x, decoded) - model.n_positions * np.log(len(model.codebook))
    bound = bound - (1 + beta) * (apart**2).sum((-2, -1))
    return _finished(model, x, bound.mean(), encoding, codes, decoder, offset)


def _rows(model, x) -> np.ndarray:
    """The same as one batch (n, d) of at least one, for a model of that d."""
    if not isinstance(model, DiscreteVAE):
        raise TypeError(f"model must be a DiscreteVAE, got {type(model).__name__}")
    x = as_bits(x, model.dim)
    if x.ndim != 2 or len(x) == 0:
        raise ValueError(f"x must have shape (n, {model.dim}) with n >= 1, got shape {x.shape}")
    return x


def _slope(x, logits):
    """x - σ(logits), the slope of log p(x|logits), without losing a bit that is certain."""
    return x * sigmoid(-logits) - (1 - x) * sigmoid(logits)


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
