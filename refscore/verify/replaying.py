"""Given draws for a library that draws inside, so that it too is checked exactly.

with replay(noise):
    x = library.step(x)          # its torch.randn_like(x) returns `noise`
"""

from __future__ import annotations

import contextlib
import importlib
import sys

from refscore.verify.frameworks.draws import Draws, ReplayError
from refscore.verify.frameworks.numpy_draws import ReplayGenerator

_FRAMEWORKS = ("numpy", "torch", "jax")


class replay(contextlib.AbstractContextManager):
    """Inside, the random functions of NumPy, torch and JAX return the given draws, in order.

    draws: arrays of kind `kind`, or pairs (kind, array) where a library needs several kinds:
        `replay(("normal", noise), ("uniform", u))`; each kind is used in its own order. A
        library that draws step by step is given one array a step: `replay(*noise)`.
    kind: "normal", "uniform", "exponential", "gumbel", "sign" (±1; also answers fair coins
        and whole numbers of two values) or "integer".
    framework: "numpy", "torch" or "jax"; by default each that is already imported.

    A draw fits a request of its own shape, up to axes of length one. Scaled requests are
    computed from the draw: normal(mean, std) is mean + std z. What is replaced: in torch
    randn, rand, randint, their `_like` forms, normal, bernoulli, the in-place normal_,
    uniform_, exponential_, bernoulli_, random_ (and so torch.distributions); in NumPy the
    global functions and default_rng; in jax.random normal, uniform, exponential, gumbel,
    rademacher, bernoulli, randint, with jit off meanwhile, so that no draw stays in a
    compiled function. Other functions (permutations, gamma draws) keep their own randomness.

    Inside a function that you jit or vmap yourself, the draws are its arguments, and each call
    of the compiled function runs on its own; under vmap every chain is given its own part:

        @jax.jit
        @jax.vmap
        def step(x, z, u):
            with replay(z, ("uniform", u)):
                return library.step(jax.random.key(0), x)

    Such traced draws are real numbers, not signs or integers; one draw serves one request of
    the trace, so a loop that JAX traces once cannot be given one a round.

    Raises: ReplayError when a request does not fit, and at the end if draws are left over; in a
    port that the kit calls left draws are held against it only where its answer is wrong, as a
    last step may need none. NotOffered where draws that are no signs are given as signs.
    Everything is put back at the end, also after an error.
    """

    def __init__(self, *draws, kind: str = "normal", framework: str | None = None):
        if framework is not None and framework not in _FRAMEWORKS:
            raise ValueError(f"framework must be one of {_FRAMEWORKS}, got {framework!r}")
        self.draws = Draws(draws, kind)
        among = ("jax",) if self.draws.traced else _FRAMEWORKS
        self._names = [framework] if framework else [n for n in among if n in sys.modules]
        self._undo = contextlib.ExitStack()

    @staticmethod
    def numpy_rng(*draws, kind: str = "normal") -> ReplayGenerator:
        """A numpy Generator that returns the given draws, to be handed to a library."""
        return ReplayGenerator(Draws(draws, kind))

    def __enter__(self) -> replay:
        with contextlib.ExitStack() as undo:
            for name in self._names:
                _replace(name, self.draws, undo)
            self._undo = undo.pop_all()
        return self

    def __exit__(self, kind, error, traceback) -> None:
        self._undo.close()
        if kind is None:
            self.draws.finish()


def _replace(name: str, draws: Draws, undo: contextlib.ExitStack) -> None:
    module = importlib.import_module(f"refscore.verify.frameworks.{name}_draws")
    replaced = module.patches(draws)
    if name == "torch":
        undo.enter_context(module.Intercept(replaced))
    if name == "jax":
        undo.enter_context(importlib.import_module("jax").disable_jit())
    for owner, attribute, function in replaced:
        undo.callback(_put_back, owner, attribute, vars(owner).get(attribute))
        setattr(owner, attribute, function)


def _put_back(owner, attribute: str, own) -> None:
    """`own` is None where the attribute was inherited."""
    if own is None:
        delattr(owner, attribute)
    else:
        setattr(owner, attribute, own)


__all__ = ["ReplayError", "ReplayGenerator", "replay"]
