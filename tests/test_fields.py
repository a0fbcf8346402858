"""Every kind of field: derivatives against Richardson differences, shapes, parameters."""

import autograd.numpy as anp
import numpy as np
import pytest

from refscore.distributions import GaussianMixture
from refscore.fields import (
    Affine,
    Family,
    Field,
    Function,
    LinearInParameters,
    PerLevel,
    Zero,
    as_velocity,
)
from refscore.networks import MLP
from refscore.objectives import implicit_loss

RNG = np.random.default_rng(0)
MATRIX = np.array([[1.0, -2.0, 0.5], [0.3, 0.7, -1.1], [2.0, 0.1, -0.4]])
THETA = np.array([0.7, -1.2, 0.4, 0.9])
NET = MLP.initialise([3, 5, 4, 3], rng=1)
DEEP = MLP.initialise([3, 4, 5, 6, 3], rng=2)
MIXTURE = GaussianMixture(
    [0.3, 0.7],
    [[1.0, 0.0, -1.0], [-1.0, 0.5, 0.0]],
    [[[1.0, 0.2, 0.0], [0.2, 0.7, 0.1], [0.0, 0.1, 1.5]], 0.5 * np.eye(3)],
)


def swirl(x, theta):
    """A field of three dimensions that is not a gradient and not linear in its parameters."""
    turned = anp.roll(x, 1, axis=-1)
    return theta[0] * anp.sin(theta[1] * turned) * x + theta[2] * x**2 + theta[3] * turned


def features(x):
    """ψ₁ = x, ψ₂ = x rolled, ψ₃ = x∘x rolled, ψ₄ = e₁ · x₁ x₂."""
    product = np.zeros_like(x)
    product[:, 0] = x[:, 0] * x[:, 1]
    return np.stack([x, np.roll(x, 1, axis=1), np.roll(x, 1, axis=1) ** 2, product], axis=1)


def feature_jacobians(x):
    roll = np.roll(np.eye(3), 1, axis=0)
    result = np.zeros((len(x), 4, 3, 3))
    result[:, 0], result[:, 1] = np.eye(3), roll
    result[:, 2] = 2 * np.roll(x, 1, axis=1)[:, :, None] * roll
    result[:, 3, 0, 0], result[:, 3, 0, 1] = x[:, 1], x[:, 0]
    return result


class Cubic(Field):
    """A user's field that writes products only: s = x³ + cyclic shift."""

    def _value(self, x):
        return x**3 + np.roll(x, 1, axis=1)

    def _jvp(self, x, v):
        return 3 * x**2 * v + np.roll(v, 1, axis=1)


LINEAR = LinearInParameters(features, feature_jacobians, THETA, 3)
FIELDS = {
    "affine": Affine(MATRIX, [1.0, -1.0, 2.0]),
    "zero": Zero(3),
    "mlp": NET,
    "deep mlp": DEEP,
    "function": Function(lambda x: swirl(x, THETA), 3),
    "function of parameters": Function(swirl, 3, THETA),
    "linear in parameters": LINEAR,
    "given divergences": LinearInParameters(
        features, feature_jacobians, THETA, 3, lambda x: feature_jacobians(x).trace(0, 2, 3)
    ),
    "mixture score": MIXTURE.score,
    "products only": Cubic(3),
    "sum": NET + Affine(MATRIX),
    "difference": LINEAR - NET,
    "same twice": NET + NET,
    "multiple": -2.5 * NET,
    "mixture plus network": MIXTURE.score + 0.5 * DEEP,
    "restricted": MLP.initialise([4, 5, 6, 4], rng=5).restrict(
        RNG.standard_normal((4, 3)), RNG.standard_normal(4)
    ),
}
X = RNG.standard_normal((4, 3))
V, W = RNG.standard_normal((2, 4, 3))
EVERY = pytest.mark.parametrize("field", FIELDS.values(), ids=FIELDS.keys())
WITH_PARAMETERS = pytest.mark.parametrize(
    "field",
    [f for f in FIELDS.values() if f.parameters.size],
    ids=[n for n, f in FIELDS.items() if f.parameters.size],
)


