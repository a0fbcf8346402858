"""scikit-learn: the probabilistic model of PCA is not that of greatest likelihood.

`PCA.get_covariance` and `score` follow Tipping and Bishop's model, whose maximum likelihood has the
eigenvalues of the covariance over n; sklearn/decomposition/_pca.py takes variances over n − 1, so
that all of the model's covariance is n/(n − 1) too large: less likely, by little for many points.
"""

import numpy as np
from sklearn.decomposition import PCA

x = np.random.default_rng(0).standard_normal((8, 4)) @ np.diag([3.0, 2.0, 1.0, 0.5])
model = PCA(2).fit(x)


def likelihood(covariance):
    off = x - x.mean(0)
    square = np.einsum("ni,ij,nj->n", off, np.linalg.inv(covariance), off).mean()
    return -0.5 * (square + np.linalg.slogdet(2 * np.pi * covariance)[1])


values, vectors = np.linalg.eigh(np.cov(x.T, bias=True))
best = (vectors * np.r_[[values[:2].mean()] * 2, values[2:]]) @ vectors.T
ratio = np.trace(model.get_covariance()) / np.trace(best)
print(
    f"library      {model.score(x):.6f}   (mean log p; its covariance {ratio:.6f} times the best)"
)
print(f"closed form  {likelihood(best):.6f}   (maximum likelihood; n/(n − 1) = {8 / 7:.6f})")
grid = np.linspace(0.7, 1.3, 601)
found = grid[np.argmax([likelihood(best * s) for s in grid])]
print(f"search       {found:.6f}   (the most likely multiple of that covariance)")
