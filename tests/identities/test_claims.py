"""What the library's docstrings claim of the catalogue: who checks them, and who does not."""

import ast
import inspect
import re
import sys
from importlib import import_module
from pathlib import Path

import pytest

import refscore
import refscore.verify.library as library
from refscore.identities import catalogue
from refscore.verify import Subject, evaluate
from refscore.verify.kept import forget
from tests.public_api import CALLS

ENTRIES = list(catalogue().values())
ALPHA = 1e-6
SUBJECT = Subject(library)
REPOSITORY = Path(__file__).parents[2]
LIBRARY = Path(refscore.__file__).parent
DEFINITIONS = (ast.FunctionDef, ast.ClassDef)
CHECKED = re.compile(r"^Checked by: ((?:[^\n]*,\n)*[^\n]*)\Z", re.MULTILINE)
TESTED = re.compile(r"^Tested in: (\S+\.py)(?:, as `(\w+)`)?\Z", re.MULTILINE)


def _objects():
    """(label, name, where its code is, docstring) of every function and class of the library."""
    for path in sorted(LIBRARY.rglob("*.py")):
        home = path.relative_to(LIBRARY)
        if home.parts[0] in ("verify", "identities", "oracles"):
            continue
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, DEFINITIONS):
                first = min([node.lineno, *(d.lineno for d in node.decorator_list)])
                lines = {(str(path), line) for line in range(first, node.end_lineno + 1)}
                yield f"{home}:{node.name}", node.name, lines, ast.get_docstring(node) or ""


OBJECTS = list(_objects())
CHECKS = {label: (set(re.split(r"[,\s]+", found[1])), lines)
          for label, _, lines, doc in OBJECTS if (found := CHECKED.search(doc))}  # fmt: skip
TESTS = {label: (found[1], found[2] or name, lines)
         for label, name, lines, doc in OBJECTS if (found := TESTED.search(doc))}  # fmt: skip


def _entered(entry):
    """(file, first line) of every function of the library that the identity runs."""
    seen, home = set(), str(LIBRARY)

    def note(frame, event, _):
        code = frame.f_code
        if event == "call" and code.co_flags & inspect.CO_OPTIMIZED:  # no class or module body
            seen.add((code.co_filename, code.co_firstlineno))

    forget()
    before = sys.getprofile()
    sys.setprofile(note)
    try:
        for case in entry.cases():
            evaluate(entry, SUBJECT, ALPHA, cases=[case])
    finally:
        sys.setprofile(before)
    return {place for place in seen if place[0].startswith(home)}


@pytest.fixture(scope="module")
def entered():
    return {entry.name: _entered(entry) for entry in ENTRIES}


def test_every_claim_is_the_last_line_of_a_docstring():
    claims = sum(
        len(re.findall(r"^ *(?:Checked by|Tested in):", path.read_text("utf-8"), re.MULTILINE))
        for path in LIBRARY.rglob("*.py")
    )
    assert claims == len(CHECKS) + len(TESTS) > 100


def test_an_identity_enters_every_object_that_names_it(entered):
    untrue = {label: sorted(name for name in names if not entered.get(name, set()) & lines)
              for label, (names, lines) in CHECKS.items()}  # fmt: skip
    assert not {label: names for label, names in untrue.items() if names}


def test_every_identity_is_named_by_a_docstring():
    claimed = set().union(*(names for names, _ in CHECKS.values()))
    assert not sorted(set(catalogue()) - claimed)


def test_no_identity_enters_what_only_tests_cover(entered):
    everything = set().union(*entered.values())
    assert not [label for label, (_, _, lines) in TESTS.items() if everything & lines]


@pytest.mark.parametrize("label", TESTS)
def test_the_test_file_named_mentions_the_object(label):
    file, name, _ = TESTS[label]
    assert re.search(rf"\b{name}\b", (REPOSITORY / file).read_text("utf-8"))


@pytest.mark.parametrize("name", [name for name in CALLS if name.count(".") == 1])
def test_every_public_object_says_what_checks_it(name):
    module, attribute = name.split(".")
    value = getattr(import_module(f"refscore.{module}"), attribute)
    doc = inspect.getdoc(value) or ""
    assert CHECKED.search(doc) or TESTED.search(doc)
