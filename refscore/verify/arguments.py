"""What every argument of a port is, and what every kind of answer: the text of `refscore ports`.

Arrays are float64 in the subject's framework; n points or rows, d coordinates, p parameters,
m probes or data, L levels. A name means the same in every port.
"""

from __future__ import annotations

ARGUMENTS: dict[str, str] = {
    "x": "points (n, d), read only; for binary ports their entries are 0.0 and 1.0; for"
    " fit_generalised_normal_rate and the fits on a half-line (n, 1); a batch may have one row",
    "y": "denoise: noised points (n, d); noise_contrastive_loss: noise points (n_y, d), their"
    " number another than that of x; posterior: one observation (k,)",
    "x0": "recover_log_density: one point (d,); elsewhere the points (n, d) a chain starts from",
    "data": "other points (m, d)",
    "basis": "points (m, d) that carry a kernel each",
    "field": "field(x) on points (..., d) gives vectors (..., d), row by row; .jacobian(x)"
    " (..., d, d), derivative last, .jvp(x, v) = J v, .vjp(x, v) = J^T v, .divergence(x) (...,),"
    " .parameters (p,), .with_parameters(theta) the same field on another theta",
    "score": "a field, the gradient of a log density",
    "score_at": "score_at(x, t) is the exact score of the data's law diffused to the time t, a"
    " number; score_at.at(t) is a field; annealed_sample: the same of the law with noise of"
    " standard deviation t added",
    "family": "a field for every noise level: family(x, sigma) with sigma one level, or one a"
    " point as (n,) or (n, 1), each one of `sigmas`; family.at(sigma) the field of one level;"
    " .parameters (p,), those of all levels, .with_parameters(theta)",
    "energy": "energy(x) on points (n, d) gives E (n,), whose density is prop. to exp(-E);"
    " .gradient(x) (n, d) in x, .parameters (p,), .parameter_gradient(x) (n, p),"
    " .with_parameters(theta)",
    "log_model": "a function of points (n, d): log p (n,) of the model, as it is: not to be"
    " normalised",
    "log_noise": "a function of points (n, d): log q (n,) of the noise",
    "log_odds": "a function of points (n, d) of entries 0 and 1: log p(x) / p(x with bit i"
    " flipped) for every i, (n, d)",
    "law": "a description with .kind and the arrays of the list of laws below",
    "matvec": "v -> A v for one vector (dim,), or for rows (m, dim)",
    "dim": "the size of v, an integer",
    "weight_function": "h, a function of whole points (..., d) that gives (..., d): coordinate i"
    " has its own bounds, so h takes no single coordinate",
    "weight_derivative": "h', likewise; h may be differentiated instead",
    "sigma": "the standard deviation of noise, a number (its variance is sigma^2)",
    "sigmas": "standard deviations (L,), from the largest down in ladder_* and fit_denoised_levels",
    "levels": "integers (n,): point i has the noise level sigmas[levels[i]]",
    "alpha": "what the data are multiplied by before noise is added, a number",
    "scale": "what the data are multiplied by before noise is added, a number; of a Metropolis"
    " step: the standard deviation of the proposal",
    "covariance": "(d, d), symmetric and positive definite",
    "mean": "(d,)",
    "matrix": "(d, d), in general without symmetry",
    "offset": "(d,)",
    "H": "(k, d)",
    "noise_cov": "the covariance (k, k) of the noise on y",
    "weight": "posterior: the power of the likelihood; score_weight: the weight on"
    " |prediction - target|^2; numbers",
    "bandwidth": "the standard deviation h of the Gaussian kernel, a number",
    "regularisation": "a number >= 0, added as it is: it is not multiplied by n",
    "strength": "the factor of the penalty, a number",
    "step": "half the distance of the two points of a difference, a number",
    "step_size": "eta of x + (eta / 2) score + sqrt(eta) noise, a number; for hmc_step and"
    " underdamped_step, and their laws, the time step",
    "n_steps": "how many steps, an integer",
    "n_steps_each": "how many steps at every level, an integer",
    "n_leapfrog": "how many leapfrog steps, an integer",
    "log_density": "a function of points (n, d): log p (n,) up to a constant",
    "gradient": "gradient(x, gradient_noise): a stochastic score (n, d), right on average",
    "gradient_noise": "what the stochastic score is handed, (n, d) standard normal numbers",
    "gradient_covariance": "the covariance (d, d) of the stochastic score",
    "preconditioner": "G (d, d), symmetric and positive definite",
    "proposal": "the proposed points (n, d)",
    "momentum": "standard normal numbers (n, d), the velocity before the first leapfrog step",
    "v": "velocities (n, d)",
    "friction": "gamma, a number",
    "scheme": '"BAOAB", "ABOBA", "OBABO" or "OABAO": half steps of the letters that stand twice',
    "direction": "(d,), not zero",
    "points": "numbers (m,)",
    "low": "the lower end of an interval, a number",
    "high": "its upper end, a number",
    "factor_gradient": "dC/dtheta at every point, (n, k, d, p)",
    "factor": "C: (n, k, d) with J = -C^T C at every point in curvature_propagation_loss; (k, d) in"
    " curvature_propagation",
    "n": "how many, an integer",
    "n_levels": "how many levels, an integer",
    "snr": "alpha^2 / sigma^2, (m,); corrector_step: the ratio of norms, a number",
    "gamma": "where the ratio is cut, a number",
    "prediction": '"noise", "velocity" or "data"',
    "target": '"score", "noise", "data", "velocity" or "flow"',
    "sigma_data": "the standard deviation of the data, a number",
    "sigma_min": "the smallest level, a number",
    "sigma_max": "the largest level, a number",
    "normals": "given standard normal numbers (m,)",
    "uniforms": "given uniform numbers on [0, 1), (m,); barker_step: (n, d)",
    "uniform": "a uniform number a point, (n,)",
    "p_mean": "the mean of log sigma, a number",
    "p_std": "the standard deviation of log sigma, a number",
    "squares": "squared errors (m,)",
    "log_variance": "learned logarithms of their variances (m,)",
    "t": "a time, a number",
    "s": "another time, a number",
    "couplings": "W (d, d) of exp(x.W x / 2 + b.x): symmetric, its diagonal zero",
    "biases": "b (d,)",
    "pattern": "(d, d), symmetric: 1.0 where an entry of the precision is free, 0.0 where it is"
    " zero; the diagonal is free",
    "level": "the probability that a two-sided interval should cover the truth, such as 0.95",
    "power": "an exponent, a number",
    "h": "the weight's values at x, (n, 1)",
    "h_slope": "the weight's derivative at x, (n, 1)",
    "precision": "the true precisions (d,)",
    "probe": 'the law of the probes: "rademacher" (signs), "gaussian", or "sphere" (of radius'
    " sqrt(d))",
    "n_probes": "how many probes a point, an integer",
    "reduced": "True for the variance-reduced loss, with 1/2 |s|^2 kept whole",
    "separation": "a of 1/2 N(a, 1) + 1/2 N(-a, 1), a number",
    "kernel": '"rbf", "imq" or (weighted_mmd) "energy"',
    "exponent": "of the imq kernel, a number",
    "statistic": '"V", all pairs, or "U", no point with itself',
    "weights": "(n,), summing to one",
    "x_weights": "(n,), summing to one",
    "y_weights": "(m,), summing to one",
    "p": "the order of a distance, a number >= 1",
    "other_mean": "(d,)",
    "other_covariance": "(d, d)",
    "u": "numbers of [0, 1], (n,)",
    "probes": "random vectors of covariance I: (n, m, d) in losses and divergence_estimate, m a"
    " point; (m, dim) for traces; (n, m, k) in curvature_propagation_loss; averaged over m",
    "noise": "standard normal numbers shaped like x; (n_steps, n, d) in contrastive_divergence,"
    " and langevin_sample, in the order of use; (L, n_steps_each, n, d) in annealed_sample;"
    " (2, n, d) in underdamped_step where the splitting has two O; (L, n, d) in"
    " fit_denoised_levels",
    "rng": "a generator of the framework's own kind",
}

