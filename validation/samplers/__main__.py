"""Measure other people's samplers and print the table.

python -m validation.samplers                     every library that is installed here
python -m validation.samplers azula k_diffusion   these
"""

from __future__ import annotations

import argparse
import importlib
import importlib.util
import sys
import warnings

from validation.samplers import LIBRARIES

HEAD = """On Gaussian data a sampler's law is exact: an affine map, probed, noise handed in. On a
mixture flows are compared with the exact flow at 64 quantiles, stochastic samplers with exact
expectations. All start from the exact law at σ/α = 10 and are judged at .05: no cut-off, prior
mismatch or last step enters. Steps alternate between h and 2h in log σ unless "even".

- published: the order its source gives; a strong order is what it gives for laws.
- Gaussian, mixture: the last slope of log error against log n above rounding.
- graded: as Gaussian, the first step split geometrically, so that a start of lower order is free.
- gap: largest relative difference of mean and covariance after 12 steps to the cited formula,
  written out in `references.py` and `stochastic_references.py` of `validation/samplers/`.
- a script named in the last column is in `validation/peers/deviations/`.
"""
COLUMNS = ("sampler", "published order", "Gaussian", "graded", "mixture", "gap", "verdict")


def main(arguments: list[str] | None = None) -> int:
    """Print one Markdown table a library; 0 unless nothing is installed."""
    parser = argparse.ArgumentParser(prog="python -m validation.samplers")
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(LIBRARIES))
    options = parser.parse_args(arguments)
    if unknown := sorted(set(options.names) - set(LIBRARIES)):
        parser.error(f"unknown library {unknown[0]!r}; known: {', '.join(LIBRARIES)}")
    warnings.simplefilter("ignore")
    print(HEAD)
    measured = 0
    for name in options.names or LIBRARIES:
        absent = [p for p in LIBRARIES[name] if importlib.util.find_spec(p) is None]
        if absent:
            print(f"{name}: not measured, not installed: {', '.join(absent)}\n")
            continue
        measured += 1
        table(importlib.import_module(f"validation.samplers.{name}").SAMPLERS)
    return 0 if measured else 2


def table(samplers) -> None:
    """One row a sampler, one table a library and version."""
    from validation.samplers.measure import measure

    library = None
    for sampler in samplers:
        if sampler.library != library:
            library = sampler.library
            print(f"\n### {library}\n\n| {' | '.join(COLUMNS)} |\n|{'---|' * len(COLUMNS)}")
        print(f"| {' | '.join(row(measure(sampler)))} |", flush=True)
    print()


def row(found) -> tuple[str, ...]:
    """The cells of one row."""
    s = found.sampler
    name = s.name + ("" if s.alternating else " (even)")
    published = "" if s.published is None else f"{s.published} ({s.source})".replace(" ()", "")
    graded = "" if found.graded is None else f"{found.graded:.2f}"
    gap = "" if found.gap is None else f"{found.gap:.0e}"
    verdict = found.verdict + (f"; {s.note}" if s.note else "")
    return (name, published, f"{found.gaussian:.2f}", graded, f"{found.mixture:.2f}", gap, verdict)


if __name__ == "__main__":
    sys.exit(main())
