"""Mistakes in discriminators, in what they and generators earn, and in what the game is worth."""

from __future__ import annotations

import numpy as np

from refscore.verify import library
from refscore.verify.mutants.base import mistake
from refscore.verify.mutants.gumbel import sigmoid


def _ratio(law, other_law, x):
    return library.log_density(law, x) - library.log_density(other_law, x)


@mistake("discriminator_of_the_model", port="discriminator", source="classic: labels exchanged")
def _(law, other_law, x):
    """The probability that x comes from the model."""
    return sigmoid(-_ratio(law, other_law, x))


@mistake("discriminator_is_the_ratio", port="discriminator", source="classic: p/q for p/(p + q)")
def _(law, other_law, x):
    """The ratio of the densities, which is no probability."""
    return np.exp(_ratio(law, other_law, x))


@mistake("discriminator_log_odds", port="discriminator", source="classic: logits for probabilities")
def _(law, other_law, x):
    """Log odds are returned in place of the probability."""
    return _ratio(law, other_law, x)


@mistake("discriminator_of_half_log_odds", port="discriminator", source="classic: tanh for sigmoid")
def _(law, other_law, x):
    """The probability of half the log odds: of root densities."""
    return sigmoid(0.5 * _ratio(law, other_law, x))


@mistake("discriminator_of_densities", port="discriminator", source="classic: 0/0 far out")
def _(law, other_law, x):
    """Densities are divided, not their logarithms subtracted: far from both they are 0."""
    p, q = np.exp(library.log_density(law, x)), np.exp(library.log_density(other_law, x))
    with np.errstate(invalid="ignore"):
        return p / (p + q)


@mistake("discriminator_slope_sign", port="discriminator_gradient", source="classic: q - p")
def _(law, other_law, x):
    """The model's score less the data's."""
    return library.score(other_law, x) - library.score(law, x)


@mistake("discriminator_slope_of_data_alone", port="discriminator_gradient",
         source="classic: the generator's score forgotten")  # fmt: skip
def _(law, other_law, x):
    """The data's score alone."""
    return library.score(law, x)


@mistake("discriminator_slope_of_probability", port="discriminator_gradient",
         source="classic: gradient of D for that of its log odds")  # fmt: skip
def _(law, other_law, x):
    """The gradient of the probability, not of its log odds."""
    d = library.discriminator(law, other_law, x)
    return (d * (1 - d))[:, None] * library.discriminator_gradient(law, other_law, x)


@mistake("discriminator_slope_of_log_probability", port="discriminator_gradient",
         source="classic: gradient of log D for that of its log odds")  # fmt: skip
def _(law, other_law, x):
    """The gradient of log D, not of the log odds."""
    d = library.discriminator(law, other_law, x)
    return (1 - d)[:, None] * library.discriminator_gradient(law, other_law, x)


def _log_d(a):
    return -np.logaddexp(0.0, -a)


@mistake("game_sign", port="game_value", source="classic: binary cross-entropy for the value")
def _(data_log_odds, model_log_odds):
    """The binary cross-entropy: minus the value."""
    return -library.game_value(data_log_odds, model_log_odds)


@mistake("game_halved", port="game_value", source="classic: mean over both batches")
def _(data_log_odds, model_log_odds):
    """Half the value, as the cross-entropy averaged over both halves."""
    return library.game_value(data_log_odds, model_log_odds) / 2


@mistake("game_pooled", port="game_value", source="classic: one mean over both batches")
def _(data_log_odds, model_log_odds):
    """One mean over all the points, twice: the larger batch counts more."""
    both = np.concatenate([_log_d(data_log_odds), _log_d(-model_log_odds)])
    return 2 * both.mean()


@mistake("game_summed", port="game_value", source="classic: reduction='sum'")
def _(data_log_odds, model_log_odds):
    """Sums over the points, not means."""
    return _log_d(data_log_odds).sum() + _log_d(-model_log_odds).sum()


@mistake("game_labels_exchanged", port="game_value", source="classic: labels exchanged")
def _(data_log_odds, model_log_odds):
    """The data are called the model's, the model's the data."""
    return library.game_value(-data_log_odds, -model_log_odds)


@mistake("game_model_called_data", port="game_value", source="classic: log D for log(1 - D)")
def _(data_log_odds, model_log_odds):
    """Of the model's points too log D."""
    return library.game_value(data_log_odds, -model_log_odds)


@mistake("game_softmax_of_probabilities", port="game_value",
         source="classic: sigmoid before BCEWithLogitsLoss")  # fmt: skip
def _(data_log_odds, model_log_odds):
    """The sigmoid is applied twice."""
    return library.game_value(sigmoid(data_log_odds), sigmoid(model_log_odds))


@mistake("game_of_rounded_probabilities", port="game_value", source="classic: log(D + 1e-8)")
def _(data_log_odds, model_log_odds):
    """Logarithms of rounded probabilities, kept from 0 by a small number."""
    won = np.log(sigmoid(data_log_odds) + 1e-8).mean()
    return won + np.log(1 - sigmoid(model_log_odds) + 1e-8).mean()


@mistake("game_without_the_model", port="game_value", source="classic: one term")
def _(data_log_odds, model_log_odds):
    """The model's term is left out."""
    return _log_d(data_log_odds).mean()


@mistake("game_in_bits", port="game_value", source="classic: log2 for log")
def _(data_log_odds, model_log_odds):
    """The value is in bits."""
    return library.game_value(data_log_odds, model_log_odds) / np.log(2)


