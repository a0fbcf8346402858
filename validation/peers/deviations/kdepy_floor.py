"""KDEpy: 2.2e-16 is added to every density, so that far from the data nothing is small.

BaseKDE.py, line 214, adds np.finfo(float).eps to what is returned ("helps contour plotting"):
log densities below about -30 are wrong, and the mass is infinite. One kernel, eight standard
deviations and more away.
"""

from math import exp, pi, sqrt

import numpy as np
from KDEpy import NaiveKDE
from scipy.stats import norm

x = np.array([[8.0], [10.0]])
got = NaiveKDE(kernel="gaussian", bw=1.0).fit(np.zeros((1, 1))).evaluate(x)
print("library     ", *(f"{p:.6e}" for p in got), "  (density at 8 and 10)")
print("closed form ", *(f"{exp(-(t**2) / 2) / sqrt(2 * pi):.6e}" for t in x[:, 0]))
print("scipy       ", *(f"{p:.6e}" for p in norm.pdf(x[:, 0])))
