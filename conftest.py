"""Leave out of doctest collection what needs a framework that is not installed."""

from importlib.util import find_spec

collect_ignore_glob = [
    f"refscore/verify/frameworks/{name}_*.py"
    for name in ("torch", "jax")
    if find_spec(name) is None
]
