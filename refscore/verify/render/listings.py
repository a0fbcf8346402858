"""The listings of `refscore identities`, `mistakes`, `ports` and `conventions` as text."""

from __future__ import annotations

import textwrap

from refscore.identities.settings import PROCESSES
from refscore.verify.arguments import ARGUMENTS
from refscore.verify.ports import GENERATOR_NAMES, GROUPS, LAWS
from refscore.verify.render import CHAPTERS, chapter_title, short
from refscore.verify.render.formula import plain
from refscore.verify.render.ink import Ink
from refscore.verify.render.terminal import WIDTH, case_lines
from refscore.verify.returned import RETURNS

NOTES = (
    "Arguments come by position, in this order, whatever you call them; draws come by keyword."
    " Arrays are float64 and to be left as they are: n points or rows of d coordinates, p"
    " parameters, m probes or data, L levels.",
    "`probes | rng`: name one of the two, or both, the kit reads which. A generator may be called"
    f" {', '.join(GENERATOR_NAMES[:-1])} or {GENERATOR_NAMES[-1]}: all but seed, an integer, get"
    " the framework's own kind.",
    "Several answers may be a tuple in the order given, or a mapping or an object with these"
    " names.",
    "JAX compiles every operation for every shape; a port under jax.jit is compiled once for a"
    " shape and a kind of field: fields, families and energies are pytrees.",
    "Processes are the VP process with beta(t) = 0.1 + 19.9 t on [0, 1] unless the adapter names"
    ' its own, as process = {"kind": "vp", "beta_min": 0.1, "beta_max": 20}: kinds and numbers are'
    " those of `process` below, a number left out being "
    + "; ".join(
        f"{kind} {', '.join(f'{name} {value}' for name, value in numbers.items())}"
        for kind, numbers in PROCESSES.items()
        if numbers
    )
    + ". It then is the process of every port and of every score_at.",
    "`as declared`: the conventions by which a port is read, `refscore conventions` says what their"
    " values are; where your time runs from noise to data, one word turns every time of the process"
    ' and every score_at, conventions = {"clock": "data at 1"}.',
    "What you do not have, leave out; a case you do not take, decline: raise NotImplementedError"
    " or refscore.verify.NotOffered.",
)

ADAPTER = '''\
"""my_adapter.py: functions named as in the table; then `refscore verify my_adapter.py`."""

name = "my library"                    # optional, like the next four
# framework = "torch"                  # or "jax": arrays and fields arrive in it
# conventions = {"half": False}        # where you chose otherwise: `refscore conventions`
# process = {"kind": "straight"}       # if it is not VP with beta from 0.1 to 20
# expected_failures = {"sliced_variance": "known, see our issue 12"}


def implicit_loss(field, x):           # field(x) and x are (n, d)
    return 0.5 * (field(x) ** 2).sum(-1) + field.divergence(x)


def sliced_loss(field, x, probes):     # name it `rng` instead if you draw inside
    s, along = field(x), [(v * field.jvp(x, v)).sum(-1) for v in probes.swapaxes(0, 1)]
    return sum(along) / len(along) + 0.5 * ((probes * s[:, None]).sum(-1) ** 2).mean(-1)
'''

GRADIENT = """\
import torch

framework = "torch"


def loss(field, x):                    # a loss as you train with it
    x = x.clone().requires_grad_()
    s = field(x)
    trace = 0.0
    for i in range(x.shape[1]):        # without create_graph the trace teaches nothing
        trace = trace + torch.autograd.grad(s[:, i].sum(), x, create_graph=True)[0][:, i]
    return (0.5 * (s**2).sum(-1) + trace).mean()


def implicit_loss_gradient(field, x):  # and what its optimiser would see
    return torch.autograd.grad(loss(field, x), field.parameters)[0]
"""


