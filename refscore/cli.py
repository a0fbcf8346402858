"""The command `refscore`: verify an implementation, read the catalogue, meet the mistakes."""

from __future__ import annotations

import contextlib
import json
import os
import sys
from pathlib import Path

from refscore.identities import find
from refscore.verify import listing
from refscore.verify.errors import SubjectError, said
from refscore.verify.options import parser
from refscore.verify.render import listings, terminal
from refscore.verify.render.ink import Ink, wanted
from refscore.verify.render.progress import Progress

LIBRARY, FAULTY = listing.LIBRARY, "refscore.verify.faulty:subject"


def main(argv: list[str] | None = None) -> int:
    """Run the command line; returns the exit code."""
    arguments = parser(COMMANDS).parse_args(argv)
    if hasattr(sys.stdout, "reconfigure"):  # a narrow console shows an escape instead of ending
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        return arguments.command(arguments)
    except BrokenPipeError:  # the reader, `head` say, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except KeyboardInterrupt:
        return 130
    except (SubjectError, OSError) as error:
        print(f"refscore: {error}", file=sys.stderr)
        return 2
    except SystemExit as error:  # of the subject: it must not decide how this program ends
        print(f"refscore: the subject raised SystemExit: {error}", file=sys.stderr)
        return 2


def _known(keys: list[str]) -> None:
    """Raise a SubjectError for a key that names no identity."""
    for key in keys:
        try:
            find(key)
        except KeyError as error:
            raise SubjectError(error.args[0]) from None


def _verify(arguments) -> int:
    _known(arguments.check or [])
    if arguments.more and not arguments.evidence:
        raise SubjectError("--more needs --evidence FILE, what to go on from")
    _outputs(arguments)
    if not arguments.targets:
        return _verify_self(arguments)
    reports = [_report(target, arguments) for target in arguments.targets]
    if not _exported(reports, arguments):
        print("\n".join(_text(report, arguments) for report in reports), end="")
    codes = {report["exit_code"] for report in reports}
    return 1 if 1 in codes else max(codes)


def _outputs(arguments) -> None:
    """Where the reports go, as it is meant now: a subject may change the folder."""
    names = ("json", "markdown", "html")
    screen = [f"--{name}" for name in names if getattr(arguments, name) == "-"]
    if len(screen) > 1:
        raise SubjectError(f"{' and '.join(screen)} cannot both be written to standard output")
    for name in names:
        path = getattr(arguments, name)
        if path and path != "-":
            setattr(arguments, name, os.path.abspath(path))


def _verify_self(arguments) -> int:
    """The library must pass; the faulty subject must fail and be named."""
    from refscore.verify import faulty

    library, wrong = _report(LIBRARY, arguments), _report(FAULTY, arguments)
    unnamed = {port: m for port, m in faulty.EXPECTED.items() if not named(wrong, port, m)}
    if not _exported([library, wrong], arguments):
        print(_text(library, arguments))
        print(_ink()("A faulty subject, which is expected to fail and to be named:", "bold"))
        print()
        print(_text(wrong, arguments))
    problems = ["the library does not pass"] if library["exit_code"] else []
    problems += ["the faulty subject does not fail"] if wrong["exit_code"] != 1 else []
    problems += [f"{mistake} in {port} is not named" for port, mistake in unnamed.items()]
    if problems:
        print(f"refscore: not as declared: {'; '.join(problems)}", file=sys.stderr)
        return 1
    if "-" not in (arguments.json, arguments.markdown):
        names = ", ".join(faulty.EXPECTED.values())
        print(f"as declared: the library holds; the faulty subject fails and is named ({names})")
    return 0


def named(report: dict, port: str, mistake: str) -> bool:
    """True when a check of this port is explained by this mistake."""
    return any(
        port in check["ports"] and mistake in check["diagnosis"]["mistakes"]
        for check in report["checks"]
        if check["diagnosis"]
    )


def _report(target: str, arguments) -> dict:
    from refscore.verify.loading import load
    from refscore.verify.runner import run
    from refscore.verify.subject import Subject

    with contextlib.redirect_stdout(sys.stderr):  # what a subject prints is no report
        try:
            subject = Subject(load(target))
        except (SubjectError, OSError):
            raise
        except BaseException as error:  # whatever the adapter's own code raises, SystemExit too
            raise SubjectError(
                f"cannot load {target}: {type(error).__name__}: {said(error)}"
            ) from None
        with Progress() as progress:
            report = run(
                subject, checks=arguments.check, alpha=arguments.alpha,
                diagnose=not arguments.no_diagnosis, progress=progress,
                evidence=arguments.evidence, more=arguments.more, eps=arguments.eps,
            )  # fmt: skip
    report.target = target
    return report.to_dict()


