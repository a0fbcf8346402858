"""Kernels that underflow far from the data, and small numbers added so that they do not."""

import numpy as np
import pytest

import refscore.verify as rv
from refscore.verify import library


def squares(x, data):
    return ((x[:, None] - data) ** 2).sum(-1)


def explicit_loss(below):
    def port(field, x, data, bandwidth):
        w = np.exp(-squares(x, data) / (2 * bandwidth**2))
        w = w / (w.sum(1, keepdims=True) + below)
        pull = (w[:, :, None] * (x[:, None] - data)).sum(1) / bandwidth**2
        return 0.5 * ((field(x) + pull) ** 2).sum(1)

    return port


def explicit_loss_gradient(field, x, data, bandwidth):
    sums = np.exp(-squares(x, data) / (2 * bandwidth**2)).sum(1)
    return library.explicit_loss_gradient(field, x, data, bandwidth) * (sums / sums).mean()


def kernel_density(data, bandwidth, x):
    mean = np.exp(-squares(x, data) / (2 * bandwidth**2)).mean(1)
    return np.log(mean) - data.shape[1] / 2 * np.log(2 * np.pi * bandwidth**2)


def leave_one_out(data, bandwidth):
    k = np.exp(-squares(data, data) / (2 * bandwidth**2))
    np.fill_diagonal(k, 0)
    normaliser = data.shape[1] / 2 * np.log(2 * np.pi * bandwidth**2)
    return np.log(k.sum(1) / (len(data) - 1)) - normaliser


@pytest.mark.parametrize(
    ("port", "wrong", "mistake"),
    [
        ("explicit_loss", explicit_loss(0.0), "explicit_kernels_underflow"),
        ("explicit_loss", explicit_loss(1e-12), "explicit_kernels_guarded"),
        (
            "explicit_loss_gradient",
            explicit_loss_gradient,
            "explicit_gradient_kernels_underflow",
        ),
        ("kernel_density", kernel_density, "kernel_density_underflows"),
        ("leave_one_out", leave_one_out, "leave_one_out_underflows"),
    ],
)
def test_kernels_that_underflow_fail_by_name(port, wrong, mistake):
    report = rv.run({port: wrong})
    assert report.exit_code == 1
    names = {name for c in report.checks if c.diagnosis for name in c.diagnosis.mistakes}
    assert names == {mistake}


def test_double_precision_is_not_excused_by_single():
    report = rv.run({"explicit_loss": explicit_loss(1e-12)}, checks=["B4"])
    assert not report.convention

    def nearly(field, x):
        """Wrong by 10⁻⁸ at some points, exact at the others."""
        return library.implicit_loss(field, x) * (1 + 1e-8 * (x[:, 0] > 3))

    report = rv.run({"implicit_loss": nearly})
    assert report.exit_code == 1
    assert not report.convention


def test_single_precision_inside_is_said_though_double_is_returned():
    def denoising_loss(field, x, sigma, noise):
        exact = library.denoising_loss(field, x, sigma, noise)
        return exact.astype(np.float32).astype(float)

    report = rv.run({"denoising_loss": denoising_loss}, checks=["B5"])
    assert report.convention == 'dtype = "float32"'


def test_a_single_port_says_nothing_of_another():
    def implicit_loss(field, x):
        return library.implicit_loss(field, x) * (1 + 1e-8 * (x[:, 0] > 1))

    def fisher_loss(field, score, x):
        return library.fisher_loss(field, score, x).astype(np.float32)

    report = rv.run({"implicit_loss": implicit_loss, "fisher_loss": fisher_loss})
    assert report.exit_code == 1
    assert not report.convention
