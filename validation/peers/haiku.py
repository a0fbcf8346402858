"""dm-haiku: the vector quantisers of its nets, by gradients and by moving averages."""

from __future__ import annotations

from importlib.metadata import version as version_of

import haiku as hk
import jax
import jax.numpy as jnp

VERSION = version_of("dm-haiku")
SETTLED = 10**6  # updates behind: averages are no longer corrected for their start at zero


def output(codebook, beta, x):
    """What VectorQuantizer returns with this codebook, whose columns are codes."""
    k, d = codebook.shape
    made = hk.transform(lambda x: hk.nets.VectorQuantizer(d, k, beta, x.dtype)(x, True))
    return made.apply({"vector_quantizer": {"embeddings": codebook.T}}, None, x)


class Quantiser:
    """VectorQuantizer: its losses are means over coordinates too."""

    name, framework, version = "dm-haiku, VectorQuantizer", "jax", VERSION
    conventions = {"dimensions": "mean"}
    expected_failures = {
        "nearest_code_is_where_it_is": "compares by squared lengths and products, which far from"
        " the origin keep no digits",
    }

    def quantise(self, x, codebook):
        codes = output(codebook, 0.0, x)["encoding_indices"]
        return codes, codebook[codes]

    def vq_codebook_loss(self, x, codebook):
        return output(codebook, 0.0, x)["loss"]

    def vq_commitment_loss(self, x, codebook):
        return output(codebook, 1.0, x)["loss"] - output(codebook, 0.0, x)["loss"]

    def vq_point_gradient(self, x, codebook, beta):
        return jax.grad(lambda z: output(codebook, beta, z)["loss"])(x)

    def vq_codebook_gradient(self, x, codebook, beta):
        return jax.grad(lambda book: output(book, beta, x)["loss"])(codebook)

    def vq_straight_through_gradient(self, x, codebook, cotangent):
        return jax.grad(lambda z: (cotangent * output(codebook, 0.0, z)["quantize"]).sum())(x)

    def perplexity(self, index, n_codes):
        book = jnp.arange(float(n_codes))[:, None]
        return output(book, 0.0, book[index])["perplexity"]

    def codebook_update(self, x, codebook, counts, sums, decay, epsilon):
        k, d = codebook.shape
        made = hk.transform_with_state(
            lambda x: hk.nets.VectorQuantizerEMA(d, k, 0.0, decay, epsilon, x.dtype)(x, True)
        )
        name, books = "vector_quantizer_ema", {"counts": counts, "sums": sums.T}
        averages = {
            key: {"hidden": v, "average": v, "counter": SETTLED} for key, v in books.items()
        }
        state = {
            name: {"embeddings": codebook.T},
            f"{name}/~/ema_cluster_size": averages["counts"],
            f"{name}/~/ema_dw": averages["sums"],
        }
        new = made.apply({}, state, None, x)[1]
        n, total = (new[f"{name}/~/{key}"]["average"] for key in ("ema_cluster_size", "ema_dw"))
        return new[name]["embeddings"].T, n, total.T


SUBJECTS = [Quantiser()]
