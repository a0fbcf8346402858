"""Print the precision table; exit 1 if any error is above its stated bound."""

from __future__ import annotations

import sys

from validation.precision import table


def main() -> int:
    print("| family | case | log density | score | Jacobian | divergence | bound | |")
    print("|---|---|---|---|---|---|---|---|")
    failures = 0
    for row in table():
        errors = " | ".join(f"{value:.1e}" for value in row[2:])
        print(f"| {row.family} | {row.case} | {errors} | {'ok' if row.holds else 'FAILS'} |")
        failures += not row.holds
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
