"""Mistakes in critics of divergences, and in energy models: conjugates, and what Z costs."""

from __future__ import annotations

import numpy as np

from refscore.verify import library
from refscore.verify.mutants.base import mistake

CRITIC, BOUND = "optimal_critic", "critic_bound"


def _for(kind, wrong):
    """The library's answer but for one divergence."""

    def critic(name, log_ratio):
        return wrong(log_ratio) if name == kind else library.optimal_critic(name, log_ratio)

    return critic


@mistake("critic_kl_without_one", port=CRITIC, source="classic: T = log p/q, of Donsker-Varadhan")
def _(name, log_ratio):
    """The best critic of the Kullback-Leibler divergence without its 1."""
    return _for("kl", lambda a: a)(name, log_ratio)


@mistake("critic_reverse_kl_sign", port=CRITIC, source="classic: sign of 1/r")
def _(name, log_ratio):
    """That of the reverse divergence has the wrong sign."""
    return _for("reverse kl", lambda a: np.exp(-a))(name, log_ratio)


@mistake("critic_reverse_kl_of_ratio", port=CRITIC, source="classic: r for 1/r")
def _(name, log_ratio):
    """That of the reverse divergence is minus the ratio, not minus its inverse."""
    return _for("reverse kl", lambda a: -np.exp(a))(name, log_ratio)


@mistake("critic_pearson_halved", port=CRITIC, source="classic: (r - 1) for 2 (r - 1)")
def _(name, log_ratio):
    """Pearson's lacks its factor 2."""
    return _for("pearson", lambda a: np.expm1(a))(name, log_ratio)


@mistake("critic_hellinger_of_ratio", port=CRITIC, source="classic: r for its root")
def _(name, log_ratio):
    """Hellinger's has the ratio for its root."""
    return _for("hellinger", lambda a: -np.expm1(-a))(name, log_ratio)


@mistake("critic_shannon_of_the_game", port=CRITIC, source="classic: GAN's for Jensen-Shannon's")
def _(name, log_ratio):
    """Jensen-Shannon's lacks its log 2."""
    return _for("jensen-shannon", lambda a: -np.logaddexp(0.0, -a))(name, log_ratio)


@mistake("critic_game_is_log_odds", port=CRITIC, source="classic: logits for log D")
def _(name, log_ratio):
    """The game's is the log odds, not log D."""
    return _for("gan", lambda a: a)(name, log_ratio)


@mistake("critic_ratio_inverted", port=CRITIC, source="classic: q/p for p/q")
def _(name, log_ratio):
    """The ratio is inverted."""
    return library.optimal_critic(name, -log_ratio)


def _bound(name, conjugate, *inputs):
    critic_x, critic_y, x_weights, y_weights = inputs
    return x_weights @ critic_x - y_weights @ conjugate(critic_y)


@mistake("conjugate_kl_without_one", port=BOUND, source="classic: e^T for e^(T - 1)")
def _(name, critic_x, critic_y, x_weights, y_weights):
    """Of the Kullback-Leibler divergence e^T stands for e^{T−1}."""
    inputs = critic_x, critic_y, x_weights, y_weights
    return _bound(name, np.exp, *inputs) if name == "kl" else library.critic_bound(name, *inputs)


@mistake("conjugate_reverse_kl_without_one", port=BOUND, source="classic: -1 forgotten")
def _(name, critic_x, critic_y, x_weights, y_weights):
    """Of the reverse divergence −log(−T), without its −1."""
    inputs = critic_x, critic_y, x_weights, y_weights
    if name == "reverse kl":
        return _bound(name, lambda t: -np.log(-t), *inputs)
    return library.critic_bound(name, *inputs)


@mistake("conjugate_pearson_without_quarter", port=BOUND, source="classic: T^2 for T^2/4")
def _(name, critic_x, critic_y, x_weights, y_weights):
    """Pearson's lacks its quarter."""
    inputs = critic_x, critic_y, x_weights, y_weights
    if name == "pearson":
        return _bound(name, lambda t: t + t * t, *inputs)
    return library.critic_bound(name, *inputs)


@mistake("conjugate_hellinger_sign", port=BOUND, source="classic: 1 + T for 1 - T")
def _(name, critic_x, critic_y, x_weights, y_weights):
    """Hellinger's has 1 + T for 1 − T."""
    inputs = critic_x, critic_y, x_weights, y_weights
    if name == "hellinger":
        return _bound(name, lambda t: t / (1 + t), *inputs)
    return library.critic_bound(name, *inputs)


