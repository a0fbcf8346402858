"""statsmodels: KDEMultivariate, kernel densities with one bandwidth a coordinate."""

from __future__ import annotations

import numpy as np
import statsmodels
from statsmodels.nonparametric.kernel_density import KDEMultivariate

from refscore.verify import NotOffered

name, version = "statsmodels", statsmodels.__version__
expected_failures = {
    "leave_one_out_density": "sums over the others (deviations/statsmodels_leave_one_out.py)",
    "kernel_density_values": "has densities, no logarithms: they are 0 from 39 bandwidths on",
}


def _density(data, bandwidth):
    n, d = data.shape
    if n <= d:
        raise NotOffered("statsmodels wants more observations than variables")
    return KDEMultivariate(data, var_type="c" * d, bw=np.full(d, float(bandwidth)))


def kernel_density(data, bandwidth, x):
    return np.log(_density(data, bandwidth).pdf(x).reshape(-1))


def leave_one_out(data, bandwidth):
    """The terms of `loo_likelihood`, which its `func` is handed one at a time."""
    model, terms = _density(data, bandwidth), []
    model.loo_likelihood(model.bw, func=lambda f: terms.append(np.log(f).item()) or 0.0)
    return np.array(terms)
