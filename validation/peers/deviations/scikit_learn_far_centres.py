"""scikit-learn: far from the origin, points are given to centres that are not the nearest.

`pairwise_distances_argmin` and `KMeans.predict` of 1.9.1 compare |c|^2 - 2 x.c in double
precision; 2^28 from the origin these are near 2^57, whose neighbours are 16 apart.
"""

import numpy as np
from sklearn.cluster import KMeans
from sklearn.metrics import pairwise_distances_argmin

OFFSET = 2.0**28
centres = np.array([[0.0, 0.0], [3.0, 1.0], [-2.0, 4.0], [1.0, -5.0]])
points = np.array([[1.0, 0.0], [2.0, 1.0], [-1.0, 2.5], [0.5, -2.0]])
x, codes = points + OFFSET, centres + OFFSET  # exact: halves are floats there
model = KMeans(4, init=codes, n_init=1, max_iter=1).fit(codes)
model.cluster_centers_ = codes
print(f"library      {pairwise_distances_argmin(x, codes)}, predict {model.predict(x)}")
print(f"NumPy        {((x[:, None] - codes) ** 2).sum(-1).argmin(1)}, by differences")
exact = [[sum((int(2 * a) - int(2 * b)) ** 2 for a, b in zip(p, c)) for c in codes] for p in x]
print(f"exact        {np.argmin(exact, axis=1)}, in whole numbers")
