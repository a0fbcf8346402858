"""Stochastic optimisation with minibatches, resumable to the bit."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from refscore._arguments import as_array, as_count, as_points, as_positive, as_rng, as_scalar
from refscore._checkpoints import (
    generator_from,
    generator_state,
    load_checkpoint,
    save_checkpoint,
)
from refscore._fingerprints import digest, field_digest, seed_of
from refscore.estimation._rows import checked_rows, draws, held_out_arguments, rows_of
from refscore.estimation.fit import (
    as_gradient,
    as_parametric,
    named_objective,
    require_spread,
)
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
    Raises ValueError for a loss that is not finite, naming the step, for a checkpoint of another
    run, and for columns of x that are constant or collinear where the loss takes the data as
    they are (implicit, sliced, ...): it has no minimum there.
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
    if patience is not None and held_out is None:
        raise ValueError("patience needs held_out points to judge by")
    given = checked_rows(objective, given, x)
    apart = held_out_arguments(objective, held_out, held_out_given, given, len(x))
    if held_out is not None:
        apart = checked_rows(objective, apart, held_out)
    settings["rng"], rng = seed_of(rng), as_rng(rng, "training")
    run = _Run(objective, field, x, held_out, apart, given, settings, rng)
    if checkpoint is not None and Path(checkpoint).exists():
        run.restore(checkpoint)
    steps, every = as_count(steps, "steps"), as_count(checkpoint_every, "checkpoint_every")
    bar = _bar(progress, run.step, steps)
    while run.step < steps and not run.stopped:
        loss = run.advance()
        if checkpoint is not None and run.step % every == 0:
            run.save(checkpoint)
        if callback is not None:
            callback(run.step, loss)
        bar(loss)
    if checkpoint is not None:
        run.save(checkpoint)
    return run.result()


class _Run:
    """The state of a run: everything the next step depends on."""

    def __init__(self, objective, field, x, held_out, apart, given, settings, rng):
        self.objective, self.field, self.x, self.held_out = objective, field, x, held_out
        self.apart = apart  # the arguments of the held-out points
        self.given, self.settings, self.rng = given, settings, rng
        self.draws = draws(objective, given)
        self.theta = np.array(field.parameters, dtype=np.float64)
        own = {name: v for name, v in apart.items() if v is not given.get(name)}
        self.identity = {
            **settings,
            "objective": digest(objective),
            "field": field_digest(field, self.theta),
            "x": digest(x),
            "held_out": digest([held_out, own]),
            **{name: digest(value) for name, value in given.items()},
        }
        self.first, self.second = np.zeros((2, self.theta.size))
        self.step, self.stopped, self.waited = 0, False, 0
        self.best, self.best_loss = self.theta.copy(), float("inf")
        self.history = []
        self.last = float("nan")
        self.seed = int(rng.integers(2**62))  # of the held-out draws
        self.order, self.position = rng.permutation(len(x)), 0

    def advance(self) -> float:
        """One step of Adam; the batch's loss before it."""
        rows = self._batch()
        own = {"rng": self.rng} if self.draws else {}
        batch = self.x[rows]
        loss, g = self.objective(
            self.field.with_parameters(self.theta),
            batch,
            **rows_of(self.given, rows, len(self.x)),
            **own,
        )
        g = as_gradient(g, self.theta)
        if not (np.isfinite(loss) and np.isfinite(g).all()):
            raise ValueError(
                f"the loss or its gradient is not finite at step {self.step + 1}: a smaller"
                f" learning_rate than {self.settings['learning_rate']} may help"
            )
        self.step += 1
        one, two = self.settings["betas"]
        self.first = one * self.first + (1 - one) * g
        with np.errstate(over="ignore", under="ignore"):
            self.second = two * self.second + (1 - two) * g**2
        mean, square = self.first / (1 - one**self.step), self.second / (1 - two**self.step)
        self.theta = self.theta - self.settings["learning_rate"] * mean / (np.sqrt(square) + 1e-8)
        self.last = float(loss)
        if self.step % self.settings["evaluate_every"] == 0:
            self._evaluate()
        return self.last

    def _batch(self):
        size = self.settings["batch_size"]
        if self.position + size > len(self.x):
            self.order, self.position = self.rng.permutation(len(self.x)), 0
        rows = self.order[self.position : self.position + size]
        self.position += size
        return rows

    def _evaluate(self):
        loss = float("nan")
        if self.held_out is not None:
            own = {"rng": self.seed} if draws(self.objective, self.apart) else {}
            at = self.field.with_parameters(self.theta)
            loss = float(self.objective(at, self.held_out, **self.apart, **own)[0])
            if not np.isfinite(loss):
                raise ValueError(f"the loss of held_out is {loss} at step {self.step}")
            better = loss < self.best_loss
            self.waited = 0 if better else self.waited + 1
            if better:
                self.best, self.best_loss = self.theta.copy(), loss
            patience = self.settings["patience"]
            self.stopped = patience is not None and self.waited >= patience
        self.history.append((self.step, self.last, loss))

    def _mean_loss(self) -> float:
        """The mean objective of all points at the last parameters, on fixed draws."""
        own = {"rng": self.seed} if self.draws else {}
        return float(
            self.objective(self.field.with_parameters(self.theta), self.x, **self.given, **own)[0]
        )

    def save(self, path):
        """The whole state to a checkpoint."""
        arrays = {
            name: getattr(self, name) for name in ("theta", "first", "second", "best", "order")
        }
        arrays["history"] = np.array(self.history, dtype=float).reshape(-1, 3)
        arrays["numbers"] = np.array([self.best_loss, self.last])
        names = ("step", "stopped", "waited", "seed", "position", "identity")
        record = {name: getattr(self, name) for name in names}
        save_checkpoint(path, arrays, {**record, "rng": generator_state(self.rng)})

    def restore(self, path):
        """The whole state from a checkpoint of the same run."""
        arrays, record = load_checkpoint(path)
        saved = record.get("identity", {})
        names = sorted(
            {*self.identity, *saved} - ({"rng"} if self.settings["rng"] is None else set())
        )
        apart = [k for k in names if saved.get(k, "") != self.identity.get(k, "")]
        if apart:
            raise ValueError(f"{path} is of another run: {', '.join(apart)} differ")
        for name in ("theta", "first", "second", "best", "order"):
            setattr(self, name, arrays[name])
        for name in ("step", "stopped", "waited", "seed", "position"):
            setattr(self, name, record[name])
        self.history = [(int(k), float(a), float(b)) for k, a, b in arrays["history"]]
        self.best_loss, self.last = map(float, arrays["numbers"])
        self.rng = generator_from(record["rng"])

    def result(self) -> FitResult:
        """What the run found: the best parameters on held-out points, or else the last."""
        if self.held_out is not None and (not self.history or self.history[-1][0] != self.step):
            self._evaluate()
        kept = self.held_out is not None and np.isfinite(self.best_loss)
        theta = self.best if kept else self.theta
        why = "no better held-out loss" if self.stopped else "all steps taken"
        return FitResult(
            theta.copy(),
            None,
            self.best_loss if kept else self._mean_loss(),
            len(self.x),
            tuple(f"theta[{j}]" for j in range(theta.size)),
            self.field.with_parameters(theta),
            self.stopped,
            f"Adam, {self.step} steps, {why}",
            tuple(self.history),
        )


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
