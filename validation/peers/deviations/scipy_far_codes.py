"""SciPy: from five coordinates on, cluster.vq.vq far from the origin confuses codes.

_vq.pyx of 1.17.1: below NFEATURES_CUTOFF = 5 coordinates distances are differences, from there
on |x|^2 + |c|^2 - 2 x.c: 2^28 from the origin their neighbours are 64 apart and more.
"""

import numpy as np
from scipy.cluster.vq import vq

OFFSET = 2.0**28
centres = np.array([[0.0, 0.0], [3.0, 1.0], [-2.0, 4.0], [1.0, -5.0]])
points = np.array([[1.0, 0.0], [2.0, 1.0], [-1.0, 2.5], [0.5, -2.0]])
for times in (2, 3):
    x, codes = np.tile(points, times) + OFFSET, np.tile(centres, times) + OFFSET
    print(f"d = {2 * times}: library {vq(x, codes)[0]}, distances {vq(x, codes)[1].round(3)}")
    gaps = ((x[:, None] - codes) ** 2).sum(-1)
    print(f"  NumPy {gaps.argmin(1)}, distances {np.sqrt(gaps.min(1)).round(3)}, by differences")
    whole = (2 * np.tile(points, times)).astype(int), (2 * np.tile(centres, times)).astype(int)
    exact = ((whole[0][:, None] - whole[1]) ** 2).sum(-1)
    print(f"  exact {exact.argmin(1)}, distances {(np.sqrt(exact.min(1)) / 2).round(3)}")
