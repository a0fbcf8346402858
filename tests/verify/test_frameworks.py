"""Fields and arrays mean the same in NumPy, PyTorch and JAX."""

from __future__ import annotations

import importlib.util

import numpy as np
import pytest

from refscore.identities import FieldDescription
from refscore.verify.errors import NotOffered
from refscore.verify.frameworks import framework

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
foreign = pytest.mark.parametrize("name", FOREIGN)
every = pytest.mark.parametrize("name", ["numpy", *FOREIGN])
need_torch = [*FOREIGN[0].marks]
need_jax = [*FOREIGN[1].marks]

rng = np.random.default_rng(7)
X, V = rng.normal(size=(2, 5, 3))
_factors = rng.normal(size=(2, 3, 3))
MIXTURE = FieldDescription(
    "mixture_score",
    weights=np.array([0.3, 0.7]),
    means=np.array([[-1.0, 0.5, 2.0], [1.0, 0.0, -1.0]]),
    covariances=_factors @ _factors.transpose(0, 2, 1) + 0.5 * np.eye(3),
)
AFFINE = FieldDescription("affine", matrix=rng.normal(size=(3, 3)), offset=rng.normal(size=3))
SYMMETRIC = FieldDescription("affine", matrix=AFFINE.matrix + AFFINE.matrix.T, offset=AFFINE.offset)
MLP = FieldDescription(
    "mlp",
    weights=(rng.normal(size=(4, 3)), rng.normal(size=(3, 4))),
    biases=(rng.normal(size=4), rng.normal(size=3)),
)
FIELDS = {"mixture": MIXTURE, "affine": AFFINE, "symmetric": SYMMETRIC, "mlp": MLP}
each_field = pytest.mark.parametrize("description", FIELDS.values(), ids=FIELDS.keys())


def close(got, expected, rtol=1e-12):
    scale = max(1.0, np.abs(expected).max())
    np.testing.assert_allclose(got, expected, rtol=0, atol=rtol * scale)


def central(f, x, h=1e-3):
    """∂f/∂x, derivative index last, by a sixth-order difference: error below 1e-11 here."""
    columns = []
    for e in np.eye(x.shape[-1]) * h:
        terms = [45 * (f(x + e) - f(x - e)), -9 * (f(x + 2 * e) - f(x - 2 * e))]
        terms.append(f(x + 3 * e) - f(x - 3 * e))
        columns.append(sum(terms) / (60 * h))
    return np.stack(columns, axis=-1)


def evaluate(name, description, method, *points, dtype=None):
    """One method of a described field in one framework, NumPy in and out."""
    kit = framework(name)
    with kit.session(dtype):
        function = getattr(kit.field(description), method)
        return kit.back(function(*(kit.to(p, dtype) for p in points)))


@foreign
@each_field
@pytest.mark.parametrize(
    ("method", "points"),
    [
        ("__call__", (X,)),
        ("jacobian", (X,)),
        ("divergence", (X,)),
        ("jvp", (X, V)),
        ("vjp", (X, V)),
    ],
)
def test_a_field_is_the_same_in_every_framework(name, description, method, points):
    close(
        evaluate(name, description, method, *points),
        evaluate("numpy", description, method, *points),
    )


@every
@each_field
def test_jacobian_is_the_derivative(name, description):
    kit = framework(name)
    with kit.session():
        field = kit.field(description)
        slope = central(lambda x: kit.back(field(kit.to(x))), X)
        close(kit.back(field.jacobian(kit.to(X))), slope, 1e-10)


@every
@pytest.mark.parametrize("description", [MIXTURE, SYMMETRIC], ids=["mixture", "symmetric"])
def test_a_field_is_minus_the_gradient_of_its_energy(name, description):
    kit = framework(name)
    with kit.session():
        field = kit.field(description)
        slope = central(lambda x: kit.back(field.energy(kit.to(x))), X)
        close(-slope, kit.back(field(kit.to(X))), 1e-10)


