"""Reports for readers: everything here starts from `Report.to_dict()`, never from a run."""

from __future__ import annotations

import math
import shlex

CHAPTERS = {
    "P": "prerequisites",
    "A": "scores and densities",
    "B": "objectives",
    "C": "estimators",
    "D": "traces",
    "E": "Langevin",
    "F": "diffusions",
    "G": "flows",
    "H": "discrete latents",
    "I": "other model families",
    "J": "errata",
}
WORDS = {"holds": "held", "fails": "failed", "error": "errors"}
RED = ("fails", "error")
OPEN = ("undeclared convention", "undecided")
LOUD = (*RED, *OPEN)


def as_number(value) -> float:
    """A number of the JSON, where "inf" and "nan" are words and null is NaN."""
    return math.nan if value is None else float(value)


def short(value) -> str:
    """A gap or a tolerance in three digits."""
    if value is None:
        return "none"
    number = as_number(value)
    return "0" if number == 0 else f"{number:.3g}"


def side(values, width: int = 12) -> str:
    """A side's first entries in columns, so that two sides line up under each other."""
    if not values:
        return "none"
    shown = [f"{as_number(v):.6g}" if not _is_complex(v) else v for v in values]
    return " ".join(s.rjust(width) for s in shown) + (" ..." if len(values) >= 4 else "")


def e_value(log_e) -> str:
    """exp(log_e) as a decimal number, however large."""
    log_e = as_number(log_e)
    if not math.isfinite(log_e) or abs(log_e) < 600:
        return f"{math.exp(log_e):.3g}"
    power = math.floor(log_e / math.log(10))
    return f"{math.exp(log_e - power * math.log(10)):.3g}e{power:+d}"


def evidence_line(found: dict) -> str:
    """The evidence against the law: how it grew, what it came to, what it takes to fail."""
    said = f"E = {e_value(found['log_e'])}, fails beyond {e_value(found['threshold'])}"
    return f"{sparkline(found)}  {said}; {found['draws']:,} draws"