def richardson(function, x, v, h=2e-3):
    """The derivative along v: central differences at h, 2h, 4h, extrapolated to O(h⁶)."""

    def central(step):
        return (function(x + step * v) - function(x - step * v)) / (2 * step)

    one, two, four = central(h), central(2 * h), central(4 * h)
    first, second = (4 * one - two) / 3, (4 * two - four) / 3
    return (16 * first - second) / 15


def close(got, want, tol=1e-13):
    np.testing.assert_allclose(got, want, rtol=0, atol=tol * max(1.0, np.abs(want).max(initial=0)))


@EVERY
def test_products_are_derivatives_of_the_value(field):
    close(field.jvp(X, V), richardson(field, X, V), 1e-10)


@EVERY
def test_transposed_products_pair_with_products(field):
    left, right = np.sum(W * field.jvp(X, V), axis=1), np.sum(field.vjp(X, W) * V, axis=1)
    close(left, right)


@EVERY
def test_jacobian_has_its_derivative_index_last_and_divergence_is_its_trace(field):
    jacobian = field.jacobian(X)
    close(np.einsum("nij,nj->ni", jacobian, V), field.jvp(X, V))
    close(np.einsum("nii->n", jacobian), field.divergence(X))


@EVERY
def test_linearisation_reads_the_same_field(field):
    local = field.linearise(X)
    close(local.value, field(X))
    close(local.divergence(), field.divergence(X))
    close(local.jvp(V), field.jvp(X, V))
    close(local.jvp(np.stack([V, W])), np.stack([field.jvp(X, V), field.jvp(X, W)]))


@EVERY
@pytest.mark.parametrize("shape", [(3,), (2, 3), (2, 2, 3), (0, 3), (2, 0, 3)])
def test_leading_shapes_equal_the_rowwise_loop(field, shape):
    x = np.resize(X, shape)
    v = np.resize(V, shape)
    rows, directions = x.reshape(-1, 3), v.reshape(-1, 3)
    for method, tail in [("__call__", (3,)), ("jacobian", (3, 3)), ("divergence", ())]:
        loop = [getattr(field, method)(row) for row in rows]
        close(getattr(field, method)(x), np.array(loop).reshape(shape[:-1] + tail))
    for method in ("jvp", "vjp"):
        loop = [getattr(field, method)(r, d) for r, d in zip(rows, directions, strict=True)]
        close(getattr(field, method)(x, v), np.array(loop).reshape(shape))


@EVERY
def test_awkward_layouts_give_the_same_numbers_and_are_left_alone(field):
    whole = np.array([[1, -2, 0], [2, 1, -1]])
    want = field(whole.astype(float)), field.jacobian(whole.astype(float))
    frozen = whole.astype(float)
    frozen.flags.writeable = False
    strided = np.repeat(whole, 2, axis=1).astype(float)[:, ::2]
    layouts = [whole, whole.tolist(), whole.astype(np.float32), np.asfortranarray(frozen), frozen]
    for x in [*layouts, strided, whole.astype(float)[::-1][::-1]]:
        before = np.array(x)
        got = field(x), field.jacobian(x)
        field.linearise(x).divergence()
        assert got[0].dtype == np.float64
        close(got[0], want[0])
        close(got[1], want[1])
        assert np.array_equal(before, x)


@EVERY
def test_results_do_not_share_memory_with_the_input(field):
    x = X.copy()
    for result in (field(x), field.jvp(x, V), field.linearise(x).value):
        result += 1
    assert np.array_equal(x, X)


@EVERY
def test_bad_points_are_refused_by_name(field):
    with pytest.raises(ValueError, match=r"x must have shape \(..., 3\), got shape \(2, 4\)"):
        field(np.zeros((2, 4)))
    with pytest.raises(ValueError, match="x must be finite"):
        field.divergence([[0.0, np.nan, 1.0]])
    with pytest.raises(ValueError, match="v must have the shape of x"):
        field.jvp(X, V[0])
    with pytest.raises(TypeError, match="x must be an array of real numbers"):
        field(np.zeros(3, dtype=complex))
    with pytest.raises(ValueError, match="v must have the points' shape"):
        field.linearise(X).jvp(V[:2])


