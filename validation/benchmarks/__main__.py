"""`python -m validation.benchmarks [NAME ...] [--plot FILE]` prints the tables."""

import argparse
import sys

from validation.benchmarks import GROWTH, NAMES, rows
from validation.benchmarks.timing import heading, table


def main(arguments) -> int:
    parser = argparse.ArgumentParser(prog="python -m validation.benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join((*NAMES, GROWTH)))
    parser.add_argument("--plot", metavar="FILE", help=f"draw {GROWTH} as well (matplotlib)")
    chosen = parser.parse_args(arguments)
    names = chosen.names or [*NAMES, GROWTH]
    unknown = [name for name in names if name not in (*NAMES, GROWTH)]
    if unknown:
        choices = ", ".join((*NAMES, GROWTH))
        print(f"unknown workload {unknown[0]!r}; there are {choices}", file=sys.stderr)
        return 2
    raced = [name for name in names if name != GROWTH]
    if raced:
        print(heading() + "\n\n" + table(rows(raced)))
    if GROWTH in names or chosen.plot:
        from validation.benchmarks import growth

        measured = growth.curves()
        print(("\n" if raced else "") + growth.table(measured))
        if chosen.plot:
            growth.plot(measured, chosen.plot)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
