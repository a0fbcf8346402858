"""How a port's signature says which draws it takes."""

import numpy as np
import pytest

import refscore.verify as rv
from refscore.verify import library


def sliced(field, x, v):
    return library.sliced_loss(field, x, v)


def drawn(field, x, generator):
    return library.sliced_loss(field, x, rng=generator)


SIGNATURES = {
    "probes": (lambda f, x, probes: sliced(f, x, probes), True, False),
    "probes, keyword-only": (lambda f, x, *, probes: sliced(f, x, probes), True, False),
    "probes, positional-only": (lambda f, x, probes, /: sliced(f, x, probes), True, False),
    "rng": (lambda f, x, rng: drawn(f, x, rng), False, True),
    "rng, keyword-only": (lambda f, x, *, rng: drawn(f, x, rng), False, True),
    "generator": (lambda f, x, generator=None: drawn(f, x, generator), False, True),
    "key": (lambda f, x, key: drawn(f, x, key), False, True),
    "seed": (lambda f, x, seed: drawn(f, x, np.random.default_rng(seed)), False, True),
    "both": (
        lambda f, x, probes=None, *, rng=None: (
            drawn(f, x, rng) if probes is None else sliced(f, x, probes)
        ),
        True,
        True,
    ),
    "scalar, rng": (lambda f, x, rng: drawn(f, x, rng).mean(), False, True),
    "stars": (lambda f, x, *draws: sliced(f, x, *draws), True, False),
    "keywords": (lambda f, x, **draws: sliced(f, x, draws["probes"]), True, False),
}


@pytest.mark.parametrize("signature", SIGNATURES)
def test_draws_are_handed_over_as_the_signature_names_them(signature):
    function, given, draws = SIGNATURES[signature]
    report = rv.run({"sliced_loss": function})
    assert report.exit_code == 0, report.summary()
    assert (report["sliced_given_probes"].verdict == "holds") == given
    assert (report["sliced_mean"].verdict == "holds") == draws
    assert report.counts["not offered"] == report.total - report.counts["holds"] - _absent(report)


def _absent(report):
    """Prerequisites of ports not offered, which are not listed one by one."""
    return report.total - len(report.checks)


def test_the_third_argument_may_be_called_noise_and_mean_its_level():
    def denoising_loss(model, data, noise, rng):
        return library.denoising_loss(model, data, noise, rng=rng)

    report = rv.run({"denoising_loss": denoising_loss})
    assert report.exit_code == 0, report.summary()
    assert report["denoising_mean"].verdict == "holds"


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (lambda f, x, v: sliced(f, x, v), "sliced_loss asks for 'v'"),
        (lambda f, x: np.zeros(len(x)), "names neither probes nor rng"),
        (lambda f, x, probes, temperature: 0.0, "sliced_loss asks for 'temperature'"),
    ],
)  # fmt: skip
def test_a_port_that_cannot_be_called_is_an_error_not_a_pass(function, message):
    report = rv.run({"sliced_loss": function, "implicit_loss": library.implicit_loss})
    assert report["sliced_loss_prerequisites"].verdict == "error"
    assert message in report["sliced_loss_prerequisites"].note
    assert report.exit_code == 2