@WITH_PARAMETERS
@pytest.mark.parametrize("what", ["value", "divergence", "jvp", "all"])
def test_parameter_gradient_is_the_derivative(field, what):
    a, c = W, np.array([0.3, -1.0, 2.0, 0.7])
    v, b = np.stack([V, W]), np.stack([W[::-1], V + W])
    weights = {"value": a, "divergence": c, "jvp": (v, b)}
    chosen = weights if what == "all" else {what: weights[what]}

    def weighted(theta):
        other = field.with_parameters(theta)
        total = np.sum(a * other(X)) if "value" in chosen else 0.0
        total += np.sum(c * other.divergence(X)) if "divergence" in chosen else 0.0
        if "jvp" in chosen:
            total += sum(np.sum(b[k] * other.jvp(X, v[k])) for k in range(2))
        return total

    theta = field.parameters
    want = [richardson(weighted, theta, unit) for unit in np.eye(theta.size)]
    close(field.linearise(X).gradient(**chosen), np.array(want), 3e-10)


@WITH_PARAMETERS
def test_parameters_are_copies_and_round_trip(field):
    theta = field.parameters
    close(field.with_parameters(theta)(X), field(X))
    theta += 1
    assert not np.array_equal(theta, field.parameters)
    other = field.with_parameters(theta)
    assert np.array_equal(other.parameters, theta)
    assert not np.allclose(other(X), field(X))
    with pytest.raises(ValueError, match=r"theta must have shape \(\d+\)"):
        field.with_parameters(theta[:-1])


@EVERY
def test_no_weights_or_no_parameters_give_a_zero_gradient(field):
    assert not field.linearise(X).gradient().any()
    assert field.linearise(X).gradient().shape == field.parameters.shape


def test_affine_parameters_are_the_matrix_row_by_row_then_the_offset():
    field = Affine([[1.0, 2.0], [3.0, 4.0]], [5.0, 6.0])
    assert field.parameters.tolist() == [1, 2, 3, 4, 5, 6]
    assert field([1.0, -1.0]).tolist() == [4.0, 5.0]
    other = field.with_parameters([6, 5, 4, 3, 2, 1])
    assert other.matrix.tolist() == [[6, 5], [4, 3]]
    assert other.offset.tolist() == [2, 1]


def test_arithmetic_adds_and_scales_values():
    first, second = FIELDS["affine"], FIELDS["mlp"]
    close((first + second)(X), first(X) + second(X))
    close((first - 3 * second)(X), first(X) - 3 * second(X))
    close((np.float64(2) * first)(X), 2 * first(X))
    close((-second * 2).divergence(X), -2 * second.divergence(X))
    sizes = first.parameters.size, second.parameters.size
    gradient = (first + second).linearise(X).gradient(value=W)
    close(gradient[: sizes[0]], first.linearise(X).gradient(value=W))
    close(gradient[sizes[0] :], second.linearise(X).gradient(value=W))


def test_arithmetic_refuses_what_it_cannot_mean():
    with pytest.raises(ValueError, match="3 and 2"):
        NET + Zero(2)
    with pytest.raises(TypeError):
        NET + 1.0
    with pytest.raises(TypeError):
        NET * NET
    with pytest.raises(ValueError, match="factor must be a number"):
        np.ones(3) * NET


def test_only_gradient_fields_have_an_energy():
    symmetric = np.array([[-2.0, 0.5], [0.5, -1.0]])
    field = Affine(symmetric, [1.0, -3.0])
    x = np.array([[0.3, -0.8], [1.0, 2.0]])
    for unit, column in zip(np.eye(2), field(x).T, strict=True):
        close(-richardson(field.energy, x, unit), column, 1e-10)
    for other in (FIELDS["affine"], NET, FIELDS["function"], NET + Zero(3)):
        with pytest.raises(AttributeError, match="energy"):
            other.energy(X)
    total = 2.0 * MIXTURE.score + Affine(-np.eye(3))
    want = -2 * MIXTURE.log_density(X) + 0.5 * np.sum(X**2, axis=1)
    close(total.energy(X) - total.energy(X[0]), want - want[0])


def test_restriction_of_a_score_is_the_score_of_the_restricted_density():
    line, origin = np.array([1.0, -0.5, 2.0]), np.array([0.2, 0.1, -0.3])
    restricted = MIXTURE.score.restrict(line, origin)
    y = np.array([[-1.0], [0.4]])

    def log_density(y):
        return MIXTURE.log_density(origin + y * line)

    close(restricted(y)[:, 0], richardson(log_density, y, 1.0), 1e-10)
    plane = MIXTURE.score.restrict(np.eye(3)[:, [2, 0]], origin)
    x = np.array([[0.9, origin[1], 0.5]])
    close(plane([[0.5 - origin[2], 0.9 - origin[0]]]), MIXTURE.score(x)[:, [2, 0]])


