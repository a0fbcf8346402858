"""`python -m validation.benchmarks [NAME ...]` prints the table."""

import sys

from validation.benchmarks import NAMES, rows
from validation.benchmarks.timing import table


def main(arguments) -> int:
    unknown = [name for name in arguments if name not in NAMES]
    if unknown:
        print(f"unknown workload {unknown[0]!r}; there are {', '.join(NAMES)}", file=sys.stderr)
        return 2
    print(table(rows(arguments or NAMES)))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
