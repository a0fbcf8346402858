"""The table of ports: what a subject may offer, with every name's one meaning.

Arguments are handed over by position in the order given here, except the last group: a
stochastic port names in its signature either the draws it is handed (`given`) or the
generator it draws from (`rng`, or `seed`, `generator`, `key`), and gets that by keyword.
"""

from __future__ import annotations

from typing import NamedTuple

from refscore.verify.continuous_flow_ports import CONTINUOUS_FLOWS
from refscore.verify.discrete_gradient_ports import DISCRETE_GRADIENTS
from refscore.verify.discrete_ports import DISCRETE
from refscore.verify.elbo_ports import ELBO
from refscore.verify.exponential_ports import EXPONENTIAL
from refscore.verify.family_ports import FAMILIES
from refscore.verify.flow_ports import FLOWS
from refscore.verify.fokker_planck_ports import FOKKER_PLANCK
from refscore.verify.guidance_ports import GUIDANCE, LIKELIHOOD
from refscore.verify.langevin_ports import LANGEVIN
from refscore.verify.ode_ports import ODE
from refscore.verify.process_ports import PROCESSES
from refscore.verify.quantisation_ports import QUANTISATION
from refscore.verify.reverse_ports import REVERSE

GENERATOR_NAMES = ("rng", "seed", "generator", "key")
GIVEN_NAMES = ("noise", "probes", "uniforms", "gumbels", "uniform")

# What a law of each kind carries beside its `kind`; K components, n data, d coordinates.
LAWS: dict[str, tuple[str, ...]] = {
    "gaussian": ("mean", "covariance"),
    "mixture": ("weights", "means", "covariances"),
    "student_t": ("location", "shape", "dof"),
    "laplace": ("location", "scale"),
    "logistic": ("location", "scale"),
    "generalised_normal": ("location", "scale", "power"),
    "uniform": ("low", "high"),
    "smoothed_uniform": ("low", "high", "sigma"),
    "truncated_normal": ("mean", "sd", "low", "high"),
    "half_normal": ("sd",),
    "funnel": ("dim", "scale"),
    "banana": ("curvature", "scale"),
    "empirical": ("data", "bandwidth"),
}


class Port(NamedTuple):
    """One function a subject may offer."""

    name: str
    group: str
    arguments: tuple[str, ...]
    given: str | None
    returns: str
    rowwise: bool
    meaning: str
    more: tuple[str, ...] = ()  # further draws, handed over beside `given`

    @property
    def signature(self) -> str:
        """As an adapter writes it, e.g. `(field, x, probes | rng)`."""
        names = list(self.arguments)
        if self.given == "rng":
            names.append("rng")
        elif self.given:
            names.append(f"{', '.join((self.given, *self.more))} | rng")
        return "(" + ", ".join(names) + ")"


def _port(name, group, arguments, returns, meaning, given=None, rowwise=True):
    given, *more = given.split() if given else (None,)
    arguments = tuple(arguments.split())
    return Port(name, group, arguments, given, returns, rowwise, meaning, tuple(more))


