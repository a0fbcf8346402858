"""Mistakes in couplings, autoregressions and masks: what is moved, by what, and its volume."""

from __future__ import annotations

import numpy as np

from refscore.verify import library
from refscore.verify.library import declared
from refscore.verify.mutants.base import mistake

FORWARD, INVERSE = "coupling_forward", "coupling_inverse"
ALONG, BACK = "autoregressive_forward", "autoregressive_inverse"


def _parts(conditioner, mask, x):
    kept, moved = np.flatnonzero(mask == 1), np.flatnonzero(mask == 0)
    return moved, *conditioner(x[:, kept])


def _with(x, moved, values):
    y = x.copy()
    y[:, moved] = values
    return y


@mistake("coupling_log_det_sign", port="coupling_forward", source="L01: normalizing-flows #27")
def _(conditioner, mask, x):
    """The log-determinant has the inverse's sign."""
    y, log_det = library.coupling_forward(conditioner, mask, x)
    return y, -log_det


@mistake("coupling_log_det_dropped", port="coupling_forward", source="L01: flowjax #208")
def _(conditioner, mask, x):
    """The log-determinant is zero, as that of an additive coupling."""
    return library.coupling_forward(conditioner, mask, x)[0], np.zeros(len(x))


@mistake("coupling_log_det_averaged", port="coupling_forward", source="L15: mean for sum")
def _(conditioner, mask, x):
    """Log scales are averaged over the coordinates moved, not summed."""
    y, log_det = library.coupling_forward(conditioner, mask, x)
    return y, log_det / np.sum(mask == 0)


@mistake("coupling_scale_not_exponentiated", port="coupling_forward", source="classic")
def _(conditioner, mask, x):
    """The network's output multiplies as it is."""
    moved, m, s = _parts(conditioner, mask, x)
    y = _with(x, moved, declared.moved(FORWARD, x[:, moved], m, s))
    return y, declared.sign_of(FORWARD) * s.sum(1)


@mistake("coupling_log_det_of_scales", port="coupling_forward", source="classic: no logarithm")
def _(conditioner, mask, x):
    """Scales are summed in place of their logarithms."""
    y, _ = library.coupling_forward(conditioner, mask, x)
    return y, declared.scale_of(FORWARD, _parts(conditioner, mask, x)[2]).sum(1)


@mistake("coupling_halves_for_mask", port="coupling_forward",
         source="classic: the wrong half moves")  # fmt: skip
def _(conditioner, mask, x):
    """Whatever the mask, the network sees the first coordinates and the last ones move."""
    first = (np.arange(len(mask)) < np.sum(mask)).astype(float)
    return declared.coupled(FORWARD, conditioner, first, x)


@mistake("coupling_shift_and_scale_exchanged", port="coupling_forward", source="classic")
def _(conditioner, mask, x):
    """The halves of the network's output are exchanged."""
    return declared.coupled(FORWARD, lambda z: conditioner(z)[::-1], mask, x)


@mistake("coupling_scale_left_out", port="coupling_forward", source="classic: NICE for RealNVP")
def _(conditioner, mask, x):
    """Coordinates are shifted alone; the log-determinant counts scales."""
    moved, m, s = _parts(conditioner, mask, x)
    y = _with(x, moved, declared.moved(FORWARD, x[:, moved], m, 1.0))
    return y, library.coupling_forward(conditioner, mask, x)[1]


@mistake("coupling_inverse_log_det_of_forward", port="coupling_inverse", source="L01, L12")
def _(conditioner, mask, y):
    """The inverse's log-determinant is that of the forward map."""
    x, log_det = library.coupling_inverse(conditioner, mask, y)
    return x, -log_det


@mistake("coupling_inverse_scale_kept", port="coupling_inverse", source="classic")
def _(conditioner, mask, y):
    """What multiplied multiplies again."""
    moved, m, s = _parts(conditioner, mask, y)
    x = _with(
        y, moved, declared.unmoved(INVERSE, y[:, moved], m, 1 / declared.scale_of(INVERSE, s))
    )
    return x, library.coupling_inverse(conditioner, mask, y)[1]


