"""Interleaved timing of contenders that compute the same numbers."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

LONG = 10.0


class Case(NamedTuple):
    """One workload at one size: our call, the others, and the floor that nobody can beat.

    A contender is a function without arguments returning arrays to compare with ours, or a
    string, the reason why it is missing.
    """

    workload: str
    ours: Callable
    others: dict[str, Callable | str]
    floor: Callable
    floor_is: str
    rtol: float = 1e-8


class Row(NamedTuple):
    """A contender's median CPU time in ms, over ours, and over the floor; or why not."""

    workload: str
    contender: str
    milliseconds: float | None
    over_ours: float | None
    over_floor: float | None
    note: str


def measure(case: Case, repeats: int = 7) -> list[Row]:
    """The rows of a case: ours first, the floor last."""
    present = {"refscore": case.ours}
    present |= {name: f for name, f in case.others.items() if callable(f)}
    wanted = [np.asarray(array) for array in case.ours()]
    notes = {name: _compare(case, f(), wanted) for name, f in present.items()}
    medians = interleaved({"floor": case.floor} | present, repeats)
    rows = []
    for name in [*present, *(n for n in case.others if n not in present), "floor"]:
        if name not in medians:
            rows.append(Row(case.workload, name, None, None, None, f"skipped: {case.others[name]}"))
            continue
        seconds, note = medians[name], case.floor_is if name == "floor" else notes[name]
        over = seconds / medians["refscore"], seconds / medians["floor"]
        rows.append(Row(case.workload, name, 1e3 * seconds, *over, note))
    return rows


def interleaved(contenders: dict, repeats: int, least: float = 0.1) -> dict:
    """Median seconds of process CPU time a call, contenders taking turns in every round.

    Where a round takes more than `LONG` seconds there are five of them at most.
    """
    loops, once = {}, 0.0
    for name, call in contenders.items():
        call()  # warm-up: compilation, caches
        seconds = _seconds(call, 1)
        loops[name], once = max(1, int(least / max(seconds, 1e-7))), once + seconds
    repeats = min(repeats, 5) if once > LONG else repeats
    times = {name: [] for name in contenders}
    for _ in range(repeats):
        for name, call in contenders.items():
            time.sleep(0.02)  # let threads that spin after the last contender go to sleep
            times[name].append(_seconds(call, loops[name]) / loops[name])
    return {name: float(np.median(values)) for name, values in times.items()}


def _seconds(call, loops: int) -> float:
    start = time.process_time()
    for _ in range(loops):
        call()
    return time.process_time() - start


def _compare(case: Case, answer, wanted) -> str:
    """How far a contender's numbers are from ours; an error if it computes something else."""
    gaps = []
    for got, want in zip(answer, wanted, strict=True):
        got = np.asarray(got, dtype=np.float64)
        gaps.append(np.abs(got - want).max() / max(np.abs(want).max(), 1e-300))
    if not max(gaps) <= case.rtol:
        raise AssertionError(f"{case.workload}: a contender differs from ours by {max(gaps):.1e}")
    return f"agrees to {max(gaps):.0e}"


def heading() -> str:
    """What the columns mean, and which kernels the floor's matrix products run."""
    text = (
        "`/ ours` is a contender's CPU time over refscore's, `/ floor` its time over that of the"
        " operations named in the floor's note alone; contenders take turns, medians, one thread."
    )
    try:
        import threadpoolctl
    except ImportError:
        return text
    blas = [f for f in threadpoolctl.threadpool_info() if "numpy" in f.get("filepath", "")]
    kernels = ", ".join(f"{f['internal_api']} ({f.get('architecture')} kernels)" for f in blas)
    return f"{text} NumPy's products: {kernels}." if kernels else text


def table(rows: list[Row]) -> str:
    """The rows as a Markdown table."""
    lines = [
        "| workload | contender | CPU ms | / ours | / floor | note |",
        "|---|---|---|---|---|---|",
    ]
    for row in rows:
        numbers = (row.milliseconds, row.over_ours, row.over_floor)
        cells = ["" if number is None else f"{number:.3g}" for number in numbers]
        lines.append(f"| {row.workload} | {row.contender} | {' | '.join(cells)} | {row.note} |")
    return "\n".join(lines)
