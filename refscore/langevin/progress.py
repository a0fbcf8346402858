"""How far a run is: tqdm where it is installed, else a line on standard error."""

from __future__ import annotations

import sys
import time


class Progress:
    """A context with `update(k)`: k of n_steps are done. Shows nothing unless `shown`."""

    def __init__(self, n_steps: int, shown: bool):
        self.n_steps, self.done, self.last, self.bar = n_steps, 0, 0.0, None
        self.shown = shown

    def __enter__(self):
        if self.shown:
            try:
                from tqdm import tqdm

                self.bar = tqdm(total=self.n_steps, unit="step")
            except ImportError:
                pass
        return self

    def update(self, k: int) -> None:
        """k steps are done."""
        if self.bar is not None:
            self.bar.update(k - self.done)
        elif self.shown and (k == self.n_steps or time.monotonic() > self.last + 1):
            self.last = time.monotonic()
            print(f"\r{k} of {self.n_steps} steps", end="", file=sys.stderr, flush=True)
        self.done = k

    def __exit__(self, *error):
        if self.bar is not None:
            self.bar.close()
        elif self.shown:
            print(file=sys.stderr)
