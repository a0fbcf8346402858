"""Implicit steps (1 - τ L)⁻¹ along lines: one tridiagonal solve, its factors kept."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from refscore.diffusion.fokker_planck.rates import Rates

Solve = Callable[[np.ndarray], np.ndarray]
_WIDEST = 1300.0  # of log π along a line: √π within 1e-283 and 1
_LONG = 1e3  # times 2e-16: what of the mass LAPACK's subtraction may lose


class Implicit:
    """The map m -> (1 - τ L)⁻¹ m on masses (k, n), L the rates along k lines.

    The matrix is a column-dominant M-matrix: its inverse has entries >= 0 and columns that sum
    to 1 (less where mass leaves), and elimination without pivoting adds positive numbers only.
    Without a periodic end detailed balance makes it symmetric, √π⁻¹ (1 - τ L) √π, and LAPACK's
    dpttrs solves it; else dgttrs. All lines are one system whose couplings between lines are 0.
    `balanced` is the map on u = m/√π where there is a `root` √π, else on masses.
    """

    def __init__(self, rates: Rates, tau: float):
        self.root: np.ndarray | None = None
        if rates.wrap is not None:
            self.balanced: Solve = _Bordered(rates, tau)
            return
        root = _root_of_balance(rates)
        chain = Chain(1 + tau * rates.out, tau * rates.up, tau * rates.down)
        if root is not None and chain.positive:
            self.root, self.balanced = root, chain.symmetric()
        else:
            self.balanced = chain.general()

    def __call__(self, m: np.ndarray) -> np.ndarray:
        """The masses (k, n) after the step."""
        if self.root is None:
            return self.balanced(m)
        return self.balanced(m / self.root) * self.root


class Chain:
    """Tridiagonal lines -up, leak + up + down, -down, factored; leak = 1 + what leaves.

    With long steps 1 is lost beside up and down, and with it the mass: then the pivots are sums,

        d_i = s_i + up_i,  s_i = leak_i + down_{i-1} s_{i-1}/d_{i-1}

    (Grassmann, Taksar and Heyman 1985), in a loop over cells; else LAPACK subtracts.
    """

    def __init__(self, leak: np.ndarray, up: np.ndarray, down: np.ndarray):
        self.leak, self.up, self.down = leak, up, down
        self.diagonal = leak.copy()
        self.diagonal[:, :-1] += up
        self.diagonal[:, 1:] += down
        self.long = self.diagonal.max() > _LONG * leak.min()
        self.positive = bool((up > 0).all() and (down > 0).all())

    def symmetric(self) -> Solve:
        """(1 - τ L)⁻¹ on m/√π."""
        from scipy.linalg.lapack import dpttrf, dpttrs

        beside = -_joined(np.sqrt(self.up) * np.sqrt(self.down))
        if self.long:
            d = self._pivots().ravel()
            e = beside / d[:-1]
        else:
            d, e, _ = dpttrf(self.diagonal.ravel(), beside)
        return lambda u: dpttrs(d, e, u.ravel())[0].reshape(u.shape)

    def general(self) -> Solve:
        """(1 - τ L)⁻¹ on m; dgttrf exchanges no rows: columns are dominated by their diagonal."""
        from scipy.linalg.lapack import dgttrf, dgttrs

        spare = max(0, 3 - self.diagonal.size)  # LAPACK's wrappers want three cells at least
        below, above = (np.append(-_joined(v), [0.0] * spare) for v in (self.up, self.down))
        if self.long:
            d = np.append(self._pivots(), [1.0] * spare)
            rows = np.arange(1, len(d) + 1, dtype=np.int32)
            factors = below / d[:-1], d, above, np.zeros(len(d) - 2), rows
        else:
            factors = dgttrf(below, np.append(self.diagonal, [1.0] * spare), above)[:-1]
        if not spare:
            return lambda m: dgttrs(*factors, m.ravel())[0].reshape(m.shape)
        padded = np.zeros(spare)
        return lambda m: dgttrs(*factors, np.append(m, padded))[0][:-spare].reshape(m.shape)

    def _pivots(self) -> np.ndarray:
        """d (k, n), all sums."""
        lines = []
        for leak, up, down in zip(self.leak.tolist(), self.up.tolist(), self.down.tolist()):
            s, pivots = leak[0], []
            for stays, away, back in zip(leak[1:], up, down):
                pivots.append(s + away)
                s = stays + back * (s / pivots[-1])
            lines.append([*pivots, s])
        return np.array(lines)


def _root_of_balance(rates: Rates) -> np.ndarray | None:
    """√π (k, n) of every line, largest 1, π without flux; None where it leaves float's range."""
    with np.errstate(divide="ignore", invalid="ignore"):
        half = 0.5 * (np.log(rates.up) - np.log(rates.down))
    if not np.isfinite(half).all():
        return None
    k = len(half)
    log_root = np.concatenate([np.zeros((k, 1)), np.cumsum(half, axis=1)], axis=1)
    log_root -= log_root.max(axis=1, keepdims=True)
    return np.exp(log_root) if log_root.min() > -_WIDEST / 2 else None


def _joined(couplings: np.ndarray) -> np.ndarray:
    """Couplings (k, n - 1) of k lines as those of one line of k n cells: 0 between lines."""
    k = len(couplings)
    return np.concatenate([couplings, np.zeros((k, 1))], axis=1).ravel()[:-1]


class _Bordered:
    """A cyclic line: its last cell by a Schur complement, the others by the tridiagonal T.

    T y = b, T z = c with c >= 0 what the last cell gives, r >= 0 what it gets:
    x_n = (b_n + r·y)/(1 + Σ z), then y + x_n z: sums of numbers >= 0.
    """

    def __init__(self, rates: Rates, tau: float):
        up, down, out = tau * rates.up, tau * rates.down, tau * rates.out
        (wrap_up, wrap_down) = (tau * one for one in rates.wrap or ())
        self.to_last, self.first_to_last = up[:, -1], wrap_down
        leak, from_last = 1 + out[:, :-1], np.zeros_like(out[:, :-1])
        leak[:, 0] += wrap_down
        leak[:, -1] += up[:, -1]
        from_last[:, 0] += wrap_up
        from_last[:, -1] += down[:, -1]
        self.solve = Chain(leak, up[:, :-1], down[:, :-1]).general()
        self.z = self.solve(from_last)
        self.complement = 1 + out[:, -1] + self.z.sum(axis=1)

    def __call__(self, m: np.ndarray) -> np.ndarray:
        y = self.solve(m[:, :-1])
        last = m[:, -1] + self.first_to_last * y[:, 0] + self.to_last * y[:, -1]
        last = last / self.complement
        return np.concatenate([y + last[:, None] * self.z, last[:, None]], axis=1)
