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


@pytest.mark.parametrize(("id", "said"), [
    ("J1", "least at: divergence 0 (0); as printed 0 (0); as printed: divergence 0.5 (0.5)"),
    ("J2", "N(0, 1): least at 1 (1); least as printed -1 (-1)"),
    ("J4", "Z 2.5066 (2.5066); Z in closed form 2.5066 (2.5066); mass under the printed Z 6.2832"),
    ("J5", "start 1 (1); integral from t1 to t0 1 (1); as printed 4.4366 (4.4366)"),
    ("J6-relaxed", "bias 0.039125, -0.039125"),  # .016 + .0231
    ("J8", "start 1 (1); integral from t1 to t0 1 (1); as printed 4.4366 (4.4366)"),
    ("J11", "least at 0.8 (0.8); least as printed 0 (0)"),
    ("J13", "in w 0.583, -0.55789 (0.583, -0.55789); as printed -0.417, -0.55789"),
    ("J14-codes", "bound -9.9315 (-9.9315); printed, less log p(x) 5.5452 (5.5452)"),
    ("J16", "printed, with Z -0.24197 (-0.24197); printed, without Z -0.60653 (-0.60653)"),
])  # fmt: skip
def test_numbers_of_a_counterexample_stand_beside_those_they_have_to_be(id, said):
    [entry] = [e for e in find(id) if e.id == id]
    assert said in "\n".join(described(entry, run(library, checks=[entry.name])[entry.name]))


def test_numbers_have_five_digits():
    assert numbers(np.array([1e-15, -2.5, 4 / 3])) == "0, -2.5, 1.3333"