@mistake("coupling_inverse_shift_last", port="coupling_inverse", source="classic: order")
def _(conditioner, mask, y):
    """The shift is taken off after the scale."""
    moved, m, s = _parts(conditioner, mask, y)
    scale, z = declared.scale_of(INVERSE, s), y[:, moved]
    x = {
        "x scale + shift": z / scale - m, "(x - shift) / scale": (z + m) * scale,
        "(x + shift) scale": (z - m) / scale,
    }[declared.form_of(INVERSE)]  # fmt: skip
    return _with(y, moved, x), library.coupling_inverse(conditioner, mask, y)[1]


@mistake("coupling_inverse_repeats_forward", port="coupling_inverse", source="classic")
def _(conditioner, mask, y):
    """The forward map is applied once more, its log-determinant with the sign turned."""
    x, log_det = declared.coupled(INVERSE, conditioner, mask, y)
    return x, -log_det


@mistake("coupling_scale_halved", port="coupling_forward", source="classic: s as a log variance")
def _(conditioner, mask, x):
    """Half of the network's output makes the scale, as if it were a log variance."""

    def halved(z):
        m, s = conditioner(z)
        return m, s / 2

    return declared.coupled(FORWARD, halved, mask, x)


@mistake("autoregression_diagonal_leaks", port="autoregressive_forward",
         source="classic: mask off by one")  # fmt: skip
def _(conditioner, x):
    """Every coordinate takes the outputs of the next one, which see the coordinate itself."""

    def next_ones(z):
        return tuple(np.roll(part, -1, axis=1) for part in conditioner(z))

    return declared.autoregressed(ALONG, next_ones, x)


@mistake("autoregression_on_outputs", port="autoregressive_forward",
         source="classic: inverse autoregressive for masked autoregressive")  # fmt: skip
def _(conditioner, x):
    """Shifts and scales are those of the outputs so far, not of the inputs."""
    y, total = np.zeros_like(x), np.zeros(len(x))
    for i in range(x.shape[1]):
        m, s = (part[:, i] for part in conditioner(y))
        scale = declared.scale_of(ALONG, s)
        y[:, i] = declared.moved(ALONG, x[:, i], m, scale)
        total += declared.sign_of(ALONG) * np.log(scale)
    return y, total


@mistake("autoregression_log_det_sign", port="autoregressive_forward", source="L01")
def _(conditioner, x):
    """The log-determinant has the inverse's sign."""
    y, log_det = library.autoregressive_forward(conditioner, x)
    return y, -log_det


@mistake("autoregression_first_left_out", port="autoregressive_forward", source="classic")
def _(conditioner, x):
    """The first coordinate's log scale, which depends on nothing, is left out."""
    y, log_det = library.autoregressive_forward(conditioner, x)
    first = np.log(declared.scale_of(ALONG, conditioner(x)[1][:, 0]))
    return y, log_det - declared.sign_of(ALONG) * first


@mistake("autoregression_log_det_averaged", port="autoregressive_forward", source="L15")
def _(conditioner, x):
    """Log scales are averaged over the coordinates."""
    y, log_det = library.autoregressive_forward(conditioner, x)
    return y, log_det / x.shape[1]


@mistake("autoregression_scale_not_exponentiated", port="autoregressive_forward", source="classic")
def _(conditioner, x):
    """The network's output multiplies as it is."""
    m, s = conditioner(x)
    return declared.moved(ALONG, x, m, s), declared.sign_of(ALONG) * s.sum(1)


@mistake("autoregression_log_det_dropped", port="autoregressive_forward", source="L01")
def _(conditioner, x):
    """The log-determinant is zero."""
    return library.autoregressive_forward(conditioner, x)[0], np.zeros(len(x))


def _at_once(conditioner, seen, y):
    """All coordinates solved from the outputs at `seen`."""
    m, s = conditioner(seen)
    scale = declared.scale_of(BACK, s)
    x = declared.unmoved(BACK, y, m, scale)
    return x, -declared.sign_of(BACK) * np.log(scale).sum(1)


