"""Given draws reach a library through its own random calls, and nothing stays replaced."""

# ruff: noqa: NPY002 - the global functions are what is replaced here

from __future__ import annotations

import contextlib
import importlib.util

import numpy as np
import pytest

from refscore.verify import NotOffered, replay
from refscore.verify.replaying import ReplayError, ReplayGenerator


def _needs(name):
    missing = importlib.util.find_spec(name) is None
    return [
        pytest.mark.peers,
        pytest.mark.skipif(missing, reason=f"{name} is not installed"),
    ]


rng = np.random.default_rng(5)
Z, W = rng.normal(size=(2, 4, 3))
U = rng.uniform(size=(4, 3))
E = rng.exponential(size=(4, 3))
S = rng.choice([-1.0, 1.0], size=(4, 3))


def a_key():
    """A key."""
    import jax

    return jax.random.key(1)


def same(got, expected):
    np.testing.assert_allclose(np.asarray(got), expected, rtol=1e-15, atol=0)


class TestQueue:
    def test_shapes_must_agree(self):
        with pytest.raises(ReplayError, match=r"asked for shape \(3, 4\).*has shape \(4, 3\)"):
            replay.numpy_rng(Z).standard_normal((3, 4))
        with pytest.raises(ReplayError, match="asked for shape"):
            replay.numpy_rng(Z).standard_normal(12)

    def test_axes_of_length_one_are_no_disagreement(self):
        same(replay.numpy_rng(Z).standard_normal((4, 1, 3)), Z[:, None])

    def test_kinds_must_agree(self):
        with pytest.raises(
            ReplayError, match=r"asked for a uniform draw .* given draws are 1 normal"
        ):
            replay.numpy_rng(Z).random((4, 3))

    def test_too_few_draws(self):
        generator = replay.numpy_rng(Z)
        generator.standard_normal((4, 3))
        with pytest.raises(ReplayError, match="all 1 given were used up"):
            generator.standard_normal((4, 3))

    def test_left_over_draws(self):
        generator = replay.numpy_rng(Z, W)
        generator.standard_normal((4, 3))
        with pytest.raises(ReplayError, match="1 of 2 normal draws were never asked for"):
            generator.finish()
        message = "1 of 1 normal draws were never asked for"
        with pytest.raises(ReplayError, match=message), replay(Z, framework="numpy"):
            pass

    def test_a_refusal_the_library_hid_is_raised_at_the_end(self):
        generator = replay.numpy_rng(Z)
        with contextlib.suppress(ReplayError):
            generator.standard_normal(5)
        generator.standard_normal((4, 3))
        with pytest.raises(ReplayError, match="asked for shape"):
            generator.finish()

    def test_an_error_inside_is_not_hidden_by_left_over_draws(self):
        with pytest.raises(KeyError), replay(Z, framework="numpy"):
            raise KeyError

    @pytest.mark.parametrize(
        ("draw", "kind", "message"),
        [
            (Z, "cauchy", "kind must be one of"),
            (Z, "uniform", r"must lie in \[0, 1\]"),
        ],
    )
    def test_draws_are_checked(self, draw, kind, message):
        with pytest.raises(ValueError, match=message):
            replay(draw, kind=kind)
        with pytest.raises(ValueError, match="framework must be one of"):
            replay(Z, framework="tensorflow")

    def test_a_library_of_signs_declines_other_probes(self):
        with pytest.raises(NotOffered, match="draws signs"):
            replay(Z, kind="sign")

    def test_given_arrays_are_not_changed(self):
        given = Z.copy()
        generator = replay.numpy_rng(given)
        generator.standard_normal((4, 3))[...] = 0
        same(given, Z)


