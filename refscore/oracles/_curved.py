"""Two curved targets in their own coordinates.

funnel: x_1 ~ N(0, scale^2), the others N(0, e^{x_1}) given x_1.
banana: x_1 ~ N(0, scale^2), x_2 ~ N(c (x_1^2 - scale^2), 1) given x_1, c the curvature; d = 2.
"""

from __future__ import annotations

import numpy as np

from ._exact import LOG_2PI, extended


class funnel:
    """log p = log N(x_1; 0, s^2) - sum_j [e^{-x_1} x_j^2/2 + x_1/2 + log(2 pi)/2], j > 1."""

    @staticmethod
    def _split(law, x):
        first, rest = x[:, 0], x[:, 1:]
        return first, rest, extended(law.scale), np.exp(-first)

    @staticmethod
    def log_density(law, x):
        first, rest, s, e = funnel._split(law, x)
        own = -((first / s) ** 2) / 2 - np.log(s)
        return (
            own - e * (rest**2).sum(-1) / 2 - rest.shape[1] * first / 2 - x.shape[1] * LOG_2PI / 2
        )

    @staticmethod
    def score(law, x):
        first, rest, s, e = funnel._split(law, x)
        top = -first / s**2 + e * (rest**2).sum(-1) / 2 - extended(rest.shape[1]) / 2
        return np.concatenate([top[:, None], -e[:, None] * rest], axis=1)

    @staticmethod
    def score_jacobian(law, x):
        first, rest, s, e = funnel._split(law, x)
        out = np.einsum("n,ij->nij", -e, np.eye(x.shape[1]))
        out[:, 0, 0] = -1 / s**2 - e * (rest**2).sum(-1) / 2
        out[:, 0, 1:] = out[:, 1:, 0] = e[:, None] * rest
        return out

    @staticmethod
    def mean(law):
        return np.zeros(int(law.dim))

    @staticmethod
    def covariance(law):
        s2 = extended(law.scale) ** 2
        return np.diag([s2, *[np.exp(s2 / 2)] * (int(law.dim) - 1)])


class banana:
    """log p = log N(x_1; 0, s^2) + log N(r; 0, 1), r = x_2 - c (x_1^2 - s^2)."""

    @staticmethod
    def _split(law, x):
        s, c = extended(law.scale), extended(law.curvature)
        return x[:, 0], x[:, 1] - c * (x[:, 0] - s) * (x[:, 0] + s), s, c

    @staticmethod
    def log_density(law, x):
        first, r, s, _ = banana._split(law, x)
        return -((first / s) ** 2) / 2 - np.log(s) - r * r / 2 - LOG_2PI

    @staticmethod
    def score(law, x):
        first, r, s, c = banana._split(law, x)
        return np.stack([-first / s**2 + 2 * c * first * r, -r], axis=1)

    @staticmethod
    def score_jacobian(law, x):
        first, r, s, c = banana._split(law, x)
        out = np.full((len(x), 2, 2), extended(-1))
        out[:, 0, 0] = -1 / s**2 + 2 * c * r - (2 * c * first) ** 2
        out[:, 0, 1] = out[:, 1, 0] = 2 * c * first
        return out

    @staticmethod
    def mean(law):
        return np.zeros(2)

    @staticmethod
    def covariance(law):
        """Var x_2 = 1 + c^2 Var(x_1^2) = 1 + 2 c^2 s^4; x_1 and x_2 are uncorrelated."""
        s, c = extended(law.scale), extended(law.curvature)
        return np.diag([s**2, 1 + 2 * c**2 * s**4])
