"""A family means the same in NumPy, PyTorch and JAX, and carries gradients."""

from __future__ import annotations

import importlib.util
from types import SimpleNamespace

import numpy as np
import pytest

from refscore.identities import settings
from refscore.identities.ladder import FamilyDescription
from refscore.verify import run
from refscore.verify.frameworks import framework
from refscore.verify.leveled import family_of

FOREIGN = [
    pytest.param(
        name,
        marks=[
            pytest.mark.peers,
            pytest.mark.skipif(
                importlib.util.find_spec(name) is None, reason=f"{name} is not installed"
            ),
        ],
    )
    for name in ("torch", "jax")
]
SIGMAS = np.array([2.5, 1.3, 0.4])
FAMILY = FamilyDescription(
    [settings.network(2), settings.affine(2), settings.mixture_score(2)], SIGMAS
)
X, LEVELS = settings.points(5, 2), np.array([1, 0, 2, 2, 1])
CHECKS = ["ladder_given_noise", "ladder_gradient", "ladder_at_zero_score"]


@pytest.mark.parametrize("name", FOREIGN)
def test_a_family_is_the_library_s_own(name):
    own, kit = family_of(framework("numpy"), FAMILY), framework(name)
    with kit.session():
        family = family_of(kit, FAMILY)
        x, sigma = kit.to(X), kit.to(SIGMAS[LEVELS])
        np.testing.assert_allclose(kit.back(family(x, sigma)), own(X, SIGMAS[LEVELS]), rtol=1e-12)
        for one in (1.3, kit.to(np.array(1.3))):
            np.testing.assert_allclose(kit.back(family(x, one)), own(X, 1.3), rtol=1e-12)
            np.testing.assert_allclose(kit.back(family.at(one)(x)), own(X, 1.3), rtol=1e-12)
        np.testing.assert_array_equal(kit.back(family.parameters), own.parameters)
        theta = np.linspace(-1, 1, own.parameters.size)
        moved = family.with_parameters(theta)(x, sigma)
        want = own.with_parameters(theta)(X, SIGMAS[LEVELS])
        np.testing.assert_allclose(kit.back(moved), want, rtol=1e-12)
        column = kit.back(family(x, sigma[:, None]))
        np.testing.assert_allclose(column, own(X, SIGMAS[LEVELS][:, None]), rtol=1e-12)
        np.testing.assert_array_equal(column, kit.back(family(x, sigma)))
        for wrong in (kit.to(SIGMAS[LEVELS][:4]), kit.to(LEVELS + 1.0), 0.7):
            with pytest.raises(ValueError, match="sigma must be"):
                family(x, wrong)
        with pytest.raises(ValueError, match="theta must have shape"):
            family.with_parameters(theta[:-1])


def _torch_subject():
    import torch

    def losses(family, x, levels, sigmas, noise):
        sigma = sigmas[levels]
        s = family(x + sigma[:, None] * noise, sigma)
        return 0.5 * ((sigma[:, None] * s + noise) ** 2).sum(-1)

    def gradient(family, x, levels, sigmas, noise):
        loss = losses(family, x, levels, sigmas, noise).mean()
        return torch.autograd.grad(loss, family.parameters)[0]

    return losses, gradient


def _jax_subject():
    import jax

    def losses(family, x, levels, sigmas, noise):
        sigma = sigmas[levels]
        s = family(x + sigma[:, None] * noise, sigma)
        return 0.5 * ((sigma[:, None] * s + noise) ** 2).sum(-1)

    def gradient(family, x, levels, sigmas, noise):
        def mean(theta):
            return losses(family.with_parameters(theta), x, levels, sigmas, noise).mean()

        return jax.grad(mean)(family.parameters)

    return losses, gradient


@pytest.mark.parametrize("name", FOREIGN)
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_a_subject_of_a_framework_is_checked(name, dtype):
    losses, gradient = {"torch": _torch_subject, "jax": _jax_subject}[name]()
    subject = SimpleNamespace(
        ladder_loss=losses, ladder_loss_gradient=gradient, framework=name, dtype=dtype
    )
    report = run(subject, checks=CHECKS[:2] if dtype == "float64" else CHECKS[:1])
    assert report["ladder_given_noise"].verdict == "holds", report["ladder_given_noise"]
    assert all(check.verdict == "holds" for check in report.checks)


@pytest.mark.parametrize("name", FOREIGN)
def test_a_mistaken_subject_is_told_so(name):
    losses, _ = {"torch": _torch_subject, "jax": _jax_subject}[name]()
    wrong = SimpleNamespace(
        ladder_loss=lambda family, x, levels, sigmas, noise: (
            losses(family, x, levels, sigmas, noise) * sigmas[levels] ** 2
        ),
        framework=name,
    )
    report = run(wrong, checks=["ladder_given_noise", "ladder_at_zero_score"])
    found = report["ladder_given_noise"].diagnosis.mistakes
    assert found == ("ladder_weight_fourth_power",)
    mean = SimpleNamespace(ladder_loss=lambda *a: losses(*a).mean(), framework=name)
    assert run(mean, checks=CHECKS[:1]).counts["holds"] >= 2


def test_a_family_of_jax_goes_through_jit_once():
    jax = pytest.importorskip("jax")
    compiled = []

    @jax.jit
    def losses(family, x, sigma):
        compiled.append(1)
        return family(x, sigma).sum(-1)

    kit, own = framework("jax"), family_of(framework("numpy"), FAMILY)
    moved = FamilyDescription([settings.network(2), *FAMILY.fields[1:]], SIGMAS)
    with kit.session():
        x, sigma = kit.to(X), kit.to(SIGMAS[LEVELS])
        for described in (FAMILY, moved):
            got = kit.back(losses(family_of(kit, described), x, sigma))
            np.testing.assert_allclose(got, own(X, SIGMAS[LEVELS]).sum(-1), rtol=1e-12)
        theta = np.linspace(-1, 1, own.parameters.size)
        got = kit.back(losses(family_of(kit, FAMILY).with_parameters(theta), x, sigma))
        want = own.with_parameters(theta)(X, SIGMAS[LEVELS]).sum(-1)
        np.testing.assert_allclose(got, want, rtol=1e-12)
        assert len(compiled) == 1
        other = FamilyDescription(FAMILY.fields, 2 * SIGMAS)
        losses(family_of(kit, other), x, 2 * sigma)
        assert len(compiled) == 2
