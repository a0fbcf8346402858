"""How can a loss compare a model with a score that nobody knows?

Theorem. ½E‖s − ∇log p‖² = E[½‖s‖² + div s] + ½I,  I = E‖∇log p‖², for every field s: the explicit
loss is the implicit one, which needs data alone, plus a constant. Integration by parts moves the
derivative onto s; where p jumps at a boundary it leaves a term behind, p(0)·s(0) on a half-line.
"""

import numpy as np
from course import compare, options, plotting

from refscore import nodes, objectives
from refscore.distributions import GaussianMixture, HalfNormal
from refscore.fields import Affine, Zero

MISTAKES = {
    "trace_sign": "½s² − div s is minimised, the sign of the derivative is lost",
    "no_boundary_term": "data on a half-line are treated as data on the whole line",
}
chosen = options(__doc__.splitlines()[0], MISTAKES)


# %% Two laws, and models for each: hills at ±θ; bells that drift and widen with θ, true at θ = 0
def hills(theta):
    return GaussianMixture([0.5, 0.5], [[-theta], [theta]], [0.4, 0.4])


def bell(theta):
    return Affine([[-1 + theta / 2]], [theta])  # −x + θ(1 + x/2)


line, half = hills(1.2), HalfNormal(sd=[1.0])


# %% The obvious way: compare with the score of the data, which only this page knows
def grid(law):
    return nodes.trapezoid(0 if law is half else -12, 12, 4000).under(law.log_density)


def explicit(field, law):
    return objectives.fisher_divergence(field, law, grid(law))


# %% refscore's way: the implicit loss, from data; then ½I and what the boundary left
def implicit_losses(field, x):
    losses = objectives.implicit_loss(field, x)
    return losses - 2 * field.divergence(x) if chosen.mistake == "trace_sign" else losses


def gap(field, law):
    half_information = explicit(Zero(1), law)
    if law is line or chosen.mistake == "no_boundary_term":
        return half_information
    return half_information + float(np.exp(law.log_density([0.0])) * field([0.0])[0])


# %% Both laws: what is exact on a fine grid, what 3000 data say at every tenth θ
def curves(law, fields, n=3000):
    x, points = law.sample(n, rng=7), grid(law)
    above = np.array([explicit(field, law) for field in fields])
    below = np.array([points.mean(objectives.implicit_loss(f, points.points)) for f in fields])
    losses = np.array([implicit_losses(field, x) + gap(field, law) for field in fields[::10]])
    return above, below, losses.mean(1), losses.std(1, ddof=1) / np.sqrt(n)


thetas = np.linspace(0, 2, 101), np.linspace(-0.6, 1.4, 101)
whole = curves(line, [hills(theta).score for theta in thetas[0]])
cut = curves(half, [bell(theta) for theta in thetas[1]])
compare("whole line, explicit loss at 0.6", whole[0][30], whole[2][3], 4 * whole[3][3])
compare("half-line, explicit loss at 1.2", cut[0][90], cut[2][9], 4 * cut[3][9])
square, slope, _ = np.polyfit(thetas[1][::10], cut[2], 2)
spread = 0.63 / np.sqrt(3000)  # of the best θ: sd(x + x²/2) / E(1 + x/2)² at θ = 0
compare("half-line, the best theta", 0, -slope / (2 * square), 4 * spread)

# %% The figure: the two exact losses, the band between them, the estimates from data
panels = plotting.axes(2, width=11.4, height=4.3)
for ax, theta, (above, below, found, error) in zip(panels, thetas, (whole, cut)):
    ax.fill_between(theta, below, above, color=plotting.LINE, alpha=0.45, linewidth=0)
    plotting.exact_curve(theta, above, name="explicit, exact", ax=ax)
    plotting.exact_curve(theta, below, name="implicit, exact", dashed=True, ax=ax)
    plotting.estimates(theta[::10], found, error, name="implicit from data, raised", ax=ax)
    best = theta[below.argmin()], below.min()
    ax.plot(*best, "v", color=plotting.INK, markersize=6)
left, right = {
    None: ("the curves are ½ I apart", f"½ I + p(0) s(0) apart; ▼ at {best[0]:.1f}, not 0"),
    "trace_sign": ["the dots have the wrong sign of div s"] * 2,
    "no_boundary_term": ("the dots are raised by ½ I", "the dots lack p(0) s(0)"),
}[chosen.mistake]
plotting.label(panels[0], f"Whole line: {left}", r"hills at $\pm\theta$", "loss")
plotting.label(panels[1], f"Half-line: {right}", r"$\theta$ of $-x + \theta(1 + x/2)$", "loss")
plotting.finish(panels, chosen.save, warning=chosen.warning)
