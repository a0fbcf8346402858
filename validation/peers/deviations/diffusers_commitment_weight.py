"""diffusers: by default VectorQuantizer puts beta on the loss of the codes, not on the commitment.

models/autoencoders/vae.py of 0.42.1 says so itself: "due to a bug the beta term was applied to
the wrong term"; legacy=False is right, legacy=True the default, for the sake of old weights.
"""

import numpy as np
import torch
from diffusers.models.autoencoders.vae import VectorQuantizer

BETA, X, C = 0.25, np.array([1.0, -0.5]), np.array([0.2, 0.4])
for legacy in (True, False):
    made = VectorQuantizer(1, 2, BETA, legacy=legacy).double()
    made.embedding.weight.data = torch.tensor(C[None])
    x = torch.tensor(X[None, :, None, None], requires_grad=True)
    made(x)[1].backward()
    moves = x.grad.flatten().numpy(), made.embedding.weight.grad[0].numpy()
    print(f"legacy={legacy!s:5}  in x {moves[0]}, in c {moves[1]}")
print(f"closed form   in x {BETA * (X - C)}, in c {C - X}, losses averaged over d = 2")
h = 1e-6


def loss(x, c, weight):
    return weight * np.mean((x - c) ** 2)


in_x = [(loss(X + e, C, BETA) - loss(X - e, C, BETA)) / (2 * h) for e in h * np.eye(2)]
in_c = [(loss(X, C + e, 1) - loss(X, C - e, 1)) / (2 * h) for e in h * np.eye(2)]
print(f"differences   in x {np.round(in_x, 9)}, in c {np.round(in_c, 9)}")
