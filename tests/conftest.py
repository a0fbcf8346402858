"""How the tests are shared out over workers (`-n`)."""

import re

import pytest


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    """What remembers its work goes to one worker: the mistakes of a port, the runs of an example,
    the cases of a test."""
    if config.getoption("dist") != "load":
        return None
    from xdist.scheduler import LoadScopeScheduling

    class Together(LoadScopeScheduling):
        def _split_scope(self, nodeid):
            return _home(nodeid)

    return Together(config, log)


def _home(nodeid: str) -> str:
    file, _, test = nodeid.partition("::")
    name, _, parameters = test.partition("[")
    if file.endswith("test_mutants.py"):
        return f"{file}::{_port_of(parameters.rstrip(']'))}"
    example = re.match(r"\d\d", parameters)
    if file.endswith("test_examples.py") and example:
        return f"{file}::{example.group()}"
    return f"{file}::{name}"


def _port_of(mistake: str) -> str:
    from refscore.verify.mutants import mistakes

    return mistakes()[mistake].port if mistake in mistakes() else mistake
