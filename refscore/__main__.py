"""`python -m refscore`."""

from refscore.cli import main

raise SystemExit(main())
