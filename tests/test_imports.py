"""What importing refscore brings with it: itself, NumPy, and nothing that is slow or optional."""

import json
import pkgutil
import subprocess
import sys

import pytest

import refscore

HEAVY = ("scipy.stats", "matplotlib", "torch", "jax", "hypothesis", "pytest", "autograd")
FOREIGN = ("refscore.verify.frameworks.torch_", "refscore.verify.frameworks.jax_")
NOT_ITSELF = {"refscore.strategies": "hypothesis", "refscore.plotting": "matplotlib"}


def _modules():
    """Every module of the library and the kit, but other frameworks' own and the entry point."""
    for info in pkgutil.walk_packages(refscore.__path__, "refscore."):
        foreign = info.name.startswith(FOREIGN)
        optional = info.name.startswith(tuple(NOT_ITSELF))
        if not (foreign or optional or info.name.endswith("__main__")):
            yield info.name


def _loaded_after(statements: str) -> set[str]:
    code = f"import sys, json\n{statements}\nprint(json.dumps(list(sys.modules)))"
    run = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stderr
    return set(json.loads(run.stdout.splitlines()[-1]))


def _heavy(loaded: set[str]) -> list[str]:
    return [name for name in HEAVY if name in loaded]


def test_import_refscore_loads_no_submodule_and_no_scipy():
    loaded = _loaded_after("import refscore")
    ours = {name for name in loaded if name.split(".")[0] == "refscore"}
    assert ours == {"refscore"}
    assert not [name for name in loaded if name.split(".")[0] in ("scipy", "numpy")]
    assert not _heavy(loaded)


def test_every_module_together_loads_nothing_heavy():
    names = list(_modules())
    assert len(names) > 60
    loaded = _loaded_after("\n".join(f"import {name}" for name in names))
    assert set(names) <= loaded
    assert not _heavy(loaded)


def test_the_library_by_its_public_names_loads_no_scipy_either():
    names = [
        n for n in refscore.__all__ if n not in ("strategies", "plotting", "oracles", "verify")
    ]
    loaded = _loaded_after("import refscore\n" + "\n".join(f"refscore.{n}" for n in names))
    assert "refscore.distributions" in loaded
    assert not _heavy(loaded)


def test_public_names_are_the_modules_there_are():
    for name in refscore.__all__:
        if name not in ("strategies", "plotting"):
            assert getattr(refscore, name).__name__ == f"refscore.{name}"
    assert set(refscore.__all__) <= set(dir(refscore))
    with pytest.raises(AttributeError, match="nothing_of_the_kind"):
        _ = refscore.nothing_of_the_kind


@pytest.mark.parametrize(
    "module",
    ["fields", "networks", "distributions", "nodes", "traces", "objectives", "langevin",
     "diffusion", "bayes", "recovery", "calculus", "processes", "laws", "discrepancies", "flows",
     "ode", "discrete"],
)  # fmt: skip
def test_every_public_name_exists_and_has_a_docstring(module):
    found = getattr(refscore, module)
    names = getattr(found, "__all__", None) or [
        name
        for name, value in vars(found).items()
        if getattr(value, "__module__", None) == found.__name__ and name[0] != "_"
    ]
    assert names
    for name in names:
        value = getattr(found, name)
        assert getattr(value, "__doc__", None) or not callable(value), name
