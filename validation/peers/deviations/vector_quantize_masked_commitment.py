"""vector-quantize-pytorch: a mask of ones changes the commitment loss of a cosine codebook.

vector_quantize_pytorch.py of 1.32.0: without a mask the code is compared with the normalised
point it was chosen for, with one it is compared with `orig_input`, the point before that. With
heads or a projection the shapes differ as well, and the call fails.
"""

import importlib.util
import sys
from unittest import mock

import numpy as np
import torch


def module(name):
    """One module of the package, without its __init__, which imports more than it needs."""
    package = importlib.util.find_spec("vector_quantize_pytorch").submodule_search_locations[0]
    spec = importlib.util.spec_from_file_location(name, f"{package}/{name}.py")
    made = importlib.util.module_from_spec(spec)
    sys.modules.setdefault("loguru", mock.MagicMock())
    spec.loader.exec_module(made)
    return made


vq = module("vector_quantize_pytorch")
torch.manual_seed(0)
x = torch.randn(2, 5, 3)
layer = vq.VectorQuantize(3, 4, use_cosine_sim=True, commitment_weight=1.0)
ones = torch.ones(2, 5, dtype=torch.bool)
plain = layer(x, freeze_codebook=True)[2].item()
masked = layer(x, mask=ones, freeze_codebook=True)[2].item()
unit = (x / x.norm(dim=-1, keepdim=True)).numpy()
codes = layer._codebook.embed[0].numpy()
squares = ((unit[..., None, :] - codes) ** 2).sum(-1).min(-1)
print(f"library      {plain:.6f} without a mask, {masked:.6f} with a mask of ones")
print(f"NumPy        {squares.mean() / 3:.6f}, normalised points to their codes")
cosines = np.einsum("nld,kd->nlk", unit, codes).max(-1)
print(f"closed form  {(2 - 2 * cosines).mean() / 3:.6f}, 2 - 2 cos of unit vectors, over d")
