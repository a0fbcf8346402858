"""A small discrete autoencoder: its bounds against enumeration, its gradients against differences,
and three fits of it."""

import itertools

import numpy as np
import pytest

from refscore import discrete, estimation
from refscore.discrete import DiscreteVAE, exact_loss, quantised_loss, relaxed_loss

RNG = np.random.default_rng(12)
X = (RNG.random((6, 5)) < 0.4).astype(float)
GUMBELS = RNG.gumbel(size=(6, 2, 3))
START = DiscreteVAE.initialise(5, 2, 3, 2, rng=4)
MODEL = START.with_parameters(START.parameters + 0.4 * RNG.standard_normal(START.parameters.shape))


def differences(loss, model, h=1e-5):
    theta, out = model.parameters, []
    for step in h * np.eye(len(theta)):
        out.append((loss(model.with_parameters(theta + step))[0]
                    - loss(model.with_parameters(theta - step))[0]) / (2 * h))  # fmt: skip
    return np.array(out)


def by_hand(x):
    """log p(x), the exact bound and that of the nearest codes, grid after grid."""
    z = (MODEL.encoder @ x + MODEL.encoder_offset).reshape(2, 2)
    square = ((z[:, None] - MODEL.codebook) ** 2).sum(-1)
    q = np.exp(-square) / np.exp(-square).sum(-1, keepdims=True)
    logs, bound, nearest = [], 0.0, tuple(square.argmin(-1))
    for grid in itertools.product(range(3), repeat=2):
        a = MODEL.decoder @ MODEL.codebook[list(grid)].ravel() + MODEL.decoder_offset
        p = 1 / (1 + np.exp(-a))
        log = (x * np.log(p) + (1 - x) * np.log(1 - p)).sum() - np.log(9)
        weight = q[0, grid[0]] * q[1, grid[1]]
        logs.append(log)
        bound += weight * (log - np.log(weight))
        if grid == nearest:
            best = log
    return np.log(np.exp(logs).sum()), bound, best


def test_density_and_bounds_by_enumeration():
    want = np.array([by_hand(x) for x in X])
    got = np.stack([MODEL.log_density(X), MODEL.elbo(X), MODEL.deterministic_elbo(X)], axis=1)
    np.testing.assert_allclose(got, want, rtol=1e-12)
    assert (got[:, 1:] <= got[:, :1]).all()
    np.testing.assert_allclose(MODEL.log_density(X[0]), want[0, 0], rtol=1e-12)


def test_the_density_sums_to_one_over_all_bits():
    everything = np.array(list(itertools.product([0.0, 1.0], repeat=5)))
    np.testing.assert_allclose(np.exp(MODEL.log_density(everything)).sum(), 1.0, rtol=1e-12)


@pytest.mark.parametrize("model", [MODEL, DiscreteVAE.initialise(5, 3, 2, 1, rng=2),
                                   DiscreteVAE.initialise(5, 1, 4, 3, rng=3)])  # fmt: skip
def test_exact_loss_and_its_gradient(model):
    loss, gradient = exact_loss(model, X)
    np.testing.assert_allclose(loss, -model.elbo(X).mean(), rtol=1e-13)
    np.testing.assert_allclose(gradient, differences(lambda m: exact_loss(m, X), model), atol=1e-8)


def test_relaxed_loss_and_its_gradient():
    def loss(model):
        return relaxed_loss(model, X, GUMBELS, temperature=0.7)

    np.testing.assert_allclose(loss(MODEL)[1], differences(loss, MODEL), atol=1e-8)


def test_relaxed_rows_become_codes_as_the_temperature_falls():
    drawn = (MODEL.logits(X) + GUMBELS).argmax(-1)
    hard = MODEL.decode(MODEL.codebook[drawn])
    given = (X * hard - np.logaddexp(0, hard)).sum(-1)
    want = given.mean() - discrete.kl_to_uniform(MODEL.logits(X)).sum(-1).mean()
    loss, gradient = relaxed_loss(MODEL, X, GUMBELS, temperature=1e-3)
    np.testing.assert_allclose(-loss, want, rtol=1e-12)
    assert np.isfinite(gradient).all()


