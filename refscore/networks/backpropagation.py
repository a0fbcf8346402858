"""The forward and backward passes of an MLP near n points (see `refscore.networks.mlp`).

With Q = Σ a·s + Σ c div s + Σ b·J v, bars for derivatives of Q, D' = −2 h D and κ = −2 D̄:

    h̄_{L−1} = W_Lᵀ a,   t̄_{L−1} = W_Lᵀ b,   W̄_L = Σ a hᵀ + b tᵀ
    ū_l = D_l ∘ t̄_l,   z̄_l = D_l ∘ (h̄_l + h_l ∘ κ_l) − 2 h_l ∘ Σ t_l ∘ t̄_l
    W̄_l = Σ z̄_l h_{l−1}ᵀ + ū_l t_{l−1}ᵀ,   h̄_{l−1} = W_lᵀ z̄_l,   t̄_{l−1} = W_lᵀ ū_l

κ is what the divergence asks of the slopes. With two hidden layers

    div s = tr(W₃ D₂ W₂ D₁ W₁) = Σ_jk D₂[j] M[j, k] D₁[k],   M = W₂ ∘ (W₁ W₃)ᵀ

is one matrix product for all points at any d; deeper networks take d products J v. Arrays of
the hidden layers live in a workspace: fresh memory costs as much as the matrix products.
"""

from __future__ import annotations

from functools import cached_property

import numpy as np

from refscore.fields.linearisation import Local, Workspace, beside_points


def tanh_and_slope(z, h, slope):
    """The pair h = tanh z and D = 1 − h², written into `h` and `slope`, both accurate.

    Where 1 − h² cancels, D = 4e/(1 + e)² with e = exp(−2|z|) takes its place.
    """
    with np.errstate(under="ignore"):
        np.tanh(z, out=h)
        np.square(h, out=slope)
        np.subtract(1.0, slope, out=slope)
        cancelled = np.flatnonzero(slope < 0.002)  # elsewhere within 2e-13 of itself
        if cancelled.size:
            e = np.exp(-2.0 * np.abs(z.ravel()[cancelled]))
            slope.ravel()[cancelled] = 4.0 * e / (1.0 + e) ** 2


