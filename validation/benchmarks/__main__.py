"""`python -m validation.benchmarks [NAME ...] [--write] [--plot FILE]` prints the tables."""

import argparse
import sys

from validation.benchmarks import GROWTH, NAMES, rows
from validation.benchmarks.timing import heading, table
from validation.results import made, part, read, write

ALL = (*NAMES, GROWTH)


def main(arguments) -> int:
    parser = argparse.ArgumentParser(prog="python -m validation.benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(ALL))
    parser.add_argument("--write", action="store_true", help="each into RESULTS.md once measured")
    parser.add_argument("--plot", metavar="FILE", help=f"draw {GROWTH} as well (matplotlib)")
    chosen = parser.parse_args(arguments)
    names = chosen.names or list(ALL)
    unknown = [name for name in names if name not in ALL]
    if unknown:
        print(f"unknown workload {unknown[0]!r}; there are {', '.join(ALL)}", file=sys.stderr)
        return 2
    if chosen.plot and GROWTH not in names:
        names.append(GROWTH)
    for name in names:
        print(f"{name} ...", file=sys.stderr, flush=True)
        body = _growth(chosen.plot) if name == GROWTH else table(rows([name]))
        print(body + "\n", flush=True)
        if chosen.write:
            _keep(name, body)
    return 0


def _growth(file) -> str:
    from validation.benchmarks import growth

    measured = growth.curves()
    if file:
        growth.plot(measured, file)
    return growth.table(measured)


def _keep(name: str, body: str) -> None:
    """Put one workload's table into the section of RESULTS.md; the others stay as they are."""
    old = {one: part(read(), f"benchmark {one}") for one in ALL}
    old[name] = f"*{made()}*\n\n{body}"
    blocks = [
        f"<!-- benchmark {n} -->\n{b}\n<!-- end benchmark {n} -->" for n, b in old.items() if b
    ]
    write("benchmarks", "\n\n".join(["## Speed", heading(), *blocks]))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
