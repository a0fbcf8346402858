"""vector-quantize-pytorch: from 1,001 values a coordinate on, FSQ gives codes that are not there.

finite_scalar_quantization.py of 1.32.0, and the paper of Mentzer et al. 2023, from which it is
taken: the bound (L - 1) (1 + 1e-3) / 2 rounds to one more than the last value once (L - 1) 1e-3
reaches 1.
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


fsq = module("finite_scalar_quantization")
for levels in ([1001], [1003], [3, 2001]):
    x = torch.full((1, 1, len(levels)), 50.0, dtype=torch.float64)
    layer = fsq.FSQ(levels, return_indices=False)
    code = layer.codes_to_indices(layer.quantize(x)).item()
    bound = (np.array(levels) - 1) * 1.001 / 2 * np.tanh(50.0)
    print(f"levels {levels}: library's code {code}, {np.prod(levels)} codes from 0")
    print(f"  bound {bound.tolist()}, largest value {[(L - 1) // 2 for L in levels]}")
