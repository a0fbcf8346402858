"""The ports of likelihoods by the flow, of guidance and of linear inverse problems."""

from __future__ import annotations

# name, arguments, returns, meaning, what is handed over or drawn, whether rows are independent
LIKELIHOOD: list[tuple[str, str, str, str, str | None, bool]] = [
    ("prior_mismatch", "law x", "values",
     "log N(x_T; 0, prior_std^2 I) - log p_T(x_T), x_T where the flow of x ends; prior_std as that "
     "port's (`conventions`)", None, True),
    ("cutoff_error", "law x start", "values",
     "log p_start(x) - log p_0(x): what taking data for points at the time start adds", None, True),
    ("bits_per_dimension", "log_likelihoods dim bin_width", "vector",
     "-(log p + dim log bin_width) / (dim log 2)", None, False),
    ("kl_by_scores", "law other_law", "number",
     "1/2 int g^2 E_p |score of p - score of q|^2 dt + KL(p_T, q_T), p the law and q the other, "
     "diffused alike", None, False),
]  # fmt: skip

GUIDANCE: list[tuple[str, str, str, str, str | None, bool]] = [
    ("guided_score", "score_at likelihood_score_at x t weight", "points",
     "score + weight times the likelihood's score, both at t", None, True),
    ("classifier_free_score", "conditional_at unconditional_at x t weight", "points",
     "u + weight (c - u), or (1 + weight) c - weight u (`conventions`)", None, True),
    ("classifier_score", "logits jacobian label temperature", "matrix",
     "gradient (n, d) in x of log softmax(logits / temperature) at the label", None, False),
    ("composed_score", "posterior_scores prior_score", "matrix",
     "the score (n, d) given all observations from the scores (m, n, d) given each and the prior's "
     "(n, d): sum - (m - 1) prior", None, False),
    ("guided_ancestral_step", "score_at likelihood_score_at x t s weight", "points",
     "ancestral_step with v * weight * the likelihood's score added to its mean, taken at that "
     "mean and at time s, v the step's variance (`conventions`)", "noise", True),
    ("guided_law", "law other_law weight stochasticity", "law",
     "the Gaussian law at time 0 of dx = [f x - (1 + l^2)/2 g^2 s] dt + l g dw from N(0, I) at "
     "the final time, s the classifier-free score of the law and the other, unguided", None, False),
    ("posterior_score", "law x t H y noise_cov", "points",
     "the score at time t of the law of X given y = H X + n, diffused", None, True),
    ("dps_score", "score_at x t H y noise_cov", "points",
     "score + J^T H^T noise_cov^-1 (y - H D), D = (x + sigma^2 score) / alpha, J = dD/dx", None,
     True),
    ("pigdm_score", "score_at x t H y noise_cov", "points",
     "score + J^T H^T (r^2 H H^T + noise_cov)^-1 (y - H D), r^2 = sigma^2 / (alpha^2 + sigma^2)",
     None, True),
    ("moment_score", "score_at x t H y noise_cov", "points",
     "the same with H C H^T, C = sigma^2 J / alpha, for r^2 H H^T", None, True),
    ("flat_prior_score", "score_at x t H y noise_cov", "points",
     "score + H^T ((sigma / alpha)^2 H H^T + noise_cov)^-1 (y - H x / alpha) / alpha", None, True),
    ("replacement_step", "score_at x t s H y", "points",
     "the ddim_step with eta = 0 to z, then z + H^T (alpha_s y + sigma_s H noise - H z), H with "
     "orthonormal rows", "noise", True),
]  # fmt: skip
