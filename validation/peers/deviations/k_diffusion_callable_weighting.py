"""k-diffusion: `Denoiser(weighting=function)` is refused, though its code means to take it.

layers.py, lines 54-63 of 0.1.1.post1: `if callable(weighting)` is followed by a second `if`, not
`elif`, whose `else` raises. Fixed in the repository (pull request 116, 2026), not in a release.
Data N(0, 1), sigma_data = 1, network 0: the mean loss is the weight itself, here 1 / sigma.
"""

import importlib
import importlib.util
import sys
from types import ModuleType
from unittest import mock

import numpy as np
import torch

package = ModuleType("k_diffusion")  # without its __init__, which imports all it depends on
package.__path__ = list(importlib.util.find_spec("k_diffusion").submodule_search_locations)
unused = ["torchvision", "torchvision.transforms", "dctorch", "torchdiffeq", "torchsde", "PIL"]
unused += ["safetensors"]
with mock.patch.dict(sys.modules, {name: mock.MagicMock() for name in unused}):
    sys.modules["k_diffusion"] = package
    layers = importlib.import_module("k_diffusion.layers")

SIGMA = 0.4
nodes, weights = np.polynomial.hermite_e.hermegauss(20)
x, z = (torch.tensor(a.reshape(-1, 1)) for a in np.meshgrid(nodes, nodes))
w = np.outer(weights, weights).ravel() / weights.sum() ** 2


def network(scaled, sigma):
    return torch.zeros_like(scaled)


def mean_loss(denoiser):
    loss = denoiser.loss(x, z, torch.full((len(x),), SIGMA, dtype=x.dtype))
    return f"{w @ loss.numpy():.4f}"


try:
    library = mean_loss(layers.Denoiser(network, weighting=torch.reciprocal))
except ValueError as error:
    library = f"ValueError: {error}"[:60]
by_hand = layers.Denoiser(network)
by_hand.weighting = torch.reciprocal
print(f"library      {library}")
print(f"closed form  {1 / SIGMA:.4f}")
print(f"set later    {mean_loss(by_hand)}   (by quadrature)")
