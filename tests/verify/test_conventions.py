"""Every convention: declared it holds, undeclared it is named, mixed up it fails."""

from types import SimpleNamespace

import numpy as np
import pytest

import refscore.verify as rv
from refscore.verify import conventions, library


def subject(**ports):
    return SimpleNamespace(name="somebody's", **ports)


def losses(change, *, gradient=None):
    """All losses with `change(values, x, sigma)`, and one gradient where that follows."""
    ports = {
        "implicit_loss": lambda f, x: change(library.implicit_loss(f, x), x, 1.0),
        "sliced_loss": lambda f, x, probes: change(library.sliced_loss(f, x, probes), x, 1.0),
        "denoising_loss": lambda f, x, sigma, noise: change(
            library.denoising_loss(f, x, sigma, noise), x, sigma
        ),
    }
    if gradient:
        ports["implicit_loss_gradient"] = lambda f, x: (
            gradient(x) * library.implicit_loss_gradient(f, x)
        )
    return subject(**ports)


def weighted(power):
    def denoising_loss(field, x, sigma, noise):
        return sigma**power * library.denoising_loss(field, x, sigma, noise)

    return subject(denoising_loss=denoising_loss, implicit_loss=library.implicit_loss)


def sphere(rng, *shape):
    v = rng.standard_normal(shape)
    return v / np.linalg.norm(v, axis=-1, keepdims=True)


def sliced_on_the_sphere(field, x, *, rng):
    return library.sliced_loss(field, x, sphere(rng, len(x), 1, x.shape[1]))


def trace_on_the_sphere(matvec, dim, *, rng):
    v = sphere(rng, 1, dim)
    return (v * matvec(v)).sum()


def marginal(alpha_power, sigma_power):
    def port(t):
        alpha, sigma = library.marginal(t)
        return alpha**alpha_power, sigma**sigma_power

    return subject(marginal=port, drift=library.drift, diffusion=library.diffusion)


def unnormalised(law, x):
    """Without every term that does not depend on x."""
    return library.log_density(law, x) - library.log_density(law, np.zeros((1, x.shape[1])) + 0.5)


def bits(score_at, x):
    return -library.log_likelihood(score_at, x) / (x.shape[1] * np.log(2))


def langevin(drift, spread):
    return subject(langevin_step=lambda s, x, h, noise: x + drift(h) * s(x) + spread(h) * noise)


SUBJECTS = {
    ("log_density", "energy"): subject(log_density=lambda law, x: -library.log_density(law, x)),
    ("score_sign", "gradient of energy"): subject(
        score=lambda law, x: -library.score(law, x),
        score_jacobian=lambda law, x: -library.score_jacobian(law, x),
        divergence=lambda law, x: -library.divergence(law, x),
    ),
    ("normalised", False): subject(log_density=unnormalised),
    ("half", False): losses(lambda v, x, sigma: 2 * v, gradient=lambda x: 2.0),
    ("dimensions", "mean"): losses(
        lambda v, x, sigma: v / x.shape[1], gradient=lambda x: 1 / x.shape[1]
    ),
    ("batch", "sum"): losses(lambda v, x, sigma: v.sum(), gradient=len),
    ("sigma_power", 1): weighted(1),
    ("sigma_power", 2): weighted(2),
    ("sigma_power", 4): weighted(4),
    ("sliced_form", "variance reduced"): subject(
        sliced_loss=library.variance_reduced_sliced_loss,
        sliced_loss_gradient=library.variance_reduced_sliced_loss_gradient,
    ),
    ("probes", "unit norm"): subject(sliced_loss=sliced_on_the_sphere),
    ("trace_probes", "unit norm"): subject(trace_estimate=trace_on_the_sphere),
    ("step", "epsilon"): langevin(lambda e: e**2 / 2, lambda e: e),
    ("step", "h"): langevin(lambda h: h, lambda h: np.sqrt(2 * h)),
    ("marginal", "alpha, variance"): marginal(1, 2),
    ("marginal", "alpha squared, sigma"): marginal(2, 1),
    ("marginal", "alpha squared, variance"): marginal(2, 2),
    ("likelihood", "bits per dimension"): subject(log_likelihood=bits),
}
# a mean over d and a probe of length one instead of √d are one factor, from rng alone
ALIKE = {("probes", "unit norm"): ["dimensions", "probes"]}


