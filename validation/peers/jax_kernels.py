"""jax.scipy.stats.gaussian_kde, offered where scipy's is (see scipy_kernels)."""

from __future__ import annotations

import jax
from jax.scipy.stats import gaussian_kde

from validation.peers.scipy_kernels import factor

name, framework, version = "jax.scipy.stats.gaussian_kde", "jax", jax.__version__


def kernel_density(data, bandwidth, x):
    return gaussian_kde(data.T, bw_method=factor(data, bandwidth)).logpdf(x.T)
