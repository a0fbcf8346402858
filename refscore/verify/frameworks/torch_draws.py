"""PyTorch's random functions, answered from given draws."""

from __future__ import annotations

import torch
from torch.overrides import TorchFunctionMode

from refscore.verify.frameworks.draws import Draws, ReplayError, as_bits, whole

_DRAWING = (
    "randn",
    "rand",
    "randint",
    "randn_like",
    "rand_like",
    "randint_like",
    "normal",
    "bernoulli",
)
_ORIGINALS = {name: getattr(torch, name) for name in _DRAWING}


def patches(draws: Draws) -> list[tuple]:
    """(owner, name, replacement) for every function through which torch libraries draw."""
    functions = {**_standard(draws), **_like(draws), **_parametrised(draws)}
    return [(torch, name, f) for name, f in functions.items()] + [
        (torch.Tensor, name, f) for name, f in _in_place(draws).items()
    ]


class Intercept(TorchFunctionMode):
    """Catches the same functions where a library holds them under another name."""

    def __init__(self, replaced: list[tuple]):
        super().__init__()
        self._replacement = {_ORIGINALS[name]: f for owner, name, f in replaced if owner is torch}

    def __torch_function__(self, func, types, args=(), kwargs=None):
        return self._replacement.get(func, func)(*args, **(kwargs or {}))


def _standard(draws: Draws) -> dict:
    def randn(*size, **options):
        shape, options = _size(size, options)
        return _tensor(draws.take("torch.randn", shape, "normal")[0], **options)

    def rand(*size, **options):
        shape, options = _size(size, options)
        return _tensor(draws.take("torch.rand", shape, "uniform")[0], **options)

    def randint(*args, **options):
        low, high, (size,) = _bounds(args, options, ("size",))
        value = whole(draws, "torch.randint", low, high, tuple(size))
        return _tensor(value, **{"dtype": torch.int64, **options})

    return {"randn": randn, "rand": rand, "randint": randint}


def _like(draws: Draws) -> dict:
    def randn_like(input, **options):
        draw, _ = draws.take("torch.randn_like", tuple(input.shape), "normal")
        return _tensor(draw, **{"dtype": input.dtype, **options})

    def rand_like(input, **options):
        draw, _ = draws.take("torch.rand_like", tuple(input.shape), "uniform")
        return _tensor(draw, **{"dtype": input.dtype, **options})

    def randint_like(input, *args, **options):
        low, high, _ = _bounds(args, options, ())
        value = whole(draws, "torch.randint_like", low, high, tuple(input.shape))
        return _tensor(value, **{"dtype": input.dtype, **options})

    return {"randn_like": randn_like, "rand_like": rand_like, "randint_like": randint_like}


def _parametrised(draws: Draws) -> dict:
    def normal(mean=0.0, std=1.0, size=None, *, out=None, generator=None, **options):
        scales = [a for a in (mean, std) if isinstance(a, torch.Tensor)]
        shape = torch.broadcast_shapes(*(a.shape for a in scales)) if size is None else size
        draw, _ = draws.take("torch.normal", tuple(shape), "normal")
        if scales:
            options.setdefault("dtype", scales[0].dtype)
        value = _tensor(draw, **options)
        with torch.no_grad():
            value = mean + std * value
        return value if out is None else out.copy_(value)

    def bernoulli(input, p=None, *, generator=None, out=None):
        bits = _coins(draws, "torch.bernoulli", input.shape, input if p is None else p)
        value = torch.from_numpy(bits).to(input.dtype)
        return value if out is None else out.copy_(value)

    return {"normal": normal, "bernoulli": bernoulli}


def _in_place(draws: Draws) -> dict:
    def fill(self, call, kind, transform):
        draw, _ = draws.take(f"Tensor.{call}", tuple(self.shape), kind)
        return _write(self, transform(torch.from_numpy(draw)))

    def normal_(self, mean=0.0, std=1.0, *, generator=None):
        return fill(self, "normal_", "normal", lambda z: mean + std * z)

    def uniform_(self, *args, generator=None, **bounds):
        low, high = _interval(args, bounds, 0.0, 1.0)
        return fill(self, "uniform_", "uniform", lambda u: low + (high - low) * u)

    def exponential_(self, lambd=1.0, *, generator=None):
        return fill(self, "exponential_", "exponential", lambda e: e / lambd)

    def bernoulli_(self, p=0.5, *, generator=None):
        bits = _coins(draws, "Tensor.bernoulli_", self.shape, p)
        return _write(self, torch.from_numpy(bits))

    def random_(self, *args, generator=None, **bounds):
        low, high = _interval((0, *args) if len(args) == 1 else args, bounds, 0, 2**53)
        value = whole(draws, "Tensor.random_", low, high, tuple(self.shape))
        return _write(self, torch.from_numpy(value))

    def bernoulli(self, p=None, *, generator=None):
        return torch.bernoulli(self, p)

    return {
        f.__name__: f for f in (normal_, uniform_, exponential_, bernoulli_, random_, bernoulli)
    }


def _coins(draws: Draws, call, shape, p):
    """Bits that are one with probability p; signs stand for bits only where p is ½."""
    p = torch.as_tensor(p, dtype=torch.float64).detach().numpy()
    kinds = ("sign", "uniform") if (p == 0.5).all() else ("uniform",)
    draw, kind = draws.take(call, tuple(shape), *kinds)
    return as_bits(draw, kind, p)


def _interval(args, bounds, low, high):
    """(from, to), by position or by name."""
    named = {**dict(zip(("from", "to"), args, strict=False)), **bounds}
    return named.get("from", low), named.get("to", high)


def _write(tensor, value):
    with torch.no_grad():
        return tensor.copy_(value)


def _size(size, options) -> tuple[tuple, dict]:
    size = options.pop("size", size)
    if len(size) == 1 and not isinstance(size[0], int) and not isinstance(size[0], torch.Tensor):
        size = size[0]
    return tuple(int(n) for n in size), options


def _bounds(args, options, rest) -> tuple:
    """(low, high, others) of randint(low=0, high, *others), by position or by name."""
    args = list(args)
    others = [options.pop(name) if name in options else args.pop() for name in rest]
    high = options.pop("high") if "high" in options else args.pop()
    low = options.pop("low") if "low" in options else (args.pop() if args else 0)
    return int(low), int(high), others


def _tensor(draw, dtype=None, requires_grad=False, out=None, device=None, **ignored):
    dtype = torch.get_default_dtype() if dtype is None else dtype
    if dtype.is_complex:
        raise ReplayError("complex draws cannot be replayed")
    value = torch.as_tensor(draw).to(dtype)
    value = value if device is None else value.to(device)
    return (value if out is None else out.copy_(value)).requires_grad_(requires_grad)
