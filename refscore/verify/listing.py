"""The catalogue, the mistakes, the ports and the conventions as plain records."""

from __future__ import annotations

import difflib
import inspect
import textwrap
from collections.abc import Callable
from typing import Any

from refscore.identities import Identity, catalogue, find
from refscore.verify.conventions import FAMILIES, Family, spoken_by
from refscore.verify.errors import SubjectError
from refscore.verify.ports import GROUPS, PORTS

Progress = Callable[[str], None]
LIBRARY = "refscore.verify.library"
_DRAWN = " | rng"


def identities(key: str | None = None, *, progress: Progress | None = None) -> list[dict[str, Any]]:
    """Entries of the catalogue, each run on the library: its status and gap.

    `key`: an id, name, row or chapter; default all. Raises KeyError for an unknown one.
    """
    from refscore.verify.runner import run

    entries = list(catalogue().values()) if key is None else find(key)
    names = [entry.name for entry in entries]
    report = run(LIBRARY, checks=names, diagnose=False, progress=progress).to_dict()
    by_name = {check["name"]: check for check in report["checks"]}
    catches = known_catches()
    return [_identity(e, by_name[e.name], catches.get(e.name, [])) for e in entries]


def plans(key: str | None = None, eps: float | None = None) -> list[dict[str, Any]]:
    """How many draws every outcome takes that draws decide. `key`: as for `identities`."""
    from refscore.verify.evidence import plan

    entries = list(catalogue().values()) if key is None else find(key)
    return [
        {"id": entry.id, "name": entry.name, **planned._asdict()}
        for entry in entries for planned in plan(entry, eps)
    ]  # fmt: skip


def known_catches() -> dict[str, list[str]]:
    """What each identity is known to catch: the committed table, empty where there is none."""
    from refscore.verify import mutants

    try:
        return mutants.catches()
    except FileNotFoundError:  # before the table is first made
        return {}


def _identity(entry: Identity, check: dict, catches: list[str]) -> dict[str, Any]:
    return {
        "id": entry.id,
        "name": entry.name,
        "row": entry.row,
        "chapter": entry.chapter,
        "summary": entry.summary,
        "statement": entry.statement,
        "assumptions": entry.assumptions,
        "source": entry.source,
        "kind": entry.kind,
        "ports": list(entry.ports),
        "draws": entry.draws,
        "tolerance": entry.tolerance,
        "status": check["verdict"],
        "gap": check["gap"],
        "note": check["note"],
        "catches": list(catches),
        "check": check,
    }


def mistakes(
    name: str | None = None, *, group: str | None = None, progress: Progress | None = None
) -> list[dict[str, Any]]:
    """Named mistakes, each tried: what catches it, and whether the kit names it.

    Raises SubjectError for an unknown name or group.
    """
    from refscore.verify.mutants import mistakes as listed

    chosen = _named(listed(), name, group)
    records = []
    for mistake in chosen:
        if progress:
            progress(mistake.name)
        records.append(_mistake(mistake))
    return records


def _named(listed: dict, name: str | None, group: str | None) -> list:
    groups = [g for g in GROUPS if any(mistake.group == g for mistake in listed.values())]
    if group is not None and group not in groups:
        wrong = f"no mistake is listed in the group {group!r} yet"
        if group not in GROUPS:
            wrong = f"no group {group!r}"
        raise SubjectError(f"{wrong}; the groups are {', '.join(groups)}")
    if name is not None and name not in listed:
        close = difflib.get_close_matches(name, listed, n=3)
        hint = f"; did you mean {', '.join(close)}?" if close else ""
        raise SubjectError(f"no mistake {name!r}{hint}")
    chosen = listed.values() if name is None else [listed[name]]
    return sorted(
        (mistake for mistake in chosen if group in (None, mistake.group)),
        key=lambda mistake: GROUPS.index(mistake.group),
    )


def _mistake(mistake) -> dict[str, Any]:
    from refscore.verify.trials import run_mistake, summarise

    report, costs = run_mistake(mistake)
    trial = summarise(mistake, report, costs)
    said = [
        check.diagnosis.explanation
        for check in report.checks
        if check.diagnosis and mistake.name in check.diagnosis.mistakes
    ]
    return {
        "name": mistake.name,
        "group": mistake.group,
        "port": mistake.port,
        "summary": mistake.summary,
        "source": mistake.source,
        "caught_by": trial.caught_by,
        "diagnosed": trial.diagnosed,
        "diagnosis": said[0] if said else "",
        "cost": trial.cost,
        "seconds": round(trial.seconds, 3),
        "verdicts": trial.verdicts,
    }


def wrong_code(name: str) -> str:
    """The source of a mistaken function."""
    from refscore.verify.mutants import mistakes as listed

    function = inspect.unwrap(listed()[name].function)
    for cell in function.__closure__ or ():
        # a mistake that can also draw is kept inside the function that draws for it
        if inspect.isfunction(cell.cell_contents) and function.__name__ == "either":
            function = cell.cell_contents
            break
    try:
        return textwrap.dedent(inspect.getsource(function)).rstrip()
    except OSError:
        return ""


def ports() -> list[dict[str, Any]]:
    """The table of ports, with the conventions each is read by; `rng` stands in a signature
    where what a port draws by itself is judged too."""
    drawing = {name for e in catalogue().values() if e.draws == "rng" for name in e.ports}
    return [
        {
            **port._asdict(),
            "signature": port.signature if name in drawing else port.signature.replace(_DRAWN, ""),
            "conventions": spoken_by(name),
        }
        for name, port in PORTS.items()
    ]


def conventions() -> list[dict[str, Any]]:
    """Every convention by family: its name and values, the default first."""
    return [_PRECISION] + [
        {
            "groups": _groups(family),
            "about": " ".join(family.about.split()),
            "name": name,
            "ports": list(convention.ports),
            "values": list(convention.values),
            "meanings": list(convention.values.values()),
        }
        for family in FAMILIES
        for name, convention in family.conventions.items()
    ]


_PRECISION = {
    "groups": ["every port"],
    "about": 'The precision, an attribute of its own: dtype = "float32".',
    "name": "dtype",
    "ports": [],
    "values": ["float64", "float32"],
    "meanings": [
        "answers are held to double precision",
        "arrays are handed over, and answers judged, in single precision",
    ],
}


def _groups(family: Family) -> list[str]:
    """The groups of the ports that a family's conventions are about."""
    ports = [port for convention in family.conventions.values() for port in convention.ports]
    return list(dict.fromkeys(PORTS[port].group for port in ports))
