"""A theorem as a function that returns its two sides on a case.

    @identity("B2", ports="implicit_loss", statement=r"...", source="...", cases=...)
    def implicit_affine(ports, case):
        '''One sentence.'''
        yield Sides("loss", ports.implicit_loss(case.field, case.x), oracle...)

`ports` offers the functions under test by the names of the ports table; what they are
compared with comes from `refscore.oracles`, which shares no code with the library.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

import numpy as np


class Sides(NamedTuple):
    """Two arrays that must agree to rounding: |left - right| <= tolerance * scale."""

    label: str
    left: Any
    right: Any
    scale: Any = None


class Order(NamedTuple):
    """Errors at halving step sizes that must shrink like step ** expected."""

    label: str
    steps: Any
    errors: Any
    expected: float


class Bound(NamedTuple):
    """A value that must not exceed an upper bound (to rounding)."""

    label: str
    value: Any
    upper: Any


class Normal(NamedTuple):
    """The law of the rows of `Draws`: N(mean, covariance), rows independent."""

    mean: Any
    covariance: Any


class Uniform(NamedTuple):
    """Every column of the rows of `Draws` is uniform on (0, 1); rows independent.

    What a law without a closed form of its moments becomes under its distribution functions.
    `independent`: the columns of a row are independent too, which is then judged.
    """

    independent: bool = True
    names: tuple[str, ...] = ()


class Mean(NamedTuple):
    """Every column of the rows of `Draws` has this mean; rows independent.

    Either the columns lie in [low, high], or their variance is at most `variance`.
    """

    mean: Any
    low: Any = None
    high: Any = None
    variance: Any = None
    names: tuple[str, ...] = ()


class Same(NamedTuple):
    """The rows of `Draws` follow the law of what an oracle draws: `draw(seed, n)` -> (n, d)."""

    draw: Callable[[int, int], Any]


class Draws(NamedTuple):
    """Draws judged as they come: the kit asks for batches until it knows.

        def step(seed, n):                       # n independent chains, one step each
            x = law.mean + settings.drawn(seed, n, d) @ factor.T
            return ports.langevin_step(score, x, eta, rng=seed)

        yield Draws("one step", step, Normal(mean, covariance))

    `draw(seed, n)`: n independent rows (n, d), or (n,) for one column; the kit gives another
    seed at every call; the starts of chains come from it by `settings.drawn`, a stream of its own.
    `law`: `Normal`, `Uniform`, `Mean` or `Same`. `eps`: the deviation that matters, of the mean
    of statistics in [-1, 1], or of a `Mean` in half ranges or standard deviations: one sd
    of shift is 0.56, a doubled variance about 0.2. `batch`: rows a call. Nothing is drawn
    before it is judged, so an identity yields it whatever the ports would return.
    """

    label: str
    draw: Callable[[int, int], Any]
    law: Normal | Uniform | Mean | Same
    eps: float = 0.05
    batch: int = 2000


Outcome = Sides | Order | Bound | Draws

KINDS = ("exact", "exact law", "order", "bound", "expectation")


class Identity(NamedTuple):
    """One entry of the catalogue."""

    id: str
    name: str
    statement: str
    assumptions: str
    source: str
    kind: str
    ports: tuple[str, ...]
    draws: str
    tolerance: float
    summary: str
    cases: Callable[[], Iterable]
    sides: Callable[[Any, Any], Iterable[Outcome]]
    family: str | None
    terms: Callable[[Any], dict[str, np.ndarray]] | None

    @property
    def row(self) -> str:
        """The row of the list of identities this entry belongs to, e.g. `B2`."""
        return self.id.split("-")[0]

    @property
    def chapter(self) -> str:
        """The chapter's letter, e.g. `B`."""
        return self.id[0]


REGISTRY: dict[str, Identity] = {}
ROUNDING = 1e-9  # of the scale: by what two sides may differ where nothing is approximated


def identity(
    id: str,
    *,
    statement: str,
    source: str,
    cases: Callable[[], Iterable],
    ports: str,
    assumptions: str = "none beyond the case",
    kind: str = "exact",
    draws: str = "given",
    tolerance: float = ROUNDING,
    family: str | None = None,
    terms: Callable[[Any], dict[str, np.ndarray]] | None = None,
):
    """Register the decorated function as an entry named after itself.

    `ports`: names of the ports it calls, space-separated. `draws`: "given" where a
    stochastic port is handed its noise, "rng" where it must draw by itself.
    `family`: the strategy of `refscore.strategies.cases` that draws further cases.
    `terms`: the named terms whose sum the right side is, for reading coefficients off a
    failure.
    """
    if kind not in KINDS:
        raise ValueError(f"kind must be one of {KINDS}, got {kind!r}")

    def register(function):
        name = function.__name__
        if name in REGISTRY or any(entry.id == id for entry in REGISTRY.values()):
            raise ValueError(f"identity {name!r} ({id}) is already in the catalogue")
        summary = (function.__doc__ or "").strip().splitlines()[0]
        REGISTRY[name] = Identity(
            id, name, statement, assumptions, source, kind, tuple(ports.split()), draws,
            tolerance, summary, cases, function, family, terms,
        )  # fmt: skip
        return function

    return register
