"""Is my own code right, and if not, what is wrong with it?

Theorem. With x̃ = x + σz of law q_σ, ½E‖s(x̃) + z/σ‖² = ½E‖s − ∇log q_σ‖² + d/(2σ²) − ½I(q_σ); and
E[v·(∇s)v + ½(v·s)²] = E[½‖s‖² + div s] for probes with E v vᵀ = I. The kit hands my code the
draws z and v, so it can say exactly what each loss has to be, and which mistake gives mine.
"""

import numpy as np
from course import compare, options, plotting

from refscore import nodes, objectives, traces, verify
from refscore.distributions import GaussianMixture
from refscore.fields import Zero

MISTAKES = {
    "target_sign": "the denoising target has the sign of an energy's gradient",
    "sigma_twice": "the denoising target is divided by σ², for unit noise z",
    "probes_summed": "probes are summed, never divided by their number",
}
chosen = options(__doc__.splitlines()[0], MISTAKES)


# %% My code, as an adapter: every method that is named like a port is checked
class Mine:
    """Two ports of the kit; `refscore ports` says what each of them has to return."""

    name = "my code"

    def denoising_loss(self, field, x, sigma, noise):
        """½‖s(x + σz) + z/σ‖² at every point."""
        sign = -1 if chosen.mistake == "target_sign" else 1
        power = 2 if chosen.mistake == "sigma_twice" else 1
        return 0.5 * ((field(x + sigma * noise) + sign * noise / sigma**power) ** 2).sum(-1)

    def sliced_loss(self, field, x, probes):
        """The mean over probes v of v·(∇s)v + ½(v·s)² at every point."""
        along = [(v * field.jvp(x, v)).sum(-1) + 0.5 * (v * field(x)).sum(-1) ** 2
                 for v in np.moveaxis(probes, 1, 0)]  # fmt: skip
        return sum(along) if chosen.mistake == "probes_summed" else sum(along) / len(along)


# %% The obvious way: train with it, and look whether the samples look right.
# refscore's way: ask the catalogue.
report = verify.run(Mine())
print(report.summary())

# %% What the diagnosis rests on: my losses of the models "hills at ±θ", beside the exact ones
law, sigma, n, m = GaussianMixture([0.7, 0.3], [[-1.2, 0], [1.2, 0]], [0.5, 0.5]), 0.6, 4000, 2
noisy = law.diffuse(1, sigma)
rng = np.random.default_rng(3)
x, noise = law.sample(n, rng=rng), rng.normal(size=(n, 2))
probes = traces.draw_probes((n, m, 2), rng=rng)
grid = nodes.trapezoid([-7, -7], [7, 7], 140)
clean_grid, noisy_grid = grid.under(law.log_density), grid.under(noisy.log_density)
thetas = np.linspace(0, 2, 41)


def hills(theta, added=0.0):
    return GaussianMixture([0.7, 0.3], [[-theta, 0], [theta, 0]], [0.5 + added] * 2).score


def exact_denoising(theta):
    information = 2 * objectives.fisher_divergence(Zero(2), noisy, noisy_grid)
    distance = objectives.fisher_divergence(hills(theta, sigma**2), noisy, noisy_grid)
    return distance + 2 / (2 * sigma**2) - information / 2


def exact_sliced(theta):
    return clean_grid.mean(objectives.implicit_loss(hills(theta), clean_grid.points))


# %% The figure: the exact loss, and mine with its error bar
mine = Mine()
pairs = (
    ("denoising", exact_denoising,
     lambda theta: mine.denoising_loss(hills(theta, sigma**2), x, sigma, noise)),
    ("sliced", exact_sliced, lambda theta: mine.sliced_loss(hills(theta), x, probes)),
)  # fmt: skip
panels = plotting.axes(2, width=11.4, height=4.3)
for ax, (name, exact, estimate) in zip(panels, pairs):
    curve = np.array([exact(theta) for theta in thetas])
    losses = np.array([estimate(theta) for theta in thetas[::4]])
    found, error = losses.mean(1), losses.std(1, ddof=1) / np.sqrt(n)
    compare(f"{name} loss at 1.2", curve[24], found[6], 4 * error[6])
    plotting.exact_curve(thetas, curve, ax=ax)
    plotting.estimates(thetas[::4], found, error, name=f"my code, {n} data", ax=ax)
    plotting.label(ax, f"The {name} loss", r"hills at $\pm\theta$ (true: 1.2)", "loss")
plotting.finish(panels, chosen.save, warning=chosen.warning)
