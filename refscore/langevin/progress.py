"""How far a run is: tqdm where it is installed, else a line on standard error."""

from __future__ import annotations

import sys
import time

INTERVAL = 0.1  # seconds between two signs of life


class Progress:
    """A context with `update(k)`: k of n_steps are done. Shows nothing unless `shown`."""

    def __init__(self, n_steps: int, shown: bool):
        self.n_steps, self.done, self.bar = n_steps, 0, None
        self.shown, self.last = shown, time.monotonic()

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
        if not self.shown or k == self.done:
            return
        now = time.monotonic()
        if k < self.n_steps and now < self.last + INTERVAL:
            return
        if self.bar is not None:
            self.bar.update(k - self.done)
        else:
            print(f"\r{k} of {self.n_steps} steps", end="", file=sys.stderr, flush=True)
        self.done, self.last = k, now

    def __exit__(self, *error):
        if self.bar is not None:
            self.bar.close()
        elif self.shown:
            print(file=sys.stderr)