class MLPLocal(Local):
    """An MLP near x (n, d): the hidden layers at once, all else when asked for."""

    def __init__(self, network, x, workspace=None):
        self.network, self.x, self.weights = network, x, network.weights
        self.outputs = len(self.weights[-1])
        self._kept = workspace
        self._workspace = Workspace() if workspace is None else workspace
        self.hidden, self.slopes, self._directions = [x], [], None
        for layer, weight in enumerate(self.weights[:-1], start=1):
            z = self._product("z", 0, self.hidden[-1], weight.T)
            z += network.biases[layer - 1]
            h, slope = (self._workspace((name, layer), z.shape) for name in ("h", "slope"))
            tanh_and_slope(z, h, slope)
            self.hidden.append(h)
            self.slopes.append(slope)

    def _product(self, name, layer, left, right):
        """The rows of `left` (..., k) times `right` (k, m), in the workspace."""
        out = self._workspace((name, layer), (*left.shape[:-1], right.shape[1]))
        np.matmul(_rows(left), right, out=_rows(out))
        return out

    @cached_property
    def value(self):
        """The network's values W_L h_{L−1} + b_L, (n, d)."""
        return self.hidden[-1] @ self.weights[-1].T + self.network.biases[-1]

    def jvp(self, v):
        """J v for m stacked directions (m, n, d)."""
        return self._forward(v)[-1] @ self.weights[-1].T

    def _forward(self, v):
        """t₀ = v, t_l = D_l ∘ W_l t_{l−1}, each (m, n, width); kept for the gradient."""
        if self._directions is None or not np.array_equal(self._directions[0], v):
            self._directions = [np.array(v)]
            for layer, slope in enumerate(self.slopes, start=1):
                t = self._product("t", layer, self._directions[-1], self.weights[layer - 1].T)
                t *= slope
                self._directions.append(t)
        return self._directions

    def vjp(self, w):
        """Jᵀ w for w (n, d)."""
        for weight, slope in zip(self.weights[:0:-1], self.slopes[::-1], strict=True):
            w = w @ weight
            w *= slope
        return w @ self.weights[0]

    def jacobian(self):
        """J = W_L D_{L−1} W_{L−1} ··· D₁ W₁, (n, d, d)."""
        columns = self.jvp(self._units())
        return np.moveaxis(columns, 0, -1)

    def _units(self):
        """The unit vectors beside every point, (d, n, inputs), d as many as outputs."""
        n, inputs = self.x.shape
        return beside_points(np.eye(self.outputs, inputs), n)

    @cached_property
    def _coupled(self):
        """E = D₁ Mᵀ of the two-layer divergence, (n, m₂)."""
        return self._product("E", 2, self.slopes[0], self.network.coupling.T)

    def divergence(self):
        """The divergence at every point, (n,): exact by the formula for the depth at hand."""
        if len(self.weights) == 1:
            return np.full(len(self.x), np.trace(self.weights[0]))
        if len(self.weights) == 2:
            return self.slopes[0] @ self.network.coupling
        if len(self.weights) == 3:
            return np.einsum("nj,nj->n", self._coupled, self.slopes[1])
        return np.einsum("knj,kj->n", self._forward(self._units())[-1], self.weights[-1])

    def gradient(self, a, c, v, b):
        """∂Q/∂θ by the backward pass above, (p,)."""
        return self._backward(a, c, v, b, parameters=True)[1]

    def point_gradient(self, a, c, v, b):
        """∂Q/∂x, which is z̄₁ W₁ row by row, (n, d)."""
        return self._backward(a, c, v, b, points=True)[0]

    def gradients(self, a, c, v, b):
        """∂Q/∂x (n, d) and ∂Q/∂θ (p,) by one backward pass."""
        return self._backward(a, c, v, b, points=True, parameters=True)

    def _backward(self, a, c, v, b, *, points=False, parameters=False):
        """∂Q/∂x and ∂Q/∂θ, None what is not wanted."""
        if c is not None and len(self.weights) > 3:
            units = self._units()
            weighted = c[:, None] * units[..., : self.outputs]
            v = units if v is None else np.concatenate([v, units])
            b = weighted if b is None else np.concatenate([b, weighted])
            c = None
        flat, weight_bars, bias_bars = self._bars() if parameters else (None, [], [])
        directions = None if v is None else self._forward(v)
        z_bar, u_bar, kappas = a, b, self._kappas(c)
        for layer in reversed(range(len(self.weights))):
            if parameters:
                _fill(weight_bars[layer], bias_bars[layer], z_bar, self.hidden[layer])
            if parameters and u_bar is not None:
                weight_bars[layer] += self._product(
                    "W", layer, _rows(u_bar).T, _rows(directions[layer])
                )
            if layer > 0:
                t = None if v is None else directions[layer]
                z_bar, u_bar = self._through(layer, z_bar, u_bar, t, kappas[layer])
        if parameters and c is not None:
            self._add_coupling(c, weight_bars)
        return self._below(z_bar) if points else None, flat

    def _below(self, z_bar):
        """z̄₁ W₁ on the coordinates of x, (n, d); 0 where nothing asks for z̄₁."""
        if z_bar is None:
            return np.zeros((len(self.x), self.outputs))
        return z_bar @ self.weights[0][:, : self.outputs]

    def _bars(self):
        """The flat gradient, and the views on it that belong to the weights and biases."""
        size = sum(weight.size + len(weight) for weight in self.weights)
        flat = np.empty(size) if self._kept is None else self._kept("gradient", (size,))
        weight_bars, bias_bars, start = [], [], 0
        for weight in self.weights:
            weight_bars.append(flat[start : start + weight.size].reshape(weight.shape))
            start += weight.size
            bias_bars.append(flat[start : start + len(weight)])
            start += len(weight)
        return flat, weight_bars, bias_bars

    def _through(self, layer, z_bar, u_bar, t, kappa):
        """z̄ and ū of the layer below `weights[layer]`, None where nothing asks for them."""
        weight, h, slope = self.weights[layer], self.hidden[layer], self.slopes[layer - 1]
        below = None if z_bar is None else self._product("z", layer, z_bar, weight)
        if kappa is not None:
            kappa *= h
            below = kappa if below is None else np.add(below, kappa, out=below)
        if below is not None:
            below *= slope
        if u_bar is None:
            return below, None
        t_bar = self._product("u", layer, u_bar, weight)
        bend = self._workspace("bend", h.shape)
        np.einsum("mnj,mnj->nj", t, t_bar, out=bend) if len(t) > 1 else np.multiply(
            t[0], t_bar[0], out=bend
        )
        bend *= h
        bend *= -2.0
        t_bar *= slope
        if below is None:
            below = self._workspace(("z", layer), h.shape)
            below[...] = 0.0
        below += bend
        return below, t_bar

    def _kappas(self, c):
        """κ_l for every layer, from κ₂ = −2c E and κ₁ = (−2c D₂) M; None without a use."""
        kappas = [None] * len(self.weights)
        if c is not None and len(self.weights) == 2:
            kappas[1] = np.multiply.outer(-2.0 * c, self.network.coupling)
        if c is not None and len(self.weights) == 3:
            twice = -2.0 * c[:, None]
            shape = self.slopes[1].shape
            kappas[2] = np.multiply(twice, self._coupled, out=self._workspace("kappa", shape))
            scaled = np.multiply(twice, self.slopes[1], out=self._workspace("scaled", shape))
            kappas[1] = self._product("kappa", 1, scaled, self.network.coupling)
        return kappas

    def _add_coupling(self, c, weight_bars):
        """W̄ from the weights in M: M̄ = Σ c D₁ or Σ c D₂ D₁ᵀ, then through M's formula."""
        if len(self.weights) == 1:
            weight_bars[0] += c.sum() * np.eye(*self.weights[0].shape)
        elif len(self.weights) == 2:
            coupling_bar = c @ self.slopes[0]
            weight_bars[0][:, : self.outputs] += coupling_bar[:, None] * self.weights[1].T
            weight_bars[1] += (coupling_bar[:, None] * self.weights[0][:, : self.outputs]).T
        else:
            first, middle, last = self.weights
            first = first[:, : self.outputs]
            scaled = self._workspace("scaled", self.slopes[1].shape)
            coupling_bar = self._product("M", 0, scaled.T, self.slopes[0])
            coupling_bar *= -0.5
            weight_bars[1] += coupling_bar * (first @ last).T
            coupling_bar *= middle
            weight_bars[0][:, : self.outputs] += coupling_bar.T @ last.T
            weight_bars[2] += first.T @ coupling_bar.T


def _fill(weight_bar, bias_bar, z_bar, h):
    """W̄ = Σ z̄ hᵀ and b̄ = Σ z̄, zero where nothing asks for z̄."""
    if z_bar is None:
        weight_bar[...] = bias_bar[...] = 0.0
    else:
        np.matmul(z_bar.T, h, out=weight_bar)
        np.matmul(np.ones(len(z_bar)), z_bar, out=bias_bar)


def _rows(stacked):
    """Points, or stacked directions beside points, as one matrix of rows."""
    return stacked.reshape(-1, stacked.shape[-1])
