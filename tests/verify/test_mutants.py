"""Every named mistake is caught and named; every identity catches one; the record is current."""

import pytest

from refscore.identities import catalogue
from refscore.verify.mutants import catches, mistakes
from refscore.verify.ports import GROUPS, PORTS
from refscore.verify.trials import CAUGHT, trial

RECORD = "run `python -m refscore.verify.trials`"


@pytest.mark.parametrize("name", mistakes())
def test_a_mistake_is_caught_and_called_by_its_name(name):
    tried = trial(mistakes()[name])
    assert tried.caught_by, tried.verdicts
    assert tried.diagnosed, tried.verdicts
    assert tried.cost is not None
    assert tried.cost > 0
    seen = {check for check, verdict in tried.verdicts.items() if verdict in CAUGHT}
    recorded = {check for check, names in catches().items() if name in names}
    assert seen & set(catalogue()) == recorded, RECORD


def test_the_record_knows_every_identity_and_each_catches_a_mistake():
    recorded = catches()
    assert list(recorded) == list(catalogue()), RECORD
    assert [name for name, names in recorded.items() if not names] == []
    assert set().union(*recorded.values()) == set(mistakes()), RECORD


def test_every_port_of_an_identity_has_its_mistakes():
    used = {port for entry in catalogue().values() for port in entry.ports}
    assert used == set(PORTS)
    assert used == {mistake.port for mistake in mistakes().values()}
    assert {mistake.group for mistake in mistakes().values()} <= set(GROUPS)
    assert len(mistakes()) >= 40


@pytest.mark.parametrize("name", mistakes())
def test_a_mistake_says_what_is_wrong_in_one_sentence(name):
    mistake = mistakes()[name]
    assert mistake.summary.endswith((".", ")"))
    assert mistake.source
    assert mistake.function is not None
