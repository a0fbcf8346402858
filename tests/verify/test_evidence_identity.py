"""Whatever changes a subject changes what its evidence is kept under."""

import functools
import os
import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import pytest

from refscore.identities.base import Draws, Normal, Same
from refscore.verify import Subject
from refscore.verify.evidence.identity import fingerprint, signature

LIBRARY = """\
import numpy as np
class Sampler:
    def __init__(self, temperature=1.0): self.temperature = temperature
    def langevin_step(self, score, x, step_size, rng):
        noise = np.sqrt(self.temperature * step_size) * rng.standard_normal(x.shape)
        return x + step_size / 2 * score(x) + noise
class Base:
    temperature = 1.0
    langevin_step = Sampler.langevin_step
"""
ADAPTERS = {
    "bound": "import own_library\n_s = own_library.Sampler(temperature=1.0)\n"
    "langevin_step = _s.langevin_step\n",
    "inherited": "import own_library\nclass Mine(own_library.Base):\n    temperature = 1.0\n",
    "instance": "import own_library\nsubject = own_library.Sampler(temperature=1.0)\n",
    "late": "def langevin_step(score, x, step_size, rng):\n    import own_library\n"
    "    return own_library.Sampler(1.0).langevin_step(score, x, step_size, rng)\n",
}
KEY = (
    "import sys; from refscore.verify import Subject; from refscore.verify.loading import load;"
    "from refscore.verify.evidence.identity import fingerprint;"
    "print(fingerprint(Subject(load(sys.argv[1]))))"
)
VERIFY = "import sys; from refscore.cli import main; sys.exit(main())"


def python(folder, code, *arguments, seed="0"):
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "PYTHONHASHSEED": seed,
                   "PYTHONDONTWRITEBYTECODE": "1"}  # fmt: skip
    return subprocess.run(
        [sys.executable, "-c", code, *arguments],
        cwd=folder, env=environment, capture_output=True, text=True,
    )  # fmt: skip


COMPILED = """\
import random
from functools import lru_cache, partial
from operator import itemgetter
import numpy as np
from numpy.random import default_rng, standard_normal
from scipy.special import expit
FIRST, DRAW, CHANCE = itemgetter(0), np.random.normal, random.gauss
@lru_cache
def half(): return 0.5
def langevin_step(score, x, step_size, rng):
    standard_normal, expit, DRAW, CHANCE, partial
    noise = default_rng(rng).standard_normal(x.shape)
    return x + half() * FIRST([step_size]) * score(x) + np.sqrt(step_size) * noise
"""


def test_what_is_compiled_is_told_alike_in_every_process(tmp_path):
    (tmp_path / "adapter.py").write_text(COMPILED)
    keys = {python(tmp_path, KEY, "adapter.py", seed=seed).stdout for seed in ("0", "1", "2")}
    assert len(keys) == 1
    assert len(keys.pop()) == 33


def test_an_adapter_named_like_a_module_of_python_is_told(tmp_path):
    adapter, keys = tmp_path / "types.py", []
    (tmp_path / "own_library.py").write_text(LIBRARY)
    (tmp_path / "elsewhere").mkdir()
    for temperature in ("1.0", "1.5"):
        adapter.write_text(ADAPTERS["inherited"].replace("1.0", temperature))
        found = python(tmp_path / "elsewhere", KEY, "../types.py:Mine")
        keys.append(found.stdout)
    assert len({*keys, ""}) == 3, found.stderr


@pytest.mark.parametrize("kind", ADAPTERS)
def test_the_adapter_and_the_library_it_names_belong_to_the_subject(tmp_path, kind):
    adapter, library = tmp_path / "adapter.py", tmp_path / "own_library.py"
    adapter.write_text(ADAPTERS[kind])
    library.write_text(LIBRARY)
    keys = [python(tmp_path, KEY, "adapter.py", seed=seed).stdout for seed in ("1", "2")]
    assert keys[0] == keys[1] != ""
    adapter.write_text(ADAPTERS[kind].replace("1.0", "1.5"))
    keys.append(python(tmp_path, KEY, "adapter.py").stdout)
    adapter.write_text(ADAPTERS[kind])
    library.write_text(LIBRARY.replace("step_size / 2", "step_size / 3"))
    keys.append(python(tmp_path, KEY, "adapter.py").stdout)
    assert len(set(keys)) == 3


@pytest.mark.parametrize("kind", ["bound", "inherited"])
def test_a_mistake_made_later_is_not_held_right(tmp_path, kind):
    adapter = tmp_path / "adapter.py"
    adapter.write_text(ADAPTERS[kind])
    (tmp_path / "own_library.py").write_text(LIBRARY)
    command = [
        "verify", "adapter.py", "--check", "E9-draws", "--evidence", "seen.json", "--no-diagnosis",
    ]  # fmt: skip
    assert python(tmp_path, VERIFY, *command).returncode == 0
    again = python(tmp_path, VERIFY, *command)
    assert again.returncode == 0
    assert "none of it is used" not in again.stdout
    adapter.write_text(ADAPTERS[kind].replace("1.0", "1.5"))
    changed = python(tmp_path, VERIFY, *command)
    assert changed.returncode == 1, changed.stdout + changed.stderr
    assert "none of it is used" in changed.stdout


def step(weights, score, x, step_size, rng):
    return x + weights[0] * score(x)


