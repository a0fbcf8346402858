"""Stochastic optimisation with minibatches, resumable to the bit."""

from __future__ import annotations

from pathlib import Path

from refscore._arguments import (
    as_array,
    as_callable,
    as_count,
    as_points,
    as_positive,
    as_rng,
    as_scalar,
)
from refscore._fingerprints import seed_of
from refscore.estimation._rows import checked_rows, held_out_arguments
from refscore.estimation._run import Run
from refscore.estimation.fit import as_parametric, named_objective, require_spread
from refscore.estimation.result import FitResult


def train(
    objective,
    field,
    x,
    *,
    steps=1000,
    batch_size=128,
    learning_rate=1e-3,
    betas=(0.9, 0.999),
    held_out=None,
    held_out_given=None,
    evaluate_every=100,
    patience=None,
    callback=None,
    progress=False,
    checkpoint=None,
    checkpoint_every=500,
    rng=None,
    **given,
) -> FitResult:
    """Adam on minibatches of a mean loss; interrupted and resumed, the same run to the bit.

        m ← β₁m + (1−β₁)g,  v ← β₂v + (1−β₂)g²,  θ ← θ − η m̂/(√v̂ + 10⁻⁸)

    objective as for `fit`, a function `(field, batch, **given) -> (loss, gradient)` or its name;
    one that takes `rng` draws its noise or probes afresh at every step; field anything with
    `parameters` and `with_parameters`, also a noise-conditional family; x points (n, d), in a
    new random order every pass; given: noise, probes, levels, sigma and factor of n rows go
    along with their points, anything else (`data`, `sigmas`) is handed over whole.
    held_out points (m, d): their loss, always on the same draws, is found every
    `evaluate_every` steps, the best parameters are kept, and the run stops after `patience`
    evaluations without a better one; held_out_given {name: value} holds their own arguments,
    such as a `sigma` a point. callback(step, loss) is called after every step;
    progress=True shows a bar if tqdm is installed. checkpoint, a path to an .npz: written
    atomically every `checkpoint_every` steps and at the end; if the file exists the run goes on
    from it, after a check that data, settings, functions and an integer seed are the same, as far
    as they can be told: a function by its code and what that holds and names, but not by what
    other modules do; a Generator for rng, or None, goes unchecked.
    Returns a FitResult without covariance; `history` has (step, batch loss, held-out loss).
    Raises ValueError for a loss that is not finite or cannot be found, naming the step, for a
    checkpoint of another run or of more than `steps` steps, and for columns of x that are
    constant or collinear where the loss takes the data as they are (implicit, sliced, ...): it
    has no minimum there.
    Source: Kingma and Ba, Adam (2015).
    Tested in: tests/estimation/test_training.py
    """
    objective, field = named_objective(objective), as_parametric(field, "field")
    x = _points(x, "x")
    if checkpoint is not None and not Path(checkpoint).parent.is_dir():
        raise ValueError(f"checkpoint must lie in a folder that exists, got {str(checkpoint)!r}")
    if len(x) < 2:
        raise ValueError("x must hold at least two points, got 1")
    require_spread(objective, x)
    held_out = None if held_out is None else _points(held_out, "held_out")
    settings = {
        "learning_rate": as_positive(learning_rate, "learning_rate"),
        "betas": [_beta(beta) for beta in as_array(betas, "betas", (2,))],
        "batch_size": min(as_count(batch_size, "batch_size"), len(x)),
        "evaluate_every": as_count(evaluate_every, "evaluate_every"),
        "patience": None if patience is None else as_count(patience, "patience"),
    }
    after = _nothing if callback is None else as_callable(callback, "callback")
    if patience is not None and held_out is None:
        raise ValueError("patience needs held_out points to judge by")
    given = checked_rows(objective, given, x)
    apart = held_out_arguments(objective, held_out, held_out_given, given, len(x))
    if held_out is not None:
        apart = checked_rows(objective, apart, held_out)
    settings["rng"], rng = seed_of(rng), as_rng(rng, "training")
    run = Run(objective, field, x, held_out, apart, given, settings, rng)
    steps, every = as_count(steps, "steps"), as_count(checkpoint_every, "checkpoint_every")
    if checkpoint is not None and Path(checkpoint).exists():
        run.restore(checkpoint, steps)
    bar = _bar(progress, run.step, steps)
    while run.step < steps and not run.stopped:
        loss = run.advance()
        if checkpoint is not None and run.step % every == 0:
            run.save(checkpoint)
        after(run.step, loss)
        bar(loss)
    if checkpoint is not None:
        run.save(checkpoint)
    return run.result()


def _nothing(step, loss):
    """The callback of who wants none."""


def _points(x, name):
    x = as_points(x, name)
    if x.ndim != 2 or len(x) == 0:
        raise ValueError(f"{name} must hold points (n, d), at least one; got shape {x.shape}")
    return x


def _beta(value) -> float:
    value = as_scalar(value, "betas")
    if not 0 <= value < 1:
        raise ValueError(f"betas must be at least 0 and below 1, got {value!r}")
    return value


def _bar(progress, start, steps):
    """A function of the loss that moves a bar, if one is wanted and tqdm is there."""
    if progress:
        try:
            from tqdm.auto import tqdm
        except ImportError:
            return lambda loss: None
        bar = tqdm(total=steps, initial=start)

        def move(loss):
            bar.set_postfix_str(f"loss {loss:.4g}", refresh=False)
            bar.update()

        return move
    return lambda loss: None
