"""score-models: ScoreModel.sample takes score and diffusion at the time a step goes to.

score_model.py of 0.5.11, `sample`: `t += dt` stands before g, f and the score are evaluated, so
Euler-Maruyama's step from t takes them at t + dt; and the last mean is returned. One step of
X + s Z, s² = t, for N(0, 1), from x = 3 at t = 2 to t = 1: Euler-Maruyama has the score at t = 2.
"""

import importlib
import importlib.util
import sys
from types import ModuleType, SimpleNamespace
from unittest import mock

import numpy as np
import torch

package = ModuleType("score_models")  # without its __init__, which imports all it depends on
package.__path__ = list(importlib.util.find_spec("score_models").submodule_search_locations)
unused = ("score_models.utils", "score_models.architectures", "h5py", "torch_ema")
with mock.patch.dict(sys.modules, {name: mock.MagicMock() for name in unused}):
    sys.modules["score_models"] = package
    ScoreModel = importlib.import_module("score_models.score_model").ScoreModel

SEEN = []


def score(t, x):
    SEEN.append(float(t[0]))
    return -x / (1 + t[:, None])


x = torch.full((1, 1), 3.0)
process = SimpleNamespace(
    T=2.0, epsilon=1.0, sigma=torch.sqrt, drift=lambda t, x: torch.zeros_like(x),
    diffusion=lambda t, x: torch.ones_like(x),
    prior=lambda _: SimpleNamespace(sample=lambda _: x),
)  # fmt: skip
own = SimpleNamespace(sde=process, device="cpu", score=score)
library = ScoreModel.sample(own, (1, 1), 1).item()
draws = 3.0 - 3.0 / (1 + 2.0) + np.random.default_rng().standard_normal(1_000_000)
print(f"library      {library:.4f}   (score asked for at t = {SEEN})")
print(f"closed form  {3.0 - 3.0 / (1 + 2.0):.4f}   (score at t = 2; at t = 1 {3.0 - 3.0 / 2:.4f})")
print(f"by draws     {draws.mean():.2f}     (mean of x' = x + h score(x, 2) + sqrt(h) z)")