def test_every_value_of_every_convention_has_its_subject():
    known = {
        (name, value)
        for family in conventions.FAMILIES.values()
        for name, values in family.VALUES.items()
        for value in values[1:]
    }
    assert known == set(SUBJECTS)
    defaults = [type(f)() for f in conventions.FAMILIES.values()]
    assert all(getattr(f, name) == v[0] for f in defaults for name, v in f.VALUES.items())


@pytest.mark.parametrize("convention", SUBJECTS, ids=lambda c: f"{c[0]}={c[1]}")
def test_declared_a_convention_holds(convention):
    declared = SimpleNamespace(**vars(SUBJECTS[convention]), conventions=dict([convention]))
    report = rv.run(declared)
    assert report.exit_code == 0, report.summary()
    assert report.counts["holds"] >= 2


@pytest.mark.parametrize("convention", SUBJECTS, ids=lambda c: f"{c[0]}={c[1]}")
def test_undeclared_it_is_named_and_nothing_passes(convention):
    name, value = convention
    report = rv.run(SUBJECTS[convention])
    assert report.exit_code == 2, report.summary()
    assert report.counts["fails"] == 0
    assert report.counts["undeclared convention"] >= 1
    lines = report.convention.split(" or ")
    assert f'conventions = {{"{name}": {value!r}}}' in lines
    assert len(lines) == len(ALIKE.get(convention, [name])), report.convention
    explained = [c for c in report.checks if c.verdict == "undeclared convention"]
    assert all(report.convention in check.note for check in explained)


def test_two_conventions_at_once_explain_nothing():
    def denoising_loss(field, x, sigma, noise):
        return 2 * sigma**2 * library.denoising_loss(field, x, sigma, noise)

    both = subject(denoising_loss=denoising_loss)
    report = rv.run(both)
    assert report.exit_code == 1
    assert report.convention == ""
    declared = SimpleNamespace(**vars(both), conventions={"half": False, "sigma_power": 2})
    assert rv.run(declared).exit_code == 0
    assert rv.run(SimpleNamespace(**vars(both), conventions={"half": False})).exit_code == 2


def test_a_convention_in_one_of_several_ports_fails():
    mixed = losses(lambda v, x, sigma: v)
    mixed.denoising_loss = lambda f, x, sigma, noise: 2 * library.denoising_loss(f, x, sigma, noise)
    report = rv.run(mixed)
    assert report.exit_code == 1
    assert report.counts["undeclared convention"] == 0
    assert report["implicit_affine"].verdict == "holds"
    mixed.conventions = {"denoising_loss.half": False}
    assert rv.run(mixed).exit_code == 0


def test_a_convention_declared_wrongly_fails():
    report = rv.run(
        SimpleNamespace(implicit_loss=library.implicit_loss, conventions={"half": False})
    )
    assert report.exit_code == 1
    assert report.convention == ""


def test_a_convention_does_not_excuse_another_mistake():
    report = rv.run(
        subject(
            implicit_loss=lambda f, x: 2 * library.implicit_loss(f, x),
            trace_estimate=lambda matvec, dim, probes: (
                -library.trace_estimate(matvec, dim, probes)[0]
            ),
        )
    )
    assert report.exit_code == 1
    assert report.convention == ""


@pytest.mark.parametrize(
    ("declared", "message"),
    [
        ({"halv": True}, "did you mean 'half'"),
        ({"half": "no"}, r"must be one of \(True, False\), got 'no'"),
        ({"implicit_los.half": False}, "names no port: 'implicit_los'"),
        (["half"], "conventions must be a dict, got list"),
    ],
)
def test_what_cannot_be_declared_is_said(declared, message):
    wrong = SimpleNamespace(implicit_loss=library.implicit_loss, conventions=declared)
    with pytest.raises(rv.SubjectError, match=message):
        rv.run(wrong)
