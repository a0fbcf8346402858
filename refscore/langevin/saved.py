"""Runs that outlive their process: all that the next step needs, in one file."""

from __future__ import annotations

import hashlib
import os
import time
from pathlib import Path
from typing import Any

import numpy as np

from refscore._arguments import as_positive
from refscore._checkpoints import generator_from, generator_state, load_checkpoint, save_checkpoint
from refscore._fingerprints import digest, seed_of
from refscore.langevin.chains import Chains
from refscore.langevin.moments import Moments
from refscore.langevin.noise import Drawn, Given


class Saver:
    """Writes chains to `path` every so many seconds, and reads them back.

    `made_of` are the arguments of the run, by name: a file of another run is refused.
    """

    def __init__(self, path, seconds, rng, made_of: dict):
        if not isinstance(path, (str, os.PathLike)):
            raise TypeError(f"checkpoint must be a path, got {path!r}"[:200])
        self.path, self.seconds = Path(path), as_positive(seconds, "checkpoint_seconds", zero=True)
        if not self.path.parent.is_dir():
            raise ValueError(f"checkpoint must lie in a folder that exists, got {str(path)!r}")
        self.made_of = {name: digest(value) for name, value in made_of.items()}
        self.made_of["rng"], self.last = seed_of(rng), time.monotonic()
        self.used = Used()

    def begin(self, chains: list[Chains], kept) -> None:
        """Go on from the file, if there is one; remember from here on what a file needs."""
        for part in chains:
            part.supply.remembers = True
        if self.path.exists():
            self._restore(chains, kept)

    def tell(self, chains: list[Chains], kept, done: bool) -> None:
        """All chains have met; write if it is time, or the end."""
        if not done and time.monotonic() < self.last + self.seconds:
            return
        arrays: dict[str, np.ndarray] = {}
        records = []
        for i, part in enumerate(chains):
            own, record = _saved(part)
            arrays |= {f"{i}.{name}": value for name, value in own.items()}
            records.append(record)
        if kept is not None:
            arrays["trajectory"] = kept[: chains[0].n_kept]
        run = self.made_of | {"noise": self.used.digest(chains)}
        save_checkpoint(self.path, arrays, {"run": run, "chains": records})
        self.last = time.monotonic()

    def _restore(self, chains: list[Chains], kept) -> None:
        arrays, record = load_checkpoint(self.path)
        if not {"run", "chains"} <= set(record):
            raise ValueError(f"checkpoint {str(self.path)!r} is not one of a chain")
        given = any(isinstance(part.supply, Given) for part in chains)
        theirs = record["run"]  # of the noise, for now, only whether it was handed in
        self._require_ours(self.made_of | {"noise": theirs.get("noise") if given else None}, theirs)
        for i, (part, own) in enumerate(zip(chains, record["chains"])):
            mine = {n.partition(".")[2]: a for n, a in arrays.items() if n.startswith(f"{i}.")}
            _restored(part, mine, own, self.path)
        self._require_ours(self.made_of | {"noise": self.used.digest(chains)}, theirs)
        if kept is not None:
            kept[: chains[0].n_kept] = arrays["trajectory"]

    def _require_ours(self, mine: dict, theirs: dict) -> None:
        other = sorted(n for n in {*mine, *theirs} if mine.get(n) != theirs.get(n))
        if other:
            raise ValueError(f"checkpoint {str(self.path)!r} is of another {', '.join(other)}")


class Used:
    """Tells the noise that was handed in, as far as it is used: more may follow."""

    def __init__(self):
        self.k, self.told = 0, {}

    def digest(self, chains: list[Chains]) -> str | None:
        """Of the noise of all steps made; None where it is drawn."""
        given = [part.supply for part in chains if isinstance(part.supply, Given)]
        k, whole = chains[0].k, hashlib.sha256()
        for i, buffer in enumerate(b for supply in given for b in supply.buffers):
            own = self.told.setdefault(i, hashlib.sha256(str(buffer.shape[1:]).encode()))
            for values in buffer[self.k : k]:
                own.update(np.ascontiguousarray(values).tobytes())
            whole.update(own.digest())
        self.k = k
        return whole.hexdigest() if given else None


def _saved(part: Chains) -> tuple[dict, dict]:
    """(arrays, record) of chains between two steps."""
    fields = getattr(part.state, "_fields", None)
    if fields is None:
        raise ValueError("checkpoint needs a step whose states are named tuples of arrays")
    arrays = {f"state.{name}": getattr(part.state, name) for name in fields}
    arrays |= {"accepted": part.accepted, "batch": part._batch[: part._waiting]}
    record: dict[str, Any] = {"k": part.k, "n_kept": part.n_kept, "next": part._next}
    if part.moments is not None:
        record["n"], arrays["mean"], arrays["scatter"] = part.moments
    if isinstance(part.supply, Drawn):
        used_up = part._next == len(part._noise)
        record["rng"] = generator_state(part.supply.rng) if used_up else part.supply.before
        record["next"] = 0 if used_up else part._next
    return {n: np.asarray(a) for n, a in arrays.items() if a is not None}, record


def _restored(part: Chains, arrays: dict, record: dict, path: Path) -> None:
    """Make fresh chains those of a file."""
    supply, at = part.supply, record["next"]
    if record["k"] > supply.n_steps:
        raise ValueError(
            f"n_steps must be at least {record['k']}, the steps checkpoint {str(path)!r} has made;"
            f" got {supply.n_steps}"
        )
    part.advance_to(0)  # gives the state its kind
    state: dict[str, Any] = {n: arrays.get(f"state.{n}") for n in part.state._fields}
    part.state, part.accepted = part.state._replace(**state), arrays.get("accepted")
    part.k, part.n_kept, part._waiting = record["k"], record["n_kept"], len(arrays["batch"])
    if part._waiting:
        part._batch = np.empty((part._length, *part.x.shape))
        part._batch[: part._waiting] = arrays["batch"]
    if part.moments is not None:
        part.moments = Moments(record["n"], arrays["mean"], arrays["scatter"])
    if isinstance(supply, Drawn):
        theirs, ours = record["rng"]["bit_generator"], type(supply.rng.bit_generator).__name__
        if theirs != ours:
            raise ValueError(
                f"rng must draw from {theirs} as checkpoint {str(path)!r} does, got {ours}"
            )
        supply.rng.bit_generator.state = generator_from(record["rng"]).bit_generator.state
        supply.start = part.k - at
    if at:
        part._noise, part._next = supply.block(), at
