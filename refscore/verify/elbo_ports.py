"""The ports of bounds on discrete latents."""

from __future__ import annotations

# name, arguments, returns, meaning, what is handed over or drawn, whether rows are independent
ELBO: list[tuple[str, str, str, str, str | None, bool]] = [
    ("elbo", "log_joint logits", "values",
     "E log p(x, c) - log q(c) over c ~ q = softmax(logits), codes with q = 0 counting 0, nats",
     None, False),
    ("elbo_gap", "log_joint logits", "values", "log p(x) less that bound, KL(q || p(c | x))",
     None, False),
    ("elbo_gradient", "log_joint logits", "matrix", "the gradient of the bound in the logits",
     None, False),
    ("categorical_kl", "logits other_logits", "values",
     "KL(q || p) of softmax(logits) from softmax(other_logits), nats", None, False),
    ("kl_to_uniform", "logits", "values", "KL(q || 1/C) of softmax(logits), nats", None, False),
    ("grid_elbo", "grid_log_likelihoods grid_logits", "values",
     "the bound of P codes a point, independent under q, each uniform under the prior", None,
     False),
    ("deterministic_elbo", "log_likelihoods n_positions n_codes", "values",
     "the bound where q is one code in each of n_positions places, from log p(x | these codes); the"
     " prior uniform over n_codes in each place", None, False),
    ("importance_bound", "log_joint logits codes", "values",
     "log of the mean of p(x, c) / q(c) over the given codes, m of them a row", None, False),
    ("expected_importance_bound", "log_joint logits n_draws", "values",
     "its expectation over n_draws codes from q", None, False),
]  # fmt: skip