def _passes(conditioner, y, n_passes):
    x = np.zeros_like(y)
    for _ in range(n_passes):
        x, log_det = _at_once(conditioner, x, y)
    return x, log_det


@mistake("autoregression_inverse_in_one_pass", port="autoregressive_inverse",
         source="classic: the fast direction taken for both")  # fmt: skip
def _(conditioner, y):
    """All coordinates are solved at once, from the outputs in place of the inputs."""
    return _at_once(conditioner, y, y)


@mistake("autoregression_inverse_in_two_passes", port="autoregressive_inverse",
         source="classic: fewer passes than coordinates")  # fmt: skip
def _(conditioner, y):
    """Two passes over all coordinates, enough for two."""
    return _passes(conditioner, y, 2)


@mistake("autoregression_inverse_log_det_of_forward", port="autoregressive_inverse", source="L01")
def _(conditioner, y):
    """The inverse's log-determinant is that of the forward map."""
    x, log_det = library.autoregressive_inverse(conditioner, y)
    return x, -log_det


@mistake("autoregression_inverse_from_the_last", port="autoregressive_inverse",
         source="classic: order")  # fmt: skip
def _(conditioner, y):
    """Coordinates are solved from the last to the first."""
    x, total = np.zeros_like(y), np.zeros(len(y))
    for i in range(y.shape[1])[::-1]:
        m, s = (part[:, i] for part in conditioner(x))
        scale = declared.scale_of(BACK, s)
        x[:, i] = declared.unmoved(BACK, y[:, i], m, scale)
        total -= declared.sign_of(BACK) * np.log(scale)
    return x, total


@mistake("autoregression_inverse_repeats_forward", port="autoregressive_inverse", source="classic")
def _(conditioner, y):
    """The forward map is applied once more, its log-determinant with the sign turned."""
    x, log_det = declared.autoregressed(BACK, conditioner, y)
    return x, -log_det


@mistake("autoregression_inverse_last_left_out", port="autoregressive_inverse",
         source="classic: range(d - 1)")  # fmt: skip
def _(conditioner, y):
    """The last coordinate is not solved: it stays zero."""
    x, total = declared.unregressed(BACK, conditioner, y)
    last = declared.scale_of(BACK, conditioner(x)[1][:, -1])
    x[:, -1] = 0.0
    return x, total + declared.sign_of(BACK) * np.log(last)


def _masked(hidden_weights, output_weights, x, hidden_mask, output_mask):
    return np.tanh(x @ (hidden_weights * hidden_mask).T) @ (output_weights * output_mask).T


def _order(output_weights):
    return np.arange(1, len(output_weights) + 1)


@mistake("masked_network_diagonal_leaks", port="masked_network", source="classic: >= for >")
def _(hidden_weights, output_weights, degrees, x):
    """Outputs see units of their own degree, and so their own inputs."""
    order = _order(output_weights)
    masks = degrees[:, None] >= order, order[:, None] >= degrees
    return _masked(hidden_weights, output_weights, x, *masks)


@mistake("masked_network_strict_twice", port="masked_network", source="classic: > for >=")
def _(hidden_weights, output_weights, degrees, x):
    """Hidden units do not see the input of their own degree."""
    order = _order(output_weights)
    masks = degrees[:, None] > order, order[:, None] > degrees
    return _masked(hidden_weights, output_weights, x, *masks)


@mistake("masked_network_counts_from_zero", port="masked_network", source="classic: off by one")
def _(hidden_weights, output_weights, degrees, x):
    """Inputs are counted from zero, outputs from one."""
    order = _order(output_weights)
    masks = degrees[:, None] >= order - 1, order[:, None] > degrees
    return _masked(hidden_weights, output_weights, x, *masks)


@mistake("masked_network_outputs_open", port="masked_network", source="classic: one mask forgotten")
def _(hidden_weights, output_weights, degrees, x):
    """The output layer is not masked."""
    order = _order(output_weights)
    return _masked(hidden_weights, output_weights, x, degrees[:, None] >= order, 1.0)
