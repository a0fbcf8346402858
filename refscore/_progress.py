"""How far a long computation is: tqdm where it is installed, else a line on standard error."""

from __future__ import annotations

import sys
import time

INTERVAL = 0.1  # seconds between two signs of life


class Progress:
    """A context with `update(k)`: k of `total` units are done. Shows nothing unless `shown`."""

    def __init__(self, total: int, shown: bool, unit: str):
        self.total, self.shown, self.unit = total, shown, unit
        self.done, self.told, self.last, self.bar = 0, 0, time.monotonic(), None

    def __enter__(self):
        if self.shown:
            try:
                from tqdm import tqdm

                self.bar = tqdm(total=self.total, unit=f" {self.unit}", unit_scale=True)
            except ImportError:
                pass
        return self

    def update(self, k: int) -> None:
        """k units are done."""
        self.done, now = k, time.monotonic()
        waits = k < self.total and now < self.last + INTERVAL
        if waits or not self.shown or k == self.told:
            return
        if self.bar is not None:
            self.bar.update(k - self.told)
        else:
            print(f"\r{k} of {self.total} {self.unit}", end="", file=sys.stderr, flush=True)
        self.told, self.last = k, now

    def __exit__(self, *error):
        if self.bar is not None:
            self.bar.close()
        elif self.shown:
            print(file=sys.stderr)
