"""A subject judged by other conventions is asked the same once; what differs is asked anew."""

from types import SimpleNamespace

import numpy as np
import pytest

from refscore.identities import Law
from refscore.identities.settings import process_of
from refscore.oracles._memory import Memory
from refscore.verify.mutants.once import once
from refscore.verify.subject import Subject

LAW = Law("gaussian", mean=np.zeros(2), covariance=np.eye(2))
X = np.array([[0.4, -0.9], [1.3, 0.2]])


class Asked:
    """Counts what it is asked; every answer is another one."""

    def __init__(self):
        self.count = 0

    def _next(self):
        self.count += 1
        return np.full(2, float(self.count))

    def log_density(self, law, x):
        return self._next()

    def log_likelihood(self, score_at, x):
        return self._next()

    def sample(self, law, n, rng):
        return np.tile(self._next(), (n, 1))


def test_the_same_question_has_one_answer_under_all_conventions():
    source = Asked()
    own = Subject(source)
    plain, turned = own.redeclared(), own.redeclared(log_density="energy")
    first = plain.log_density(LAW, X)
    np.testing.assert_array_equal(turned.log_density(LAW, X), -first)
    first += 100  # what is handed out is a copy
    np.testing.assert_array_equal(plain.log_density(LAW, X), [1.0, 1.0])
    assert source.count == 1


def test_the_subject_itself_is_asked_every_time():
    own = Subject(Asked())
    own.redeclared().log_density(LAW, X)
    assert [own.log_density(LAW, X)[0] for _ in range(3)] == [2.0, 3.0, 4.0]


@pytest.mark.parametrize("place", [0, 1])
def test_another_law_or_another_point_is_another_question(place):
    other, source = Subject(Asked()).redeclared(), [LAW, X]
    other.log_density(*source)
    source[place] = [Law("gaussian", mean=np.ones(2), covariance=np.eye(2)), X + 1e-15][place]
    assert other.log_density(*source)[0] == 2.0


def test_a_score_of_another_process_is_another_question():
    own = Subject(Asked())
    one, two = own.redeclared(), own.redeclared()
    two.process = process_of(SimpleNamespace(process="cosine"))
    assert [s.log_likelihood(LAW, X)[0] for s in (one, two, one)] == [1.0, 2.0, 1.0]
    assert [s.log_density(LAW, X)[0] for s in (one, two)] == [3.0, 3.0]


def test_draws_are_drawn_anew():
    other = Subject(Asked()).redeclared()
    assert [other.sample(LAW, 2, rng=5)[0, 0] for _ in range(2)] == [1.0, 2.0]


def test_products_are_counted_every_time():
    source = SimpleNamespace(trace_estimate=lambda matvec, dim, probes: matvec(probes).sum())
    other = Subject(source).redeclared()
    for _ in range(2):
        other.trace_estimate(np.eye(3), 3, probes=np.ones((2, 3)))
    assert other.products == 4


def test_what_mistakes_alter_is_solved_once_and_cannot_be_written_to():
    asked = []

    @once
    def solved(velocity, x, *more, power=1):
        asked.append(power)
        return x**power, [x]

    velocity = SimpleNamespace(kind="linear")
    for _ in range(2):
        solved(velocity, X)
        solved(velocity, X, power=2)
    solved(velocity, X + 1)
    assert asked == [1, 2, 1]
    with pytest.raises(ValueError, match="read-only"):
        solved(velocity, X)[0][:] = 0
    assert X.flags.writeable  # what was handed over stays what it was
    for _ in range(2):  # many rows are drawn, and lambdas are not told from others
        solved(velocity, np.ones((21, 2)))
        solved(lambda x: x, X)
    assert len(asked) == 7


def test_what_was_not_asked_for_longest_is_forgotten_first():
    memory, asked = Memory(2), []

    def answer(question):
        return memory.of(question, lambda: asked.append(question) or question)

    assert [answer(q) for q in "abacab"] == list("abacab")
    assert asked == ["a", "b", "c", "b"]


def test_what_is_larger_than_all_that_may_be_kept_is_not_and_drives_out_nothing():
    memory, asked = Memory(3, size=lambda question, answer: answer), []
    for size in (2, 5, 2, 5):
        memory.of(size, lambda size=size: asked.append(size) or size)
    assert asked == [2, 5, 5]


def test_neither_who_answered_nor_who_asked_can_change_what_is_kept():
    memory, own = Memory(1, copied=np.array), np.zeros(2)
    memory.of("x", lambda: own)[:] = 1
    own[:] = 2
    np.testing.assert_array_equal(memory.of("x", lambda: own), [0, 0])
    memory.forget()
    np.testing.assert_array_equal(memory.of("x", lambda: own), [2, 2])