def _text(report: dict, arguments) -> str:
    return terminal.render(report, color=wanted(sys.stdout), verbose=arguments.verbose)


def _exported(reports: list[dict], arguments) -> bool:
    """Write the forms asked for; True when one of them took standard output."""
    if arguments.json:
        _write(arguments.json, _json(reports[0] if len(reports) == 1 else reports))
    if arguments.markdown:
        from refscore.verify.render import markdown

        _write(arguments.markdown, markdown.render_all(reports))
    if arguments.html:
        from refscore.verify.render import html

        _write(arguments.html, html.render(reports))
    return "-" in (arguments.json, arguments.markdown, arguments.html)


def _identities(arguments) -> int:
    _known([arguments.id] if arguments.id else [])
    with Progress() as progress:
        records = listing.identities(arguments.id, progress=progress)
    if arguments.json:
        for record in records:
            del record["check"]
        print(_json(records), end="")
    elif arguments.id is None:
        print(listings.identities(records, _ink()), end="")
    else:
        print("\n".join(listings.identity(record, _ink()) for record in records), end="")
    return 0 if all(record["status"] == "holds" for record in records) else 1


def _mistakes(arguments) -> int:
    with Progress() as progress:
        records = listing.mistakes(arguments.name, group=arguments.group, progress=progress)
    if arguments.json:
        print(_json(records), end="")
    elif arguments.name is None:
        print(listings.mistakes(records, _ink()), end="")
    else:
        code = listing.wrong_code(arguments.name)
        print(listings.mistake(records[0], code, _ink()), end="")
    return 0 if all(record["caught_by"] for record in records) else 1


def _plan(arguments) -> int:
    _known([arguments.id] if arguments.id else [])
    records = listing.plans(arguments.id, arguments.eps)
    print(_json(records) if arguments.json else listings.plans(records), end="")
    return 0


def _ports(arguments) -> int:
    records = listing.ports()
    print(_json(records) if arguments.json else listings.ports(records, _ink()), end="")
    return 0


def _conventions(arguments) -> int:
    records = listing.conventions()
    print(_json(records) if arguments.json else listings.conventions(records, _ink()), end="")
    return 0


def _vectors(arguments) -> int:
    _known(arguments.check or [])
    if arguments.read:
        return _reread(arguments)
    if arguments.answers or arguments.target:
        raise SubjectError("a TARGET or --answers needs --read FILE, the vectors to hold it to")
    from refscore.verify.vectors import vectors

    _write(arguments.output, json.dumps(vectors(arguments.check), allow_nan=False) + "\n")
    return 0


def _reread(arguments) -> int:
    """Hold an implementation, or the answers of another program, to a file of vectors."""
    from refscore.verify import rereading
    from refscore.verify.loading import load
    from refscore.verify.render import reread

    found = rereading.read(arguments.read)
    if arguments.check:
        names = {entry.name for key in arguments.check for entry in find(key)}
        found["checks"] = [check for check in found["checks"] if check["name"] in names]
    if arguments.answers and arguments.target:
        raise SubjectError("either a TARGET or --answers is held to the vectors, not both")
    if arguments.answers:
        answers = rereading.read_answers(arguments.answers)
        if arguments.check:
            answers = {key: answer for key, answer in answers.items() if key[0] in names}
        held = rereading.hold_answers(found, answers)
    else:
        with contextlib.redirect_stdout(sys.stderr):
            held = rereading.hold(found, load(arguments.target or LIBRARY))
    print(reread.render(held, _ink()), end="")
    verdicts = {outcome.verdict for outcome in held}
    return 1 if "fails" in verdicts else 2 * (bool(verdicts & {"error"}) or "holds" not in verdicts)


def _schema(arguments) -> int:
    from refscore.verify.report import schema

    print(_json(schema()), end="")
    return 0


COMMANDS = {
    "verify": _verify,
    "identities": _identities,
    "mistakes": _mistakes,
    "plan": _plan,
    "ports": _ports,
    "conventions": _conventions,
    "vectors": _vectors,
    "schema": _schema,
}


def _json(value) -> str:
    return json.dumps(value, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def _write(path: str, text: str) -> None:
    if path == "-":
        print(text, end="")
    else:  # a lone surrogate, which UTF-8 has no bytes for, becomes its escape: JSON's own
        Path(path).write_text(text, encoding="utf-8", errors="backslashreplace")


def _ink() -> Ink:
    return Ink(wanted(sys.stdout))