@foreign
@pytest.mark.parametrize("description", [MIXTURE, SYMMETRIC], ids=["mixture", "symmetric"])
def test_energies_agree(name, description):
    close(evaluate(name, description, "energy", X), evaluate("numpy", description, "energy", X))


@every
def test_a_mixture_is_stable_far_away_and_with_an_absent_component(name):
    far = FieldDescription(
        "mixture_score",
        weights=np.array([0.0, 1.0]),
        means=np.array([[0.0, 0.0], [3.0, 1.0]]),
        covariances=np.array([np.eye(2), np.diag([4.0, 0.25])]),
    )
    x = np.array([[1e8, -1e8], [3.0, 1.0]])
    close(evaluate(name, far, "__call__", x), -(x - far.means[1]) / [4.0, 0.25])
    energy = 0.5 * ((x - far.means[1]) ** 2 / [4.0, 0.25]).sum(axis=1) + np.log(2 * np.pi)
    close(evaluate(name, far, "energy", x), energy)


@every
@pytest.mark.parametrize("description", [AFFINE, MLP], ids=["affine", "mlp"])
def test_an_energy_is_declined_where_the_field_is_no_gradient(name, description):
    with pytest.raises(NotOffered, match=r"energy|gradient"):
        evaluate(name, description, "energy", X)


@every
@each_field
def test_single_points_and_stacks_are_rows(name, description):
    rows = evaluate(name, description, "divergence", X)
    close(evaluate(name, description, "divergence", X[0]), rows[0])
    close(evaluate(name, description, "divergence", X[None, :4].reshape(2, 2, 3)).ravel(), rows[:4])


@foreign
def test_wrong_shapes_are_refused(name):
    with pytest.raises(ValueError, match=r"x must have shape \(\.\.\., 3\), got shape \(5, 2\)"):
        evaluate(name, AFFINE, "__call__", X[:, :2])
    with pytest.raises(ValueError, match="v must have the shape of x"):
        evaluate(name, AFFINE, "jvp", X, V[:1])
    with pytest.raises(ValueError, match=r"theta must have shape \(12,\)"):
        framework(name).field(AFFINE).with_parameters(np.zeros(11))


@foreign
@each_field
def test_parameters_are_flat_and_in_the_same_order(name, description):
    kit = framework(name)
    with kit.session():
        field, own = kit.field(description), framework("numpy").field(description)
        close_or_empty(kit.back(field.parameters), own.parameters)
        theta = own.parameters + 0.1
        moved = field.with_parameters(kit.to(theta))
        close(kit.back(moved(kit.to(X))), own.with_parameters(theta)(X))


def close_or_empty(got, expected):
    assert got.shape == expected.shape
    np.testing.assert_array_equal(got, expected)


def loss(field, x, v):
    """A number that depends on every derivative of the field."""
    squares = [field(x), field.divergence(x), field.jvp(x, v), field.vjp(x, v)]
    return sum((a**2).sum() for a in squares)


@foreign
@pytest.mark.parametrize("description", [AFFINE, MLP], ids=["affine", "mlp"])
def test_losses_have_gradients_in_the_parameters(name, description):
    own = framework("numpy").field(description)
    expected = central(
        lambda thetas: np.array([loss(own.with_parameters(t), X, V) for t in thetas]),
        own.parameters[None],
    )[0]
    close(parameter_gradient(name, description), expected, 1e-9)


def parameter_gradient(name, description):
    kit = framework(name)
    with kit.session():
        field, x, v = kit.field(description), kit.to(X), kit.to(V)
        if name == "jax":
            import jax

            gradient = jax.jit(jax.grad(lambda theta: loss(field.with_parameters(theta), x, v)))
            return kit.back(gradient(field.parameters))
        import torch

        return kit.back(torch.autograd.grad(loss(field, x, v), field.parameters)[0])


