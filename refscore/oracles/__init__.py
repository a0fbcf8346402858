"""Closed forms that identities are decided by: NumPy and SciPy only, nothing of the library's.

The oracles share no code with what they judge and take other routes: exact rational arithmetic
for quadratic forms, extended precision (`np.longdouble`) for sums, moment ODEs and quadrature
for schedules, complex steps for derivatives. They read plain descriptions: a law is an object
with `.kind` and plain arrays, a field is one of kind affine, mixture_score or mlp.

scores      log densities, scores, their derivatives, moments, cumulative distributions
fields      values, Jacobians, divergences and parameter gradients of described fields
objectives  score-matching losses point by point, and their closed forms
perturbed   losses on perturbed data: kernel densities, noise, finite differences
ladder      losses over noise levels, their weightings and minima
bounded     generalised score matching, ratio matching
kernels     kernel densities, kernel estimators of scores
contrasts   contrastive divergence, noise-contrastive estimation
estimators  optima, asymptotic variances, bounds
traces      Hutchinson estimates on given probes, variances, brute-force enumerations
bayes       Tweedie, linear-Gaussian posteriors, diffused laws
langevin    exact laws of the unadjusted Langevin chain on a Gaussian, Wasserstein distance
langevin_steps, langevin_laws, langevin_acceptance, langevin_transfer
            the other Langevin steps on given noise; their laws and mean acceptance on a
            Gaussian; the law of a chain on the line, backwards
discrepancies
            kernel Stein, MMD, energy, Wasserstein and Kolmogorov-Smirnov distances
processes   Wiener paths, transitions, noise tables, grids, simulated paths
diffusion   forward marginals, probability-flow velocities, maps and likelihoods
likelihood, guidance
            errors of likelihoods by the flow; guided and posterior scores, guided laws
fokker_planck
            residuals, densities in time, stationary densities and spectral gaps
reverse, reverse_lines
            steps from noise to data, their exact laws on Gaussian data, and on the line
parametrisations, exponential
            predictions of score, noise, data and velocity; steps of EDM, DPM-Solver and multistep
            samplers on given noise
ode         Runge-Kutta steps written out, exact paths
velocities  Picard's iterates, many solutions, what flows keep
ode_gradients
            derivatives of exact paths and of steps in points, parameters and times
bijections, bijection_layers
            invertible maps, their inverses and log-determinants; densities through layers
flows       densities of continuous flows, exact and on probes, their derivatives, energies of paths
discrete_gradients, discrete_gradient_moments, discrete_gradient_ranges, discrete_gradient_seeds
            estimates of gradients of expectations over classes and bits; their means, variances
            and ranges; what they say of their own draws
quantisation, scalar_quantisation
            nearest codes, losses, moving averages in fractions; optimal levels of the normal law
elbo        bounds of discrete latents, code by code, grid by grid, draw by draw
families    conditional, latent, adversarial and energy models of small normal laws
gumbel      Gumbel draws, relaxed one-hot rows and bits, their derivatives and densities
calculus    nearest gradient field of an affine field
"""

from importlib import import_module

__all__ = [
    "adams", "bayes", "bijection_layers", "bijections", "bounded", "calculus", "contrasts",
    "cumulative", "diffusion", "discrepancies", "discrete_gradient_moments",
    "discrete_gradient_ranges", "discrete_gradient_seeds", "discrete_gradients", "elbo",
    "estimators", "exponential",
    "families", "fields", "flows", "fokker_planck", "guidance", "gumbel", "kernels", "ladder",
    "langevin", "langevin_acceptance",
    "langevin_laws", "langevin_steps", "langevin_transfer", "likelihood", "objectives", "ode",
    "ode_gradients", "parametrisations", "perturbed", "processes", "quantisation", "reverse",
    "reverse_lines", "scalar_quantisation", "scores", "traces", "velocities",
]  # fmt: skip


def __getattr__(name: str):
    if name in __all__:
        return import_module(f"refscore.oracles.{name}")
    raise AttributeError(f"module 'refscore.oracles' has no attribute {name!r}")