# returns: values (n,), points (n, d), matrices (n, d, d), losses (n,) or their mean (),
# gradient (p,), number (), draws (n, d), mapping of named arrays, pair of numbers; moved: points,
# or (points, accepted (n,)); states: positions and velocities (n, d) each; chain: the last points
# (n, d) or all (n_steps, n, d).
_TABLE = [
    _port("log_density", "densities", "law x", "values", "log p(x) of the described law"),
    _port("score", "densities", "law x", "points", "gradient of log p in x"),
    _port("score_jacobian", "densities", "law x", "matrices", "d score_i / d x_j, j last"),
    _port("divergence", "densities", "law x", "values", "trace of the score's Jacobian"),
    _port("sample", "densities", "law n", "draws", "n independent draws", "rng", False),
    _port("denoise", "densities", "score y alpha sigma", "posterior",
          "E[X | alpha X + sigma Z = y], or (mean, covariance): Tweedie"),
    _port("diffuse", "densities", "law alpha sigma", "law",
          "the law of alpha X + sigma Z, as a mapping of its named arrays", rowwise=False),
    _port("posterior", "densities", "law H y noise_cov weight", "law",
          "the law prop. to p(x) N(y; H x, noise_cov)^weight, as a mapping", rowwise=False),
    _port("recover_log_density", "densities", "score x x0", "values",
          "log p(x) - log p(x0) from the score alone"),
    _port("conservative_projection", "densities", "matrix offset mean covariance", "affine",
          "(B, c): nearest gradient field B x + c of matrix x + offset", rowwise=False),
    _port("boundary_term", "densities", "field law", "number",
          "p s at the upper end of a one-dimensional law's interval, minus p s at the lower",
          rowwise=False),
    _port("fisher_loss", "objectives", "field score x", "losses", "1/2 |field - score|^2"),
    _port("implicit_loss", "objectives", "field x", "losses", "1/2 |s|^2 + tr grad s"),
    _port("sliced_loss", "objectives", "field x", "losses",
          "mean over probes v of v.(grad s) v + 1/2 (v.s)^2", "probes"),
    _port("variance_reduced_sliced_loss", "objectives", "field x", "losses",
          "mean over probes v of v.(grad s) v, plus 1/2 |s|^2", "probes"),
    _port("denoising_loss", "objectives", "field x sigma", "losses",
          "1/2 |s(x + sigma z) + z / sigma|^2", "noise"),
    _port("implicit_loss_gradient", "objectives", "field x", "gradient",
          "gradient of the mean implicit loss in the field's parameters"),
    _port("sliced_loss_gradient", "objectives", "field x", "gradient",
          "gradient of the mean sliced loss", "probes"),
    _port("variance_reduced_sliced_loss_gradient", "objectives", "field x", "gradient",
          "gradient of the mean variance-reduced sliced loss", "probes"),
    _port("denoising_loss_gradient", "objectives", "field x sigma", "gradient",
          "gradient of the mean denoising loss", "noise"),
    _port("bounded_loss", "objectives", "field x weight_function weight_derivative", "losses",
          "sum over i of 1/2 h s_i^2 + h d_i s_i + h' s_i, with h and h' at x_i"),
    _port("bounded_loss_gradient", "objectives", "field x weight_function weight_derivative",
          "gradient", "gradient of the mean of bounded_loss"),
    _port("simplex_loss", "objectives", "field x", "losses",
          "1/2 h |s|^2 + h tr grad s + grad h.s, h = (1 - sum x) times all x_i"),
    _port("simplex_loss_gradient", "objectives", "field x", "gradient",
          "gradient of the mean of simplex_loss"),
    _port("contrastive_divergence", "estimators", "energy x step_size n_steps", "gradient",
          "mean dE/dtheta at x, minus that after n_steps Langevin steps (langevin_step) from x",
          "noise", False),
    _port("noise_contrastive_loss", "estimators", "log_model log_noise x y", "number",
          "-mean_x log sigmoid(G) - nu mean_y log sigmoid(-G), G = log_model - log_noise - log nu, "
          "nu = n_y / n_x", rowwise=False),
    _port("kernel_density", "estimators", "data bandwidth x", "values",
          "log of the Gaussian kernel density of data at x"),
    _port("leave_one_out", "estimators", "data bandwidth", "vector",
          "log of the kernel density of the other points at every point", rowwise=False),
    _port("kernel_mise", "estimators", "law n bandwidth", "number",
          "mean integrated squared error of the kernel density of n draws", rowwise=False),
    _port("stein_estimator", "estimators", "x bandwidth regularisation", "points",
          "-(K + regularisation I)^-1 sum_j grad_j k(., x_j), k = exp(-|.|^2 / 2 h^2)",
          rowwise=False),
    _port("kernel_exponential_family", "estimators", "x basis bandwidth regularisation", "vector",
          "coefficients of sum_j a_j k(basis_j, .) by score matching, penalty l/2 a.K a",
          rowwise=False),
    _port("kernel_exponential_family_on_base", "estimators",
          "score x basis bandwidth regularisation", "vector",
          "the same beside a base density of this score", rowwise=False),
    _port("explicit_loss", "objectives", "field x data bandwidth", "losses",
          "1/2 |s - grad log q|^2, q the Gaussian kernel density of data (m, d)"),
    _port("gaussian_denoising_loss", "objectives", "field x scale covariance", "losses",
          "1/2 |s(scale x + L z) + L^-T z|^2, L lower triangular, L L^T = covariance", "noise"),
    _port("controlled_denoising_loss", "objectives", "field x sigma", "losses",
          "the denoising loss - z.s(x) / sigma - (|z|^2 - d) / (2 sigma^2)", "noise"),
    _port("noisy_implicit_loss", "objectives", "field x sigma", "losses",
          "1/2 |s|^2 + tr grad s at x + sigma z", "noise"),
    _port("regularised_implicit_loss", "objectives", "field x strength", "losses",
          "1/2 |s|^2 + tr grad s + strength sum_i (d s_i / d x_i)^2"),
    _port("finite_difference_loss", "objectives", "field x step", "losses",
          "mean over probes v of v.(s(x + step v) - s(x - step v)) / (2 step) + 1/2 (v.s(x))^2",
          "probes"),
    _port("curvature_propagation_loss", "objectives", "field x factor", "losses",
          "1/2 |s|^2 - mean over probes v of |C^T v|^2, factor C (n, k, d), probes (n, m, k)",
          "probes", False),
    _port("curvature_propagation_loss_gradient", "objectives", "field x factor factor_gradient",
          "gradient", "gradient of the mean curvature propagation loss, factor_gradient dC/dtheta",
          "probes"),
    _port("explicit_loss_gradient", "objectives", "field x data bandwidth", "gradient",
          "gradient of the mean explicit loss"),
    _port("gaussian_denoising_loss_gradient", "objectives", "field x scale covariance",
          "gradient", "gradient of the mean Gaussian denoising loss", "noise"),
    _port("controlled_denoising_loss_gradient", "objectives", "field x sigma", "gradient",
          "gradient of the mean controlled denoising loss, control variate included", "noise"),
    _port("noisy_implicit_loss_gradient", "objectives", "field x sigma", "gradient",
          "gradient of the mean noisy implicit loss", "noise"),
    _port("regularised_implicit_loss_gradient", "objectives", "field x strength", "gradient",
          "gradient of the mean regularised implicit loss"),
    _port("finite_difference_loss_gradient", "objectives", "field x step", "gradient",
          "gradient of the mean finite-difference loss", "probes"),
    _port("ladder_loss", "objectives", "family x levels sigmas", "losses",
          "1/2 sigma^2 |s(x + sigma z, sigma) + z / sigma|^2, sigma = sigmas[levels]", "noise"),
    _port("ladder_loss_gradient", "objectives", "family x levels sigmas", "gradient",
          "gradient of the mean ladder loss in the family's parameters", "noise", False),
    _port("min_snr_weight", "weightings", "snr gamma prediction", "vector",
          'weight on the squared error of a "noise", "velocity" or "data" prediction',
          rowwise=False),
    _port("edm_weight", "weightings", "sigmas sigma_data", "vector",
          "weight on |D - x|^2: (sigma^2 + sigma_data^2) / (sigma sigma_data)^2", rowwise=False),
    _port("edm_preconditioning", "weightings", "sigmas sigma_data", "coefficients",
          "(c_skip, c_out, c_in, c_noise) of D = c_skip x + c_out F(c_in x, c_noise)",
          rowwise=False),
    _port("edm_sigmas", "weightings", "normals p_mean p_std", "vector",
          "exp(p_mean + p_std z) of given standard normals", rowwise=False),
    _port("log_uniform_sigmas", "weightings", "uniforms sigma_min sigma_max", "vector",
          "sigma_min (sigma_max / sigma_min)^u of given uniforms", rowwise=False),
    _port("geometric_sigmas", "weightings", "sigma_max sigma_min n", "vector",
          "n levels of one ratio from sigma_max down to sigma_min", rowwise=False),
    _port("score_weight", "weightings", "weight target alpha sigma", "number",
          'weight on |s + z/sigma|^2 equal to `weight` on the error of a "score", "noise", "data",'
          ' "velocity" (alpha z - sigma x) or "flow" (z - x)', rowwise=False),
    _port("uncertainty_loss", "weightings", "squares log_variance", "vector",
          "1/2 (squares exp(-log_variance) + log_variance)", rowwise=False),
    _port("draw_levels", "weightings", "n n_levels", "vector",
          "n independent levels, uniform on 0, ..., n_levels - 1; those of a balanced batch (every"
          " level equally often) have the right mean and are not independent", "rng", False),
    _port("trace_estimate", "traces", "matvec dim", "estimate",
          "mean over probes of v.(A v), or (mean, standard_error)", "probes", False),
    _port("divergence_estimate", "traces", "field x", "values",
          "mean over probes of v.(grad s) v at every point", "probes"),
    _port("diagonal_estimate", "traces", "matvec dim", "vector",
          "mean over probes of v * (A v)", "probes", False),
    _port("hutch_plus_plus", "traces", "matvec dim", "estimate",
          "trace on a sketched subspace, Hutchinson on the rest; probes (2k, dim), sketch first",
          "probes", False),
    _port("xtrace", "traces", "matvec dim", "estimate",
          "exchangeable trace estimate from m probes", "probes", False),
    _port("curvature_propagation", "traces", "factor", "vector",
          "mean over probes of (factor^T v)^2: the diagonal of factor^T factor", "probes",
          False),
    *(_port(name, "langevin", *rest) for name, *rest in LANGEVIN),
    _port("kernel_stein_discrepancy", "discrepancies",
          "score x kernel bandwidth exponent statistic", "number",
          'squared KSD, kernel "rbf" exp(-r^2 / 2 bandwidth^2) or "imq" (bandwidth^2 +'
          ' r^2)^-exponent, statistic "V" (all pairs, / n^2) or "U" (i != j, / n (n - 1))',
          rowwise=False),
    _port("weighted_kernel_stein_discrepancy", "discrepancies",
          "score x weights kernel bandwidth exponent", "number",
          "the same of points with weights that sum to one, all pairs", rowwise=False),
    _port("mmd", "discrepancies", "x y kernel bandwidth statistic", "number",
          'squared MMD, kernel "rbf" as above or "imq" (bandwidth^2 + r^2)^-1/2, statistic "V" or'
          ' "U" (no pair i = i within a sample)', rowwise=False),
    _port("weighted_mmd", "discrepancies", "x y x_weights y_weights kernel bandwidth", "number",
          'the same of weighted points, all pairs; kernel "energy" is -r', rowwise=False),
    _port("energy_distance", "discrepancies", "x y statistic", "number",
          "2 mean |x - y| - mean |x - x'| - mean |y - y'|, no root", rowwise=False),
    _port("wasserstein_1d", "discrepancies", "x y p", "number",
          "W_p of samples x (n,) and y (m,), the p-th root taken", rowwise=False),
    _port("wasserstein_gaussian", "discrepancies",
          "mean covariance other_mean other_covariance", "number",
          "W_2 of two Gaussians, the root taken", rowwise=False),
    _port("kolmogorov_smirnov", "discrepancies", "x y", "number",
          "largest gap of the distribution functions of samples x (n,) and y (m,)", rowwise=False),
    _port("kolmogorov_smirnov_uniform", "discrepancies", "u", "number",
          "largest gap of the distribution function of u (n,) to the uniform one", rowwise=False),
    _port("marginal", "processes", "t", "pair", "(alpha, sigma) of X_t = alpha X_0 + sigma Z",
          rowwise=False),
    _port("drift", "processes", "x t", "points", "f(x, t)"),
    _port("diffusion", "processes", "t", "number", "g(t)", rowwise=False),
    *(_port(name, "processes", *rest) for name, *rest in PROCESSES),
    *(_port(name, "processes", *rest) for name, *rest in FOKKER_PLANCK),
    _port("flow_velocity", "reverse", "score_at x t", "points", "f - 1/2 g^2 score"),
    _port("flow_map", "reverse", "law x t s", "points",
          "the probability flow of a law, from time t to time s"),
    *(_port(name, "reverse", *rest) for name, *rest in EXPONENTIAL),
    *(_port(name, "reverse", *rest) for name, *rest in REVERSE),
    _port("log_likelihood", "likelihood", "score_at x", "values",
          "log density of the data at time 0, by the flow from there to the final time and the"
          " prior of variance prior_std^2, to 2e-4: start from 0 or 1e-5, not 1e-3; probes multiply"
          " the Jacobian of the whole velocity, or of the score alone (`conventions`)", "probes"),
    *(_port(name, "likelihood", *rest) for name, *rest in LIKELIHOOD),
    *(_port(name, "guidance", *rest) for name, *rest in GUIDANCE),
    *(_port(name, "flows", *rest) for name, *rest in FLOWS),
    *(_port(name, "ode", *rest) for name, *rest in ODE),
    *(_port(name, "ode", *rest) for name, *rest in CONTINUOUS_FLOWS),
    *(_port(name, "discrete", *rest) for name, *rest in DISCRETE),
    *(_port(name, "discrete", *rest) for name, *rest in QUANTISATION),
    *(_port(name, "discrete", *rest) for name, *rest in ELBO),
    *(_port(name, "families", *rest) for name, *rest in FAMILIES),
    *(_port(name, "discrete", *rest) for name, *rest in DISCRETE_GRADIENTS),
    _port("ratio_loss", "discrete", "log_odds x", "losses",
          "sum over i of (1 + p(x) / p(x^i))^-2, x^i with bit i flipped, log_odds log p(x)/p(x^i)"),
    _port("boltzmann_ratio_gradient", "discrete", "couplings biases x", "gradient",
          "gradient of the mean ratio loss of exp(x.W x/2 + b.x) in W_ij, i < j, then b"),
    _port("fit_gaussian", "estimators", "x", "mean_and_precision",
          "(mean, precision) of a Gaussian by implicit score matching", rowwise=False),
    _port("fit_sparse_precision", "estimators", "x pattern", "matrix",
          "the same precision, zero where the pattern is, mean free", rowwise=False),
    _port("fit_diagonal_precision", "estimators", "x", "vector",
          "precisions of N(0, diag) by implicit score matching", rowwise=False),
    _port("precision_errors", "estimators", "x", "vector",
          "standard errors of fit_diagonal_precision, by the sandwich", rowwise=False),
    _port("precision_interval", "estimators", "x level", "matrix",
          "(d, 2): the normal confidence intervals with those errors", rowwise=False),
    _port("fit_sliced_precision", "estimators", "x", "vector",
          "the same by sliced score matching, probes (n, m, d)", "probes", False),
    _port("sliced_precision_errors", "estimators", "x", "vector",
          "standard errors of fit_sliced_precision, by the sandwich", "probes", False),
    _port("fit_variance_reduced_precision", "estimators", "x", "vector",
          "the same with 1/2 |s|^2 kept whole", "probes", False),
    _port("fit_denoised_precision", "estimators", "x sigma", "vector",
          "precisions of the noised N(0, diag) by denoising score matching", "noise", False),
    _port("fit_denoised_levels", "estimators", "x sigmas", "matrix",
          "(L, d): the same at every noise level, noise (L, n, d)", "noise", False),
    _port("fit_generalised_normal_rate", "estimators", "x power", "number",
          "theta of exp(-theta |x|^power / power), implicit; x (n, 1)", rowwise=False),
    _port("fit_half_normal_mean", "estimators", "x h h_slope", "number",
          "mu of N(mu, 1) on x >= 0, generalised, with h(x) and h'(x) given", rowwise=False),
    _port("fit_half_normal_variance", "estimators", "x h h_slope", "number",
          "sigma^2 of N(0, sigma^2) on x >= 0, alike", rowwise=False),
    _port("fit_exponential_rate", "estimators", "x h h_slope", "number",
          "lambda of exp(-lambda x) on x >= 0, alike", rowwise=False),
    _port("sliced_precision_variance", "estimators", "precision probe n_probes reduced",
          "vector", "n Var of fit_sliced_precision at the truth", rowwise=False),
    _port("generalised_normal_efficiency", "estimators", "power", "number",
          "Cramer-Rao bound over the variance of fit_generalised_normal_rate", rowwise=False),
    _port("mixture_weight_ratio", "estimators", "separation", "number",
          "n Var of score matching over maximum likelihood, weight of 1/2 N(+-a, 1)",
          rowwise=False),
    _port("half_normal_variance", "estimators", "power", "number",
          "n Var of fit_half_normal_mean with h = x^power, at mu = 0", rowwise=False),
]  # fmt: skip

PORTS: dict[str, Port] = {port.name: port for port in _TABLE}
GROUPS = (
    "densities", "objectives", "weightings", "estimators", "traces", "langevin", "discrepancies",
    "processes", "reverse", "likelihood", "guidance", "ode", "flows", "discrete", "families",
)  # fmt: skip
