"""The Fisher information of a Gaussian mixture, to a tolerance that is checked."""

from __future__ import annotations

import numpy as np

from refscore.nodes import gauss_hermite, gaussian_components

_REACH = np.array([0.0, 2.0, 5.0, 9.0, 14.0])  # standard deviations at which pieces are cut
_NODES, _BLOCK = 16, 1 << 20


def fisher_information(law, sigma: float) -> float:
    """I(q) = E‖∇ log q‖² of a Gaussian or a mixture; sigma is its noise level, for messages."""
    weights, means, covariances = gaussian_components(law)
    if len(weights) == 1:
        return float((1 / np.linalg.eigvalsh(covariances[0])).sum())
    if means.shape[1] > 1:
        return _on_nodes(law, sigma)
    return _on_a_line(weights, means[:, 0], np.sqrt(covariances[:, 0, 0]))


def _on_nodes(law, sigma: float) -> float:
    """E‖s‖² on 150 nodes an axis (60 for d > 2 or K > 100), which must be −E ∇·s there as well."""
    order = 150 if law.dim == 2 and len(gaussian_components(law)[0]) <= 100 else 60
    nodes = gauss_hermite(law, order)
    found = float(nodes.mean((law.score(nodes.points) ** 2).sum(-1)))
    by_parts = -float(nodes.mean(law.score.divergence(nodes.points)))
    if not abs(found - by_parts) <= 1e-6 * found:
        raise ValueError(
            f"law must have components that {order} Gauss-Hermite nodes an axis resolve (on the"
            f" line any will do): at sigma = {sigma:.6g} E|s|^2 comes out as {found:.6g} and as"
            f" {by_parts:.6g}; take components closer in width, or larger sigmas"
        )
    return found


def _on_a_line(weights, means, sds) -> float:
    """∫ q′²/q by Gauss-Legendre rules of 16 nodes, halved until two levels agree to 1e-13.

    In units of the widest component, from the mean: a far mean costs no digits."""
    size, kept = sds.max(), weights > 0
    laws = weights[kept], ((means - weights @ means) / size)[kept], (sds / size)[kept]
    edges = _edges(*laws[1:])
    low, high = edges[:-1], edges[1:]
    whole, total = _rule(laws, low, high), 0.0
    while len(low):
        middle = (low + high) / 2
        left, right = _rule(laws, low, middle), _rule(laws, middle, high)
        halves = left + right
        open_ = np.abs(halves - whole) > 1e-13 * (total + halves.sum())
        open_ &= (low < middle) & (middle < high)
        total += halves[~open_].sum()
        low, high = (
            np.concatenate([low[open_], middle[open_]]),
            np.concatenate([middle[open_], high[open_]]),
        )
        whole = np.concatenate([left[open_], right[open_]])
    return float(total / size**2)


def _edges(means, sds) -> np.ndarray:
    """Cuts at a few standard deviations of every component, thinned to a quarter of the least."""
    reach = np.concatenate([-_REACH, _REACH])
    edges = np.unique(means[:, None] + sds[:, None] * reach)
    _, first = np.unique(np.floor((edges - edges[0]) / (sds.min() / 4)), return_index=True)
    return np.unique(np.append(edges[first], edges[-1]))


def _rule(laws, low, high) -> np.ndarray:
    """The integral over every piece."""
    z, w = np.polynomial.legendre.leggauss(_NODES)
    half = (high - low) / 2
    x = (low + half)[:, None] + half[:, None] * z
    rows = max(1, _BLOCK // (_NODES * len(laws[0])))
    values = [_integrand(laws, x[i : i + rows]) @ w for i in range(0, len(x), rows)]
    return half * np.concatenate(values) if values else half


def _integrand(laws, x) -> np.ndarray:
    """q′²/q = (Σ w_k N_k (x − m_k)/v_k)²/Σ w_k N_k."""
    weights, means, sds = laws
    z = (x[..., None] - means) / sds
    logs = np.log(weights / sds) - z * z / 2
    top = logs.max(-1)
    parts = np.exp(logs - top[..., None])
    slope = (parts * z / sds).sum(-1)
    return slope * slope / parts.sum(-1) * np.exp(top) / np.sqrt(2 * np.pi)
