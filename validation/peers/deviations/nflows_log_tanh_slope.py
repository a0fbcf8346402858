"""nflows: LogTanh has a kink where its documentation says that slopes are matched.

transforms/nonlinearities.py of 0.14: beyond the cut point c tanh goes on as alpha log(beta x),
"alpha and beta set to match the value and the first derivative of tanh". A slope of alpha / c
asks for alpha = c (1 - tanh² c); the code has (1 - tanh(tanh c)) / c. The values match, and the
log-determinants are those of the map as it is, which has a kink.
"""

import sys
from unittest import mock

import numpy as np
import torch

with mock.patch.dict(sys.modules, {"matplotlib": mock.MagicMock()}):
    from nflows.transforms import LogTanh

for c in (1.0, 2.0):
    layer, h = LogTanh(cut_point=c), 1e-6
    x = torch.tensor([[c - 2 * h], [c - h], [c + h], [c + 2 * h]], dtype=torch.float64)
    y = layer(x)[0][:, 0].numpy()
    slopes = (y[1] - y[0]) / h, (y[3] - y[2]) / h
    print(f"library      cut at {c:g}: slopes {slopes[0]:.4f} before, {slopes[1]:.4f} behind")
    print(f"closed form  {1 - np.tanh(c) ** 2:.4f} on both sides")
    ends = np.tanh(c - h), np.tanh(c + h)
    print(f"differences  {(ends[1] - ends[0]) / (2 * h):.4f}")