# What an answer is, and the names its parts may go by where there are several.
RETURNS: dict[str, str] = {
    "values": "an array of one number a point, (n,)",
    "points": "an array (n, d)",
    "matrices": "an array (n, d, d)",
    "losses": "an array of one loss a point, (n,), or their mean",
    "gradient": "one flat array (p,), ordered like .parameters: of the mean, not of the sum",
    "vector": "an array of one axis",
    "matrix": "an array of two axes",
    "number": "a number",
    "draws": "an array (n, d)",
    "law": "a mapping of the law's arrays, or an object that has them; the kind may be left out",
    "estimate": "a number, or (estimate, standard_error)",
    "pair": "two numbers (alpha, sigma)",
    "posterior": "an array (n, d), or (mean, covariance) of (n, d) and (n, d, d)",
    "affine": "a pair (matrix, offset), (d, d) and (d,)",
    "coefficients": "a tuple (c_skip, c_out, c_in, c_noise), four arrays like sigmas",
    "mean_and_precision": "a pair (mean, precision), (d,) and (d, d), or a mapping that names the"
    " covariance instead",
    "moved": "an array (n, d), or (x, accepted) with accepted (n,)",
    "states": "a pair (x, v), two arrays (n, d)",
    "chain": "an array (n, d), the last points; or all of them, (n_steps, n, d), or with the start"
    " (n_steps + 1, n, d)",
}

PARTS: dict[str, tuple[str, ...]] = {
    "estimate": ("estimate", "standard_error"),
    "pair": ("alpha", "sigma"),
    "posterior": ("mean", "covariance"),
    "affine": ("matrix", "offset"),
    "coefficients": ("c_skip", "c_out", "c_in", "c_noise"),
    "mean_and_precision": ("mean", "precision"),
    "moved": ("x", "accepted"),
    "states": ("x", "v"),
}
