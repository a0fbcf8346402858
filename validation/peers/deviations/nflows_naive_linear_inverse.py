"""nflows: the inverse of NaiveLinear raises with PyTorch 1.13 and later.

transforms/linear.py of 0.14, NaiveLinear.inverse_no_cache calls torch.solve, which PyTorch removed
in favour of torch.linalg.solve with its arguments exchanged. SVDLinear, QRLinear and LULinear
return.
"""

import sys
from unittest import mock

import numpy as np
import torch

with mock.patch.dict(sys.modules, {"matplotlib": mock.MagicMock()}):
    from nflows.transforms import NaiveLinear

layer = NaiveLinear(2).double()
layer._weight.data = torch.tensor([[1.0, 2.0], [3.0, 4.0]], dtype=torch.float64)
y = torch.tensor([[1.0, 1.0]], dtype=torch.float64)
try:
    said = str(layer.inverse(y)[0].tolist())
except RuntimeError as error:
    said = str(error).split(".")[0]
print(f"library      {said}")
print("closed form  [[-1.0, 1.0]]")
print(f"NumPy        {np.linalg.solve([[1.0, 2.0], [3.0, 4.0]], [1.0, 1.0]).round(12)}")
