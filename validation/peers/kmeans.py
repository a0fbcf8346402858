"""scikit-learn and SciPy: nearest centres, and one step of their k-means."""

from __future__ import annotations

import warnings

import numpy as np
import scipy
import sklearn
from scipy.cluster import vq
from sklearn.cluster import KMeans
from sklearn.metrics import pairwise_distances_argmin

FAR = "compares by squared lengths and products, which far from the origin keep no digits"


class ScikitLearn:
    """pairwise_distances_argmin, and KMeans stopped after a step."""

    name, version = "scikit-learn, KMeans", sklearn.__version__
    expected_failures = {
        "nearest_code_is_where_it_is": FAR,
        "lloyd_steps": "a centre without points is moved to the point farthest from its own,"
        " as scikit-learn means it",
    }

    def quantise(self, x, codebook):
        codes = pairwise_distances_argmin(x, codebook)
        return codes, codebook[codes]

    def lloyd_step(self, x, codebook):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # not converged
            made = KMeans(len(codebook), init=codebook, n_init=1, max_iter=1, tol=0.0)
            return made.fit(x).cluster_centers_


class Predicted:
    """The codes KMeans predicts."""

    name, version = "scikit-learn, KMeans.predict", sklearn.__version__
    expected_failures = {"nearest_code_is_where_it_is": FAR}

    def quantise(self, x, codebook):
        made = KMeans(len(codebook), init=codebook, n_init=1, max_iter=1).fit(codebook)
        made.cluster_centers_ = np.ascontiguousarray(codebook)
        codes = made.predict(x)
        return codes, codebook[codes]


class SciPy:
    """scipy.cluster.vq."""

    name, version = "SciPy, cluster.vq", scipy.__version__
    expected_failures = {
        "nearest_code_is_where_it_is": "from five coordinates on it " + FAR,
    }

    def quantise(self, x, codebook):
        codes = vq.vq(x, codebook)[0]
        return codes, codebook[codes]

    def vq_commitment_loss(self, x, codebook):
        return vq.vq(x, codebook)[1] ** 2

    vq_codebook_loss = vq_commitment_loss

    def lloyd_step(self, x, codebook):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a cluster without points
            return vq.kmeans2(x, codebook, iter=1, minit="matrix")[0]


SUBJECTS = [ScikitLearn(), Predicted(), SciPy()]