def identities(records: list[dict], ink: Ink) -> str:
    """A table by chapter: id, name, status, gap, kind, ports; what it says under it."""
    lines: list[str] = []
    chapter = ""
    for record in records:
        if record["chapter"] != chapter:
            chapter = record["chapter"]
            lines += ["", ink(chapter_title(chapter), "bold")]
        status = ink.verdict(record["status"], f"{record['status']:<8}")
        lines.append(
            f"  {record['id']:<12} {record['name']:<38} {status} {short(record['gap']):>9}"
            f"  {ink(record['kind'], 'dim')}"
        )
        aside = f"{record['summary']} [{', '.join(record['ports'])}]"
        lines.append(ink(_wrapped(aside, 15), "dim"))
    holding = sum(record["status"] == "holds" for record in records)
    lines += [
        "",
        f"{holding} of {len(records)} hold on the library; `refscore identities NAME` explains one",
    ]
    return "\n".join(lines).lstrip("\n") + "\n"


def identity(record: dict, ink: Ink) -> str:
    """Everything about one entry, and what both sides were on the library."""
    compared = {
        "exact": f"both sides agree to {short(record['tolerance'])} of their scale",
        "exact law": f"the parameters of a law agree to {short(record['tolerance'])}",
        "order": "the measured order of the error lies within 0.4 of the stated one",
        "bound": "one side does not exceed the other",
        "expectation": "evidence from draws, whose level holds however often one looks",
    }[record["kind"]]
    facts = {
        "statement": plain(record["statement"]),
        "LaTeX": record["statement"],
        "assuming": record["assumptions"],
        "source": record["source"],
        "ports": ", ".join(record["ports"]),
        "compared": f"{record['kind']}: {compared}",
        "catches": ", ".join(record["catches"]) or "not recorded",
    }
    lines = [
        f"{ink(record['name'], 'bold')}  {ink(record['id'], 'dim')}  {CHAPTERS[record['chapter']]}",
        f"  {record['summary']}",
        "",
        *(_fact(label, text) for label, text in facts.items()),
        "",
        f"  on the library: {ink.verdict(record['status'])}, gap {short(record['gap'])}"
        f"{' (' + record['note'] + ')' if record['note'] else ''}",
    ]
    for case in record["check"]["cases"]:
        lines += case_lines(case, ink)
    return "\n".join(lines) + "\n"


def mistakes(records: list[dict], ink: Ink) -> str:
    """A table by group: name, whether it is named, what catches it, at what cost."""
    lines: list[str] = []
    group = ""
    for record in records:
        if record["group"] != group:
            group = record["group"]
            lines += ["", ink(group, "bold")]
        caught = ink("caught", "green") if record["caught_by"] else ink("missed", "red", "bold")
        named = ink("named", "green") if record["diagnosed"] else ink("unnamed", "yellow")
        by = ", ".join(record["caught_by"][:4]) + (" ..." if len(record["caught_by"]) > 4 else "")
        lines.append(f"  {record['name']:<44} {caught} {named:<8} {ink(by, 'dim')}")
        lines.append(ink(_wrapped(f"{record['summary']} [{record['port']}]", 4), "dim"))
    caught = sum(bool(record["caught_by"]) for record in records)
    named = sum(record["diagnosed"] for record in records)
    lines += ["", f"{caught} of {len(records)} caught, {named} called by name"]
    return "\n".join(lines).lstrip("\n") + "\n"


def mistake(record: dict, code: str, ink: Ink) -> str:
    """One mistake: what is wrong, its code, what catches it and what the kit says."""
    verdicts = [f"{name}: {ink.verdict(v)}" for name, v in record["verdicts"].items()]
    named = ink("named", "green") if record["diagnosed"] else ink("not named", "yellow")
    cost = "" if record["cost"] is None else f", at best from {record['cost']} rows or draws"
    lines = [
        f"{ink(record['name'], 'bold')}  {record['group']}, port {record['port']}",
        f"  {record['summary']}",
        _fact("source", record["source"]),
        "",
        textwrap.indent(code, "    "),
        "",
        _fact("caught by", ", ".join(record["caught_by"]) or "nothing") + cost,
        f"  {'diagnosis':<11} {named}",
        _fact("", record["diagnosis"]),
        "",
        *(f"    {verdict}" for verdict in verdicts),
    ]
    return "\n".join(lines) + "\n"