def test_a_family_is_a_field_at_every_time():
    family = Family(lambda t: Affine(t * MATRIX)) + 2 * Family.constant(NET)
    close(family(X, 0.5), 0.5 * X @ MATRIX.T + 2 * NET(X))
    t = np.array([0.5, 2.0, 0.5, -1.0])
    close(family(X, t), np.stack([family.at(s)(x) for s, x in zip(t, X, strict=True)]))
    close((-family).at(2.0).divergence(X), -family.at(2.0).divergence(X))
    drift = Family.from_function(lambda x, t: anp.sin(t * x), 3)
    close(drift.at(2.0).divergence(X), 2 * np.cos(2 * X).sum(axis=1))
    scores = Family.diffused_scores(MIXTURE, lambda t: (np.exp(-t), 0.5 + t))
    close(scores(X, 0.3), MIXTURE.diffuse(np.exp(-0.3), 0.8).score(X))
    with pytest.raises(ValueError, match="t must have shape"):
        family(X, t[:2])
    with pytest.raises(TypeError, match="must return a Field"):
        Family(lambda t: t).at(1.0)


def test_a_family_has_the_parameters_of_its_parts():
    turning = Family.from_function(lambda x, t, theta: anp.sin(theta * t * x), 3, [0.4, -0.7, 1.1])
    family = turning - 2 * as_velocity(NET, "velocity")
    assert as_velocity(family, "velocity") is family
    assert family.dim == 3
    theta = np.concatenate([turning.parameters, NET.parameters])
    close(family.parameters, theta)
    moved = family.with_parameters(0.5 * theta)
    close(
        moved(X, 0.3),
        np.sin(0.15 * np.array([0.4, -0.7, 1.1]) * X) - 2 * NET.with_parameters(theta[3:] / 2)(X),
    )
    t = np.array([0.1, 0.7, 0.1, 0.4, 0.7])[: len(X)]
    close(moved(X, t), np.stack([moved.at(s)(x) for s, x in zip(t, X, strict=True)]))
    at = moved.at(0.3)
    close(at.parameters, 0.5 * theta)
    a = np.cos(X + 1)
    gradient = at.linearise(X).gradient(value=a)
    for i in (0, 2, 5, theta.size - 1):
        up, down = (
            moved.with_parameters(theta / 2 + s * np.eye(theta.size)[i])(X, 0.3)
            for s in (1e-6, -1e-6)
        )
        close(gradient[i], ((up - down) * a).sum() / 2e-6, 1e-7)
    with pytest.raises(ValueError, match="theta must have shape"):
        family.with_parameters(theta[1:])
    with pytest.raises(ValueError, match=r"at\(t, theta\) must return a Field with parameters"):
        Family(lambda t, theta: NET, [0.3]).at(1.0)
    with pytest.raises(ValueError, match="one dim"):
        family + Family.constant(Zero(2))
    with pytest.raises(TypeError, match="velocity must be a refscore Family or Field"):
        as_velocity(lambda x, t: x, "velocity")


def test_a_family_without_parameters_holds_those_of_its_fields_fixed():
    bare = Family(lambda t: Affine(t * np.eye(2), np.zeros(2)))
    x, t = np.ones((3, 2)), np.array([0.5, 0.2, 0.5])
    assert bare.parameters.shape == bare.vjp_parameters(x, 0.5, x).shape == (0,)
    assert bare.vjp_parameters(x, t, x).shape == (0,)
    np.testing.assert_allclose(bare.divergence(x, t), 2 * t)
    both = bare + 2 * bare + Family.constant(Affine(np.eye(2), np.zeros(2)))
    weights = both.at(0.5).linearise(x).gradient(value=x)
    np.testing.assert_allclose(weights, [3, 3, 3, 3, 3, 3])
    np.testing.assert_allclose(both.vjp_parameters(x, t, x), weights)
    np.testing.assert_allclose(both.vjp(x, 0.5, x), 2.5 * x)


