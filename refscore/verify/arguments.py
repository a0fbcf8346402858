"""What every argument of a port is: the text of `refscore ports`.

Arrays are float64 in the subject's framework; n points or rows, d coordinates, p parameters,
m probes or data, L levels. A name means the same in every port.
"""

from __future__ import annotations

ARGUMENTS: dict[str, str] = {
    "x": "points (n, d), read only; for binary ports their entries are 0.0 and 1.0; for"
    " fit_generalised_normal_rate and the fits on a half-line (n, 1); a batch may have one row",
    "y": "denoise: noised points (n, d); noise_contrastive_loss: noise points (n_y, d), their"
    " number another than that of x; concrete_log_density*: rows of the simplex (n, C); elsewhere"
    " one observation (k,)",
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
    " step: the standard deviation of the proposal; rebar_gradient: the factor of the surrogate",
    "covariance": "(d, d), symmetric and positive definite",
    "mean": "(d,)",
    "matrix": "(d, d), in general without symmetry",
    "offset": "(d,)",
    "H": "(k, d)",
    "noise_cov": "the covariance (k, k) of the noise on y",
    "weight": "posterior: the power of the likelihood; guidance: its strength; score_weight: the"
    " weight on |prediction - target|^2; numbers",
    "bandwidth": "the standard deviation h of the Gaussian kernel, a number",
    "regularisation": "a number >= 0, added as it is: it is not multiplied by n",
    "strength": "the factor of the penalty, a number",
    "step": "half the distance of the two points of a difference, a number",
    "step_size": "eta of x + (eta / 2) score + sqrt(eta) noise, a number; for hmc_step and"
    " underdamped_step, and their laws, the time step; of ode_* the time step, of either sign",
    "method": '"euler", "midpoint", "heun", "ralston", "rk3" (Kutta), "rk4", "rk4_38" (the 3/8'
    ' rule), "bogacki_shampine", "dormand_prince", "tsitouras"; a subject declines those it lacks'
    " by NotImplementedError",
    "fraction": "how much of the step is behind, a number within [0, 1]",
    "error_ratio": "the norm of a step's error over the tolerance, a number",
    "cotangent": "the derivative of a loss in the states at the end, (n, d); in relaxed rows,"
    " (n, C)",
    "cotangents": "the derivatives of losses in the states at each of the times, (k, n, d)",
    "running": "running(x, t), points (n, d) and a number to costs (n,); in NumPy with .gradient(x,"
    " t) (n, d), elsewhere differentiable",
    "velocities": "a tuple of velocities, each called as f(x, t), which does not depend on t",
    "n_steps": "how many steps, an integer",
    "n_iterations": "how many iterations, an integer",
    "wait": "how long a path stays, a number at least 0",
    "n_steps_each": "how many steps at every level, an integer",
    "n_leapfrog": "how many leapfrog steps, an integer",
    "log_density": "a function of points (n, d): log p (n,) up to a constant",
    "base_log_density": "a function of points (n, d): log p_0 (n,) of the base; in torch and JAX"
    " differentiable, in NumPy base_log_density.score(x) (n, d) is its gradient",
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
    "uniforms": "given uniform numbers on [0, 1), (m,); barker_step: (n, d); of relaxed bits (n,),"
    " not 0; of estimates of gradients (m, C) or (m, d), m draws, averaged over, not 0 or 1",
    "uniform": "a uniform number a point, (n,)",
    "p_mean": "the mean of log sigma, a number",
    "p_std": "the standard deviation of log sigma, a number",
    "squares": "squared errors (m,)",
    "log_variance": "learned logarithms of their variances (m,)",
    "t": "a time, a number",
    "process": "a description with .kind and numbers by name, t = 0 the data: vp and sub_vp"
    " (beta_min, beta_max, linear on [0, 1]), ve (sigma_min, sigma_max; exact: from a point, so"
    " that sigma^2 starts from 0), edm (sigma_max; sigma = t), straight (alpha = 1 - t, sigma = t),"
    " cosine (offset, final_time)",
    "log_snr": "log(alpha / sigma), a number",
    "spacing": "a word of the port's list",
    "end": "the end, a number; of time_grid the smaller time",
    "start": "the start, a number; cutoff_error: the time that stands for 0",
    "name": "a word of the port's list",
    "betas": "(N,), the first of the least noise",
    "rho": "a number",
    "n_train": "how many levels the table has, an integer",
    "w_start": "values (n, d)",
    "w_end": "values (n, d)",
    "increments": "(n_steps, n, d)",
    "drift_of": "f(x, t), points (n, d) and a number to (n, d)",
    "diffusion_of": "g(x, t) (n, d), coordinate i of the noise on coordinate i of x",
    "diffusion_slope": "dg_i / dx_i, (n, d)",
    "t0": "the time of the density, or of the points x0, handed over, a number",
    "t1": "a later time, a number; for velocities also an earlier one",
    "drift": "drift(x, t), points (n, d) and a number to f (n, d); .divergence(x, t) (n,); on the"
    " line d = 1: drift(grid[:, None], t)[:, 0]",
    "diffusion": "diffusion(x, t), points (n, d) and a number to g (n,), g >= 0, the same in every"
    " direction: dX = f dt + g dw",
    "velocity": "velocity(x, t), points (n, d) and a number to v (n, d); .divergence(x, t) (n,)."
    " To the solver and flow ports: t a number or one a point (n,); in torch and JAX"
    " differentiable in x, t and .parameters (p,); .with_parameters(theta), .at(t) a field,"
    " .vjp(x, t, a), .vjp_parameters(x, t, a) = d/dtheta sum a.v; in torch .as_module() with"
    " forward(t, x)",
    "log_density_at": "log_density_at(x, t), points (n, d) and a number to log p (n,); .score(x, t)"
    " (n, d), .jacobian(x, t) of the score (n, d, d), .rate(x, t) = d log p/dt (n,)",
    "density": "its values p (m,) at the points of the grid",
    "grid": "equally spaced numbers (m,), rising: the middles of cells",
    "s": "another time, a number; of a step, the time it ends at, s < t",
    "x_T": "points (n, d) at the first of the times",
    "times": "(N + 1,), N steps: strictly descending in samplers; rising in paths forward, in"
    " wiener_increments falling too",
    "eta": "how much of the posterior's standard deviation is drawn afresh, 0 to 1",
    "stochasticity": "l of the family: 0 for the probability flow, 1 for the reverse SDE",
    "time_direction": '"backward", to the data, dt < 0; or "forward", to the noise, dt > 0',
    "sampler": '"euler_maruyama", "stochastic_heun", "flow_euler", "flow_heun", "ancestral_small",'
    ' "ancestral_large", "ddim" (eta = 0) or "ddim_half" (eta = 1/2)',
    "last": 'of the last step: "noise" as the others, "mean" without its noise, "denoise" then'
    " (x + sigma^2 score) / alpha",
    "likelihood_score_at": "the same of the log-probability, given the noised point, that the data"
    " come from some components of a mixture",
    "conditional_at": "score_at of the conditional law",
    "unconditional_at": "score_at of the unconditional law",
    "other_law": "another law, a description",
    "log_likelihoods": "natural logarithms of densities (n,)",
    "bin_width": "the width of the bins in every coordinate, in the units of x, a number",
    "logits": "of C classes or codes at n points, (n, C); -inf where a probability is 0; of"
    " gradients of expectations: of one variable (C,), or log odds of bits (d,)",
    "f": "a function of vectors (n, C), one-hot or within the simplex, or of bits (n, d), to values"
    " (n,); in NumPy with .gradient(y), shaped like y, in torch and JAX also differentiable",
    "surrogate": "a function of vectors (n, C) like f; relax_gradient: of any real vectors",
    "baseline": "a number",
    "logit": "log odds of a one, (n,)",
    "values": "numbers (n,)",
    "k": "how many codes, an integer",
    "index": "codes counted from 0, whole numbers of the framework: (n,), top_k_log_probability"
    " (n, k)",
    "log_y": "logarithms of rows of the simplex, (n, C)",
    "other_logits": "of another law of the codes, (n, C)",
    "log_joint": "log p(x, c) of every code c, natural logarithms, (n, C); -inf where it is 0",
    "grid_log_likelihoods": "log p(x | c_1, ..., c_P) of every grid of codes, (n, C, ..., C)",
    "grid_logits": "of P codes a point, (n, P, C); -inf where a probability is 0",
    "n_positions": "how many codes a point has, an integer",
    "n_draws": "how many draws, an integer",
    "codes": "codes counted from 0, whole numbers of the framework, (m, n)",
    "standard_normals": "standard normal numbers (n, d)",
    "loadings": "(d, k)",
    "latent_mean": "(n, k)",
    "latent_covariance": "(k, k), symmetric and positive definite",
    "n_latent": "k, an integer below d",
    "data_log_odds": "log D / (1 - D) at points of the data, (n,)",
    "model_log_odds": "log D / (1 - D) at points of the model, (m,)",
    "log_ratio": "log p - log q, (n,)",
    "critic_x": "a critic's values at points of p, (n,)",
    "critic_y": "a critic's values at points of q, (m,)",
    "log_unnormalised": "-E at points drawn from q, (n,)",
    "log_proposal": "log q at these points, q normalised, (n,)",
    "proposal_scale": "the standard deviation of the proposal, a number",
    "jacobian": "their gradients in x, (n, C, d)",
    "label": "a class, an integer from 0",
    "temperature": "a number > 0",
    "other_temperature": "of a second relaxed law, a number > 0",
    "posterior_scores": "(m, n, d)",
    "prior_score": "(n, d)",
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
    "conditioner": "conditioner(x) on points (n, j) gives a pair (m, s) of arrays (n, k), shifts"
    " and raw scales, row by row; j coordinates kept and k moved in couplings, j = k = d and those"
    " of coordinate i made of coordinates before i in autoregressive maps",
    "mask": "(d,): 1.0 where a coordinate is kept, 0.0 where it is moved",
    "hidden_weights": "(m, d)",
    "output_weights": "(d, m)",
    "degrees": "whole numbers from 1 to d - 1, one a hidden unit, (m,)",
    "bend": "(d,)",
    "shift": "a number",
    "centre": "(d,)",
    "softening": "a number > 0",
    "swelling": "a number above -softening",
    "lower": "(d, d), lower triangular with ones on its diagonal",
    "upper": "(d, d), upper triangular with a positive diagonal",
    "skewness": "(d,)",
    "tail": "(d,), positive",
    "x_knots": "(d, K + 1), rising from -3 to 3",
    "y_knots": "(d, K + 1), rising from -3 to 3",
    "slopes": "(d, K + 1), positive; the first and the last are 1",
    "places": "(d,): each of 0, ..., d - 1 once, whole numbers of the framework",
    "images": "(n, c, height, width)",
    "layers": "a list of maps f with f.forward(x) and f.inverse(y), each (points (n, d), log_det"
    " (n,)), log_det that of the direction taken",
    "deviations": "(d,), positive",
    "statistic": '"V", all pairs, or "U", no point with itself',
    "weights": "(n,), summing to one",
    "x_weights": "(n,), summing to one",
    "y_weights": "(m,), summing to one",
    "p": "the order of a distance, a number >= 1",
    "other_mean": "(d,)",
    "other_covariance": "(d, d)",
    "u": "numbers of [0, 1], (n,)",
    "value": "a prediction at x, (n, d)",
    "source": 'what value predicts: "score", "noise", "data", "velocity" or "flow"',
    "order": "how many predictions a step uses, an integer; ode_next_step: the power of the step"
    " size in the error of one step",
    "churn": "S_churn of EDM, a number",
    "churn_min": "S_min of EDM, a number",
    "churn_max": "S_max of EDM, a number",
    "noise_scale": "S_noise of EDM, a number",
    "probes": "random vectors of covariance I: (n, m, d) in losses, divergence_estimate and flows,"
    " m a point; (N, n, m, d) in flow_log_density_on_grid; (m, dim) for traces; (n, m, k) in"
    " curvature_propagation_loss; averaged over m",
    "noise": "standard normal numbers shaped like x; (n_steps, n, d) in contrastive_divergence,"
    " and langevin_sample, in the order of use; (L, n_steps_each, n, d) in annealed_sample;"
    " (2, n, d) in underdamped_step where the splitting has two O; (L, n, d) in"
    " fit_denoised_levels; (2, n, d) in predictor_corrector_step and sde_dpm_2_step; (N, n, d) in"
    " reverse_sample and sde_dpm_multistep_sample",
    "codebook": "codes (K, d)",
    "counts": "how many points each code stands for, (K,), numbers that need not be whole",
    "sums": "sums of these points, (K, d)",
    "beta": "the weight of the commitment loss, a number",
    "decay": "how much of an average is kept, a number of [0, 1]",
    "epsilon": "what is added to every count, a number >= 0",
    "threshold": "a number > 0",
    "rows": "rows of x, counted from 0, whole numbers of the framework (m,), as many as are needed",
    "n_codes": "how many codes there are, an integer",
    "mu": "the mean of a normal law, a number",
    "sd": "its standard deviation, a number",
    "reproduction": "numbers (K,), strictly rising",
    "bins": "how many values every coordinate takes, whole numbers of the framework (d,), 3 or"
    " more",
    "gumbels": "standard Gumbel numbers -log(-log u), shaped like the logits; of estimates of"
    " gradients (m, C), m draws, averaged over",
    "rng": "a generator of the framework's own kind",
}

# What an answer is, and the names its parts may go by where there are several.
