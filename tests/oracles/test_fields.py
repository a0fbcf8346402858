"""Field oracles against mpmath-free second routes: complex steps, Richardson, autograd."""

from __future__ import annotations

from types import SimpleNamespace

import mpmath as mp
import numpy as np
import pytest

from refscore.oracles import fields, objectives, scores

from .cases import LAWS, MIXTURE

RNG = np.random.default_rng(3)
AFFINE = SimpleNamespace(kind="affine", matrix=RNG.normal(size=(3, 3)), offset=RNG.normal(size=3))
MLP = SimpleNamespace(
    kind="mlp",
    weights=(RNG.normal(size=(5, 3)), RNG.normal(size=(4, 5)), RNG.normal(size=(3, 4))),
    biases=(RNG.normal(size=5), RNG.normal(size=4), RNG.normal(size=3)),
)
MIXED = SimpleNamespace(**{**vars(MIXTURE), "kind": "mixture_score"})
X = RNG.normal(size=(4, 3))
PROBES = RNG.normal(size=(4, 2, 3))
NOISE = RNG.normal(size=(4, 3))


def mlp_in_mpmath(field, x):
    h = mp.matrix(x.tolist())
    for i, (w, b) in enumerate(zip(field.weights, field.biases)):
        h = mp.matrix(w.tolist()) * h + mp.matrix(b.tolist())
        if i < len(field.weights) - 1:
            h = h.apply(mp.tanh)
    return np.array([float(v) for v in h])


def test_network_value_against_mpmath_and_in_saturation():
    with mp.workdps(30):
        for scale in (1e-8, 1.0, 100.0):
            got = fields.value(MLP, scale * X)
            for g, x in zip(got, scale * X):
                np.testing.assert_allclose(g, mlp_in_mpmath(MLP, x), rtol=1e-14)
    assert np.isfinite(fields.value(MLP, 1e5 * X)).all()
    assert np.isfinite(fields.jacobian(MLP, 1e5 * X)).all()


@pytest.mark.parametrize("field", [AFFINE, MLP])
def test_jacobian_is_a_complex_step_of_the_value(field):
    columns = [fields.value(field, X + 1e-40j * e).imag / 1e-40 for e in np.eye(3)]
    exact = np.stack(columns, -1)
    np.testing.assert_allclose(fields.jacobian(field, X), exact, rtol=1e-13, atol=1e-15)
    np.testing.assert_allclose(
        fields.divergence(field, X), np.trace(exact, axis1=1, axis2=2), rtol=1e-13
    )
    u, v = PROBES[:, 0], NOISE
    np.testing.assert_allclose(
        np.sum(u * fields.jvp(field, X, v)), np.sum(v * fields.vjp(field, X, u)), rtol=1e-12
    )


def test_mixture_score_fields_are_scores():
    np.testing.assert_array_equal(fields.value(MIXED, X), scores.score(MIXTURE, X))
    np.testing.assert_array_equal(fields.energy(MIXED, X), -scores.log_density(MIXTURE, X))
    assert fields.parameters(MIXED).size == 0


def test_energy_of_symmetric_affine_fields_only():
    symmetric = SimpleNamespace(
        kind="affine", matrix=AFFINE.matrix + AFFINE.matrix.T, offset=AFFINE.offset
    )
    for e in np.eye(3):
        slope = fields.energy(symmetric, X + 1e-40j * e).imag / 1e-40
        np.testing.assert_allclose(-slope, fields.value(symmetric, X) @ e, rtol=1e-12)
    with pytest.raises(ValueError):
        fields.energy(AFFINE, X)


@pytest.mark.parametrize("field", [AFFINE, MLP])
def test_parameters_round_trip_in_row_major_order(field):
    theta = fields.parameters(field)
    again = fields.with_parameters(field, theta)
    np.testing.assert_array_equal(fields.value(again, X), fields.value(field, X))
    first = field.matrix if field.kind == "affine" else field.weights[0]
    np.testing.assert_array_equal(theta[: first.size], first.ravel())
    with pytest.raises(ValueError):
        fields.with_parameters(field, theta[:-1])


LOSSES = {
    "implicit": (objectives.implicit, (X,)),
    "sliced": (objectives.sliced, (X, PROBES)),
    "variance_reduced": (objectives.variance_reduced_sliced, (X, PROBES)),
    "denoising": (objectives.denoising, (X, 0.3, NOISE)),
    "fisher": (lambda f, x: objectives.fisher(f, LAWS["gaussian"], x), (X,)),
}


@pytest.mark.parametrize("field", [AFFINE, MLP])
@pytest.mark.parametrize("name", LOSSES)
def test_complex_step_gradient_against_richardson(name, field):
    loss, rest = LOSSES[name]
    got = objectives.gradient(loss, field, *rest)

    def mean(theta):
        return np.mean(loss(fields.with_parameters(field, theta), *rest))

    exact = fields.richardson_gradient(mean, fields.parameters(field))
    np.testing.assert_allclose(got, exact, rtol=2e-9, atol=2e-9 * np.abs(exact).max())


def test_gradient_of_the_implicit_loss_by_hand():
    """Affine: the gradient in A is mean s x^T + I, in b mean s."""
    got = objectives.gradient(objectives.implicit, AFFINE, X)
    s = fields.value(AFFINE, X)
    exact = np.concatenate([(s.T @ X / 4 + np.eye(3)).ravel(), s.mean(0)])
    np.testing.assert_allclose(got, exact, rtol=1e-13)


def test_gradient_of_a_network_against_autograd():
    autograd = pytest.importorskip("autograd")
    anp = autograd.numpy

    def loss(theta):
        weights, i, h = [], 0, X
        for w, b in zip(MLP.weights, MLP.biases):
            weights.append((theta[i : i + w.size].reshape(w.shape), theta[i + w.size :][: b.size]))
            i += w.size + b.size
        chain = anp.eye(3)
        for w, b in weights[:-1]:
            h = anp.tanh(h @ w.T + b)
            chain = (1 - h**2)[..., None] * anp.einsum("ij,...jk->...ik", w, chain)
        w, b = weights[-1]
        s = h @ w.T + b
        return anp.mean(0.5 * anp.sum(s**2, 1) + anp.einsum("ij,nji->n", w, chain))

    exact = autograd.grad(loss)(fields.parameters(MLP))
    got = objectives.gradient(objectives.implicit, MLP, X)
    np.testing.assert_allclose(got, exact, rtol=1e-11, atol=1e-13)