class TestNumpy:
    @pytest.mark.parametrize(
        ("call", "draw", "expected"),
        [
            (lambda g: g.standard_normal((4, 3)), Z, Z),
            (lambda g: g.standard_normal(out=np.empty((4, 3))), Z, Z),
            (lambda g: g.normal(2.0, 3.0, (4, 3)), Z, 2 + 3 * Z),
            (lambda g: g.normal(W, 0.5), Z, W + 0.5 * Z),
            (lambda g: g.random((4, 3)), ("uniform", U), U),
            (lambda g: g.uniform(-1.0, 2.0, (4, 3)), ("uniform", U), -1 + 3 * U),
            (lambda g: g.exponential(2.0, (4, 3)), ("exponential", E), 2 * E),
            (lambda g: g.standard_exponential((4, 3)), ("exponential", E), E),
            (lambda g: g.gumbel(size=(4, 3)), ("gumbel", Z), Z),
            (lambda g: g.choice([-1.0, 1.0], (4, 3)), ("sign", S), S),
            (lambda g: g.choice([1, -1], size=(4, 3)), ("sign", S), S),
            (lambda g: 2 * g.integers(0, 2, (4, 3)) - 1, ("sign", S), S),
            (lambda g: 2 * g.integers(2, size=(4, 3)) - 1, ("sign", S), S),
            (lambda g: 2 * g.binomial(1, 0.5, (4, 3)) - 1, ("sign", S), S),
            (lambda g: g.binomial(1, 0.2, (4, 3)), ("uniform", U), U < 0.2),
            (lambda g: g.integers(10, size=3), ("integer", [7, 0, 9]), [7, 0, 9]),
            (lambda g: g.standard_normal(), 0.5, 0.5),
            (lambda g: np.random.default_rng(g).spawn(1)[0].standard_normal(), 0.5, 0.5),
        ],
    )
    def test_generator_methods(self, call, draw, expected):
        with replay.numpy_rng(draw) as generator:
            assert isinstance(generator, ReplayGenerator)
            assert isinstance(generator, np.random.Generator)
            same(call(generator), expected)

    def test_multivariate_normal_is_computed_from_the_normals(self):
        factor = np.array([[2.0, 0.0, 0.0], [0.5, 1.0, 0.0], [0.1, -0.3, 0.7]])
        with replay.numpy_rng(Z) as generator:
            x = generator.multivariate_normal(np.ones(3), factor @ factor.T, 4, method="cholesky")
        np.testing.assert_allclose(x, 1 + Z @ factor.T, rtol=1e-13)

    def test_what_cannot_be_replayed_is_refused(self):
        generator = replay.numpy_rng(Z)
        with pytest.raises(ReplayError, match="permutation cannot be replayed"):
            generator.permutation(3)
        with pytest.raises(ReplayError, match="two equally likely values"):
            generator.choice(3, 2)
        with pytest.raises(ReplayError, match=r"whole numbers in \[0, 5\)"):
            replay.numpy_rng([7.0], kind="integer").integers(0, 5, 1)

    @pytest.mark.parametrize(
        ("call", "draw", "expected"),
        [
            (lambda: np.random.randn(4, 3), Z, Z),
            (lambda: np.random.standard_normal((4, 3)), Z, Z),
            (lambda: np.random.normal(1.0, 2.0, (4, 3)), Z, 1 + 2 * Z),
            (lambda: np.random.rand(4, 3), ("uniform", U), U),
            (lambda: np.random.random((4, 3)), ("uniform", U), U),
            (lambda: np.random.uniform(1.0, 3.0, (4, 3)), ("uniform", U), 1 + 2 * U),
            (lambda: np.random.choice([-1, 1], (4, 3)), ("sign", S), S),
            (lambda: 2 * np.random.randint(0, 2, (4, 3)) - 1, ("sign", S), S),
            (lambda: 2 * np.random.randint(2, size=(4, 3)) - 1, ("sign", S), S),
            (lambda: np.random.default_rng(3).standard_normal((4, 3)), Z, Z),
            (lambda: np.random.randn(), 0.25, 0.25),
        ],
    )
    def test_global_functions(self, call, draw, expected):
        with replay(draw, framework="numpy"):
            same(call(), expected)

    def test_scipy_draws_through_it(self):
        from scipy import stats

        with replay.numpy_rng(Z) as generator:
            same(stats.norm(1.0, 2.0).rvs((4, 3), random_state=generator), 1 + 2 * Z)

    def test_each_kind_has_its_own_order(self):
        with replay.numpy_rng(("uniform", U), Z, ("uniform", U[0]), W) as generator:
            same(generator.normal(size=(4, 3)), Z)
            same(generator.normal(size=(4, 3)), W)
            same(generator.uniform(size=(4, 3)), U)
            same(generator.uniform(size=3), U[0])

    def test_everything_is_put_back(self):
        before = dict(vars(np.random))
        with pytest.raises(KeyError), replay(Z, framework="numpy"):
            raise KeyError
        with replay(Z, framework="numpy"):
            np.random.randn(4, 3)
        assert dict(vars(np.random)) == before


