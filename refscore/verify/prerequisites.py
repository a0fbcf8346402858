"""What must hold before a port's identities mean anything: one check a port.

Shape, finite numbers, same input same result (same seed same result, other seeds
differ), inputs not mutated, and rows that do not depend on their neighbours, also alone.
"""

from __future__ import annotations

import time

import numpy as np

from refscore.verify import pairs
from refscore.verify.errors import Malformed
from refscore.verify.first_calls import call, first_call
from refscore.verify.judging import blamed
from refscore.verify.ports import PORTS
from refscore.verify.repeating import leftovers
from refscore.verify.report import CheckResult
from refscore.verify.rows import dependent, points
from refscore.verify.signatures import left_out
from refscore.verify.subject import Subject

_SUMMARY = "Shape, finite values, repeatable, inputs untouched, rows independent."
ONE_RESULT = "different seeds gave the same result"
_SEEDS = 12  # seeds, as a few signs often agree by chance


def absent(port: str) -> CheckResult:
    """The prerequisite of a port that is not offered: a check that exists and did not run."""
    name, note = f"{port}_prerequisites", f"{port} not offered"
    return CheckResult("P", name, "not offered", (port,), "", _SUMMARY, note=note)


def checked(subject: Subject, port: str, entries) -> tuple[CheckResult, bool]:
    """The result, and whether all but the port's own drawing is right."""
    name = f"{port}_prerequisites"
    result = CheckResult("P", name, "holds", (port,), "", _SUMMARY, "exact")
    start, only_drawn = time.perf_counter(), False
    try:
        arguments = first_call(subject, port, entries)
        if arguments is None:
            result.verdict, result.note = _never_called(subject, port, entries)
            return result, False
        subject.unasked.clear()
        found = failures(subject, port, arguments)
        found += [left.message for left in subject.unasked[:1] if found]
        only_drawn = not found and "rng" not in arguments
        if only_drawn:
            drawn = first_call(subject, port, entries, draws="rng")
            found = failures(subject, port, drawn) if drawn else []
        result.verdict, result.note = ("fails", "; ".join(found)) if found else ("holds", "")
    except Exception as error:
        result.verdict, result.note = "error", blamed(error)
    result.seconds = time.perf_counter() - start
    return result, only_drawn


def _never_called(subject: Subject, port: str, entries) -> tuple[str, str]:
    """A port that declines every case is not offered; one without draws is a mistaken adapter."""
    given = PORTS[port].given
    takes = subject.takes(port)
    judged_by_draws = any(port in e.ports and e.draws == "rng" for e in entries)
    if given not in (None, "rng") and not takes[0] and takes[1] and not judged_by_draws:
        return "undecided", (
            f"{port} draws by itself, and no check decides that yet; hand it its draws, an argument"
            f" {given}, or run a library that draws inside under refscore.verify.replay"
        )
    if given is None or any(subject.takes(port)[:2]):
        return "not offered", "no case of the catalogue was accepted"
    source = subject.source
    function = source[port] if isinstance(source, dict) else getattr(source, port)
    missing = left_out(function, PORTS[port])
    if missing:
        return "error", (
            f"{port} takes no {', '.join(missing)}, which comes before the draws: arguments are"
            f" handed over by position, {PORTS[port].signature}"
        )
    return "error", (
        f"{port} names neither {given} nor rng, so no check can call it; a library that draws"
        " inside can be handed its draws by refscore.verify.replay"
    )


def failures(subject, port: str, arguments: dict) -> list[str]:
    """What is wrong, in words; empty when the prerequisites hold."""
    try:
        return _failures(subject, port, arguments)
    except Malformed as error:
        return [str(error)]


def _failures(subject, port: str, arguments: dict) -> list[str]:
    found = list(_mutations(subject, port, arguments))
    first = call(subject, port, arguments)
    found += _shape(port, first, arguments)
    if PORTS[port].returns in pairs.BY_ROW:
        wrong = pairs.shapes(port, first, points(arguments))
        wrong = wrong or pairs.not_finite(port, first)
        if wrong:
            return [*found, *wrong]
    leaves = list(_leaves(first))
    if PORTS[port].returns == "estimate":  # one probe has no standard error
        leaves = leaves[:1]
    if not all(leaf.dtype.kind in "fiub" and np.isfinite(leaf).all() for leaf in leaves):
        return [*found, "returned values that are not finite numbers on an ordinary case"]
    again = call(subject, port, arguments)
    if not _equal(first, again):
        what = "seed" if "rng" in arguments else "inputs"
        found.append(f"the same {what} gave two different results")
    found += leftovers(port, lambda asked: call(subject, port, asked), _equal, arguments)
    if "rng" in arguments and not found:
        found += _seeds(subject, port, arguments, first)
    if not found:
        found += dependent(subject, port, arguments, first)
    return found


def _leaves(answer):
    if isinstance(answer, dict):
        return [np.asarray(v) for v in answer.values()]
    return [np.asarray(a) for a in (answer if isinstance(answer, tuple) else (answer,))]


def _equal(a, b) -> bool:
    a, b = _leaves(a), _leaves(b)
    return len(a) == len(b) and all(np.array_equal(x, y, equal_nan=True) for x, y in zip(a, b))


def _seeds(subject, port, arguments, first):
    seeds = range(arguments["rng"] + 1, arguments["rng"] + 1 + _SEEDS)
    if all(_equal(first, call(subject, port, {**arguments, "rng": seed})) for seed in seeds):
        yield ONE_RESULT


def _mutations(subject, port, arguments):
    """Names of array arguments the call wrote to."""
    handed: list[tuple[str, object, np.ndarray]] = []
    original = subject._convert

    def remember(name, value):
        converted = original(name, value)
        if isinstance(value, np.ndarray) and not callable(converted):
            handed.append((name, converted, np.array(subject.framework.back(converted))))
        return converted

    subject._convert = remember
    try:
        call(subject, port, arguments)
    finally:
        del subject._convert
    for name, converted, before in handed:
        now = np.asarray(subject.framework.back(converted))
        if now.shape != before.shape or not np.array_equal(now, before):
            yield f"wrote to its argument {name}"


def _chain_shape(answer, arguments):
    """The end of a chain, its points, or its points with the start."""
    end, k = np.shape(arguments["x0"]), int(arguments["n_steps"])
    got, allowed = np.shape(answer), (end, (k, *end), (k + 1, *end))
    if got in allowed:
        return []
    return [
        f"returned shape {got}, expected {end} or, of every step, {allowed[1]} or with the start"
        f" {allowed[2]}, for x0 of shape {end} and {k} steps"
    ]


def _shape(port, answer, arguments):
    returns = PORTS[port].returns
    if port == "langevin_sample":
        return _chain_shape(answer, arguments)
    x = points(arguments)
    if x is None or returns not in ("values", "points", "matrices", "losses", "moved"):
        return []
    n, d = np.shape(x)
    allowed = {
        "values": [(n,)],
        "points": [(n, d)],
        "moved": [(n, d)],
        "matrices": [(n, d, d)],
        "losses": [(n,), ()],
    }[returns]
    if returns == "moved" and isinstance(answer, tuple):
        answer = answer[0]
    got = np.shape(answer) if not isinstance(answer, (tuple, dict)) else None
    if got in allowed:
        return []
    wanted = " or ".join(str(shape) for shape in allowed)
    return [f"returned shape {got}, expected {wanted} for x of shape {(n, d)}"]
