"""torch.distributions: relaxed bits of large logits are of other logits, log densities are -inf.

`LogitRelaxedBernoulli.rsample` takes the logit from `clamp_probs(probs)`, which ends it at 36.04,
in single precision at 15.94. `log_prob` is log τ + a − 2 log1p(e^a), a = l − τ z: −inf from a = 710
on, in single precision from 89 on, where the log density is log τ − a.
"""

import numpy as np
import torch
from mpmath import exp, log, mp, mpf
from scipy import stats
from torch.distributions.relaxed_bernoulli import LogitRelaxedBernoulli

torch.manual_seed(0)
N, TAU = 1_000_000, 0.7
for logit, dtype in ((25.0, torch.float32), (60.0, torch.float64)):
    law = LogitRelaxedBernoulli(
        torch.tensor(TAU, dtype=dtype), logits=torch.tensor(logit, dtype=dtype)
    )
    u = np.random.default_rng(0).random(N)
    print(f"logit {logit:g}, {str(dtype)[6:]}: the mean of {N:,} log odds")
    print(f"library      {law.rsample((N,)).double().mean().item():.3f}")
    print(f"closed form  {logit / TAU:.3f}   (l/τ)")
    print(f"NumPy        {np.mean((logit + np.log(u) - np.log1p(-u)) / TAU):.3f}")
mp.dps = 50
for logit, z, dtype in ((60.0, -100.0, torch.float32), (790.0, -650.0, torch.float64)):
    law = LogitRelaxedBernoulli(
        torch.tensor(TAU, dtype=dtype), logits=torch.tensor(logit, dtype=dtype)
    )
    a = mpf(logit) - mpf(TAU) * mpf(z)
    print(f"logit {logit:g}, {str(dtype)[6:]}: the log density of log odds {z:g}")
    print(f"library      {law.log_prob(torch.tensor(z, dtype=dtype)).item()}")
    print(f"closed form  {float(log(mpf(TAU)) + a - 2 * log(1 + exp(a))):.4f}   (50 digits)")
    print(f"SciPy        {stats.logistic.logpdf(z, logit / TAU, 1 / TAU):.4f}")
