"""Every loss and gradient in every scaling that is a choice: declared it holds, else it is said."""

import functools

import numpy as np
import pytest

import refscore.verify as rv
from refscore.identities import catalogue
from refscore.verify import conventions, library
from refscore.verify.ports import PORTS

SCALINGS = ("half", "dimensions", "batch", "sigma_power")
SCALED = [
    (port, name, value)
    for name in SCALINGS
    for port in conventions.APPLIES[name]
    for value in conventions.values_of(name)[1:]
]
# what has no one half, no coordinates summed over, no batch
NUMBERS = ("noise_contrastive_loss", "contrastive_divergence")
RATIO = ("ratio_loss", "boltzmann_ratio_gradient")
QUANTISED = (
    "vq_codebook_loss", "vq_commitment_loss", "vq_point_gradient", "vq_codebook_gradient",
)  # fmt: skip
OUTSIDE = {
    "half": (*RATIO, *QUANTISED, *NUMBERS),
    "dimensions": ("uncertainty_loss", *NUMBERS),
    "batch": ("uncertainty_loss",),
}


def scaled(port, name, value):
    """The library's port as somebody with this convention writes it."""
    right, table = getattr(library, port), PORTS[port]

    @functools.wraps(right)
    def own(*arguments, **draws):
        given = dict(zip(table.arguments, arguments))
        answer = right(*arguments, **draws)
        if name == "half":
            return 2 * answer
        if name == "sigma_power":
            return given["sigma"] ** value * answer
        n, d = np.shape(given["x"])
        if name == "dimensions":
            return answer / d
        return np.sum(answer) if table.returns == "losses" else n * answer

    return own


@pytest.mark.parametrize(("port", "name", "value"), SCALED)
def test_declared_it_holds_and_undeclared_it_is_said(port, name, value):
    own = scaled(port, name, value)
    exact = [e.name for e in catalogue().values() if port in e.ports and e.kind != "expectation"]
    checks = exact[:3] if name == "batch" else None  # a sum is asked for point by point
    said = {port: own, "conventions": {name: value}}
    declared = rv.run(said, checks=checks, diagnose=False)
    assert declared.exit_code == 0, [c.note for c in declared.checks if c.verdict == "fails"]
    assert declared.counts["holds"] > 1
    held = [c.name for c in declared.checks if c.verdict == "holds" and c.kind != "expectation"]
    few = [check for check in held if check in catalogue()][:3]
    alone = {f"{port}.{name}": value}
    for_it_alone = rv.run({port: own, "conventions": alone}, checks=few, diagnose=False)
    assert for_it_alone.exit_code == 0
    assert rv.run({port: own}, checks=exact, diagnose=False).exit_code != 0


def test_every_loss_and_gradient_has_its_scalings():
    others = (*RATIO, *QUANTISED, *NUMBERS, "uncertainty_loss")
    losses = [p.name for p in PORTS.values() if p.group == "objectives" or p.name in others]
    for name, outside in OUTSIDE.items():
        assert set(conventions.APPLIES[name]) == set(losses) - set(outside)
    noised = {p for p in losses if "sigma" in PORTS[p].arguments}
    unscaled = {"noisy_implicit_loss", "noisy_implicit_loss_gradient"}  # no 1 / sigma to weigh
    assert set(conventions.APPLIES["sigma_power"]) == noised - unscaled


def test_a_weight_of_both_denoising_losses_is_one_declaration():
    ports = {
        port: scaled(port, "sigma_power", 2)
        for port in ("denoising_loss", "controlled_denoising_loss")
    }
    assert rv.run({**ports, "conventions": {"sigma_power": 2}}, diagnose=False).exit_code == 0
    assert rv.run(ports).convention == 'conventions = {"sigma_power": 2}'


def test_a_convention_does_not_reach_ports_it_does_not_name():
    doubled = scaled("implicit_loss", "half", False)
    ports = {"ratio_loss": library.ratio_loss, "implicit_loss": doubled}
    assert rv.run({**ports, "conventions": {"half": False}}, diagnose=False).exit_code == 0
