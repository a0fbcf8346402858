"""Fitting normalising flows by maximum likelihood, discrete or continuous in time."""

from __future__ import annotations

from refscore._arguments import as_offering, as_points
from refscore.estimation.fit import _flat_columns, as_parametric
from refscore.estimation.result import FitResult
from refscore.estimation.training import train


def fit_flow(
    flow,
    data,
    *,
    steps=1000,
    batch_size=128,
    learning_rate=1e-3,
    betas=(0.9, 0.999),
    held_out=None,
    evaluate_every=100,
    patience=None,
    callback=None,
    progress=False,
    checkpoint=None,
    checkpoint_every=500,
    rng=None,
) -> FitResult:
    """The parameters of a flow under which the data are likely, by Adam on minibatches.

        θ̂ ≈ argmin −(1/n) Σ log p(x_i; θ)

    flow: a `flows.Flow`, or anything with `parameters`, `with_parameters(theta)` and
    `negative_log_likelihood_and_gradient(x) -> (mean, (p,))`; one whose `trace` is not "exact"
    also takes `rng`, draws its probes afresh at every step, and those of held_out always alike.
    data (n, d). held_out (m, d): their loss is found every `evaluate_every` steps, the best
    parameters are kept, and the run ends after `patience` evaluations without a better one.
    checkpoint: a path to an .npz, written atomically every `checkpoint_every` steps; a run that
    was killed goes on from it, the same to the bit. All else as for `train`.
    Returns a FitResult whose `field` is the fitted flow, `loss` in nats a point, held out if
    held_out is given; `history` of (step, batch loss, held-out loss).
    Raises ValueError where the likelihood has no maximum (columns constant or collinear), for a
    loss that is not finite, naming the step, for a checkpoint of another run or of more steps.
    Tested in: tests/estimation/test_fit_flow.py
    """
    flow = as_offering(as_parametric(flow, "flow"), "flow", "negative_log_likelihood_and_gradient")
    data = _rows(data, "data", getattr(flow, "dim", None), 2)
    if held_out is not None:
        held_out = _rows(held_out, "held_out", data.shape[1], 1)
    if flat := _flat_columns(data):
        raise ValueError(f"the likelihood is not bounded above{flat.replace(' x ', ' data ')}")
    exact = getattr(flow, "trace", "exact") == "exact"
    return train(
        likelihood_loss if exact else drawn_likelihood_loss, flow, data, steps=steps,
        batch_size=batch_size, learning_rate=learning_rate, betas=betas, held_out=held_out,
        evaluate_every=evaluate_every, patience=patience, callback=callback, progress=progress,
        checkpoint=checkpoint, checkpoint_every=checkpoint_every, rng=rng,
    )  # fmt: skip


def _rows(value, name, dim, least):
    """Points (n, d), at least so many."""
    x = as_points(value, name, dim)
    if x.ndim != 2 or len(x) < least:
        raise ValueError(f"{name} must hold points (n, d), n at least {least}; got {x.shape}")
    return x


def likelihood_loss(flow, x):
    """The mean of −log p over points x (n, d), and its gradient (p,): an objective of `fit`.

    Tested in: tests/estimation/test_fit_flow.py
    """
    return flow.negative_log_likelihood_and_gradient(x)


def drawn_likelihood_loss(flow, x, rng):
    """The same of a flow that draws the probes of its divergence.

    Tested in: tests/estimation/test_fit_flow.py, as `Probed`
    """
    return flow.negative_log_likelihood_and_gradient(x, rng=rng)