def test_quantised_loss_passes_the_decoders_gradient_to_the_encoder():
    """Parts of the loss that are differentiable by themselves, with the stops put in by hand."""
    beta, z, codes = 0.3, MODEL.encode(X), MODEL.codes(X)
    picked = MODEL.codebook[codes]

    def reconstruction(latent, model):
        a = model.decode(latent)
        return -(X * a - np.logaddexp(0, a)).sum(-1).mean() + 2 * np.log(3)

    def stopped(model):
        own = model.encode(X)
        through = picked + own - z  # z_q + (z − sg z)
        book = ((z - model.codebook[codes]) ** 2).sum((1, 2)).mean()
        commit = beta * ((own - picked) ** 2).sum((1, 2)).mean()
        return (reconstruction(through, model) + book + commit,)

    loss, gradient = quantised_loss(MODEL, X, commitment=beta)
    np.testing.assert_allclose(loss, stopped(MODEL)[0], rtol=1e-13)
    np.testing.assert_allclose(gradient, differences(stopped, MODEL), atol=1e-8)


def test_what_is_left_out_of_a_call():
    assert relaxed_loss(MODEL, X, GUMBELS)[0] == relaxed_loss(MODEL, X, GUMBELS, temperature=0.5)[0]
    assert quantised_loss(MODEL, X)[0] == quantised_loss(MODEL, X, commitment=0.25)[0]
    each = [quantised_loss(MODEL, X[i : i + 1], commitment=0)[0] for i in range(6)]
    assert quantised_loss(MODEL, X, commitment=0)[0] == pytest.approx(np.mean(each), rel=1e-13)


def test_random_weights_keep_their_inputs_size():
    model = DiscreteVAE.initialise(300, 2, 3, 60, rng=None)
    for array, inputs in ((model.encoder, 300), (model.decoder, 120), (model.codebook, 1)):
        spread = np.sqrt(inputs) * array.std()
        assert abs(spread - 1) < 6 / np.sqrt(2 * array.size)


def test_parameters_come_back():
    theta = RNG.standard_normal(MODEL.parameters.shape)
    np.testing.assert_array_equal(MODEL.with_parameters(theta).parameters, theta)


def test_three_ways_of_fitting_raise_the_evidence():
    """Two patterns with flipped bits: log p rises by each way, and bounds stay below it."""
    patterns = np.array([[1.0, 1, 1, 0, 0, 0], [0, 0, 0, 1, 1, 1]])
    x = np.abs(patterns[RNG.integers(0, 2, 200)] - (RNG.random((200, 6)) < 0.1))
    start = DiscreteVAE.initialise(6, 1, 3, 2, rng=0)
    for loss in (exact_loss, relaxed_loss, quantised_loss):
        run = estimation.train(loss, start, x, steps=150, learning_rate=0.05, rng=1)
        fitted = start.with_parameters(run.parameters)
        assert fitted.log_density(x).mean() > start.log_density(x).mean() + 1.0
        assert (fitted.elbo(x) <= fitted.log_density(x)).all()
        assert (fitted.deterministic_elbo(x) <= fitted.log_density(x)).all()


def test_bad_models_and_points_are_refused():
    with pytest.raises(ValueError, match="codebook must hold a code"):
        DiscreteVAE(np.zeros((0, 5)), np.zeros(0), np.zeros((0, 2)), np.zeros((5, 0)),
                    np.zeros(5), 2)  # fmt: skip
    with pytest.raises(ValueError, match="at most 65536 grids"):
        DiscreteVAE.initialise(5, 7, 8, 1, rng=0)
    for bad in (1.1, -0.1):
        with pytest.raises(ValueError, match=r"x must lie in \[0, 1\]"):
            MODEL.log_density([0.0, 0.5, 1.0, bad, 0.5])
    with pytest.raises(ValueError, match="gumbels must have shape"):
        relaxed_loss(MODEL, X, np.zeros((3, 6, 2, 3)))
    with pytest.raises(ValueError, match="temperature must be positive"):
        relaxed_loss(MODEL, X, GUMBELS, temperature=0.0)
    for bad in (X[0], X[:0]):
        with pytest.raises(ValueError, match="n >= 1"):
            exact_loss(MODEL, bad)
    with pytest.raises(ValueError, match="z must have shape"):
        MODEL.decode(np.zeros((4, 3, 2)))
