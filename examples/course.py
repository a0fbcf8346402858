"""What the examples share: two options, the line that compares with the truth, the figure."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path


def options(question: str, mistakes: dict[str, str], film: bool = False) -> argparse.Namespace:
    """The options `.mistake` (a name of `mistakes`, or None) and `.save` (a path, or None).

    `mistakes` maps each name to what is done wrong; `.warning` says for the figure which one
    was made; with `film` there is `.animate` (a path, or None). In a notebook all are None.
    """
    width = max([20, *map(len, mistakes)])
    names = "\n".join(f"  {name:<{width}}  {meaning}" for name, meaning in mistakes.items())
    parser = argparse.ArgumentParser(
        description=question,
        epilog=f"mistakes:\n{names}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--mistake", metavar="NAME", help="make this mistake and see its mark")
    parser.add_argument("--save", metavar="FILE", help="write the figure instead of showing it")
    if film:
        parser.add_argument("--animate", metavar="FILE.gif", help="write a film as well")
    chosen = parser.parse_args([] if "ipykernel" in sys.modules else None)
    if chosen.mistake not in (None, *mistakes):
        parser.error(f"--mistake {chosen.mistake} is not known; there are\n{names}")
    if chosen.save and not Path(chosen.save).absolute().parent.is_dir():
        parser.error(f"--save {chosen.save}: there is no folder {Path(chosen.save).parent}")
    chosen.warning = chosen.mistake and f"with the mistake {chosen.mistake}"
    return chosen


def compare(quantity: str, exact: float, estimate: float, tolerance: float) -> None:
    """One line: the exact value, its estimate, and whether they agree within the tolerance."""
    verdict = "agree" if abs(estimate - exact) <= tolerance else "DISAGREE"
    print(
        f"{quantity:<40} exact {exact:< 10.6g}  estimate {estimate:< 10.5g}"
        f"  tolerance {tolerance:<8.2g}  {verdict}"
    )


class _NoFigure:
    """Stands for refscore.plotting and all it returns where matplotlib is missing."""

    def __getattr__(self, name):
        return self

    def __call__(self, *args, **kwargs):
        return self

    def axes(self, panels=1, **kwargs):
        return [self] * panels if panels > 1 else self

    def finish(self, ax, path=None, **kwargs):
        message = "no figure without matplotlib: pip install 'refscore[plot]'"
        sys.exit(message) if path else print(message)


try:
    import matplotlib  # noqa: F401

    from refscore import plotting
except ImportError:
    plotting = _NoFigure()
