"""The judge shares no code with the judged, and costs nothing to import."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

import pytest

import refscore.oracles

FILES = sorted(Path(refscore.oracles.__file__).parent.glob("*.py"))


@pytest.mark.parametrize("path", FILES, ids=lambda p: p.name)
def test_imports(path):
    tree = ast.parse(path.read_text())
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names = [a.name for a in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level <= 1
            names = [] if node.level else [node.module]
        else:
            continue
        for name in names:
            root = name.split(".")[0]
            assert root in {"numpy", "scipy"} | set(sys.stdlib_module_names)
    for node in tree.body:  # scipy only inside functions
        names = [a.name for a in getattr(node, "names", [])] + [getattr(node, "module", "") or ""]
        assert not any(n.startswith("scipy") for n in names)
    assert len(path.read_text().splitlines()) <= 260
