"""Arrays and fields in a subject's own framework: NumPy, PyTorch or JAX.

`framework("torch")` converts both ways; torch and jax are imported only when asked for.
"""

from __future__ import annotations

import importlib

from refscore.verify.frameworks.base import Framework

_MODULES = {"numpy": "numpy_arrays", "torch": "torch_arrays", "jax": "jax_arrays"}


def framework(name: str) -> Framework:
    """The conversions of the framework called `name`: "numpy", "torch" or "jax".

    Raises: ValueError for another name; ImportError saying what to install.
    """
    if name not in _MODULES:
        raise ValueError(f"framework must be one of {sorted(_MODULES)}, got {name!r}")
    try:
        importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name != name:
            raise
        raise ImportError(f"a {name} subject needs {name}: pip install {name}") from None
    module = importlib.import_module(f"refscore.verify.frameworks.{_MODULES[name]}")
    return module.FRAMEWORK


__all__ = ["Framework", "framework"]
