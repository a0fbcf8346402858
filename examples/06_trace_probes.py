"""Which probes should estimate a trace, and when is a random probe not enough?

Theorem. E v = 0 and E v vᴴ = I give E vᴴA v = tr A; a probe's kind shows in its variance alone:
2(F − D) + (κ − 1) D for real iid entries of fourth moment κ, with S = (A + Aᵀ)/2, F = ‖S‖²_F and
D = Σ s_ii². The mean of m probes errs by √(variance/m). Hutch++ and XTrace catch the large
eigenvalues first, and gain by as much as the spectrum decays.
"""

import numpy as np
from course import compare, options, plotting

from refscore import traces

MISTAKES = {
    "gaussian_for_signs": "the docstring says Rademacher, the code draws Gaussians",
    "asymmetric": "the Gaussian variance is taken as 2‖A‖²_F, not 2‖S‖²_F",
}
chosen = options(__doc__.splitlines()[0], MISTAKES)

# %% One matrix, not symmetric, with an uneven diagonal; seven kinds of probe
rng = np.random.default_rng(5)
d, n = 6, 20000
A = rng.normal(size=(d, d)) + np.diag(np.arange(d) / 2)
S = (A + A.T) / 2
F, D = np.sum(S**2), np.sum(np.diag(S) ** 2)


def draw(kind):
    if kind == "uniform":
        return rng.uniform(-np.sqrt(3), np.sqrt(3), (n, d))
    if kind == "complex gaussian":
        return (rng.normal(size=(n, d)) + 1j * rng.normal(size=(n, d))) / np.sqrt(2)
    if kind == "rademacher" and chosen.mistake == "gaussian_for_signs":
        kind = "gaussian"
    return traces.draw_probes((n, d), kind, rng=rng)


# %% The obvious way: draw and look; refscore's way: the formula (two more are written out here)
exact = {kind: traces.variance(A, kind) for kind in traces.KINDS}
exact |= {"uniform": 2 * (F - D) + (9 / 5 - 1) * D, "complex gaussian": F}
exact = dict(sorted(exact.items(), key=lambda item: -item[1]))
if chosen.mistake == "asymmetric":
    exact["gaussian"] = 2 * np.sum(A**2)
found, error = {}, {}
for kind in exact:
    probes = draw(kind)
    forms = np.einsum("ni,ij,nj->n", probes.conj(), A, probes).real
    squares = (forms - forms.mean()) ** 2
    found[kind], error[kind] = squares.mean(), squares.std() / np.sqrt(n)
    compare(f"variance, {kind}", exact[kind], found[kind], 4 * error[kind])

# %% Two spectra: the error of three estimators against the number of products, relative to tr A
size, repeats, budgets = 120, 100, np.array([6, 12, 24, 48, 96])
Q = np.linalg.qr(rng.normal(size=(size, size)))[0]
k = np.arange(1, size + 1)
methods = {
    "Hutchinson": lambda B, m: traces.hutchinson(B, n_probes=m, rng=rng),
    "Hutch++": lambda B, m: traces.hutch_plus_plus(B, n_products=m, rng=rng),
    "XTrace": lambda B, m: traces.xtrace(B, n_products=m, rng=rng),
}
panels = plotting.axes(3, width=14, height=4.4)
spectra = (("1/k", 1 / k, None), ("0.8^k", 0.8**k, "lower left"))
for ax, (name, eigenvalues, where) in zip(panels[1:], spectra):
    B = (Q * eigenvalues) @ Q.T / eigenvalues.sum()
    errors = {
        method: [[estimate(B, m).estimate - 1 for m in budgets] for _ in range(repeats)]
        for method, estimate in methods.items()
    }
    rms = np.sqrt(traces.variance(B) / budgets)
    ratio = np.square(errors["Hutchinson"] / rms).ravel()
    tolerance = 4 * ratio.std() / np.sqrt(ratio.size)
    compare(f"traces.hutchinson: m MSE/variance, {name}", 1, ratio.mean(), tolerance)
    plotting.trace_decay(budgets, errors, exact={"Hutchinson": rms}, ax=ax)
    title = f"Error, eigenvalues ${name}$"
    plotting.label(ax, title, "products with A", "relative error", legend=where)

# %% The figure: seven variances, and how the error falls
columns = [list(values.values()) for values in (exact, found, error)]
plotting.exact_and_estimates(exact, *columns, ax=panels[0])
plotting.label(panels[0], "Variance of one probe", "variance of $v^H A v$")
plotting.finish(panels, chosen.save, warning=chosen.warning)