class TestTorch:
    pytestmark = need_torch

    @each_field
    def test_fields_pass_through_double_backward(self, description):
        import torch

        kit, field = framework("torch"), framework("torch").field(description)
        x = kit.to(X).requires_grad_()
        (once,) = torch.autograd.grad(field(x), x, kit.to(V), create_graph=True)
        (twice,) = torch.autograd.grad(once.pow(2).sum() + 0 * x.sum(), x)
        own = framework("numpy").field(description)
        close(kit.back(once), own.vjp(X, V))
        rows = central(lambda p: (own.vjp(p, V) ** 2).sum(axis=-1), X)
        close(kit.back(twice), rows, 1e-9)

    def test_modules_are_the_field_and_its_energy(self):
        import torch

        kit, field = framework("torch"), framework("torch").field(SYMMETRIC)
        module, energy = field.as_module(), field.energy_module()
        x = kit.to(X).requires_grad_()
        (slope,) = torch.autograd.grad(energy(x).sum(), x)
        close(kit.back(-slope), kit.back(module(x)))
        module(x).sum().backward()
        assert [n for n, _ in module.named_parameters()] == ["theta"]
        close(kit.back(module.theta.grad)[-3:], np.full(3, len(X)))
        with pytest.raises(NotOffered):
            kit.field(MLP).energy_module()

    @pytest.mark.filterwarnings("ignore:`torch.jit.script` is deprecated:DeprecationWarning")
    def test_functional_transforms(self):
        import torch

        kit, field = framework("torch"), framework("torch").field(MIXTURE)
        pushed = torch.func.jvp(field, (kit.to(X),), (kit.to(V),))[1]
        close(kit.back(pushed), kit.back(field.jvp(kit.to(X), kit.to(V))))
        hessian = torch.func.vmap(torch.func.hessian(field.energy))(kit.to(X))
        close(-kit.back(hessian), framework("numpy").field(MIXTURE).jacobian(X))
        with torch.no_grad():
            close(kit.back(field.jacobian(kit.to(X))), -kit.back(hessian))

    def test_a_generator_and_the_global_one_are_seeded(self):
        import torch

        generator = framework("torch").rng(3)
        own, common = torch.randn(4, generator=generator), torch.randn(4)
        assert torch.equal(own, common)

    def test_the_default_precision_is_put_back(self):
        import torch

        with framework("torch").session():
            assert torch.zeros(1).dtype == torch.float64
        with pytest.raises(KeyError), framework("torch").session():
            raise KeyError
        assert torch.zeros(1).dtype == torch.float32


class TestJax:
    pytestmark = need_jax

    def test_float64_is_on_inside_a_session_only(self):
        import jax.numpy as jnp

        kit = framework("jax")
        with kit.session():
            assert jnp.zeros(1).dtype == kit.field(MLP)(kit.to(X)).dtype == jnp.float64
        with kit.session("float32"):
            assert jnp.zeros(1).dtype == jnp.float32
        assert jnp.zeros(1).dtype == jnp.float32

    def test_a_field_is_a_pytree(self):
        import jax

        kit = framework("jax")
        with kit.session():
            gradient = jax.jit(jax.grad(lambda field, x: (field(x) ** 2).sum()))
            by_field = gradient(kit.field(AFFINE), kit.to(X)).parameters
            values = framework("numpy").field(AFFINE)(X)
            expected = np.concatenate([(2 * values.T @ X).ravel(), 2 * values.sum(axis=0)])
            close(kit.back(by_field), expected)

    def test_hessian_of_the_energy_under_jit(self):
        import jax

        kit = framework("jax")
        with kit.session():
            hessian = jax.jit(jax.vmap(jax.hessian(kit.field(MIXTURE).energy)))(kit.to(X))
            close(-kit.back(hessian), framework("numpy").field(MIXTURE).jacobian(X))


@foreign
@each_field
def test_float32_in_float32_out(name, description):
    kit = framework(name)
    with kit.session("float32"):
        answer = kit.field(description)(kit.to(X, "float32"))
    assert "float32" in str(answer.dtype)
    close(kit.back(answer), framework("numpy").field(description)(X), 1e-5)


