"""Print the tables: python -m validation.published [repeats]."""

from __future__ import annotations

import sys

from validation.published.estimators import REPEATS, markdown

if __name__ == "__main__":
    print(markdown(int(sys.argv[1]) if len(sys.argv) > 1 else REPEATS))
