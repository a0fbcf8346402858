"""A stranger's JAX code, held against the catalogue end to end."""

import numpy as np
import pytest

import refscore.verify as rv
from refscore.verify.mutants import mistakes

jax = pytest.importorskip("jax", reason="JAX is not installed")
jnp = jax.numpy
pytestmark = pytest.mark.peers


class Losses:
    """Losses of one point, vmapped; gradients by jax.grad in the field's parameters."""

    framework = "jax"

    @staticmethod
    def implicit_loss(field, x):
        def one(p):
            return 0.5 * jnp.sum(field(p) ** 2) + jnp.trace(jax.jacfwd(field)(p))

        return jax.vmap(one)(x)

    @staticmethod
    def sliced_loss(field, x, probes):
        def one(p, vs):
            curved = jnp.stack([v @ jax.jvp(field, (p,), (v,))[1] for v in vs])
            return jnp.mean(curved + 0.5 * (vs @ field(p)) ** 2)

        return jax.vmap(one)(x, probes)

    @staticmethod
    def denoising_loss(field, x, sigma, noise):
        return 0.5 * jnp.sum((field(x + sigma * noise) + noise / sigma) ** 2, axis=-1)

    @classmethod
    def implicit_loss_gradient(cls, field, x):
        def mean(theta):
            return cls.implicit_loss(field.with_parameters(theta), x).mean()

        return jax.grad(mean)(field.parameters)

    @classmethod
    def denoising_loss_gradient(cls, field, x, sigma, noise):
        def mean(theta):
            return cls.denoising_loss(field.with_parameters(theta), x, sigma, noise).mean()

        return jax.grad(mean)(field.parameters)


class MeanLosses(Losses):
    """Means over the batch, 0-d arrays."""

    @staticmethod
    def implicit_loss(field, x):
        return Losses.implicit_loss(field, x).mean()

    @staticmethod
    def denoising_loss(field, x, sigma, noise):
        return Losses.denoising_loss(field, x, sigma, noise).mean()


class DrawsWithKeys:
    framework = "jax"

    def sliced_loss(self, field, x, *, key):
        probes = jax.random.rademacher(key, (len(x), 1, x.shape[1])).astype(x.dtype)
        return Losses.sliced_loss(field, x, probes).mean()

    def trace_estimate(self, matvec, dim, *, key):
        v = jax.random.normal(key, (dim,))
        return v @ matvec(v)


class Densities:
    """jax.scipy's density, differentiated."""

    framework = "jax"

    def log_density(self, law, x):
        if law.kind == "gaussian":
            weights, means, covariances = np.ones(1), law.mean[None], law.covariance[None]
        elif law.kind == "mixture":
            weights, means, covariances = law.weights, law.means, law.covariances
        else:
            raise NotImplementedError(law.kind)
        normal = jax.scipy.stats.multivariate_normal.logpdf
        parts = jnp.stack([normal(x, m, c) for m, c in zip(means, covariances)], -1)
        return jax.scipy.special.logsumexp(parts + jnp.log(weights), axis=-1)

    def score(self, law, x):
        if float(jnp.abs(x).max()) > 1e6:
            raise rv.NotOffered("logpdf overflows this far out")
        return jax.vmap(jax.grad(lambda p: self.log_density(law, p)))(x)


@jax.jit
def _density_ratio(log_density, x, y):
    return log_density(y) - log_density(x)


class Walks:
    """A Metropolis step of one chain that draws inside, compiled once for both draws and laws."""

    framework = "jax"
    traces = 0

    @staticmethod
    @jax.jit
    def random_walk_step(log_density, x, scale, noise, uniform):
        Walks.traces += 1

        def one(x, z, u):
            with rv.replay(z, ("uniform", u)):
                y = x + scale * jax.random.normal(jax.random.key(0), x.shape, x.dtype)
                ratio = jnp.exp(_density_ratio(log_density, x, y))
                return jnp.where(jax.random.uniform(jax.random.key(0)) < ratio, y, x)

        return jax.vmap(one)(x, noise, uniform)


# JAX compiles anew for every shape, so each port meets its main checks only
GIVEN = ["implicit_affine", "denoising_given_noise"]
CHECKS = {
    Losses: [*GIVEN, "sliced_given_probes", "denoising_gradient"],
    MeanLosses: GIVEN,
    DrawsWithKeys: ["sliced_mean", "trace_mean"],
    Densities: ["mixture_score"],
}


@pytest.mark.parametrize("subject", CHECKS)
def test_right_code_holds_in_what_it_offers(subject):
    report = rv.run(subject, checks=CHECKS[subject])
    assert report.exit_code == 0, report.summary()
    assert report.counts["holds"] >= 2
    assert report.framework == "jax"


def test_single_precision_as_jax_is_set_by_default():
    single = type("Single", (Losses,), {"dtype": "float32"})
    report = rv.run(single, checks=["denoising_given_noise", "denoising_gradient"])
    assert report.exit_code == 0, report.summary()


def test_a_step_compiled_with_its_replayed_draws():
    report = rv.run(Walks, checks=["random_walk_given_noise"])
    assert report.exit_code == 0, report.summary()
    assert Walks.traces <= 6  # of over a hundred calls: by shapes and laws, not by numbers


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_a_log_density_may_be_compiled_and_differentiated(dtype):
    def log_density_of(log_density, score, x, proposal, step_size):
        r = _density_ratio(log_density, x, proposal)
        own = jax.vmap(jax.grad(log_density))
        for a, b, sign in ((proposal, x, -1), (x, proposal, 1)):
            r += sign * ((b - a - step_size / 2 * own(a)) ** 2).sum(-1) / (2 * step_size)
        return r

    ports = {"framework": "jax", "dtype": dtype, "metropolis_log_ratio": log_density_of}
    report = rv.run(ports, checks=["metropolis_ratio"])
    assert report.exit_code == 0, report.summary()
    assert report.counts["holds"] >= 1


def wrong_trace(field, x):
    return jnp.sum(field(x) ** 2, -1) - Losses.implicit_loss(field, x)


def probes_summed(field, x, probes):
    return probes.shape[1] * Losses.sliced_loss(field, x, probes).mean()


def noise_predicted(field, x, sigma, noise):
    return 0.5 * jnp.sum((field(x + sigma * noise) + noise) ** 2, axis=-1)


def loss_at_clean_point(field, x, sigma, noise):
    return 0.5 * jnp.sum((field(x) + noise / sigma) ** 2, axis=-1)


MISTAKES = {
    "implicit_trace_sign": {"implicit_loss": wrong_trace},
    "sliced_probes_summed": {"sliced_loss": probes_summed},
    "denoising_target_bare_noise": {"denoising_loss": noise_predicted},
    "denoising_at_clean_point": {"denoising_loss": loss_at_clean_point},
}


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_in_jax_is_caught_and_named(name):
    report = rv.run({"framework": "jax", **MISTAKES[name]})
    assert report.exit_code == 1
    given = {n for c in report.checks if c.diagnosis for n in c.diagnosis.mistakes}
    assert given == {name}, report.summary()
    assert mistakes()[name].port in MISTAKES[name]


def test_an_unlisted_mistake_in_jax_gets_no_name():
    def implicit_loss(field, x):
        return Losses.implicit_loss(field, x) + 0.1 * jnp.sum(x, -1)

    report = rv.run({"framework": "jax", "implicit_loss": implicit_loss})
    assert report.exit_code == 1
    assert all(not c.diagnosis.mistakes for c in report.checks if c.diagnosis)