@every
def test_arrays_go_there_and_back(name):
    kit = framework(name)
    given = np.arange(6)[::2]
    with kit.session():
        there = kit.to(given)
        nested = {"a": (there, None, 2), "b": [there, there], "c": "text", "d": there * 1j}
        back = kit.back(nested)
    assert given.dtype == np.arange(1).dtype
    np.testing.assert_array_equal(back["a"][0], [0.0, 2.0, 4.0])
    assert back["a"][1] is None
    assert back["a"][2] == 2.0
    assert back["a"][0].dtype == back["a"][2].dtype == np.float64
    np.testing.assert_array_equal(back["b"], [[0, 2, 4], [0, 2, 4]])
    assert back["c"] == "text"
    np.testing.assert_array_equal(back["d"], [0, 2j, 4j])
    with pytest.raises(ValueError, match="dtype must be one of"):
        kit.to(given, "float16")


@every
def test_a_copy_is_handed_over(name):
    kit = framework(name)
    given = np.ones(3)
    with kit.session():
        there = kit.to(given)
        back = kit.back(there)
        back[0] = 5.0
        given[1] = 7.0
        np.testing.assert_array_equal(kit.back(there), np.ones(3))


@every
def test_a_matrix_is_a_product_on_rows(name):
    kit = framework(name)
    with kit.session():
        matvec = kit.callable(AFFINE.matrix)
        close(kit.back(matvec(kit.to(V))), V @ AFFINE.matrix.T)
        close(kit.back(matvec(kit.to(V[0]))), AFFINE.matrix @ V[0])


@every
def test_numpy_functions_are_called_with_further_arguments(name):
    kit = framework(name)
    with kit.session():
        f = kit.callable(lambda x, t: t * np.sin(x).sum(axis=-1))
        close(kit.back(f(kit.to(X), 2.0)), 2 * np.sin(X).sum(axis=-1))


@foreign
def test_numpy_functions_are_differentiated_by_their_own_derivative(name):
    kit = framework(name)
    with kit.session():
        cube = kit.callable(lambda x: x**3, vjp=lambda x, v: 3 * x**2 * v)
        bare = kit.callable(lambda x: x**3)
        close(kit.back(pull_back(name, cube, kit.to(X), kit.to(V))), 3 * X**2 * V)
        with pytest.raises(NotOffered, match="without its derivative"):
            pull_back(name, bare, kit.to(X), kit.to(V))
        own = framework("numpy").field(MIXTURE)
        close(kit.back(pull_back(name, kit.callable(own), kit.to(X), kit.to(V))), own.vjp(X, V))


def pull_back(name, f, x, v):
    if name == "jax":
        import jax

        return jax.jit(jax.vmap(lambda p, c: jax.vjp(f, p)[1](c)[0]))(x, v)
    import torch

    return torch.func.vmap(lambda p, c: torch.func.vjp(f, p)[1](c)[0])(x, v)


@every
def test_generators_repeat_and_differ(name):
    kit = framework(name)
    draw = {
        "numpy": lambda g: g.normal(size=3),
        "torch": lambda g: __import__("torch").randn(3, generator=g),
        "jax": lambda g: __import__("jax").random.normal(g, (3,)),
    }[name]
    np.testing.assert_array_equal(kit.back(draw(kit.rng(1))), kit.back(draw(kit.rng(1))))
    assert np.abs(kit.back(draw(kit.rng(1))) - kit.back(draw(kit.rng(2)))).min() > 0


def test_unknown_names_are_refused(monkeypatch):
    with pytest.raises(ValueError, match="framework must be one of"):
        framework("tensorflow")
    with pytest.raises(ValueError, match="kind must be one of"):
        framework("numpy").field(FieldDescription("spline"))

    def missing(name):
        raise ModuleNotFoundError(f"No module named {name!r}", name=name)

    monkeypatch.setattr("refscore.verify.frameworks.importlib.import_module", missing)
    with pytest.raises(ImportError, match="pip install torch"):
        framework("torch")
