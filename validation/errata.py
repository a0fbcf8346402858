"""The lectures' formulas that do not hold as printed, each with its counterexample run.

    python -m validation errata

What is printed and what is right is written here; the numbers and verdicts come from the
catalogue's entries of chapter J, run on the library. An entry holds when the corrected formula
gives the counterexample's right value and the printed one does not.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np


class Erratum(NamedTuple):
    lectures: str
    printed: str
    right: str


ERRATA = {
    "J1": Erratum("004", "implicit matching with an energy: + (∂²E/∂xᵢ²)²",
                  "− ∂²E/∂xᵢ², not squared"),
    "J2": Erratum("004", "sliced matching with an energy: + vᵀ∇²E v; Σ (vᵢ ∂ᵢE)²",
                  "− vᵀ∇²E v; (Σ vᵢ ∂ᵢE)², equal on average for uncorrelated components only"),
    "J3": Erratum("004", "small noise: terms dropped as a constant",
                  "they hold 2 zᵀ∇s z + ‖s‖², the implicit objective itself"),
    "J4": Erratum("001", "Z = 1/(2π)^{d/2}; the sliced loop without v",
                  "(2π)^{d/2}; ½ (v·s)²"),
    "J5": Erratum("003", "z(0) = ∫₀¹ f dt + x", "∫₁⁰"),
    "J6": Erratum("000, 002, 003",
                  "the relaxed gradient with “=”; Langevin samples follow the target; the"
                  " Fokker-Planck equation an ODE",
                  "biased; only as η → 0; a partial differential equation"),
    "J7": Erratum("004", "kernel density with 1/h", "1/h^d"),
    "J8": Erratum("000, 002", "z(t₀) = −∫_{t₁}^{t₀} f dt + z₁", "plus"),
    "J9": Erratum("001, 004", "Fisher divergence “=” objective", "plus a constant of the data"),
    "J10": Erratum("004", "sliced matching without E_v", "the mean over p_v"),
    "J11": Erratum("004", "the ladder's loss at s(x)", "at s(x̃, σ)"),
    "J12": Erratum("000, 002, 003", "drift ½ ∇ log p(x, t)", "the fixed target's score"),
    "J13": Erratum("003", "adjoint of a likelihood without trace terms",
                   "the trace is a running cost"),
    "J14": Erratum("000, 002", "− log K for a grid of codes", "− (positions) log K"),
    "J15": Erratum("001", "ε → 0, T → ∞", "and ε T → ∞"),
    "J16": Erratum("000", "gradients of densities equal", "of log densities"),
    "J17": Erratum("003", "√dt with dt < 0, noise of the forward path",
                   "√|dt|, fresh noise of reverse time"),
    "J18": Erratum("004", "the chain becomes the distribution",
                   "it keeps the basins' weights of its start"),
    "J19": Erratum("004", "one scale of the loss at all levels", "at zero score only"),
    "J20": Erratum("000, 004", "regularity of the data's density", "the model's too, C²"),
    "J21": Erratum("001", "the score keeps all information", "on a connected support"),
    "J22": Erratum("003", "variance-exploding marginal σ_t²", "σ_t² − σ₀²"),
    "J23": Erratum("003", "the ODE is more stable",
                   "starting errors shrink faster along the SDE"),
}  # fmt: skip
MOST = 3  # numbers of one side that are shown


def markdown() -> str:
    """The page: what is printed, what is right, and what the counterexamples gave."""
    from refscore.verify import library, run

    entries = entries_of_chapter()
    report = run(library, checks=[e.name for row in entries.values() for e in row], diagnose=False)
    checks = [report[e.name] for row in entries.values() for e in row]
    held = sum(check.verdict == "holds" for check in checks)
    lines = [
        f"{len(entries)} formulas or claims of the lectures, {len(checks)} checks, {held} hold: the"
        " correction is right on its counterexamples and what is printed is not.",
        "",
        "| erratum | lectures | printed | right | check | verdict | gap |",
        "|---|---|---|---|---|---|---|",
    ]
    for row, erratum in ERRATA.items():
        cells = [row, erratum.lectures, escaped(erratum.printed), escaped(erratum.right)]
        for entry in entries[row]:
            check = report[entry.name]
            last = [f"`{entry.id}`", check.verdict, f"{check.gap:.1e}"]
            lines.append("| " + " | ".join([*cells, *last]) + " |")
            cells = [""] * 4
    lines += ["", "What the counterexamples gave, beside what they have to give:", ""]
    for row in ERRATA:
        for entry in entries[row]:
            lines += described(entry, report[entry.name])
    return "\n".join(lines)


def entries_of_chapter() -> dict[str, list]:
    """Entries of chapter J by row; an erratum without an entry, or the reverse, is an error."""
    from refscore.identities import catalogue

    rows: dict[str, list] = {row: [] for row in ERRATA}
    for entry in catalogue().values():
        if entry.chapter == "J":
            rows[entry.row].append(entry)
    missing = [row for row, found in rows.items() if not found]
    if missing:
        raise ValueError(f"errata without a check: {', '.join(missing)}")
    return rows


def described(entry, check) -> list[str]:
    """One entry: its theorem, and the numbers of every case that are few enough to read."""
    lines = [f"- `{entry.id}` {entry.summary}"]
    for case in check.cases:
        shown = [
            f"{j.label} {numbers(j.left)} ({numbers(j.right)})"
            for j in case.judgements
            if j.left is not None and j.right is not None and np.size(j.left) <= MOST
        ]
        if shown:
            lines.append(f"  - {case.case}: " + "; ".join(shown))
    return lines


def numbers(value) -> str:
    """Numbers to five digits; what rounds to nothing is 0."""
    values = np.ravel(np.asarray(value, dtype=float))
    return ", ".join(f"{0.0 if abs(v) < 1e-12 else v:.5g}" for v in values)


def escaped(text: str) -> str:
    """Without bars, which would end a cell."""
    return text.replace("|", r"\|")