@mistake("conjugate_shannon_of_the_game", port=BOUND, source="classic: 1 for 2")
def _(name, critic_x, critic_y, x_weights, y_weights):
    """Jensen-Shannon's has half of its 2 − e^T."""
    inputs = critic_x, critic_y, x_weights, y_weights
    if name == "jensen-shannon":
        return _bound(name, lambda t: -np.log(1 - np.exp(t) / 2), *inputs)
    return library.critic_bound(name, *inputs)


@mistake("conjugate_game_sign", port=BOUND, source="classic: sign of the logarithm")
def _(name, critic_x, critic_y, x_weights, y_weights):
    """The game's has the wrong sign."""
    inputs = critic_x, critic_y, x_weights, y_weights
    if name == "gan":
        return _bound(name, lambda t: np.log(1 - np.exp(t)), *inputs)
    return library.critic_bound(name, *inputs)


@mistake("critic_bound_without_conjugate", port=BOUND, source="classic: Wasserstein's for all")
def _(name, critic_x, critic_y, x_weights, y_weights):
    """E_p T − E_q T: the conjugate is left out."""
    return x_weights @ critic_x - y_weights @ critic_y


@mistake("critic_bound_conjugate_added", port=BOUND, source="classic: sign")
def _(name, critic_x, critic_y, x_weights, y_weights):
    """The conjugate is added."""
    twice = 2 * x_weights @ critic_x
    return twice - library.critic_bound(name, critic_x, critic_y, x_weights, y_weights)


@mistake("critic_bound_unweighted", port=BOUND, source="classic: weights forgotten")
def _(name, critic_x, critic_y, x_weights, y_weights):
    """All points count alike."""
    equal = [np.full(len(w), 1 / len(w)) for w in (x_weights, y_weights)]
    return library.critic_bound(name, critic_x, critic_y, *equal)


@mistake("normaliser_sign", port="log_normaliser", source="classic: -log Z")
def _(energy, low, high):
    """Minus log Z."""
    return -library.log_normaliser(energy, low, high)


@mistake("normaliser_not_logged", port="log_normaliser", source="classic: Z for log Z")
def _(energy, low, high):
    """Z, not its logarithm."""
    return np.exp(library.log_normaliser(energy, low, high))


@mistake("normaliser_of_peak", port="log_normaliser", source="classic: Laplace without curvature")
def _(energy, low, high):
    """Minus the lowest energy on a grid: the width of the peak is left out."""
    axis = np.linspace(low, high, 201)
    x = np.stack(np.meshgrid(*[axis] * energy.dim, indexing="ij"), -1).reshape(-1, energy.dim)
    return -energy(x).min()


@mistake("normaliser_per_box", port="log_normaliser", source="classic: mean for integral")
def _(energy, low, high):
    """The mean of e^{−E} over the box, not its integral."""
    return library.log_normaliser(energy, low, high) - energy.dim * np.log(high - low)


@mistake("normaliser_as_if_gaussian", port="log_normaliser", source="seed 001: J4")
def _(energy, low, high):
    """The normaliser of a standard Gaussian, whatever the energy."""
    return 0.5 * energy.dim * np.log(2 * np.pi)


@mistake("normaliser_inverted", port="log_normaliser", source="J4: seed 001, 1/(2 pi)^(d/2)")
def _(energy, low, high):
    """Powers of 2π are divided by where they should multiply."""
    return library.log_normaliser(energy, low, high) - energy.dim * np.log(2 * np.pi)


@mistake(
    "likelihood_gradient_sign", port="likelihood_gradient", source="classic: the energy's sign"
)
def _(energy, x, low, high):
    """The data push the energy up, the model pulls it down."""
    return -library.likelihood_gradient(energy, x, low, high)


@mistake("likelihood_gradient_of_data_alone", port="likelihood_gradient",
         source="classic: log Z taken for a constant")  # fmt: skip
def _(energy, x, low, high):
    """The term of the normaliser is left out."""
    return -energy.parameter_gradient(x).mean(0)


@mistake("likelihood_gradient_of_model_alone", port="likelihood_gradient", source="classic")
def _(energy, x, low, high):
    """The term of the data is left out."""
    return library.likelihood_gradient(energy, x, low, high) + energy.parameter_gradient(x).mean(0)


