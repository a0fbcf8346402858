"""A small catalogue, library and list of mistakes, for tests of what surrounds the kit."""

import sys
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest

import refscore.identities
import refscore.verify
from refscore.identities import Case, Draws, FieldDescription, Law, Mean, Sides, base, identity
from refscore.verify import mutants, predictions
from refscore.verify.mutants import base as mistaken

GAUSSIAN = Law("gaussian", mean=[0.5, -1.0], covariance=[[2.0, 0.3], [0.3, 1.0]])
FIELD = FieldDescription("affine", matrix=[[-1.0, 0.2], [0.4, -2.0]], offset=[0.1, 0.3])
X = np.array([[0.0, 1.0], [2.0, -1.0], [0.5, 0.25], [-3.0, 2.0]])
X.flags.writeable = False


def score(law, x):
    return (law.mean - x) @ np.linalg.inv(law.covariance)


def implicit_loss(field, x):
    return 0.5 * (field(x) ** 2).sum(-1) + field.divergence(x)


def trace_estimate(matvec, dim, rng):
    angle = rng.uniform(0, 2 * np.pi)  # a probe on the circle: no two seeds agree by chance
    probes = np.sqrt(2) * np.array([[np.cos(angle), np.sin(angle)]])
    return float((probes * matvec(probes)).sum())


def _entries():
    def cases():
        yield Case("four points", law=GAUSSIAN, field=FIELD, x=X)
        yield Case("two points", law=GAUSSIAN, field=FIELD, x=X[:2])

    @identity(
        "A2-small",
        ports="score",
        statement=r"\nabla\log p = -\Sigma^{-1}(x-\mu)",
        source="a textbook",
        cases=cases,
    )
    def small_score(ports, case):
        """The score of a Gaussian."""
        exact = -np.linalg.solve(case.law.covariance, (case.x - case.law.mean).T).T
        yield Sides("score", ports.score(case.law, case.x), exact)

    def terms(case):
        s = case.x @ case.field.matrix.T + case.field.offset
        return {"|s|²/2": 0.5 * (s**2).sum(-1), "trace": np.full(len(s), case.field.matrix.trace())}

    @identity(
        "B2-small",
        ports="implicit_loss",
        source="a textbook",
        cases=cases,
        terms=terms,
        statement=r"J = \tfrac12\|s\|^2 + \operatorname{tr}\nabla s",
    )
    def small_implicit(ports, case):
        """The implicit loss of an affine field."""
        loss = ports.implicit_loss(case.field, case.x)
        exact = sum(terms(case).values())
        yield Sides("loss", loss, exact.mean() if np.ndim(loss) == 0 else exact)

    @identity(
        "B3-small",
        ports="implicit_loss score",
        source="a textbook",
        cases=cases,
        statement=r"J(s) - J(s) = 0",
    )
    def small_relation(ports, case):
        """The loss of a law's own score, computed twice."""
        field = FieldDescription("affine", matrix=[[-1.0, 0.0], [0.0, -1.0]], offset=[0.0, 0.0])
        ports.score(case.law, case.x)
        loss = ports.implicit_loss(field, case.x)
        yield Sides("twice", loss, ports.implicit_loss(field, case.x))

    @identity(
        "D2-small",
        ports="trace_estimate",
        source="a textbook",
        kind="expectation",
        draws="rng",
        statement=r"E v^T A v = \operatorname{tr} A",
        cases=lambda: [Case("matrix", matrix=np.array([[1.0, 0.5], [0.5, 2.0]]))],
    )
    def small_trace(ports, case):
        """Hutchinson's estimate is unbiased."""

        def draw(seed, n):
            seeds = np.random.default_rng(seed).integers(2**31, size=n)
            return [ports.trace_estimate(case.matrix, 2, rng=int(s)) for s in seeds]

        yield Draws("mean", draw, Mean(3.0, variance=1.0), eps=0.25, batch=400)

    @mistaken.mistake("small_trace_sign", port="implicit_loss", source="seen often")
    def _(field, x):
        """The trace has the wrong sign."""
        return 0.5 * (field(x) ** 2).sum(-1) - field.divergence(x)

    @mistaken.mistake("small_score_sign", port="score", source="seen often")
    def _(law, x):
        """The score points downhill."""
        return -2 * score(law, x)


_KNOWN = (
    predictions.predicted, predictions.predicted_of, predictions.besides, predictions._mistaken,
)  # fmt: skip


@pytest.fixture
def kit(monkeypatch):
    """The small catalogue in place of the real one; returns the library's right functions."""
    monkeypatch.setattr(refscore.identities, "CHAPTERS", ())
    monkeypatch.setattr(base, "REGISTRY", {})
    monkeypatch.setattr(mutants, "FILES", ())
    monkeypatch.setattr(mistaken, "REGISTRY", {})
    monkeypatch.setattr(
        mutants, "catches", lambda: {"small_score": ["small_score_sign"]}, raising=False
    )
    for known in _KNOWN:
        known.cache_clear()
    right = {"score": score, "implicit_loss": implicit_loss, "trace_estimate": trace_estimate}
    _module(monkeypatch, "library", name="refscore", version="1", **right)
    wrong = {**right, "name": "faulty", "implicit_loss": lambda field, x: (
        0.5 * (field(x) ** 2).sum(-1) - field.divergence(x))}  # fmt: skip
    _module(
        monkeypatch, "faulty", subject=SimpleNamespace(**wrong),
        EXPECTED={"implicit_loss": "small_trace_sign"},
    )  # fmt: skip
    _entries()
    yield SimpleNamespace(**right)
    for known in _KNOWN:
        known.cache_clear()


def _module(monkeypatch, module_name, /, **contents):
    module = ModuleType(f"refscore.verify.{module_name}")
    vars(module).update(contents)
    monkeypatch.setitem(sys.modules, module.__name__, module)
    monkeypatch.setattr(refscore.verify, module_name, module, raising=False)


@pytest.fixture
def faulty(kit):
    """A subject with a wrong trace sign, no score, and a misspelt port."""
    return SimpleNamespace(
        name="faulty",
        implicit_loss=lambda field, x: 0.5 * (field(x) ** 2).sum(-1) - field.divergence(x),
        implicit_los=print,
    )
