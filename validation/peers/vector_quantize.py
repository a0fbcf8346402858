"""vector-quantize-pytorch: codebooks by moving averages, finite scalars, signs."""

from __future__ import annotations

from importlib.metadata import version as version_of

import torch

from validation.peers.stand_ins import modules

vq, fsq, lfq = modules(
    "vector_quantize_pytorch",
    ("vector_quantize_pytorch", "finite_scalar_quantization", "lookup_free_quantization"),
    ("loguru",),
)
VERSION = version_of("vector-quantize-pytorch")


def made(codebook, **options):
    """A quantiser in training with this codebook; dead codes stay unless options say so."""
    layer = vq.VectorQuantize(codebook.shape[1], len(codebook), **options).to(codebook.dtype)
    layer._codebook.embed.data = codebook[None].clone()
    return layer.train()


def pulled(layer, x, cotangent):
    """The gradient in x of the sum of cotangent times what the layer returns."""
    x = x.clone().requires_grad_()
    (layer(x, freeze_codebook=True)[0] * cotangent).sum().backward()
    return x.grad


class Quantiser:
    """VectorQuantize: its losses are means over coordinates too."""

    name, framework, version = "vector-quantize-pytorch, VectorQuantize", "torch", VERSION
    dtype = "float32"  # that of its distances, whatever it is handed
    conventions = {"dimensions": "mean"}
    expected_failures = {
        "nearest_code_is_where_it_is": "squared distances come from products in single precision"
        " and count as 1e-8 below that: close codes, and all far from the origin, are confused",
    }

    def quantise(self, x, codebook):
        values, codes, _ = made(codebook).eval()(x)
        return codes, values

    def vq_commitment_loss(self, x, codebook):
        return made(codebook, commitment_weight=1.0)(x, freeze_codebook=True)[2].squeeze()

    def vq_point_gradient(self, x, codebook, beta):
        x = x.clone().requires_grad_()
        made(codebook, commitment_weight=beta)(x, freeze_codebook=True)[2].sum().backward()
        return x.grad

    def vq_codebook_gradient(self, x, codebook, beta):
        layer = made(codebook, commitment_weight=1.0, learnable_codebook=True, ema_update=False)
        layer._codebook.embed = torch.nn.Parameter(codebook[None].clone())
        layer(x)[2].sum().backward()
        return layer._codebook.embed.grad[0]

    def vq_straight_through_gradient(self, x, codebook, cotangent):
        return pulled(made(codebook, rotation_trick=False), x, cotangent)

    def vq_rotation_gradient(self, x, codebook, cotangent):
        return pulled(made(codebook, rotation_trick=True), x, cotangent)

    def codebook_update(self, x, codebook, counts, sums, decay, epsilon):
        book = self._state(made(codebook, decay=decay, eps=epsilon), counts, sums)
        book.update_indices(x, torch.cdist(x, codebook).argmin(1))
        return book.embed[0], book.cluster_size[0], book.embed_avg[0]

    def replace_dead_codes(self, x, codebook, counts, sums, threshold, rows):
        layer = made(codebook, threshold_ema_dead_code=threshold)
        book = self._state(layer, counts, sums)
        book.replace_sample_fn = lambda samples, n: samples[:, rows[:n]]
        book.expire_codes_(x[None])
        return book.embed[0], book.cluster_size[0], book.embed_avg[0]

    def lloyd_step(self, x, codebook):
        return vq.kmeans(x[None], len(codebook), 1, sample_fn=lambda s, n: codebook[None])[0][0]

    def _state(self, layer, counts, sums):
        book = layer._codebook
        book.cluster_size.data, book.embed_avg.data = counts[None].clone(), sums[None].clone()
        return book


class Rounding:
    """FSQ and LFQ: x as one sequence."""

    name, framework, version = "vector-quantize-pytorch, FSQ and LFQ", "torch", VERSION

    def _rounder(self, bins):
        return fsq.FSQ([int(b) for b in bins], force_quantization_f32=False)

    def finite_scalar(self, x, bins):
        values, codes = self._rounder(bins)(x[None])
        return codes[0], values[0]

    def finite_scalar_values(self, index, bins):
        return self._rounder(bins).indices_to_codes(index)

    def finite_scalar_gradient(self, x, bins, cotangent):
        x = x.clone().requires_grad_()
        (self._rounder(bins)(x[None])[0][0] * cotangent).sum().backward()
        return x.grad

    def lookup_free(self, x):
        found = lfq.LFQ(dim=x.shape[1]).eval()(x[None])
        return found.indices[0], found.quantized[0]


SUBJECTS = [Quantiser(), Rounding()]
