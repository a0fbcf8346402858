"""Write validation/RESULTS.md, and the table in README.md, from runs on this machine.

    python -m validation                     every section that can run here
    python -m validation library mistakes    these; the others stay as they are

A section is a function that returns Markdown. `peers`, `samplers` and `benchmarks` use what is
installed; `python -m validation.peers --install` makes a virtualenv that has it all.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import sys
from collections import Counter

from validation.results import ROOT, between, made, write

README = ROOT / "README.md"
CHAPTERS = {
    "A": ("scores and densities", "`distributions` `fields` `bayes` `recovery` `calculus`"),
    "B": ("objectives", "`objectives`"),
    "C": ("estimators", "`estimation`"),
    "D": ("traces", "`traces` `nodes`"),
    "E": ("Langevin", "`langevin` `laws` `discrepancies`"),
    "F": ("diffusions", "`processes` `diffusion`"),
    "G": ("neural ODEs and flows", "`ode` `flows`"),
    "H": ("discrete latents", "`discrete`"),
    "I": ("other model families", "`families`"),
    "J": ("errata of the lectures", "`objectives` `distributions` `langevin` `flows`"),
}


def family_table() -> str:
    """Family, functions, identities, worst gap and mistakes caught: README's table."""
    from refscore.identities import catalogue
    from refscore.verify import library, mutants, run

    report = run(library, diagnose=False)
    caught = mutants.catches()
    head = "| family | modules | identities | worst gap | mistakes caught |"
    rows = [head, "|---|---|---|---|---|"]
    for letter, (name, modules) in CHAPTERS.items():
        entries = [e for e in catalogue().values() if e.chapter == letter]
        held = [report[e.name] for e in entries]
        assert all(check.verdict == "holds" for check in held)
        gap = max(c.gap for c in held if c.kind in ("exact", "exact law") and c.gap is not None)
        names = {m for e in entries for m in caught[e.name]}
        rows.append(f"| {letter} {name} | {modules} | {len(entries)} | {gap:.0e} | {len(names)} |")
    return "\n".join(rows)


def library() -> str:
    """Every identity on the library itself."""
    from refscore.verify import library as subject
    from refscore.verify import run

    report = run(subject, diagnose=False)
    counts = report.counts
    lines = [
        f"{counts['holds']} of {report.total} checks hold. `refscore verify` runs them.",
        "",
        "| id | identity | kind | verdict | gap | allowed |",
        "|---|---|---|---|---|---|",
    ]
    for check in report.checks:
        if check.id == "P":
            continue
        allowed = check.worst[1].tolerance if check.worst else float("nan")
        lines.append(
            f"| {check.id} | {check.name} | {check.kind} | {check.verdict} |"
            f" {check.gap:.1e} | {allowed:.1e} |"
        )
    return "\n".join(lines)


def mistakes() -> str:
    """The kit run against every named mistake."""
    from refscore.verify.trials import trials as run_trials

    trials = run_trials()
    caught = sum(bool(t.caught_by) for t in trials)
    named = sum(t.diagnosed for t in trials)
    lines = [
        f"{caught} of {len(trials)} named mistakes caught, {named} called by their name."
        " `refscore mistakes` runs them.",
        "",
        "| group | mistakes | caught | named | median rows or draws to catch |",
        "|---|---|---|---|---|",
    ]
    groups = Counter(t.group for t in trials)
    for group, n in groups.items():
        mine = [t for t in trials if t.group == group]
        costs = sorted(t.cost for t in mine if t.cost is not None)
        lines.append(
            f"| {group} | {n} | {sum(bool(t.caught_by) for t in mine)} |"
            f" {sum(t.diagnosed for t in mine)} | {costs[len(costs) // 2]} |"
        )
    return "\n".join(lines)


def statistics() -> str:
    """False alarms, power and budgets of the evidence from draws."""
    from validation.false_alarms import markdown

    return markdown()


def precision() -> str:
    """Densities and scores against multi-precision references."""
    from validation.precision.__main__ import main as table

    return _printed(table)


def published() -> str:
    """Tables published elsewhere: by formula, and from repeated samples."""
    from validation.published.__main__ import main as table

    return _printed(table)


def peers() -> str:
    """Other people's libraries held against the catalogue."""
    from validation.peers.__main__ import main as table

    return _printed(lambda: table(["--markdown", "--deviations"]))


def samplers() -> str:
    """Other people's samplers: exact law, measured orders, distance to the formula cited."""
    from validation.samplers.__main__ import main as table

    return _printed(lambda: table([]))


def errata() -> str:
    """The lectures' formulas that do not hold as printed, each with its counterexample run."""
    from validation.errata import markdown

    return markdown()


def families() -> str:
    """Model families on the same data: what each can do, and at what price."""
    from validation.families import markdown

    return markdown()


def digits() -> str:
    """A small discrete autoencoder fitted three ways to scikit-learn's digits."""
    from validation.digits import markdown

    return markdown()


def benchmarks() -> None:
    """Speed against peers, interleaved in one run, as ratios; written workload by workload."""
    from validation.benchmarks.__main__ import main as table

    _printed(lambda: table(["--write"]))


SECTIONS = {
    "library": ("The library against the catalogue", library),
    "mistakes": ("Named mistakes", mistakes),
    "statistics": ("The statistical tests tested", statistics),
    "precision": ("Precision", precision),
    "published": ("Published numbers", published),
    "errata": ("Errata of the lectures", errata),
    "families": ("Model families side by side", families),
    "digits": ("Digits through a book of codes", digits),
    "peers": ("Other libraries", peers),
    "samplers": ("Other libraries' samplers", samplers),
    "benchmarks": ("Speed", benchmarks),
}


FAILED: list[int] = []


def _printed(function) -> str:
    """What a command prints; an exit code that is not 0 is put on FAILED."""
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        code = function()
    if code:
        FAILED.append(code)
    return out.getvalue().strip()


def main(arguments: list[str] | None = None) -> int:
    """Write the sections named, or all; 1 if a command behind one of them failed."""
    parser = argparse.ArgumentParser(
        prog="python -m validation", description=__doc__.split("\n")[0]
    )
    parser.add_argument("sections", nargs="*", metavar="SECTION", help=", ".join(SECTIONS))
    chosen = parser.parse_args(arguments).sections or list(SECTIONS)
    if unknown := [name for name in chosen if name not in SECTIONS]:
        parser.error(f"no section {unknown[0]!r}; there are {', '.join(SECTIONS)}")
    head = (
        "Generated by `python -m validation`; not edited by hand. Each section names the version"
        "\nand interpreter it was made with."
    )
    write("head", head)
    failed: list[str] = []
    for name in chosen:
        title, section = SECTIONS[name]
        print(f"{name} ...", file=sys.stderr, flush=True)
        FAILED.clear()
        if body := section():
            write(name, f"## {title}\n\n*{made()}*\n\n{body}")
        failed += [name] if FAILED else []
    if "library" in chosen and README.exists():
        README.write_text(between(README.read_text("utf-8"), "families", family_table()), "utf-8")
    for name in failed:
        print(f"{name} failed: see validation/RESULTS.md", file=sys.stderr)
    return int(bool(failed))


if __name__ == "__main__":
    sys.exit(main())
