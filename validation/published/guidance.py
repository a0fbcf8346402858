"""What classifier-free guidance samples on Gaussians: p(x|c) = N(0, 1), p(x) = N(0, 2).

The library's law of infinitely small steps, under an exploding process to σ = 1000, beside the
closed forms: guidance tilts the density at one level only.
"""

from __future__ import annotations

from refscore import diffusion
from refscore.distributions import Gaussian
from refscore.processes import VE
from validation.published import Row, printed_as

CONDITIONAL, UNCONDITIONAL = Gaussian([0.0], [[1.0]]), Gaussian([0.0], [[2.0]])
PROCESS, STRENGTHS = VE(1e-3, 1e3, exact=True), (2.0, 3.0, 5.0)
PRINTED = {3.0: (0.5, 0.25, 0.3875)}  # the others by the closed forms
TITLE = (
    "Variance that classifier-free guidance of strength γ leaves, p(x|c) = N(0, 1), p(x) ="
    " N(0, 2): of the tilted density, 2/(γ+1), of the probability flow, 2^(1-γ), and of the reverse"
    " SDE, (2 - 2^(2-2γ))/(2γ - 1). Exact: the library's score or law; found: the closed form."
)


class Closed(Row):
    """A number by the library and by a closed form, for a process of finite length."""

    __slots__ = ()

    @property
    def holds(self) -> bool:
        """Within what the process's end leaves of the start, and as printed."""
        close = abs(self.found - self.exact) < self.error
        return close and (self.name.split()[1] != "3" or printed_as(self.exact, self.published))


def guidance_table(strengths=STRENGTHS) -> list[Row]:
    """Tilted density, flow and SDE at every strength."""
    return [row for strength in strengths for row in _rows(strength)]


def _rows(strength: float):
    forms = (
        2 / (strength + 1),
        2 ** (1 - strength),
        (2 - 2 ** (2 - 2 * strength)) / (2 * strength - 1),
    )
    score_at = diffusion.classifier_free(PROCESS, CONDITIONAL, UNCONDITIONAL, strength)
    start = [[1 + PROCESS.sigma_max**2]]
    found = [-1 / score_at(0.0)([[1.0]])[0, 0]]
    for l in (0.0, 1.0):
        law = diffusion.reverse_law(PROCESS, score_at, [0.0], start, stochasticity=l)
        found.append(law.covariance[0, 0])
    names = "tilted density", "probability flow", "reverse SDE"
    printed = PRINTED.get(strength, forms)
    for name, published, exact, form in zip(names, printed, found, forms, strict=True):
        yield Closed(f"γ {strength:g}, {name}", published, exact, form, 1e-5)
