"""A statement's LaTeX in Unicode, for readers whose screen sets no mathematics."""

from __future__ import annotations

import re

_GREEK = {
    "alpha": "α", "beta": "β", "gamma": "γ", "delta": "δ", "epsilon": "ε", "varepsilon": "ε",
    "zeta": "ζ", "eta": "η", "theta": "θ", "kappa": "κ", "lambda": "λ", "mu": "μ", "nu": "ν",
    "xi": "ξ", "pi": "π", "rho": "ρ", "sigma": "σ", "tau": "τ", "phi": "φ", "varphi": "φ",
    "chi": "χ", "psi": "ψ", "omega": "ω", "Gamma": "Γ", "Delta": "Δ", "Lambda": "Λ",
    "Sigma": "Σ", "Phi": "Φ", "Psi": "Ψ", "Omega": "Ω", "Pi": "Π", "Theta": "Θ",
}  # fmt: skip
_SIGNS = {
    "nabla": "∇", "partial": "∂", "cdot": "·", "times": "×", "top": "ᵀ", "sum": "∑",
    "prod": "∏", "int": "∫", "infty": "∞", "le": "≤", "leq": "≤", "ge": "≥", "geq": "≥",
    "ne": "≠", "neq": "≠", "in": "∈", "mid": "|", "to": "→", "sim": "~", "approx": "≈",
    "propto": "∝", "quad": "  ", "qquad": "   ", "ldots": "…", "dots": "…", "cdots": "⋯",
    "pm": "±", "odot": "⊙", "circ": "∘", "equiv": "≡", "langle": "⟨", "rangle": "⟩",
    "lVert": "‖", "rVert": "‖", "Vert": "‖", "|": "‖", "lvert": "|", "rvert": "|",
    "mapsto": "↦", "Rightarrow": "⇒", "iff": "⇔", "ell": "ℓ", "dagger": "†", "perp": "⊥",
    "forall": "∀", "subset": "⊂", "otimes": "⊗", "oint": "∮", "star": "*", "ast": "*",
    "colon": ":", "prime": "′", "implies": "⇒", "notin": "∉", "cup": "∪", "cap": "∩",
}  # fmt: skip
_WORDS = (
    "log", "exp", "sin", "cos", "tanh", "tr", "min", "max", "sup", "inf", "det", "lim", "dim",
)  # fmt: skip
_DROPPED = ("left", "right", "displaystyle", "big", "Big", "bigl", "bigr", "Bigl", "Bigr", "limits")
_WRAPPERS = "mathbb|mathbf|mathrm|mathcal|mathsf|text|bm|boldsymbol"
_UP = str.maketrans("0123456789+-()nijkmdtsTx", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁽⁾ⁿⁱʲᵏᵐᵈᵗˢᵀˣ")
_DOWN = str.maketrans("0123456789+-()aehijklmnoprstuvx", "₀₁₂₃₄₅₆₇₈₉₊₋₍₎ₐₑₕᵢⱼₖₗₘₙₒₚᵣₛₜᵤᵥₓ")
_HALVES = {"1/2": "½", "1/4": "¼", "1/3": "⅓", "3/4": "¾", "3/2": "(3/2)"}
_ACCENTS = {
    "hat": "\u0302",
    "widehat": "\u0302",
    "tilde": "\u0303",
    "bar": "\u0304",
    "dot": "\u0307",
}


def plain(latex: str) -> str:
    """The statement in Unicode; a command not known here stays as it is written."""
    text = latex.replace("$", "").replace("\\|", "‖")
    text = re.sub(r"\\([,;:! ]|\{|\})", lambda m: m[1] if m[1] in "{}" else " ", text)
    text = re.sub(r"\\[td]frac", r"\\frac", text)
    text = re.sub(r"\\frac\s*([0-9A-Za-z])\s*([0-9A-Za-z])", r"\\frac{\1}{\2}", text)
    text = re.sub(r"\\(?:" + "|".join(_DROPPED) + r")(?![A-Za-z])\.?", "", text)
    text = re.sub(r"\\([A-Za-z]+)", _command, text)
    for _ in range(6):  # innermost braces first; statements nest no deeper
        text = _once(text)
    text = _scripts(text).replace("{", "").replace("}", "")
    text = re.sub(r"([≤≥≠→∝≈~⇒⇔∈↦≡])", r" \1 ", text)
    text = re.sub(r"([∇∂√]) +", r"\1", re.sub(r" +", " ", text))
    return re.sub(r" +([)\],;]|\.(?!\d))", r"\1", text).strip()


def _once(text: str) -> str:
    text = re.sub(r"\\frac\s*\{([^{}]*)\}\s*\{([^{}]*)\}", _fraction, text)
    text = re.sub(r"\\sqrt\s*\{([^{}]*)\}", lambda m: f"√{_grouped(m[1])}", text)
    text = re.sub(r"\\(?:" + _WRAPPERS + r")\*?\s*\{([^{}]*)\}", r"\1", text)
    text = re.sub(r"\\operatorname\*?\s*\{([^{}]*)\}(?![_(\[])", r"\1 ", text)
    text = re.sub(r"\\operatorname\*?\s*\{([^{}]*)\}", r"\1", text)
    accents = "|".join(_ACCENTS)
    text = re.sub(rf"\\({accents})\s*(?:\{{(\\?\w+)\}}|(\\?\w))", _accent, text)
    return _scripts(text)


def _scripts(text: str) -> str:
    """Exponents and indices that have Unicode forms raised and lowered, others in brackets."""
    text = re.sub(r"\^\s*(?:ᵀ|\{ᵀ\}|T(?![A-Za-z]))", "ᵀ", text)
    text = re.sub(r"\^\s*(?:\{([^{}\\]+)\}|([0-9A-Za-z]))", lambda m: _script(m, _UP, "^"), text)
    return re.sub(r"_\s*(?:\{([^{}\\]+)\}|([0-9A-Za-z]))", lambda m: _script(m, _DOWN, "_"), text)


def _script(match, table, mark: str) -> str:
    inside = (match[1] or match[2]).strip()
    raised = inside.translate(table)
    if all(ord(old) in table for old in inside):
        return raised
    return f"{mark}{inside}" if len(inside) == 1 else f"{mark}({inside})"


def _fraction(match) -> str:
    top, bottom = match[1].strip(), match[2].strip()
    return _HALVES.get(f"{top}/{bottom}", f"{_grouped(top)}/{_grouped(bottom)} ")


def _grouped(inside: str) -> str:
    inside = inside.strip()
    return inside if re.fullmatch(r"\\?\w[²³ᵀ]?|\d+", inside) else f"({inside})"


def _accent(match) -> str:
    inside = match[2] or match[3]
    command = inside[1:] if inside.startswith("\\") else ""
    return (_GREEK.get(command, inside)) + _ACCENTS[match[1]]


def _command(match) -> str:
    name = match[1]
    if name in _WORDS:
        before = match.string[match.start() - 1 : match.start()]
        return f" {name} " if before.isalpha() or before == "}" else f"{name} "
    return _GREEK.get(name) or _SIGNS.get(name) or match[0]
