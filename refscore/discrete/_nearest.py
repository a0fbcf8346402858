"""The nearest code of every point: products of matrices where they are sure, differences where not.

‖z − c‖² and ½‖c‖² − z·c have the same order over c. The latter is one product of matrices; it is
taken in single precision, then, for the rows it leaves open, in double, each with a bound of its
rounding. Only codes within that bound of the best are compared by differences, so that every
answer is the one that differences of all pairs would give.
"""

from __future__ import annotations

import numpy as np

SCORES = 1 << 19  # held at a time: 2 MB in single precision
PAIRS = 1 << 16  # compared by differences at a time
_FAR = 1e15  # beyond this, in units of the codebook, products of float32 could overflow


def nearest(z: np.ndarray, codebook: np.ndarray) -> np.ndarray:
    """The code (n,) of every row of z (n, d); codebook (K, d), K >= 1, both finite."""
    codes = np.zeros(len(z), dtype=np.int64)
    if len(codebook) > 1:
        rows = min(max(16, SCORES // max(*codebook.shape, 8)), max(len(z), 1))
        search = Search(codebook, rows)
        with np.errstate(all="ignore"):
            for i in range(0, len(z), rows):
                codes[i : i + rows] = search(z[i : i + rows])
    return codes


class Search:
    """A codebook made ready: centred, scaled to one by a power of two, in both precisions.

    Blocks have at most `rows` points; what is made of them is kept in one place: new memory
    would take longer to get than the product takes.
    """

    def __init__(self, codebook: np.ndarray, rows: int):
        with np.errstate(all="ignore"):
            self.codebook = np.asarray(codebook, dtype=np.float64)
            self.centre = 0.5 * self.codebook.min(0) + 0.5 * self.codebook.max(0)
            centred = self.codebook - self.centre
            self.exponent = int(np.frexp(np.abs(centred).max())[1])
            c = np.ldexp(centred, -self.exponent)
            half = 0.5 * np.einsum("kd,kd->k", c, c)
            self.radius = float(np.sqrt(2 * half.max()))
            features = np.vstack([-c.T, half])
        self.features = {t: features.astype(t) for t in (np.float32, np.float64)}
        self._centred = np.empty((rows, len(self.centre)))
        self._left = np.ones((rows, features.shape[0]), dtype=np.float32)
        self._scored = np.empty((rows, len(codebook)), dtype=np.float32)
        self._repeats: np.ndarray | None = None

    def __call__(self, z: np.ndarray) -> np.ndarray:
        """The codes of a block of rows."""
        u = self._scaled(np.subtract(z, self.centre, out=self._centred[: len(z)]))
        codes, left = np.zeros(len(z), dtype=np.int64), np.arange(len(z))
        for precision in (np.float32, np.float64):
            scores, within = self._scores(u, precision)
            codes[left], least, sure = _settled(scores, within)
            if sure.all():
                return codes
            u, left, scores = u[~sure], left[~sure], scores[~sure]
            near = ~(scores > (least + within)[~sure, None])
        near[:, self.repeats] = False
        far, step = np.asarray(z[left], dtype=np.float64), max(1, PAIRS // near.shape[1])
        for part in (slice(i, i + step) for i in range(0, len(left), step)):
            codes[left[part]] = self._by_differences(far[part], *np.nonzero(near[part]))
        return codes

    def _scaled(self, gaps):
        """Divided by the codebook's size; `ldexp` takes longer, and reaches further."""
        if abs(self.exponent) > 1000:
            return np.ldexp(gaps, -self.exponent)
        return np.multiply(gaps, 2.0**-self.exponent, out=gaps)

    def _scores(self, u, precision):
        """½‖c‖² − u·c (m, K), and what two of them may be off by together, (m,)."""
        m, d = u.shape
        norms = np.sqrt(np.einsum("nd,nd->n", u, u))
        kept = precision == np.float32
        left = self._left[:m] if kept else np.ones((m, d + 1))
        left[:, :d] = u
        size, eps = self.radius, np.finfo(precision).eps
        products = (d + 8) * eps * size * (norms + size)
        differences = (d + 8) * np.finfo(np.float64).eps * (norms + size) ** 2
        within = 2 * (products + differences)
        scores = np.matmul(left, self.features[precision], out=self._scored[:m] if kept else None)
        return scores, np.where(norms < _FAR, within, np.inf)

    @property
    def repeats(self) -> np.ndarray:
        """True for codes equal to an earlier one."""
        if self._repeats is None:
            first = np.unique(self.codebook, axis=0, return_index=True)[1]
            self._repeats = np.ones(len(self.codebook), dtype=bool)
            self._repeats[first] = False
        return self._repeats

    def _by_differences(self, z, row, code):
        """The nearest of the codes listed for each row, the first where several are."""
        starts = np.flatnonzero(np.r_[True, row[1:] != row[:-1]])
        blocks = _blocks(len(row), z.shape[1])
        largest = np.concatenate([np.abs(self._gaps(z, row[b], code[b])).max(1) for b in blocks])
        least = np.minimum.reduceat(largest, starts)[row]  # of a row, in the largest coordinate
        powers = -np.frexp(least)[1]
        squares = [np.ldexp(self._gaps(z, row[b], code[b]), powers[b, None]) for b in blocks]
        distances = np.concatenate([np.einsum("pd,pd->p", s, s) for s in squares])
        distances = np.where(least > 0, distances, largest > 0)
        best = np.minimum.reduceat(distances, starts)[row]
        found = np.flatnonzero(distances == best)
        return code[found[np.unique(row[found], return_index=True)[1]]]

    def _gaps(self, z, row, code):
        """Half the differences, which do not overflow."""
        return 0.5 * z[row] - 0.5 * self.codebook[code]


def _settled(scores, within):
    """(first least, its score, whether no other is within the bound) of every row."""
    rows = np.arange(len(scores))
    best = scores.argmin(1)
    least = scores[rows, best]
    scores[rows, best] = np.inf
    second = scores.min(1)
    scores[rows, best] = least
    return best, least, second > least + within


def _blocks(pairs, dim):
    step = max(1, PAIRS // dim)
    return [slice(i, i + step) for i in range(0, pairs, step)]
