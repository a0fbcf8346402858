"""diffusers: the vector quantiser of its VQModel, as it is by default and with legacy=False."""

from __future__ import annotations

from importlib.metadata import version as version_of

import torch
from diffusers.models.autoencoders.vae import VectorQuantizer


class Quantiser:
    """Points as one image; losses are means over coordinates too."""

    framework, version = "torch", version_of("diffusers")
    conventions = {"dimensions": "mean"}

    def __init__(self, legacy):
        self.legacy = legacy
        self.name = f"diffusers, VectorQuantizer, legacy={legacy}"
        far = "torch.cdist takes products from 26 rows on: deviations/torch_cdist_far_codes"
        self.expected_failures = {"nearest_code_is_where_it_is": far}
        if legacy:
            wrong = "by default beta weighs the loss of the codes, as diffusers says itself"
            self.expected_failures |= {
                "commitment_moves_points": wrong, "codebook_loss_moves_codes": wrong,
            }  # fmt: skip

    def _called(self, x, codebook, beta=0.25):
        made = VectorQuantizer(*codebook.shape, beta, legacy=self.legacy)
        made.embedding.weight = torch.nn.Parameter(codebook)
        values, loss, (_, _, codes) = made(x.T[None, :, :, None])
        return codes, values[0, :, :, 0].T, loss, made.embedding.weight

    def quantise(self, x, codebook):
        return tuple(part.detach() for part in self._called(x, codebook)[:2])

    def vq_point_gradient(self, x, codebook, beta):
        x = x.clone().requires_grad_()
        self._called(x, codebook, beta)[2].backward()
        return x.grad

    def vq_codebook_gradient(self, x, codebook, beta):
        _, _, loss, weight = self._called(x, codebook, beta)
        loss.backward()
        return weight.grad

    def vq_straight_through_gradient(self, x, codebook, cotangent):
        x = x.clone().requires_grad_()
        (self._called(x, codebook)[1] * cotangent).sum().backward()
        return x.grad


SUBJECTS = [Quantiser(True), Quantiser(False)]
