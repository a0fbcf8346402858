"""Hold other people's libraries against the catalogue.

python -m validation.peers                    every peer that is installed here
python -m validation.peers torchebm primate   these
python -m validation.peers --install          in a virtualenv of its own, .venv-peers
python -m validation.peers --markdown --deviations     as in validation/RESULTS.md
"""

from __future__ import annotations

import argparse
import ast
import subprocess
import sys
import venv
from pathlib import Path

from validation.peers import PEERS, run

CHECKOUT = Path(__file__).resolve().parents[2]
# Installed as they are: their own dependencies would pull torchvision and more, unused here.
WITHOUT_DEPENDENCIES = (
    "curvlinops-for-pytorch==3.0.1",
    "backpack-for-pytorch==1.7.1",
    "unfoldNd==0.2.3",
    "azula==0.11.1",
    "denoising-diffusion-pytorch==2.3.4",
    "ebmkit==0.16.0",
    "k-diffusion==0.1.1.post1",
    "coreax==1.0.0",
    "sbi==0.27.0",
    "score-models==0.5.11",
    "toy-gradlogp==0.2.2",
    "smalldiffusion==0.5.0",
    "deepinv==0.5.0",
    "torchdyn==1.0.6",
    "torchcfm==1.0.7",
    "nflows==0.14",
    "bionemo-moco==0.0.2.2",
    "diffusionjax==0.1.8",
    "vector-quantize-pytorch==1.32.0",
    "dm-haiku==0.0.17",
    "jmp==0.0.4",
    "tabulate==0.10.0",
)


def main(arguments: list[str] | None = None) -> int:
    """Print one table a subject; 0 unless something fails that is not declared."""
    parser = argparse.ArgumentParser(prog="python -m validation.peers")
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(PEERS))
    parser.add_argument("--install", action="store_true", help="in a virtualenv of its own")
    parser.add_argument("--markdown", action="store_true", help="as for validation/RESULTS.md")
    parser.add_argument("--deviations", action="store_true", help="run their scripts too")
    options = parser.parse_args(arguments)
    if unknown := sorted(set(options.names) - set(PEERS)):
        parser.error(f"unknown peer {unknown[0]!r}; known: {', '.join(PEERS)}")
    if options.install:
        python = installed()
        again = [a for a in (sys.argv[1:] if arguments is None else arguments) if a != "--install"]
        return subprocess.call([python, "-m", "validation.peers", *again], cwd=CHECKOUT)
    code = report(options.names or list(PEERS), markdown if options.markdown else text)
    if options.deviations:
        print(deviations())
    return code


def installed() -> str:
    """The interpreter of .venv-peers, made and filled where it is not there yet."""
    folder = CHECKOUT / ".venv-peers"
    venv.create(folder, with_pip=True)
    python = str(folder / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python"))
    pip = [python, "-m", "pip", "install", "-q"]
    subprocess.check_call([*pip, "-e", f"{CHECKOUT}[peers]"])
    subprocess.check_call([*pip, "--no-deps", *WITHOUT_DEPENDENCIES])
    return python


def report(names: list[str], render) -> int:
    """Run and print as we go; the worst exit code."""
    codes = []
    for name, result in run(names):
        if isinstance(result, str):
            print(f"{name}: skipped, {result}\n")
            continue
        print(render(result), flush=True)
        codes.append(result.exit_code)
    if not codes:
        print("no peer is installed: python -m validation.peers --install")
        return 2
    return max(codes)


def rows(result) -> list[tuple[str, str, str, str, str]]:
    """(id, name, verdict, gap, note) of the checks that ran or were blocked."""
    return [
        (c.id, c.name, verdict(c), "" if c.gap is None else f"{c.gap:.1e}", note(c))
        for c in result.checks
        if c.verdict != "not offered"
    ]


def declined(result) -> dict[str, list[str]]:
    """The checks of offered ports that ran on no case, by the reason given."""
    reasons: dict[str, list[str]] = {}
    for check in result.checks:
        if check.verdict == "not offered" and check.cases:
            reasons.setdefault(check.note, []).append(check.name)
    return reasons


def verdict(check) -> str:
    """The verdict, with a declared failure marked as such."""
    return f"{check.verdict} (declared)" if check.expected_failure else check.verdict


def note(check) -> str:
    """Why it was declared, with the mistake it is; or the check's own note and diagnosis."""
    found = check.diagnosis
    told = found and (found.mistakes or not check.expected_failure)
    said = check.expected_failure or check.note, found.explanation if told else ""
    return "; ".join(filter(None, said))


def title(result) -> str:
    """Name, version, framework and the counts of what ran."""
    ran = {v: n for v, n in result.counts.items() if n and v not in ("not offered", "blocked")}
    counts = ", ".join(f"{n} {v}" for v, n in ran.items())
    return f"{result.subject} {result.version} ({result.framework}): {counts or 'nothing ran'}"


def text(result) -> str:
    """A plain table."""
    lines = [title(result)]
    for identity, name, said, gap, why in rows(result):
        lines.append(f"  {identity:<14} {name:<34} {said:<18} {gap:>8}  {why}".rstrip())
    lines += [f"  declined: {', '.join(n)} ({why})" for why, n in declined(result).items()]
    return "\n".join([*lines, ""])


def markdown(result) -> str:
    """A Markdown table."""
    head = ["| id | check | verdict | gap | note |", "|---|---|---|---|---|"]
    cells = ["| " + " | ".join(c.replace("|", "\\|") for c in row) + " |" for row in rows(result)]
    rest = [f"- declined: {', '.join(n)} ({why})" for why, n in declined(result).items()]
    return "\n".join([f"### {title(result)}", "", *head, *cells, "", *rest, ""])


def deviations() -> str:
    """What each script of `deviations/` says and prints here, in Markdown."""
    sections = []
    for script in sorted((Path(__file__).parent / "deviations").glob("*.py")):
        said = ast.get_docstring(ast.parse(script.read_text("utf-8"))) or ""
        command = [sys.executable, "-W", "ignore", str(script)]
        ran = subprocess.run(command, capture_output=True, text=True, check=False)
        lines = (ran.stdout or ran.stderr).strip().splitlines()
        output = "\n".join(lines if ran.returncode == 0 else lines[-1:])
        sections.append(f"#### {script.stem}\n\n{said}\n\n```\n{output}\n```\n")
    return "\n".join(sections)


if __name__ == "__main__":
    sys.exit(main())