def ports(records: list[dict], ink: Ink) -> str:
    """The table of ports by group, and an adapter to start from."""
    lines = ["A subject is any object (a module, an instance) with some of these functions:"]
    group = ""
    for record in sorted(records, key=lambda record: GROUPS.index(record["group"])):
        if record["group"] != group:
            group = record["group"]
            lines += ["", ink(group, "bold")]
        call = f"{record['name']}{record['signature']}"
        lines.append(f"  {ink(call, 'cyan')} -> {record['returns']}")
        lines.append(ink(_wrapped(record["meaning"], 6), "dim"))
        if record["conventions"]:
            lines.append(
                ink(_wrapped(f"as declared: {', '.join(record['conventions'])}", 6), "dim")
            )
    lines += [
        "",
        ink("Arguments", "bold"),
        "",
        *(_wrapped(text, 2) + "\n" for text in NOTES),
        *_defined(ARGUMENTS),
        "",
        ink("Answers", "bold"),
        "",
        *_defined(RETURNS),
        "",
        ink("Laws", "bold"),
        "",
        *(f"  {kind:<20}{', '.join(names)}" for kind, names in LAWS.items()),
        "",
        ink("An adapter", "bold"),
        "",
        textwrap.indent(ADAPTER, "    "),
        ink("A gradient by torch's autograd", "bold"),
        "",
        textwrap.indent(GRADIENT, "    "),
    ]  # fmt: skip
    return "\n".join(lines)


def _defined(meanings: dict[str, str]) -> list[str]:
    """Names and what they mean, in two columns."""
    return [_wrapped(meaning, 22, f"  {name:<20}") for name, meaning in meanings.items()]


def conventions(records: list[dict], ink: Ink) -> str:
    """Names and values by family, the default first, and how to declare one."""
    lines = ["What a subject does not declare is read by the first value."]
    about = ""
    for record in records:
        if record["about"] != about:
            about = record["about"]
            lines += ["", ink(", ".join(record["groups"]), "bold"), ink(_wrapped(about, 2), "dim")]
        default, *others = [repr(value) for value in record["values"]]
        lines.append(f"  {record['name']:<14} {ink(default, 'green')} | {' | '.join(others)}")
        for value, meaning in zip(record["values"], record["meanings"]):
            lines.append(_wrapped(f"{value!r}: {meaning}", 8, "      "))
        if record["ports"]:
            lines.append(ink(_wrapped(f"of {', '.join(record['ports'])}", 8, "      "), "dim"))
    lines += [
        "",
        "Declare in the adapter, for all ports or for one of them:",
        "",
        '    conventions = {"half": False, "denoising_loss.sigma_power": 2}',
    ]
    return "\n".join(lines) + "\n"


def _fact(label: str, text: str) -> str:
    return _wrapped(text, 14, f"  {label:<11} ")


def _wrapped(text: str, indent: int, first: str | None = None) -> str:
    return textwrap.fill(
        text, WIDTH, initial_indent=" " * indent if first is None else first,
        subsequent_indent=" " * indent, break_long_words=False, break_on_hyphens=False,
    )  # fmt: skip


def plans(records: list[dict]) -> str:
    """Draws until a right subject holds, one line an outcome."""
    lines = [f"{'check':<34} {'case, outcome':<44} {'eps':>6} {'usual':>9} {'99 in 100':>9}"]
    for r in records:
        where = f"{r['case']}, {r['label']}"
        lines.append(
            f"{r['name']:<34} {where:<44} {r['eps']:>6.3g} {r['usual']:>9,} {r['most']:>9,}"
        )
    return "\n".join(lines if records else ["no draws decide these checks"]) + "\n"
