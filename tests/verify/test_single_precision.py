"""Right functions in float32 hold where large numbers cancel; wrong ones are still told."""

import inspect

import numpy as np
import pytest

from refscore.identities.precision import is_single, resolved
from refscore.verify import run


def controlled_denoising_loss(field, x, sigma, noise):
    x, z = np.float32(x), np.float32(noise)
    s, sigma = np.float32(field(x)), np.float32(sigma)
    plain = np.float32(0.5) * ((np.float32(field(x + sigma * z)) + z / sigma) ** 2).sum(-1)
    excess = ((z**2).sum(-1) - x.shape[-1]) / (2 * sigma**2)
    return np.float32(plain - (z * s).sum(-1) / sigma - excess)


def noise_contrastive_loss(log_model, log_noise, x, y):
    nu = np.float32(len(y) / len(x))
    gaps = [np.float32(log_model(p)) - np.float32(log_noise(p)) - np.log(nu) for p in (x, y)]
    return np.logaddexp(0, -gaps[0]).mean() + nu * np.logaddexp(0, gaps[1]).mean()


def stein_estimator(x, bandwidth, regularisation):
    x, h = np.float32(x), np.float32(bandwidth)
    away = x[:, None] - x
    k = np.exp(-(away**2).sum(-1) / (2 * h**2))
    right = (k[..., None] * away / h**2).sum(1)
    return -np.linalg.solve(k + np.float32(regularisation) * np.eye(len(x), dtype="f4"), right)


PORTS = [controlled_denoising_loss, noise_contrastive_loss, stein_estimator]


@pytest.mark.parametrize("port", PORTS)
def test_right_functions_in_float32_hold(port):
    report = run({port.__name__: port, "dtype": "float32"}, checks=["B7", "B14", "B15"])
    verdicts = {check.name: check.verdict for check in report.checks}
    assert "holds" in verdicts.values()
    assert set(verdicts.values()) <= {"holds", "not offered"}, verdicts


@pytest.mark.parametrize("port", PORTS)
def test_wrong_functions_in_float32_fail(port):
    def wrong(*arguments, **draws):
        return np.float32(1.02) * port(*arguments, **draws)

    wrong.__signature__ = inspect.signature(port)
    subject = {port.__name__: wrong, "dtype": "float32"}
    report = run(subject, checks=["B7", "B14", "B15"], diagnose=False)
    assert report.counts["fails"] >= 1


def test_the_scale_of_double_precision_stands():
    class Double:
        dtype = "float64"

    class Single:
        dtype = "float32"

    assert not is_single(object())
    assert resolved(Double, 0.3, 1e9) == resolved(object(), 0.3, 1e9) == 0.3
    assert resolved(Single, 0.3, 1e-3) == 0.3
    assert resolved(Single, 0.3, 1e4) == pytest.approx(8 * 2.0**-23 * 1e8)
