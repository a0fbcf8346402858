"""Subjects with flows in other frameworks: what they are handed is theirs to differentiate."""

import functools
from importlib import import_module
from types import SimpleNamespace

import numpy as np
import pytest

import refscore.verify as rv
from refscore.identities.bijection_layers import stack
from refscore.verify.frameworks import framework
from refscore.verify.layered import layers


@pytest.mark.peers
def test_log_determinants_by_the_derivatives_of_torch():
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")

    def by_derivatives(f):
        def port(*args):
            *given, x = args
            one = functools.partial(_of_a_point, f, given)
            found = [torch.autograd.functional.jacobian(one, p) for p in x]
            return f(*args), torch.linalg.slogdet(torch.stack(found))[1]

        return port

    def coupled(conditioner, mask, x):
        kept, moved = (torch.nonzero(mask == k)[:, 0] for k in (1, 0))
        m, s = conditioner(x[:, kept])
        return x.index_copy(1, moved, x[:, moved] * torch.exp(s) + m)

    def autoregressive(conditioner, x):
        m, s = conditioner(x)
        return x * torch.exp(s) + m

    subject = SimpleNamespace(
        name="theirs", framework="torch", coupling_forward=by_derivatives(coupled),
        autoregressive_forward=by_derivatives(autoregressive),
        composition_forward=by_derivatives(_through), layered_log_density=_density,
    )  # fmt: skip
    report = rv.run(subject)
    assert report.exit_code == 0, report.summary()
    assert report.counts["holds"] == 9


@pytest.mark.peers
def test_what_is_handed_over_can_be_differentiated_in_jax():
    jax = pytest.importorskip("jax", reason="JAX is not installed")
    ours = framework("jax")
    with ours.session():
        handed = layers(ours, stack(2, 21, mild=True))[:2]
        point = ours.to(np.array([0.3, -0.8]))

        @jax.jit
        def both(x):
            return _density(handed, x[None])[0], jax.jacfwd(lambda z: _through(handed, z[None])[0])(
                x
            )

        density, jacobian = ours.back(both(point))
        log_det = sum(ours.back(layer_log_dets(handed, point[None])))
    assert np.isfinite(density)
    np.testing.assert_allclose(np.linalg.slogdet(jacobian)[1], log_det[0], rtol=1e-12)


def layer_log_dets(handed, x):
    found = []
    for layer in handed:
        x, log_det = layer.forward(x)
        found.append(log_det)
    return found


def _of_a_point(f, given, point):
    return f(*given, point[None])[0]


def _through(layers, x):
    for layer in layers:
        x = layer.forward(x)[0]
    return x


def _density(layers, x):
    log_det = 0.0
    for layer in layers[::-1]:
        x, turned = layer.inverse(x)
        log_det = log_det + turned
    return -0.5 * (x**2).sum(-1) - x.shape[1] / 2 * np.log(2 * np.pi) + log_det


def test_a_wrong_log_determinant_of_any_layer_is_noticed():
    def wrong(x):
        return np.sinh(x), np.log(np.cosh(x)).mean(1)

    report = rv.run(SimpleNamespace(name="theirs", bijection_forward=wrong))
    assert report["own_bijection_changes_volume"].verdict == "fails"


def test_parts_may_be_named():
    def named(x):
        return {"log_det": np.log(np.cosh(x)).sum(1), "y": np.sinh(x)}

    report = rv.run(SimpleNamespace(name="theirs", bijection_forward=named))
    assert report.exit_code == 0, report.summary()
    one = SimpleNamespace(name="theirs", bijection_forward=np.sinh)
    report = rv.run(one)
    assert report.exit_code != 0
    assert "expected a pair (y, log_det)" in str(report.summary())


def test_the_peers_are_listed_with_what_they_need():
    peers = import_module("validation.peers").PEERS
    assert {"normflows", "nflows", "zuko"} <= set(peers)
