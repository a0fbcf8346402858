"""The ports of gradients of expectations over discrete variables, and of estimates of them."""

from __future__ import annotations

_MEAN = "mean over the draws, b = one-hot argmax of logits + gumbels, pi = softmax(logits), of "
_BITS = "mean over the draws, theta = 1 / (1 + exp(-logits)), of "

# name, arguments, returns, meaning, what is handed over or drawn, whether rows are independent
DISCRETE_GRADIENTS: list[tuple[str, str, str, str, str | None, bool]] = [
    ("expectation_gradient", "logits f", "vector",
     "the gradient in the logits of sum over k of pi_k f(e_k), pi = softmax(logits), exactly",
     None, False),
    ("bernoulli_expectation_gradient", "logits f", "vector",
     "the gradient in logits (d,) of E f(b), exactly: bits b independent, P(b_i = 1) = 1 / (1 +"
     " exp(-logits_i))", None, False),
    ("score_function_gradient", "logits f baseline", "vector",
     _MEAN + "(f(b) - baseline) (b - pi)", "gumbels", False),
    ("leave_one_out_gradient", "logits f", "vector",
     _MEAN + "(f(b) - the mean of f at the other draws) (b - pi)", "gumbels", False),
    ("control_variate_gradient", "logits f surrogate", "vector",
     _MEAN + "(f(b) - s(pi) - grad s(pi).(b - pi)) (b - pi), s the surrogate, plus the Jacobian of"
     " pi times grad s(pi)", "gumbels", False),
    ("straight_through_gradient", "logits f", "vector",
     _MEAN + "the Jacobian of pi times grad f(b)", "gumbels", False),
    ("relaxed_gradient", "logits f temperature", "vector",
     "mean over the draws of the gradient in the logits of f(softmax((logits + gumbels) /"
     " temperature))", "gumbels", False),
    ("straight_through_relaxed_gradient", "logits f temperature", "vector",
     "mean over the draws of the Jacobian in the logits of y = softmax((logits + gumbels) /"
     " temperature) times grad f at the one-hot argmax of y", "gumbels", False),
    ("rebar_gradient", "logits f temperature scale", "vector",
     "relax_gradient with the surrogate c(z) = scale f(softmax(z / temperature))",
     "gumbels uniforms", False),
    ("relax_gradient", "logits f surrogate", "vector",
     _MEAN + "(f(b) - c(w)) (b - pi) + dc(z)/dlogits - dc(w)/dlogits, c the surrogate, z = log pi +"
     " gumbels, and of E = -log uniforms w_b = -log E_b, elsewhere w_i = -log(E_i / pi_i + E_b)",
     "gumbels uniforms", False),
    ("bernoulli_relaxed_gradient", "logits f temperature", "vector",
     "mean over the draws of the gradient in logits (d,) of f(y), y = 1 / (1 + exp(-(logits + log u"
     " - log(1 - u)) / temperature)), u the uniforms", "uniforms", False),
    ("arm_gradient", "logits f", "vector",
     _BITS + "(f(1[u > 1 - theta]) - f(1[u < theta])) (u - 1/2), u the uniforms", "uniforms",
     False),
    ("disarm_gradient", "logits f", "vector",
     _BITS + "1/2 (f(b) - f(c)) (b - c) / (1 + exp(-|logits|)), b = 1[u > 1 - theta],"
     " c = 1[u < theta]", "uniforms", False),
    ("score_function_variance", "logits f baseline", "vector",
     "variance of one draw of score_function_gradient", None, False),
    ("best_baseline", "logits f", "number",
     "the baseline for which the sum of these variances is least", None, False),
    ("leave_one_out_variance", "logits f n", "vector",
     "variance of leave_one_out_gradient of n draws", None, False),
    ("straight_through_mean", "logits f", "vector",
     "expectation of straight_through_gradient", None, False),
    ("relaxed_mean", "logits f temperature", "vector",
     "expectation of relaxed_gradient; two or three classes", None, False),
    ("relaxed_variance", "logits f temperature", "vector",
     "variance of one draw of relaxed_gradient; two or three classes", None, False),
    ("straight_through_relaxed_mean", "logits f temperature", "vector",
     "expectation of straight_through_relaxed_gradient; two or three classes", None, False),
    ("arm_variance", "logits f", "vector", "variance of one draw of arm_gradient", None, False),
    ("disarm_variance", "logits f", "vector", "variance of one draw of disarm_gradient", None,
     False),
]  # fmt: skip
