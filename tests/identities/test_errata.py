"""The page of the lectures' errata: every row of chapter J, and what its checks gave."""

import numpy as np
import pytest

from refscore.identities import find
from refscore.verify import library, run
from validation.errata import ERRATA, described, entries_of_chapter, numbers


def test_every_erratum_has_a_check_and_every_check_an_erratum():
    rows = entries_of_chapter()
    assert list(rows) == [f"J{i}" for i in range(1, 24)] == list(ERRATA)
    assert all(rows.values())


def test_an_erratum_without_a_check_is_an_error(monkeypatch):
    monkeypatch.setitem(ERRATA, "J99", ERRATA["J1"])
    with pytest.raises(ValueError, match="errata without a check: J99"):
        entries_of_chapter()


def test_numbers_of_a_counterexample_stand_beside_those_they_have_to_be():
    [entry] = [e for e in find("J14") if e.id == "J14-codes"]
    text = "\n".join(described(entry, run(library, checks=[entry.name])[entry.name]))
    assert "bound -9.9315 (-9.9315); printed, less log p(x) 5.5452 (5.5452)" in text
    assert numbers(np.array([1e-15, -2.5, 4 / 3])) == "0, -2.5, 1.3333"
