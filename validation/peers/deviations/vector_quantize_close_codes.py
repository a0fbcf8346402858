"""vector-quantize-pytorch: codes closer than 1e-4, or far from the origin, are confused.

vector_quantize_pytorch.py of 1.32.0: `cdist` is sqrt(clamp(|x|^2 + |c|^2 - 2 x.c, 1e-8)) in
single precision. Squared distances below 1e-8 are all one, and of equal ones the first code is
taken; at 4096 from the origin the squares have no digit below 1 left.
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
CASES = {
    "close together": ([[0.0, 0.0], [5e-5, 0.0]], [[4.9e-5, 0.0]]),
    "at 4096": ([[4096.0, 0.0], [4097.0, 0.0], [4098.0, 0.0]], [[4096.75, 0.0], [4098.0, 0.0]]),
}
for name, (codes, points) in CASES.items():
    codes, points = np.array(codes), np.array(points)
    layer = vq.VectorQuantize(2, len(codes)).eval()
    layer._codebook.embed.data = torch.tensor(codes, dtype=torch.float32)[None]
    got = layer(torch.tensor(points, dtype=torch.float32))[1].tolist()
    squares = ((points.astype(np.float32)[:, None] - codes.astype(np.float32)) ** 2).sum(-1)
    print(f"{name}: library {got}, differences in single precision {squares.argmin(1).tolist()}")
    print(f"  on a line the nearest is {np.abs(points[:, :1] - codes[:, 0]).argmin(1).tolist()}")