def _closed(weights):
    def langevin_step(score, x, step_size, rng):
        return step(weights, score, x, step_size, rng)

    return langevin_step


class Slotted:
    __slots__ = ("weights",)

    def __init__(self, weights):
        self.weights = weights

    def langevin_step(self, score, x, step_size, rng):
        return step(self.weights, score, x, step_size, rng)


class Deep(Slotted):
    def __init__(self, weights):
        super().__init__([{"inside": SimpleNamespace(weights=weights)}])


def _inherited(weights):
    return type("Made", (Slotted,), {"__init__": lambda self: None, "weights": weights})()


def _of_a_set(weights):
    words = frozenset(f"word {w}" for w in np.asarray(weights))
    return SimpleNamespace(name="a", words=words, langevin_step=step)


def _default(weights):
    def langevin_step(score, x, step_size, rng, weights=weights):
        return step(weights, score, x, step_size, rng)

    return langevin_step


def _global(weights):
    space = {"step": step, "weights": weights, "__name__": __name__}
    code = "def f(score, x, step_size, rng): return step(weights, score, x, step_size, rng)"
    exec(compile(code, __file__, "exec"), space)  # noqa: S102
    return space["f"]


@pytest.mark.parametrize(
    "make",
    [
        _closed, _default, _global, Slotted, Deep, _inherited, _of_a_set,
        lambda w: functools.partial(step, w),
        lambda w: functools.partial(step, weights=w),
        lambda w: functools.partial(Slotted(w).langevin_step),
        lambda w: Slotted(w).langevin_step,
        lambda w: functools.lru_cache(_closed(w)),
    ],
    ids=range(12),
)  # fmt: skip
def test_arrays_anywhere_in_a_port_are_told(make):
    def key(*weights):
        made = make(np.array(weights))
        return fingerprint(Subject({"langevin_step": made} if callable(made) else made))

    assert key(1.0, 2.0) == key(1.0, 2.0)
    assert len({key(1.0, 2.0), key(1.0, 2.5), key(0.5, 2.0), key(1.0, 2.0, 0.0)}) == 4


def test_parameters_of_torch_are_told():
    torch = pytest.importorskip("torch")

    class Net(torch.nn.Module):
        def __init__(self, value):
            super().__init__()
            self.layer = torch.nn.Linear(2, 2)
            with torch.no_grad():
                self.layer.weight.fill_(value)
                self.layer.bias.fill_(0)

        def langevin_step(self, score, x, step_size, rng):
            return x + self.layer(x)

    def key(value):
        return fingerprint(Subject(Net(value)))

    assert key(1.0) == key(1.0)
    assert key(1.0) != key(1.5)


def test_states_of_generators_do_not_count_and_cycles_end():
    def key():
        subject = SimpleNamespace(langevin_step=step, rng=np.random.default_rng())
        subject.me, subject.np = subject, np
        return fingerprint(Subject(subject))

    assert key() == key()


class Empty(list):
    """A subject that is false, as an empty list is."""

    def __init__(self, weights, port=step):
        super().__init__()
        self.weights, self.langevin_step = weights, port


def test_a_subject_that_is_false_is_told_all_the_same():
    weights = [np.ones(2), np.ones(2), np.full(2, 1.5)]
    keys = [fingerprint(Subject(Empty(0, _closed(w)))) for w in weights]
    assert keys[0] == keys[1] != keys[2]
    keys = [fingerprint(Subject(Empty(w))) for w in weights]
    assert keys[0] == keys[1] != keys[2]


class Shut:
    """A subject whose attributes cannot all be read."""

    def __init__(self):
        self.inside = self

    def __reduce_ex__(self, protocol):
        raise RuntimeError("no")

    __array__ = property(lambda self: 1 / 0)
    langevin_step = staticmethod(step)


def test_attributes_that_cannot_be_read_end_no_run():
    assert len(fingerprint(Subject(Shut()))) == 32


def test_compiled_functions_of_jax_are_told():
    jax = pytest.importorskip("jax")

    def key(weights):
        closed = _closed(jax.numpy.asarray(weights))
        return fingerprint(Subject({"langevin_step": jax.jit(closed)}))

    assert key([1.0, 2.0]) == key([1.0, 2.0])
    assert key([1.0, 2.0]) != key([1.0, 2.5])


def test_what_is_too_deep_to_tell_is_never_met_again():
    chain: list = []
    for _ in range(100_000):
        chain = [chain]
    subject = Subject(SimpleNamespace(langevin_step=step, chain=chain))
    assert fingerprint(subject) != fingerprint(subject)


def test_a_signature_tells_laws_tolerances_and_oracles():
    def drawn(factor):
        return lambda seed, n: factor * np.random.default_rng(seed).standard_normal((n, 2))

    laws = [
        Normal(np.zeros(2), np.eye(2)), Normal(np.zeros(2), 2 * np.eye(2)),
        Normal(np.ones(2), np.eye(2)), Same(drawn(1.0)), Same(drawn(2.0)),
    ]  # fmt: skip
    found = [signature(Draws("x", None, law, eps)) for law in laws for eps in (0.05, 0.1)]
    assert len(set(found)) == 2 * len(laws)
    assert signature(Draws("x", None, Same(drawn(1.0)), 0.05)) == found[6]
