"""The state of a run of `train`: its steps, evaluations, checkpoints and result."""

from __future__ import annotations

import numpy as np

from refscore._checkpoints import (
    generator_from,
    generator_state,
    load_checkpoint,
    save_checkpoint,
)
from refscore._fingerprints import digest, field_digest
from refscore.estimation._rows import draws, rows_of
from refscore.estimation.fit import as_gradient
from refscore.estimation.result import FitResult

_ARRAYS = ("theta", "first", "second", "best", "order")  # of a checkpoint
_NUMBERS = ("step", "stopped", "waited", "seed", "position")


class Run:
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
        loss, g = self._loss(batch, rows_of(self.given, rows, len(self.x)), own)
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

    def _loss(self, x, given, own):
        """What the objective says of points x at the parameters of the moment."""
        try:
            return self.objective(self.field.with_parameters(self.theta), x, **given, **own)
        except ValueError as error:
            if self.step == 0:  # the arguments', not where the steps have led
                raise
            raise ValueError(
                f"there is no loss to be found after step {self.step}, {error}: a smaller"
                f" learning_rate than {self.settings['learning_rate']} may help"
            ) from error

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
            loss = float(self._loss(self.held_out, self.apart, own)[0])
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
        loss = float(self._loss(self.x, self.given, own)[0])
        if not np.isfinite(loss):
            raise ValueError(f"the loss of all points is {loss} after step {self.step}")
        return loss

    def save(self, path):
        """The whole state to a checkpoint."""
        arrays = {name: getattr(self, name) for name in _ARRAYS}
        arrays["history"] = np.array(self.history, dtype=float).reshape(-1, 3)
        arrays["numbers"] = np.array([self.best_loss, self.last])
        record = {name: getattr(self, name) for name in (*_NUMBERS, "identity")}
        save_checkpoint(path, arrays, {**record, "rng": generator_state(self.rng)})

    def restore(self, path, steps):
        """The whole state from a checkpoint of the same run, of at most so many steps."""
        arrays, record = load_checkpoint(path)
        saved = record.get("identity", {})
        names = sorted(
            {*self.identity, *saved} - ({"rng"} if self.settings["rng"] is None else set())
        )
        apart = [k for k in names if saved.get(k, "") != self.identity.get(k, "")]
        if apart:
            raise ValueError(f"{path} is of another run: {', '.join(apart)} differ")
        if record["step"] > steps:
            raise ValueError(
                f"steps must be at least {record['step']}, those of {path}, got {steps}"
            )
        for name in _ARRAYS:
            setattr(self, name, arrays[name])
        for name in _NUMBERS:
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
