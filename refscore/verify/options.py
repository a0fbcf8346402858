"""The command line's commands, options and examples."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping
from typing import Any

import refscore
from refscore.verify.compare import ALPHA

_MAIN = """\
Hold an implementation of score matching, trace estimation, Langevin dynamics, diffusions, flows
or discrete latents against theorems whose two sides are known exactly.

  refscore verify                       the library itself, then a faulty subject it must name
  refscore verify my_adapter.py         your implementation; `refscore ports` says how
  refscore identities implicit_affine   one theorem explained, and run
"""
_VERIFY = """\
A TARGET is an adapter: `file.py`, `file.py:object` or `module:object`, whose functions are ports
(`refscore ports`). Without a TARGET the library is verified, then a bundled faulty subject,
which must fail and whose mistakes must be called by their names.

  refscore verify my_adapter.py
  refscore verify my_adapter.py --check B2 --check hutchinson_unbiased
  refscore verify ours.py theirs.py --html report.html
  refscore verify my_adapter.py --json - | jq .counts
  refscore verify my_adapter.py --evidence seen.json --more

exit code: 0 everything offered holds (or fails as the adapter declared); 1 something fails;
2 nothing fails but something is in error, undecided or an undeclared convention, or nothing ran.
"""
_IDENTITIES = """\
  refscore identities                   all theorems, each run on the library
  refscore identities B2                one row explained: statement, source, both sides
  refscore identities D --json          a chapter, for other programs
"""
_MISTAKES = """\
  refscore mistakes                     run the kit against every mistake it knows
  refscore mistakes --group traces      those of one group of ports
  refscore mistakes NAME                one of them: its code, what catches it
"""


_PLAN = """\
  refscore plan                         draws until a right subject holds, usually and 99 in 100
  refscore plan E9-draws --eps 0.01     at a tolerance of your own
"""
_VECTORS = """\
  refscore vectors --output vectors.json             inputs, noise, expected values, tolerances
  refscore vectors --check E --check D2              only these
  refscore vectors --read vectors.json adapter.py    an implementation in Python held to them
  refscore vectors --read vectors.json --answers answers.json

Another language reads the first file, whose `ports`, `arguments` and `kinds` say what is what,
calls its functions, and compares by itself or writes what they returned, one answer a call:
{"answers": [{"check": name, "case": case, "answers": [...]}]}.
"""


class _Layout(argparse.RawDescriptionHelpFormatter):
    """Descriptions as written, help in one column."""

    def __init__(self, prog: str):
        super().__init__(prog, max_help_position=20, width=100)


def parser(commands: Mapping[str, Callable[[Any], int]]) -> argparse.ArgumentParser:
    """The parser; what it reads carries `command`, the function of the command chosen."""
    layout: dict[str, Any] = {"formatter_class": _Layout}
    top = argparse.ArgumentParser(prog="refscore", description=_MAIN, **layout)
    top.add_argument("--version", action="version", version=f"refscore {refscore.__version__}")
    children = top.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for name, (about, examples, options) in _COMMANDS.items():
        text = f"{about[0].upper()}{about[1:]}.\n\n{examples}".rstrip()
        child = children.add_parser(name, help=about, description=text, **layout)
        child.set_defaults(command=commands[name])
        options(child)
    return top


def _verify(child) -> None:
    add = child.add_argument
    add("targets", nargs="*", metavar="TARGET", help="file.py, file.py:object, module:object")
    add("--check", action="append", metavar="ID",
        help="only this id, name, row or chapter; may be repeated")  # fmt: skip
    add("--alpha", type=_probability, default=ALPHA, metavar="P",
        help="chance that a right subject is called wrong (default %(default)g)")  # fmt: skip
    add("--evidence", metavar="FILE",
        help="keep what draws showed in this file, and go on from it")  # fmt: skip
    add("--more", action="store_true", help="with --evidence: draw as much again, from fresh seeds")
    add("--eps", type=_positive, metavar="E",
        help="the deviation that matters where draws decide (default: each its own)")  # fmt: skip
    add("--json", metavar="FILE", help="also as JSON; - for standard output instead of text")
    add("--markdown", metavar="FILE", help="also as Markdown; - for standard output")
    add("--html", metavar="FILE", help="also as one self-contained page")
    add("--verbose", action="store_true", help="list every check, expand every failure")
    add("--no-diagnosis", action="store_true", help="do not look for an explanation")


def _identities(child) -> None:
    child.add_argument("id", nargs="?", metavar="ID", help="an id, name, row (B2) or chapter (B)")
    _listed(child)


def _mistakes(child) -> None:
    child.add_argument("name", nargs="?", metavar="NAME", help="explain this one")
    child.add_argument("--group", help="only those of one group of ports")
    _listed(child)


def _listed(child) -> None:
    child.add_argument("--json", action="store_true", help="a JSON list instead of text")


def _vectors(child) -> None:
    child.add_argument("--check", action="append", metavar="ID", help="only this; may be repeated")
    child.add_argument("--output", default="-", metavar="FILE", help="default: standard output")
    child.add_argument("--read", metavar="FILE", help="hold to these vectors, and write none:")
    child.add_argument(
        "target", nargs="?", metavar="TARGET", help="this adapter (default: refscore)"
    )
    child.add_argument("--answers", metavar="FILE", help="or the answers another program wrote")


def _plan(child) -> None:
    child.add_argument("id", nargs="?", metavar="ID", help="an id, a name, a row or a chapter")
    child.add_argument("--eps", type=_positive, metavar="E", help="at this tolerance instead")
    _listed(child)


def _positive(text: str) -> float:
    value = float(text)
    if not 0 < value < float("inf"):
        raise argparse.ArgumentTypeError(f"must be positive, got {text}")
    return value


def _probability(text: str) -> float:
    value = float(text)
    if not 0 < value < 1:
        raise argparse.ArgumentTypeError(f"must lie between 0 and 1, got {text}")
    return value


_COMMANDS: dict[str, tuple[str, str, Callable]] = {
    "verify": ("hold implementations against the catalogue", _VERIFY, _verify),
    "identities": ("list the theorems or explain some, and run them", _IDENTITIES, _identities),
    "mistakes": ("run the kit against the mistakes it knows", _MISTAKES, _mistakes),
    "plan": ("how many draws the checks take that draws decide", _PLAN, _plan),
    "ports": ("the functions a subject may offer, and an adapter to start from", "", _listed),
    "conventions": ("the choices that are no mistakes, and how to declare them", "", _listed),
    "vectors": ("the exact checks as JSON, for other languages", _VECTORS, _vectors),
    "schema": ("the JSON schema of a report", "", lambda child: None),
}