def test_a_family_whose_parameters_are_its_own_has_to_say_how_they_are_set():
    class Silent(Family):
        parameters = np.ones(3)

    with pytest.raises(ValueError, match="theta must have shape"):
        Silent(lambda t: NET).with_parameters(np.zeros(3))


def test_at_one_level_the_gradient_is_in_the_parameters_of_all():
    family = PerLevel([Affine(np.eye(2)), Affine(2 * np.eye(2))], [2.0, 0.5])
    x = np.array([[1.0, -2.0], [0.3, 0.4], [0.0, 1.5]])
    one = family.vjp_parameters(x, 0.5, x)
    np.testing.assert_array_equal(one, family.vjp_parameters(x, np.full(3, 0.5), x))
    np.testing.assert_allclose(one, [*np.zeros(6), *(x.T @ x).ravel(), *x.sum(0)])


def test_parameters_without_a_gradient_are_an_error_not_a_zero():
    class Half(Cubic):
        parameters = np.ones(2)

    with pytest.raises(NotImplementedError, match="Half has parameters but no gradient"):
        Half(3).linearise(X).gradient(value=X)


def test_weights_of_the_wrong_shape_are_refused_by_name():
    local = NET.linearise(X)
    with pytest.raises(ValueError, match="divergence must have shape"):
        local.gradient(divergence=np.ones((4, 1)))
    with pytest.raises(ValueError, match="value must have shape"):
        local.gradient(value=W[0])
    with pytest.raises(ValueError, match=r"jvp\[1\] must have the shape of jvp\[0\]"):
        local.gradient(jvp=(V, W[:1]))


def test_features_of_the_wrong_shape_are_refused_by_name():
    with pytest.raises(ValueError, match=r"features\(x\) must have shape"):
        LinearInParameters(features, feature_jacobians, THETA[:3], 3)(X)
    swapped = LinearInParameters(features, lambda x: feature_jacobians(x)[:, :2], THETA, 3)
    with pytest.raises(ValueError, match=r"jacobians\(x\) must have shape"):
        swapped.divergence(X)
    close(LINEAR.features(X[0]), features(X[:1])[0])
    close(LINEAR.feature_divergences(X) @ THETA, LINEAR.divergence(X))


def writing(x):
    x *= 2
    return x


@pytest.mark.parametrize(
    "call",
    [
        lambda x: Function(writing, 2)(x),
        lambda x: Function(writing, 2).linearise(x),
        lambda x: LinearInParameters(lambda y: writing(y)[:, None], len, [1.0], 2)(x),
        lambda x: LinearInParameters(lambda y: writing(y)[:, None], len, [1.0], 2).features(x),
        lambda x: implicit_loss(Function(writing, 2), x),
    ],
)
def test_functions_cannot_write_to_the_callers_points(call):
    x = np.array([[1.0, 2.0]])
    with pytest.raises(ValueError, match="read-only"):
        call(x)
    np.testing.assert_array_equal(x, [[1.0, 2.0]])
    assert x.flags.writeable


def test_a_field_that_returns_its_argument_gives_memory_of_its_own():
    class Identity(Field):
        def _value(self, x):
            return x

        def _jvp(self, x, v):
            return v

        _vjp = _jvp

    x, v = np.ones((3, 2)), np.ones((3, 2))
    field = Identity(2)
    for result in (field(x), field.jvp(x, v), field.vjp(x, v)):
        result += 1
    assert (x == 1).all()
    assert (v == 1).all()


def test_complex_functions_are_refused_by_type():
    field = Function(lambda x: 1j * x, 2)
    for call in (field, field.jacobian, field.divergence):
        with pytest.raises(TypeError, match="real vectors"):
            call(np.ones((2, 2)))


SCORE = GaussianMixture([0.5, 0.5], [[0.0, 0.0], [1.0, 2.0]], [1.0, 1.0]).score


def test_division_by_a_number():
    x = np.array([[1.0, -3.0]])
    np.testing.assert_array_equal((SCORE / 2)(x), 0.5 * SCORE(x))
    np.testing.assert_array_equal((Family.constant(SCORE) / 4)(x, 0), SCORE(x) / 4)
    for divisor, error in ((0, ValueError), (SCORE, TypeError), ("a", TypeError)):
        with pytest.raises(error):
            SCORE / divisor
