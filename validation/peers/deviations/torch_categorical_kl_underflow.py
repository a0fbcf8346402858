"""torch.distributions: the divergence of Categorical laws is inf where a probability underflows.

torch/distributions/kl.py sets the terms of `_kl_categorical_categorical` to inf wherever
`q.probs == 0`. A code of logit −9000 has a probability, e^{−9000}, that no float64 holds; its log
probability is at hand, and where p gives the code e^{−100} its term is 9000 e^{−100}: nothing.
"""

import numpy as np
import torch
from mpmath import exp, log, mp, mpf
from torch.distributions import Categorical, kl_divergence

p, q = [0.0, -100.0, -1.0], [-3.0, -9000.0, -2.0]
laws = [Categorical(logits=torch.tensor(each, dtype=torch.float64)) for each in (p, q)]
print(f"library      {kl_divergence(*laws).item()}")
mp.dps = 50
P, Q = ([exp(mpf(v)) / sum(exp(mpf(u)) for u in each) for v in each] for each in (p, q))
print(f"closed form  {float(sum(a * log(a / b) for a, b in zip(P, Q))):.12f}   (50 digits)")
log_p, log_q = (np.array(v) - np.logaddexp.reduce(v) for v in (p, q))
print(f"NumPy        {np.exp(log_p) @ (log_p - log_q):.12f}   (log probabilities)")
