"""scipy.stats.gaussian_kde, where its convention and the catalogue's can mean the same.

Its kernel has the shape of the data: covariance factor² times that of the sample. The kernel
h² I is therefore offered on the line, and in more dimensions only for data whose sample
covariance is a multiple of the identity; whitening other data would turn h² I into another kernel.
"""

from __future__ import annotations

import numpy as np
import scipy
from scipy.stats import gaussian_kde

from refscore.verify import NotOffered

name, version = "scipy.stats.gaussian_kde", scipy.__version__


def factor(data, bandwidth):
    """What gaussian_kde calls bw_method, where that kernel is bandwidth² I."""
    n, d = data.shape
    spread = np.atleast_2d(np.cov(data.T)) if n > 1 else np.zeros((d, d))
    if n <= d or np.abs(spread - spread[0, 0] * np.eye(d)).max() > 1e-12 * spread[0, 0]:
        raise NotOffered("gaussian_kde has kernels of the data's own shape")
    return float(bandwidth) / np.sqrt(spread[0, 0])


def kernel_density(data, bandwidth, x):
    return gaussian_kde(data.T, bw_method=factor(data, bandwidth)).logpdf(x.T)