class TestTorch:
    pytestmark = _needs("torch")

    @staticmethod
    def calls():
        import torch

        x, w = torch.zeros(4, 3, dtype=torch.float64), torch.tensor(W)
        normal = {
            "randn": (lambda: torch.randn(4, 3, dtype=torch.float64), Z),
            "randn_size": (lambda: torch.randn((4, 3), dtype=torch.float64), Z),
            "randn_named": (lambda: torch.randn(size=x.shape, dtype=torch.float64), Z),
            "randn_out": (lambda: torch.randn(4, 3, out=x.clone(), dtype=x.dtype), Z),
            "randn_like": (lambda: torch.randn_like(x), Z),
            "normal_size": (lambda: torch.normal(1.0, 2.0, (4, 3), dtype=x.dtype), 1 + 2 * Z),
            "normal_tensors": (lambda: torch.normal(w, torch.ones(3) * 2), W + 2 * Z),
            "normal_mean": (lambda: torch.normal(w), W + Z),
            "normal_std": (lambda: torch.normal(0.0, x + 3), 3 * Z),
            "normal_": (lambda: x.clone().normal_(1, 2), 1 + 2 * Z),
            "empty.normal_": (lambda: torch.empty(4, 3, dtype=x.dtype).normal_(std=2.0), 2 * Z),
            "init": (lambda: torch.nn.init.normal_(x.clone(), 1.0, 2.0), 1 + 2 * Z),
            "Normal": (lambda: torch.distributions.Normal(w, 2.0).rsample(), W + 2 * Z),
            "Normal.sample": (lambda: torch.distributions.Normal(w, 2.0).sample(), W + 2 * Z),
        }
        uniform = {
            "rand": (lambda: torch.rand(4, 3, dtype=x.dtype), U),
            "rand_like": (lambda: torch.rand_like(x), U),
            "uniform_": (lambda: x.clone().uniform_(-1, 2), -1 + 3 * U),
            "uniform_named": (lambda: x.clone().uniform_(to=2.0), 2 * U),
            "bernoulli": (lambda: torch.bernoulli(x + 0.3), U < 0.3),
            "Uniform": (lambda: torch.distributions.Uniform(x, x + 2).rsample(), 2 * U),
        }
        exponential = {
            "exponential_": (lambda: x.clone().exponential_(2.0), E / 2),
            "Exponential": (lambda: torch.distributions.Exponential(x + 2).rsample(), E / 2),
            "gumbel_softmax": (
                lambda: torch.nn.functional.gumbel_softmax(x, 0.7).log().diff(dim=1),
                np.diff(-np.log(E) / 0.7),
            ),
        }
        sign = {
            "randint": (lambda: 2 * torch.randint(0, 2, (4, 3)) - 1, S),
            "randint_high": (lambda: 2 * torch.randint(2, size=(4, 3)) - 1, S),
            "randint_named": (lambda: 2 * torch.randint(high=2, size=(4, 3)) - 1, S),
            "randint_like": (lambda: torch.randint_like(x, low=0, high=2) * 2 - 1, S),
            "randint_like_high": (lambda: torch.randint_like(x, 2) * 2 - 1, S),
            "bernoulli": (lambda: torch.bernoulli(x + 0.5) * 2 - 1, S),
            "bernoulli_p": (lambda: torch.bernoulli(x, 0.5) * 2 - 1, S),
            "bernoulli_": (lambda: x.clone().bernoulli_() * 2 - 1, S),
            "Tensor.bernoulli": (lambda: (x + 0.5).bernoulli() * 2 - 1, S),
            "random_": (lambda: x.clone().random_(0, 2) * 2 - 1, S),
            "random_to": (lambda: x.clone().random_(2) * 2 - 1, S),
            "Bernoulli": (lambda: torch.distributions.Bernoulli(x + 0.5).sample() * 2 - 1, S),
        }
        integer = {"randint": (lambda: torch.randint(3, 9, (2,)), [3, 8])}
        table = {"normal": normal, "uniform": uniform, "exponential": exponential}
        return {**table, "sign": sign, "integer": integer}

    @pytest.mark.parametrize("kind", ["normal", "uniform", "exponential", "sign", "integer"])
    def test_calls(self, kind):
        given = {"normal": Z, "uniform": U, "exponential": E, "sign": S, "integer": [3, 8]}[kind]
        for name, (call, expected) in self.calls()[kind].items():
            with replay(given, kind=kind, framework="torch"):
                got = call()
            np.testing.assert_allclose(got.numpy(), expected, rtol=1e-12, err_msg=name)

    def test_a_function_held_under_another_name(self):
        import torch

        held, zeros = torch.randn_like, torch.zeros(4, 3, dtype=torch.float64)
        with replay(W):
            with replay(Z):
                same(held(zeros), Z)
            same(held(zeros), W)

    def test_a_langevin_step_written_as_libraries_do(self):
        import torch

        x, step = torch.tensor(W), 0.1
        with replay(Z, W):
            for _ in range(2):
                x = x - step / 2 * x + step**0.5 * torch.randn_like(x)
        first = W - step / 2 * W + step**0.5 * Z
        same(x, first - step / 2 * first + step**0.5 * W)

    def test_options_of_the_tensor(self):
        import torch

        with replay(Z, Z):
            single, leaf = torch.randn(4, 3), torch.randn(4, 3, requires_grad=True)
        assert single.dtype == torch.float32
        assert leaf.requires_grad
        assert leaf.is_leaf
        same(single, Z.astype(np.float32))
        with pytest.raises(ReplayError, match="complex"), replay(Z):
            torch.randn(4, 3, dtype=torch.complex128)

    def test_everything_is_put_back(self):
        import torch

        names = ("randn", "rand", "normal", "randint", "bernoulli", "randn_like")
        before = [getattr(torch, n) for n in names], dict(vars(torch.Tensor))
        with pytest.raises(KeyError), replay(Z, framework="torch"):
            raise KeyError
        with pytest.raises(ReplayError), replay(Z, framework="torch"):
            torch.rand(2)
        assert ([getattr(torch, n) for n in names], dict(vars(torch.Tensor))) == before
        generator = torch.Generator().manual_seed(0)
        assert torch.empty(5).normal_(generator=generator).std() > 0

    def test_other_kinds_are_refused(self):
        import torch

        with pytest.raises(ReplayError, match="asked for a normal draw"), replay(S, kind="sign"):
            torch.randn(4, 3)
        with pytest.raises(ReplayError, match="asked for a uniform draw"), replay(S, kind="sign"):
            torch.bernoulli(torch.full((4, 3), 0.3))


