"""What does it cost to look at a score along random directions only?

Theorem. E v vᵀ = I makes E[vᵀ∇s v + ½(v·s)²] the implicit loss, for one product a probe and not
d of them; the price is variance. For the precision θ of N(0, I/θ), m probes a point:  n Var θ̂ / θ²
→ 2/d + c/m,  c = 2 + 2/d for Gaussian probes, 2 − 2/d for signs; with ½‖s‖² in place of ½(v·s)²
only  c = 2/d  and  0: then signs are as good as all d products, here as maximum likelihood.
"""

import numpy as np
from course import compare, options, plotting

from refscore import objectives, traces
from refscore.fields import Affine

MISTAKES = {
    "unit_probes": "probes of length 1, not √d, say I/d; reduced losses then find θ/d",
    "shared_probe": "one probe serves all points, and its error does not average out",
}
chosen = options(__doc__.splitlines()[0], MISTAKES)

# %% Data N(0, I/θ), the model s(x) = −θx, and n data to learn θ from, again and again
rng, theta, n, repeats = np.random.default_rng(11), 2.0, 400, 600
losses = {"plain": objectives.sliced_loss, "reduced": objectives.variance_reduced_sliced_loss}


def model(theta, d):
    return Affine(-theta * np.eye(d), np.zeros(d))


def data(d):
    return rng.standard_normal((repeats, n, d)) / np.sqrt(theta)


# %% Every loss is a parabola ½aθ² − bθ on its data: two values tell its lowest point
def lowest(loss):
    at_one, at_minus_one = loss(1.0).mean(1), loss(-1.0).mean(1)
    a, b = at_one + at_minus_one, (at_minus_one - at_one) / 2
    squares = n * (b / a - np.mean(b / a)) ** 2 / theta**2
    return b.mean() / a.mean(), squares.mean(), squares.std() / np.sqrt(repeats)


# %% The obvious way: the whole trace, d products with the Jacobian a point
def whole(d):
    x = data(d)
    return lowest(lambda theta: objectives.implicit_loss(model(theta, d), x))


# %% refscore's way: m products a point, the same probes for every θ
def sliced(form, kind, d, m):
    x, probes = data(d), traces.draw_probes((repeats, n, m, d), kind, rng=rng)
    if chosen.mistake == "shared_probe":
        probes = np.broadcast_to(probes[:, :1], probes.shape)
    if chosen.mistake == "unit_probes":
        probes = probes / np.sqrt(d)
    return lowest(lambda theta: losses[form](model(theta, d), x, probes))


def exact(form, kind, d, m):
    sign = 1 if kind == "gaussian" else -1
    return 2 / d + (2 + 2 * sign / d if form == "plain" else (1 + sign) / d) / m


# %% Four ways to look, with one probe in d dimensions, and with m probes in eight
ways = [(form, kind) for form in losses for kind in ("gaussian", "rademacher")]
cases = {"by d": [(2, 1), (4, 1), (8, 1), (16, 1)], "by m": [(8, 1), (8, 2), (8, 4), (8, 8)]}
every = dict.fromkeys(cases["by d"] + cases["by m"])
found = {(*way, *at): sliced(*way, *at) for way in ways for at in every}
_, variance, error = whole(8)
compare("all products: n Var/theta^2", 2 / 8, variance, 4 * error)
for way in ways:
    (mean, variance, error), name = found[(*way, 8, 1)], ", ".join(way)
    compare(f"{name}: theta", theta, mean, 4 * theta * np.sqrt(exact(*way, 8, 1) / (n * repeats)))
    compare(f"{name}: n Var/theta^2", exact(*way, 8, 1), variance, 4 * error)

# %% The figure: n Var/θ² of the four, exactly and as found
panels = plotting.axes(2, width=11.4, height=4.3)
for ax, points, along in zip(panels, cases.values(), (0, 1)):
    ax.set(xscale="log", yscale="log", ylim=None if chosen.mistake else (0.08, 6))
    for way, colour in zip(ways, ("#D55E00", "#C98A00", "#0072B2", "#009E73")):
        x = [point[along] for point in points]
        _, variances, errors = np.transpose([found[(*way, *point)] for point in points])
        curve = [exact(*way, *point) for point in points]
        plotting.exact_curve(x, curve, name="", colour=colour, ax=ax)
        plotting.estimates(x, variances, errors, name=", ".join(way), colour=colour, ax=ax)
    ax.set_xticks(x, x)
    ax.minorticks_off()
plotting.label(panels[0], "One probe, d dimensions", "d", r"$n$ Var$(\hat\theta)\,/\,\theta^2$")
plotting.label(panels[1], "Eight dimensions, m probes", "m", legend=None)
plotting.finish(panels, chosen.save, warning=chosen.warning)
