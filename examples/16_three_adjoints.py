"""Three ways back through a differential equation: whose gradient is it, and what does it cost?

Theorem. For z' = W z over T and L = r·z(T), dL/dW = T L_exp(T Wᵀ, r z₀ᵀ), a Fréchet derivative of
the exponential. Backpropagation gives the exact gradient of the N steps taken; the adjoint equation
λ' = −Wᵀλ, solved by Euler's method beside stored states, one that is 1 + ah times it where W = a.
Both err by h^p. Without stored states z is integrated back, and its errors grow by e^{LT}.
"""

import numpy as np
from course import compare, options, plotting
from scipy.linalg import expm_frechet

from refscore.flows import Linear
from refscore.ode import adjoint, backpropagate, solve

MISTAKES = {
    "sign": "the adjoint equation has the wrong sign, λ' = +Wᵀλ",
    "transposed": "the Jacobian is not transposed, λ' = −Wλ",
    "earlier_states": "λ at the later end of a step meets z at its earlier end",
    "first_step_left_out": "on the way back the first step is forgotten",
}
chosen = options(__doc__.splitlines()[0], MISTAKES)
W, z0, r = np.array([[-0.6, 1.4], [-0.5, 0.3]]), np.array([1.0, -0.4]), np.array([0.7, 1.1])
T, counts, euler = 1.5, np.array([6, 12, 24, 48]), "euler"


# %% The obvious way: Euler's method for z, kept, then for λ
def by_hand(W, z0, r, n):
    h, path, lam, slope = T / n, [z0], r, np.zeros_like(W)
    for _ in range(n):
        path.append(path[-1] + h * W @ path[-1])
    turn = -W.T if chosen.mistake == "sign" else W if chosen.mistake == "transposed" else W.T
    ahead = 0 if chosen.mistake == "earlier_states" else 1
    for k in range(n - 1, 0 if chosen.mistake == "first_step_left_out" else -1, -1):
        slope, lam = slope + h * np.outer(lam, path[k + ahead]), lam + h * turn @ lam
    return slope


# %% refscore's way: the steps' own gradient, and adjoints that differ in where z(t) comes from
def gradient(kind, W, z0, r, n, method):
    f = Linear(W)
    if kind == "steps":
        found = backpropagate(f, z0, np.linspace(0, T, n + 1), r, method=method)
    else:
        found = adjoint(f, z0, 0, T, r, n_steps=n, method=method, reconstruct=kind)
    return found.parameters[: W.size].reshape(W.shape)


for a, n in ((0.8, 5), (-1.1, 9)):
    one, growth = (np.array([[a]]), np.array([1.3]), np.array([0.9]), n), 1 + a * T / n
    found, size = gradient("steps", *one, euler)[0, 0], T * 1.3 * 0.9
    compare(f"a = {a}: dL/da of the steps", size * growth ** (n - 1), found, 1e-3)
    compare(f"a = {a}: dL/da of the adjoint", size * growth**n, by_hand(*one)[0, 0], 1e-3)
right, curves = T * expm_frechet(T * W.T, np.outer(r, z0), compute_expm=False), {}
for method, order in ((euler, 1), ("rk4", 4)):
    for kind in ("steps", "store", "backward"):
        found = [gradient(kind, W, z0, r, n, method) for n in counts]
        curves[f"{method}, {kind}"] = counts, [np.abs(one - right).max() for one in found]
        measured = np.log2(curves[f"{method}, {kind}"][1][2] / curves[f"{method}, {kind}"][1][3])
        compare(f"{method}, {kind}: order", order, measured, 0.2)
compare("by hand, 48 steps: dL/dW₁₂", right[0, 1], by_hand(W, z0, r, 48)[0, 1], 0.02)

# %% Stiff: z forgets fast on the way forward, so what is a little wrong at T is very wrong at 0
rates, small, grown, tight = np.array([2.0, 5, 8, 11, 14]), 1e-6, [], {"rtol": 1e-9, "atol": 1e-12}
lost = {"steps": [], "adjoint, interpolated": [], "adjoint, backward": []}
for L in rates:
    W = np.array([[-L, 1.0], [0.0, -0.3]])
    f, right = Linear(W), T * expm_frechet(T * W.T, np.outer(r, z0), compute_expm=False)
    end = f.flow(z0, 0, T) + np.array([small, 0])
    grown.append(np.abs(solve(f, end, T, 0, **tight).x1 - z0).max() / small)
    compare(f"LT = {L * T:g}: log growth of an error", L * T, np.log(grown[-1]), 0.02 * L * T)
    found = [backpropagate(f, z0, [0, T], r, rtol=1e-8)]
    for way in ("interpolate", "backward"):
        found.append(adjoint(f, z0, 0, T, r, rtol=1e-8, atol=1e-8, reconstruct=way))
    for errors, one in zip(lost.values(), found):
        errors.append(np.abs(one.parameters[:4].reshape(2, 2) - right).max())
for name in list(lost)[:2]:
    compare(f"LT = {L * T:g}, {name}: error", 0, lost[name][-1], 1e-5)

# %% The figure
panels = plotting.axes(2, width=12, height=4.6)
plotting.work_precision(curves, orders={k: 4 if k[0] == "r" else 1 for k in curves}, ax=panels[0])
plotting.exact_curve(rates * T, small * np.exp(rates * T), name="10⁻⁶ e^{LT}", ax=panels[1])
plotting.estimates(rates * T, small * np.array(grown), 0 * rates, name="z(0), back", ax=panels[1])
for name, colour in zip(lost, ("#009E73", "#C98A00", "#D55E00")):
    plotting.exact_curve(rates * T, lost[name], name=f"dL/dW, {name}", colour=colour, ax=panels[1])
panels[1].set(yscale="log")
plotting.label(panels[0], "Error of dL/dW (dashed: orders)", "steps", "largest error")
plotting.label(panels[1], "Stiff: what integrating back does", "LT", "error")
plotting.finish(panels, chosen.save, warning=chosen.warning)