@mistake("game_slopes_of_sums", port="game_slopes", source="classic: reduction='sum'")
def _(data_log_odds, model_log_odds):
    """Slopes of sums, not of means."""
    return np.concatenate([sigmoid(-data_log_odds), -sigmoid(model_log_odds)])


@mistake("game_slopes_of_the_model_sign", port="game_slopes", source="classic: descent for ascent")
def _(data_log_odds, model_log_odds):
    """The model's slopes have the wrong sign."""
    n = len(data_log_odds)
    slopes = library.game_slopes(data_log_odds, model_log_odds)
    return np.concatenate([slopes[:n], -slopes[n:]])


@mistake("game_slopes_exchanged", port="game_slopes", source="classic: D for 1 - D")
def _(data_log_odds, model_log_odds):
    """D in place of 1 − D, and 1 − D in place of D."""
    n, m = len(data_log_odds), len(model_log_odds)
    return np.concatenate([sigmoid(data_log_odds) / n, -sigmoid(-model_log_odds) / m])


@mistake("game_slopes_in_probabilities", port="game_slopes", source="classic: dV/dD for dV/da")
def _(data_log_odds, model_log_odds):
    """The derivatives in D, not in its log odds."""
    d, e = sigmoid(data_log_odds), sigmoid(model_log_odds)
    return np.concatenate([1 / d / len(d), -1 / (1 - e) / len(e)])


@mistake("generator_saturating_always", port="generator_loss", source="classic: one loss for all")
def _(name, model_log_odds):
    """Whatever the name, the mean of log(1 − D)."""
    return _log_d(-model_log_odds).mean()


@mistake("generator_sign", port="generator_loss", source="classic: maximised for minimised")
def _(name, model_log_odds):
    """The loss has the wrong sign."""
    return -library.generator_loss(name, model_log_odds)


@mistake("generator_likelihood_of_probability", port="generator_loss",
         source="classic: D for D/(1 - D)")  # fmt: skip
def _(name, model_log_odds):
    """Where likelihood is asked for, −mean D."""
    if name == "likelihood":
        return -sigmoid(model_log_odds).mean()
    return library.generator_loss(name, model_log_odds)


@mistake("generator_of_rounded_probabilities", port="generator_loss",
         source="classic: log(D + 1e-8)")  # fmt: skip
def _(name, model_log_odds):
    """Logarithms of rounded probabilities, kept from 0 by a small number."""
    d = sigmoid(model_log_odds)
    if name == "saturating":
        return np.log(1 - d + 1e-8).mean()
    if name == "non-saturating":
        return -np.log(d + 1e-8).mean()
    return library.generator_loss(name, model_log_odds)


@mistake("generator_of_the_mean", port="generator_loss", source="classic: order of mean and log")
def _(name, model_log_odds):
    """The loss at the mean of the log odds."""
    return library.generator_loss(name, model_log_odds.mean(keepdims=True))


@mistake("generator_slopes_saturating_always", port="generator_slopes",
         source="classic: one loss for all")  # fmt: skip
def _(name, model_log_odds):
    """Whatever the name, the slopes of log(1 − D)."""
    return -sigmoid(model_log_odds) / len(model_log_odds)


@mistake("generator_slopes_of_sum", port="generator_slopes", source="classic: reduction='sum'")
def _(name, model_log_odds):
    """Slopes of the sum, not of the mean."""
    return len(model_log_odds) * library.generator_slopes(name, model_log_odds)


@mistake("generator_slopes_positive", port="generator_slopes", source="classic: sign")
def _(name, model_log_odds):
    """The slopes have the wrong sign."""
    return -library.generator_slopes(name, model_log_odds)


@mistake("shannon_in_bits", port="jensen_shannon", source="classic: base 2, as scipy's base=2")
def _(law, other_law):
    """The divergence is in bits."""
    return library.jensen_shannon(law, other_law) / np.log(2)


@mistake("shannon_distance", port="jensen_shannon", source="scipy's jensenshannon: the root")
def _(law, other_law):
    """The root of the divergence, a distance."""
    return np.sqrt(np.maximum(library.jensen_shannon(law, other_law), 0.0))


@mistake("shannon_not_halved", port="jensen_shannon", source="classic: the sum for the mean")
def _(law, other_law):
    """The sum of both divergences from the middle, not their mean."""
    return 2 * library.jensen_shannon(law, other_law)


@mistake("shannon_of_the_game", port="jensen_shannon", source="classic: 2 JSD - log 4 read as JSD")
def _(law, other_law):
    """The value of the game at its optimum."""
    return 2 * library.jensen_shannon(law, other_law) - np.log(4)


@mistake("shannon_of_the_mean_law", port="jensen_shannon", source="classic: the middle's moments")
def _(law, other_law):
    """The middle is the Gaussian of the mixture's mean and covariance."""
    laws = [library.distribution(each) for each in (law, other_law)]
    mean = sum(each.mean for each in laws) / 2
    spread = [each.covariance + np.outer(each.mean - mean, each.mean - mean) for each in laws]
    middle, total = sum(spread) / 2, 0.0
    for each in laws:
        off = each.mean - mean
        inverse = np.linalg.inv(middle)
        logs = np.linalg.slogdet(middle)[1] - np.linalg.slogdet(each.covariance)[1]
        total += np.trace(inverse @ each.covariance) + off @ inverse @ off - len(mean) + logs
    return total / 4
