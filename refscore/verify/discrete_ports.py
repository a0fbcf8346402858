"""The ports of discrete latents: Gumbel draws, their relaxations and the densities of these."""

from __future__ import annotations

# name, arguments, returns, meaning, what is handed over or drawn, whether rows are independent
DISCRETE: list[tuple[str, str, str, str, str | None, bool]] = [
    ("gumbel_numbers", "uniforms", "vector",
     "-log(-log u), finite for every u of [0, 1), 0 included", None, False),
    ("gumbel_max", "logits", "values",
     "argmax over k of logits_k + gumbels_k, the first where there are several, whole numbers",
     "gumbels", False),
    ("gumbel_max_given_temperature", "logits temperature", "values",
     "a draw of softmax(logits / temperature): argmax over k of logits_k / temperature + gumbels_k",
     "gumbels", False),
    ("max_gumbel_log_density", "logits values", "values",
     "log density at `values` (n,) of max over k of logits_k + gumbels_k", None, False),
    ("top_k", "logits k", "matrix",
     "the k largest of logits + gumbels, the largest first: k codes without replacement, (n, k)",
     "gumbels", False),
    ("top_k_log_probability", "logits index", "values",
     "log probability of these codes, (n, k), drawn without replacement in this order",
     None, False),
    ("posterior_gumbels", "logits index", "matrix",
     "logits + Gumbels given that the largest is at `index` (n,): from gumbels g, there log sum"
     " exp(logits) + g_index =: T, elsewhere -log(exp(-T) + exp(-logits_k - g_k))", "gumbels",
     False),
    ("gumbel_softmax", "logits temperature", "matrix",
     "softmax of (logits + gumbels) / temperature, over the codes", "gumbels", False),
    ("gumbel_softmax_hard", "logits temperature", "matrix",
     "1 where that is largest, 0 elsewhere", "gumbels", False),
    ("gumbel_softmax_gradient", "logits temperature cotangent", "matrix",
     "the derivative of sum(cotangent * gumbel_softmax) in the logits", "gumbels", False),
    ("gumbel_softmax_hard_gradient", "logits temperature cotangent", "matrix",
     "what is passed to the logits by the hard form with a straight-through gradient: that of the"
     " soft one", "gumbels", False),
    ("gumbel_softmax_temperature_gradient", "logits temperature cotangent", "vector",
     "the derivative of sum over k of cotangent * gumbel_softmax in the temperature, row by row",
     "gumbels", False),
    ("concrete_log_density", "y logits temperature", "values",
     "log density of gumbel_softmax at rows y of the simplex, in their first K - 1 coordinates",
     None, False),
    ("exp_concrete_log_density", "log_y logits temperature", "values",
     "log density of log gumbel_softmax at logarithms of such rows, in log(y_k / y_K), k < K: that"
     " of gumbel_softmax times the product of all y_k", None, False),
    ("concrete_kl", "logits other_logits temperature other_temperature", "values",
     "log q(y) - log p(y) at y = gumbel_softmax(logits, temperature): q its law, p that of"
     " other_logits and other_temperature, row by row: the mean is KL(q || p)", "gumbels", False),
    ("concrete_log_density_gradient", "y logits temperature", "matrix",
     "the gradient of concrete_log_density in the logits", None, False),
    ("binary_concrete", "logit temperature", "vector",
     "1 / (1 + exp(-(logit + log u - log(1 - u)) / temperature)) of uniforms u: a relaxed bit",
     "uniforms", False),
    ("binary_concrete_log_density", "values logit temperature", "vector",
     "its log density at `values` of (0, 1)", None, False),
]  # fmt: skip