class TestJax:
    pytestmark = _needs("jax")

    def test_calls(self):
        import jax

        key, x64 = jax.random.PRNGKey(0), {"dtype": "float64"}
        calls = [
            (lambda: jax.random.normal(key, (4, 3), **x64), ("normal", Z), Z),
            (lambda: jax.random.uniform(key, (4, 3), **x64), ("uniform", U), U),
            (lambda: jax.random.uniform(key, (4, 3), None, -1.0, 2.0), ("uniform", U), -1 + 3 * U),
            (lambda: jax.random.exponential(key, (4, 3)), ("exponential", E), E),
            (lambda: jax.random.gumbel(key, (4, 3)), ("gumbel", Z), Z),
            (lambda: jax.random.rademacher(key, (4, 3)), ("sign", S), S),
            (lambda: jax.random.rademacher(key, (4, 3), dtype="float64"), ("sign", S), S),
            (lambda: jax.random.bernoulli(key, shape=(4, 3)), ("sign", S), S > 0),
            (lambda: jax.random.bernoulli(key, 0.2, (4, 3)), ("uniform", U), U < 0.2),
            (lambda: 2 * jax.random.randint(key, (4, 3), 0, 2) - 1, ("sign", S), S),
            (lambda: jax.random.normal(key), 0.5, 0.5),
        ]
        with jax.enable_x64(True):
            for call, draw, expected in calls:
                with replay(draw, framework="jax"):
                    same(call(), expected)

    @pytest.mark.parametrize("typed", [False, True])
    def test_one_key_a_chain_under_vmap(self, typed):
        import jax

        keys = jax.random.split((jax.random.key if typed else jax.random.PRNGKey)(0), 4)
        chains = jax.vmap(lambda key, x: x + jax.random.normal(key, (3,), x.dtype))
        with jax.enable_x64(True):
            for function in (chains, jax.jit(chains)):
                with replay(Z):
                    got = function(keys, jax.numpy.asarray(W))
                same(got, W + Z)

    def test_computed_probabilities_under_vmap(self):
        """A Metropolis step accepts each chain with a probability of its own."""
        import jax

        keys = jax.random.split(jax.random.PRNGKey(0), 4)
        chance = np.array([0.1, 0.5, 0.6, 0.9])
        u = np.array([0.2, 0.4, 0.7, 0.8])
        with jax.enable_x64(True), replay(("uniform", u)):
            took = jax.vmap(jax.random.bernoulli)(keys, jax.numpy.asarray(chance))
        np.testing.assert_array_equal(took, u < chance)

    def test_loops_and_compiled_functions(self):
        import jax

        @jax.jit
        def chain(x, key):
            def step(x, key):
                x = 0.9 * x + jax.random.normal(key, x.shape, x.dtype)
                return x, x

            return jax.lax.scan(step, x, jax.random.split(key, 2))[0]

        with jax.enable_x64(True):
            x, key = jax.numpy.asarray(W), jax.random.PRNGKey(1)
            before = chain(x, key)
            for draws in ((Z, W), (W, Z)):
                with replay(*draws):
                    got = chain(x, key)
                np.testing.assert_allclose(got, 0.81 * W + 0.9 * draws[0] + draws[1], rtol=1e-13)
            np.testing.assert_array_equal(chain(x, key), before)

    def test_no_draw_stays_in_a_function_compiled_later(self):
        import jax

        draw = jax.jit(lambda key: jax.random.normal(key, (4, 3)))
        with replay(Z):
            same(draw(jax.random.PRNGKey(0)), Z.astype(np.float32))
        one, two = draw(jax.random.PRNGKey(0)), draw(jax.random.PRNGKey(1))
        assert abs(one - two).min() > 0

    def test_traced_draws_inside_ones_own_jit_and_vmap(self):
        """Each call of the compiled function runs on its own draws, each chain on its part."""
        import jax

        inner = jax.jit(lambda key, x: x + jax.random.normal(key, x.shape, x.dtype))
        traces = []

        def step(x, z, u):
            traces.append(0)
            key, other = jax.random.split(jax.random.key(0))
            with replay(z, ("uniform", u)):
                taken = jax.random.bernoulli(other, 1 / (1 + x @ x))
                return jax.numpy.where(taken, inner(key, x), x)

        compiled = jax.jit(jax.vmap(step))
        with jax.enable_x64(True):
            for z, u in ((Z, U[:, 0]), (W, U[:, 1])):
                got = compiled(W, z, u)
                taken = u * (1 + (W**2).sum(1)) < 1
                same(got, np.where(taken[:, None], W + z, W))
            assert len(traces) == 1
            one, two = (inner(key, jax.numpy.asarray(W)) for key in jax.random.split(a_key(), 2))
            assert abs(one - two).min() > 0

    def test_a_loop_takes_one_traced_draw_a_round(self):
        import jax

        @jax.jit
        def chain(x, z, w):
            with replay(z, w):
                return jax.lax.fori_loop(
                    0, 2, lambda _, x: 0.9 * x + jax.random.normal(a_key(), x.shape, x.dtype), x
                )

        with jax.enable_x64(True):
            got = chain(W, Z, 2 * Z)
        np.testing.assert_allclose(got, 0.81 * W + 0.9 * Z + 2 * Z, rtol=1e-13)

    def test_traced_draws_are_checked(self):
        import jax

        def asking(kind, shape):
            @jax.jit
            def function(z):
                with replay(z, kind=kind):
                    return jax.random.normal(a_key(), shape)

            return function

        with pytest.raises(ValueError, match="'sign' must be given outside jit and vmap"):
            asking("sign", (4, 3))(S)
        with pytest.raises(ReplayError, match=r"asked for shape \(2,\)"):
            asking("normal", (2,))(Z)
        with pytest.raises(ReplayError, match="asked for a normal draw"):
            asking("uniform", (4, 3))(U)
        with pytest.raises(ReplayError, match="1 of 1 normal draws were never asked for"):
            jax.jit(lambda z: replay(z).__exit__(None, None, None))(Z)

    def test_refusals_and_restoration(self):
        import jax

        before, key = dict(vars(jax.random)), jax.random.PRNGKey(0)
        small, message = (
            jax.jit(lambda key: jax.random.normal(key, (2,))),
            r"asked for shape \(2,\)",
        )
        with pytest.raises(ReplayError, match=message), replay(Z):
            small(key)
        with pytest.raises(ReplayError, match="complex"), replay(Z):
            jax.random.normal(key, (4, 3), "complex64")
        assert dict(vars(jax.random)) == before
        assert not jax.config.jax_disable_jit
