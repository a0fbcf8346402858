"""diffusers: the SNR of its schedulers, clamped as its training scripts clamp it."""

from __future__ import annotations

from importlib.metadata import version as version_of
from types import SimpleNamespace

import torch
from diffusers.training_utils import compute_snr

name, framework, dtype, version = "diffusers, min-SNR", "torch", "float32", version_of("diffusers")


def min_snr_weight(snr, gamma, prediction):
    """`compute_snr` of a schedule with these SNRs; the weight as in its train_text_to_image.py."""
    kept = snr.double() / (1 + snr.double())
    found = compute_snr(SimpleNamespace(alphas_cumprod=kept), torch.arange(len(snr)))
    clamped = torch.stack([found, gamma * torch.ones_like(found)], dim=1).min(dim=1)[0]
    return clamped / {"noise": found, "velocity": found + 1, "data": 1}[prediction]
