"""diffusers: far from the origin, VectorQuantizer gives points to codes that are not the nearest.

models/autoencoders/vae.py takes the nearest code from torch.cdist, which from 26 points or codes on
computes |x|^2 - 2 x.c + |c|^2: far away these keep no digits of the distances. Fewer points are
right, and so is compute_mode="donot_use_mm_for_euclid_dist".
"""

import numpy as np
import torch
from diffusers.models.autoencoders.vae import VectorQuantizer

OFFSET = 16384.0
codes = np.array([[0.0, 0.0], [3.0, 1.0], [-2.0, 4.0], [1.0, -5.0]])
points = np.tile([[1.5, 0.5], [2.0, 1.0], [-1.0, 2.5], [0.5, -2.0], [0.5, -2.75]], (6, 1))
x, book = (torch.tensor(a + OFFSET, dtype=torch.float32) for a in (points, codes))  # exact floats
made = VectorQuantizer(4, 2, 0.25)
made.embedding.weight = torch.nn.Parameter(book)


def library(rows):
    return made(rows.T[None, :, :, None])[2][2].numpy()[:5]


print(f"library, 30 points  {library(x)}, the first five of them")
print(f"library, 5 points   {library(x[:5])}")
slow = torch.cdist(x, book, compute_mode="donot_use_mm_for_euclid_dist").argmin(1)
print(f"torch, differences  {slow.numpy()[:5]}")
whole = ((4 * points[:, None]).astype(int) - (4 * codes).astype(int)) ** 2
print(f"exact               {whole.sum(-1).argmin(1)[:5]}, in whole numbers")