def sparkline(found: dict, width: int = 32) -> str:
    """How the evidence against the law grew, from nothing to what makes it fail."""
    path = [as_number(look["log_e"]) for look in found["path"]]
    most = found["threshold"]
    if len(path) > width:
        path = [path[i * (len(path) - 1) // (width - 1)] for i in range(width)]
    steps = [8 * min(max(0.0 if math.isnan(v) else v, 0.0), most) / most for v in path]
    return "".join("▁▁▂▃▄▅▆▇█"[math.floor(step)] for step in steps)


def _is_complex(value) -> bool:
    return isinstance(value, str) and value.endswith(("j", "j)"))


def chapters(report: dict) -> dict[str, list[dict]]:
    """The checks by chapter's letter, in the order of the catalogue."""
    found: dict[str, list[dict]] = {}
    for check in report["checks"]:
        found.setdefault(check["id"][0], []).append(check)
    order = list(CHAPTERS)
    return dict(sorted(found.items(), key=lambda p: order.index(p[0]) if p[0] in order else 99))


def chapter_title(letter: str) -> str:
    """What a chapter is called, e.g. `D traces`."""
    title = CHAPTERS.get(letter, "further checks")
    return title if letter == "P" else f"{letter} {title}"


def tally(checks) -> dict[str, int]:
    """How many of these checks got each verdict, those that occur alone."""
    counts: dict[str, int] = {}
    for check in checks:
        counts[check["verdict"]] = counts.get(check["verdict"], 0) + 1
    return counts


def counts_line(report: dict) -> str:
    """The last line: what ran and how it ended, against the number of checks that exist."""
    counts, total, ran = report["counts"], report["total"], report["ran"]
    conventions = counts["undeclared convention"]
    declared = sum(bool(check["expected_failure"]) for check in report["checks"])
    parts = [
        f"{counts['holds']} held",
        f"{counts['fails']} failed",
        f"{counts['undecided']} undecided",
        f"{conventions} undeclared convention{'s' if conventions != 1 else ''}",
        f"{counts['error']} error{'s' if counts['error'] != 1 else ''}",
        f"{counts['blocked']} blocked",
    ]
    known = f"; {declared} as declared" if declared else ""
    absent = total - ran - counts["blocked"]
    return f"ran {ran} of {total} checks: {', '.join(parts)}{known}; {absent} not offered"


def certified(report: dict) -> list[str]:
    """What *holds* says where draws decided, in a line, and what was seen within the tolerance."""
    held = [
        (check, case, outcome["evidence"])
        for check in report["checks"] if check["verdict"] == "holds"
        for case, outcome in outcomes(check) if outcome["evidence"]
    ]  # fmt: skip
    if not held:
        return []
    eps = sorted(found["eps"] for _, _, found in held)
    within = short(eps[0]) if eps[0] == eps[-1] else f"{short(eps[0])} to {short(eps[-1])}"
    checks, draws = len({c["name"] for c, _, _ in held}), sum(e["draws"] for _, _, e in held)
    said = f"{checks} check{'s' * (checks != 1)} held by {draws:,} draws: "
    said += f"every statistic lies within its eps ({within}), and no more than that is certified"
    notes = [f"{c['id']}, {case}: {e['note']}" for c, case, e in held if e["note"]]
    return [said, *notes]


def snippet(report: dict, check: dict) -> str:
    """The command, or the line of Python, that shows both sides of a check in full."""
    arguments = [repr(check["name"])]
    if check["worst_case"]:
        arguments.append(repr(check["worst_case"]))
    if not report["target"]:
        return f"refscore.verify.reproduce(subject, {', '.join(arguments)})"
    target = repr(report["target"])
    code = f"from refscore.verify import reproduce; reproduce({target}, {', '.join(arguments)})"
    quoted = shlex.quote(code) if set(code) & set('"$`\\!') else f'"{code}"'
    return f"python -c {quoted}"


def outcomes(check: dict) -> list[tuple[str, dict]]:
    """Every comparison of a check with the name of its case."""
    return [(case["case"], outcome) for case in check["cases"] for outcome in case["outcomes"]]


def worst_outcome(check: dict) -> dict | None:
    """The outcome of the worst case that lies furthest beyond its tolerance."""
    found = [outcome for case, outcome in outcomes(check) if case == check["worst_case"]]
    return max(found, key=_excess, default=None)


def _excess(outcome: dict):
    return (
        not outcome["holds"],
        as_number(outcome["gap"]) / (as_number(outcome["tolerance"]) or 1),
    )


def facts(outcome: dict) -> list[tuple[str, str]]:
    """What was compared, in labelled lines: both sides and the gap, or the evidence of draws."""
    if outcome["evidence"]:
        lines = [("evidence", evidence_line(outcome["evidence"]))]
    else:
        lines = [("returned", side(outcome["left"]))] if outcome["left"] is not None else []
        lines += [("expected", side(outcome["right"]))] if outcome["right"] is not None else []
        lines.append(("gap", f"{short(outcome['gap'])}, allowed {short(outcome['tolerance'])}"))
    return [*lines, ("", outcome["detail"])] if outcome["detail"] else lines


def groups_of_failures(report: dict) -> list[list[dict]]:
    """Failed checks, those with one explanation together: the first of each is the root.

    A named mistake explains every check it is named in; without a name, failures of the
    same ports are taken together; a failed prerequisite heads the checks it blocks.
    """
    found: dict[tuple, list[dict]] = {}
    for check in report["checks"]:
        if check["verdict"] not in LOUD or check["expected_failure"]:
            continue
        diagnosis = check["diagnosis"]
        named = tuple(diagnosis["mistakes"]) if diagnosis else ()
        key = (check["verdict"], "named", *named) if named else (
            check["verdict"], check["note"] if check["id"] == "P" else "", *check["ports"]
        )  # fmt: skip
        if check["verdict"] == "undeclared convention":
            key = (check["verdict"], report["convention"])
        found.setdefault(key, []).append(check)
    ordered = sorted(found.values(), key=lambda g: LOUD.index(g[0]["verdict"]))
    return [sorted(group, key=lambda c: not c["cases"]) for group in ordered]


def said(found: dict) -> str:
    """A diagnosis after the name of its mistake, or all of it where there is none."""
    text = found["explanation"]
    if not found["mistakes"]:
        return text
    name = found["mistakes"][0]
    only_drawn = f"consistent with {name}: "
    if text.startswith(only_drawn):
        return f"{text.removeprefix(only_drawn).rstrip('.')}, as far as the draws can tell."
    return text.removeprefix(f"{name}: ")


def blocked_by(report: dict, check: dict) -> list[str]:
    """The names of the checks that could not run because this one failed."""
    return [
        other["name"]
        for other in report["checks"]
        if other["verdict"] == "blocked" and check["name"] in other["note"]
    ]
