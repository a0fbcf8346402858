"""What is being run, on one line of a terminal's standard error, and nowhere else."""

from __future__ import annotations

import sys


class Progress:
    """Called with the name of what runs; the line is wiped at the end."""

    def __init__(self):
        self.shown = hasattr(sys.stderr, "isatty") and sys.stderr.isatty()

    def __call__(self, name: str) -> None:
        """Show this name in place of the last one."""
        if self.shown:
            print(f"\r\033[K{name}", end="", file=sys.stderr, flush=True)

    def __enter__(self) -> Progress:
        return self

    def __exit__(self, *exception) -> None:
        if self.shown:
            print("\r\033[K", end="", file=sys.stderr, flush=True)
