"""torch.distributions: in single precision no number of Gumbel exceeds 15.54.

distributions/gumbel.py scales uniform numbers, at most 1 - eps/2, to end at 1 - eps, eps = 1.2e-7:
none exceeds 1 - 3 eps/2, and the tail beyond, of probability 1.8e-7, is never drawn. Exponential
numbers, which F.gumbel_softmax uses, have no such end.
"""

import numpy as np
import torch

torch.manual_seed(0)
BATCHES, N, END = 100, 1_000_000, 15.54
law = torch.distributions.Gumbel(torch.tensor(0.0), torch.tensor(1.0))
last = law.icdf(torch.tensor(1 - 2**-24))  # of the largest number of torch.rand
library = sum((law.rsample((N,)) > END).sum().item() for _ in range(BATCHES))
rng = np.random.default_rng(0)
own = sum((-np.log(rng.standard_exponential(N)) > END).sum() for _ in range(BATCHES))
one = torch.empty(N, dtype=torch.float64)
other = sum((-one.exponential_().log() > END).sum().item() for _ in range(BATCHES))
print(f"the largest that can be: {last.item():.4f}")
print(f"of {BATCHES * N:,} numbers exceed {END}: {library}")
print(f"closed form               {-BATCHES * N * np.expm1(-np.exp(-END)):.1f}")
print(f"NumPy, -log E             {own}")
print(f"torch float64, -log E     {other}")