@mistake("likelihood_gradient_summed", port="likelihood_gradient", source="classic: sum for mean")
def _(energy, x, low, high):
    """The gradient of the sum over the data."""
    return len(x) * library.likelihood_gradient(energy, x, low, high)


@mistake("likelihood_gradient_terms_added", port="likelihood_gradient", source="classic: sign")
def _(energy, x, low, high):
    """Both terms have the same sign."""
    data = energy.parameter_gradient(x).mean(0)
    return library.likelihood_gradient(energy, x, low, high) + 2 * data


@mistake("likelihood_gradient_over_the_box", port="likelihood_gradient",
         source="classic: uniform negatives")  # fmt: skip
def _(energy, x, low, high):
    """The model's term is a plain mean over the box."""
    axis = np.linspace(low, high, 101)
    grid = np.stack(np.meshgrid(*[axis] * energy.dim, indexing="ij"), -1).reshape(-1, energy.dim)
    return energy.parameter_gradient(grid).mean(0) - energy.parameter_gradient(x).mean(0)


ESTIMATE, VARIANCE = "importance_log_normaliser", "importance_variance"


@mistake("estimate_mean_of_logs", port=ESTIMATE, source="classic: mean outside the log")
def _(log_unnormalised, log_proposal):
    """The mean of the logarithms."""
    return (log_unnormalised - log_proposal).mean()


@mistake("estimate_summed", port=ESTIMATE, source="classic: - log n forgotten")
def _(log_unnormalised, log_proposal):
    """The sum is not divided by n."""
    return library.importance_log_normaliser(log_unnormalised, log_proposal) + np.log(
        len(log_proposal)
    )


@mistake("estimate_without_proposal", port=ESTIMATE, source="classic: p for p/q")
def _(log_unnormalised, log_proposal):
    """The values are not divided by the proposal's density."""
    return library.importance_log_normaliser(log_unnormalised, 0 * log_proposal)


@mistake("estimate_proposal_multiplied", port=ESTIMATE, source="classic: sign of log q")
def _(log_unnormalised, log_proposal):
    """The values are multiplied by the proposal's density."""
    return library.importance_log_normaliser(log_unnormalised, -log_proposal)


@mistake("estimate_inverted", port=ESTIMATE, source="classic: the harmonic mean")
def _(log_unnormalised, log_proposal):
    """Minus the logarithm of the mean of q/p."""
    return -library.importance_log_normaliser(log_proposal, log_unnormalised)


@mistake("estimate_overflows", port=ESTIMATE, source="classic: no maximum off")
def _(log_unnormalised, log_proposal):
    """Exponentials as they are."""
    return np.log((np.exp(log_unnormalised) / np.exp(log_proposal)).mean())


@mistake("variance_of_one_dimension", port=VARIANCE, source="classic: d times, not to the power d")
def _(dim, proposal_scale):
    """d times the variance of one dimension."""
    return dim * library.importance_variance(1, proposal_scale)


@mistake("variance_is_second_moment", port=VARIANCE, source="classic: - 1 forgotten")
def _(dim, proposal_scale):
    """The second moment: 1 is not taken off."""
    return library.importance_variance(dim, proposal_scale) + 1


@mistake("variance_scale_is_variance", port=VARIANCE, source="classic: variance for deviation")
def _(dim, proposal_scale):
    """The proposal's standard deviation is taken for its variance."""
    return library.importance_variance(dim, np.sqrt(proposal_scale))


@mistake("variance_without_two", port=VARIANCE, source="classic: tau^2 - 1 for 2 tau^2 - 1")
def _(dim, proposal_scale):
    """The root of τ² in place of that of 2τ² − 1."""
    if 2 * proposal_scale**2 <= 1:
        return np.inf
    return float(np.expm1(dim * np.log(proposal_scale)))


@mistake("variance_without_root", port=VARIANCE, source="classic: the root forgotten")
def _(dim, proposal_scale):
    """τ²/(2τ² − 1), without the root."""
    if 2 * proposal_scale**2 <= 1:
        return np.inf
    s = proposal_scale**2
    return float(np.expm1(dim * (np.log(s) - np.log(2 * s - 1))))


@mistake("variance_finite_below_half", port=VARIANCE, source="classic: |2 tau^2 - 1|")
def _(dim, proposal_scale):
    """Where 2τ² − 1 is negative its modulus gives a number: the variance there is infinite."""
    s = proposal_scale**2
    return float(np.expm1(dim * (np.log(s) - 0.5 * np.log(abs(2 * s - 1)))))
