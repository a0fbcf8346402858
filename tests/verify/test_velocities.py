"""Velocities handed to torch and JAX subjects, against the library's own."""

import numpy as np
import pytest

from refscore.identities import flow_settings
from refscore.identities.cases import VelocityDescription
from refscore.verify import Subject, library
from refscore.verify.frameworks import framework

T = np.array([0.3, 0.8, -0.2, 1.4, 0.8])
VELOCITIES = {**flow_settings.velocities(), "network": flow_settings.network()}
EVERY = pytest.mark.parametrize("described", VELOCITIES.values(), ids=VELOCITIES)
SOME = pytest.mark.parametrize(
    "described", [flow_settings.rotating(), flow_settings.forced(3), flow_settings.network()]
)


def close(got, want, tol=1e-12):
    np.testing.assert_allclose(got, want, rtol=0, atol=tol * max(1.0, np.abs(want).max(initial=0)))


def run(name, function, *given):
    """What a function makes of a framework's arrays; JAX compiles it once and whole."""
    made = framework(name)
    with made.session("float64"):
        if name == "jax":
            function = pytest.importorskip("jax").jit(function)
        return [made.back(answer) for answer in function(*given)]


@EVERY
@pytest.mark.parametrize("name", ["torch", "jax"])
def test_values_are_the_librarys(name, described):
    pytest.importorskip(name)
    own, made = library.velocity(described), framework(name)
    x, velocity = flow_settings.points(described), made.velocity(described)
    theta = 0.5 * own.parameters + 0.1

    def values(velocity, y, t, theta):
        return velocity(y, t), velocity.with_parameters(theta)(y, 0.4)

    got = run(name, values, velocity, made.to(x), made.to(T), made.to(theta))
    close(got[0], own(x, T))
    close(got[1], own.with_parameters(theta)(x, 0.4))
    close(made.back(velocity.parameters), own.parameters)


@SOME
@pytest.mark.parametrize("name", ["torch", "jax"])
def test_derivatives_are_the_librarys(name, described):
    pytest.importorskip(name)
    own, made = library.velocity(described), framework(name)
    x, velocity = flow_settings.points(described), made.velocity(described)
    a = np.cos(x + 1)

    def derivatives(velocity, y, t, b):
        yield velocity.divergence(y, t)
        yield velocity.vjp(y, t, b)
        yield velocity.vjp_parameters(y, t, b)
        yield velocity.at(0.7).vjp(y, b)

    def listed(*given):
        return list(derivatives(*given))

    got = run(name, listed, velocity, made.to(x), made.to(T)[:, None], made.to(a))
    want = (own.divergence(x, T), own.vjp(x, T, a), own.vjp_parameters(x, T, a),
            own.at(0.7).vjp(x, a))  # fmt: skip
    for one, right in zip(got, want, strict=True):
        close(one, right)
    with made.session("float64"), pytest.raises(ValueError, match="t must be a number"):
        velocity(made.to(x), made.to(T[:2]))


def _rate(described, x, a):
    """∂/∂t Σ a·f by differences."""
    own, h = library.velocity(described), 1e-3

    def central(s):
        return np.sum(a * (own(x, 0.7 + s) - own(x, 0.7 - s))) / (2 * s)

    return (4 * central(h) - central(2 * h)) / 3


@EVERY
def test_torch_differentiates_in_points_time_and_parameters(described):
    torch = pytest.importorskip("torch")
    own, made = library.velocity(described), framework("torch")
    x, velocity = flow_settings.points(described), made.velocity(described)
    a = np.cos(x + 1)
    with made.session("float64"):
        y, t = made.to(x).requires_grad_(), torch.tensor(0.7, requires_grad=True)
        total = (made.to(a) * velocity(y, t)).sum() + 0 * t
        got = torch.autograd.grad(total, [y, t, velocity.parameters])
        module = velocity.as_module()
        close(made.back(module(0.7, y)), own(x, 0.7))
        assert [p.shape for p in module.parameters()] == [velocity.parameters.shape]
        single = velocity(y.float(), 0.7)
        assert single.dtype == torch.float32
    for one, want in zip(got, (own.vjp(x, 0.7, a), _rate(described, x, a),
                               own.vjp_parameters(x, 0.7, a)), strict=True):  # fmt: skip
        close(made.back(one), want, 1e-9)


@SOME
def test_jax_differentiates_in_points_time_and_parameters(described):
    jax = pytest.importorskip("jax")
    own, made = library.velocity(described), framework("jax")
    x, velocity = flow_settings.points(described), made.velocity(described)
    a = np.cos(x + 1)
    with made.session("float64"):
        y, b = made.to(x), made.to(a)

        @jax.jit
        def gradients(velocity, y, t):
            return jax.grad(lambda v, y, t: (b * v(y, t)).sum(), argnums=(0, 1, 2))(velocity, y, t)

        of_velocity, of_points, of_time = gradients(velocity, y, 0.7)
        close(made.back(of_velocity.parameters), own.vjp_parameters(x, 0.7, a))
        close(made.back(of_points), own.vjp(x, 0.7, a))
        close(made.back(of_time), _rate(described, x, a), 1e-9)


def test_a_subject_is_handed_velocities_of_its_own_framework():
    described = flow_settings.hopf()
    seen = {}

    class Mine:
        framework = "torch"

        def ode_solve(self, velocity, x0, t0, t1):
            seen["velocity"] = velocity
            return x0 + (t1 - t0) * velocity(x0, t0)

    pytest.importorskip("torch")
    x = flow_settings.points(described)
    got = Subject(Mine()).ode_solve(described, x, 0.3, 0.4)
    close(got, x + 0.1 * library.velocity(described)(x, 0.3))
    assert type(seen["velocity"]).__name__ == "TorchVelocity"


def test_an_unknown_kind_is_refused():
    for name in ("numpy", "torch", "jax"):
        pytest.importorskip(name)
        with pytest.raises(ValueError, match="kind must be one of"):
            framework(name).velocity(VelocityDescription("spiral", rate=[1.0]))
