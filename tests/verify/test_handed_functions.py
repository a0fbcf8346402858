"""Weights and log odds in a subject's own framework: values, derivatives, precision."""

import numpy as np
import pytest

from refscore.identities.bounded import weighted_points
from refscore.identities.cases import Description
from refscore.oracles import bounded as oracle
from refscore.verify import run
from refscore.verify.frameworks import framework
from refscore.verify.functions import FUNCTIONS


def in_framework(name):
    pytest.importorskip(name)
    return framework(name)


@pytest.mark.parametrize("name", ["numpy", "torch", "jax"])
@pytest.mark.parametrize("case", list(weighted_points()), ids=lambda case: case.name)
def test_weights_are_the_oracles(name, case):
    to = in_framework(name)
    with to.session():
        x = to.to(case.x)
        h = to.back(FUNCTIONS["weight_function"](to, case.weight)(x))
        slope = to.back(FUNCTIONS["weight_derivative"](to, case.weight)(x))
    np.testing.assert_allclose(h, oracle.weight(case.weight, case.x), rtol=1e-12)
    np.testing.assert_allclose(slope, oracle.weight_derivative(case.weight, case.x), rtol=1e-12)


def test_a_weight_is_differentiable_in_torch():
    torch = pytest.importorskip("torch")
    weight = FUNCTIONS["weight_function"](in_framework("torch"), Description("log"))
    x = torch.tensor([[0.5, 3.0]], dtype=torch.float64, requires_grad=True)
    weight(x).sum().backward()
    np.testing.assert_allclose(x.grad.numpy(), [[1 / 1.5, 0.25]], rtol=1e-15)


def test_log_odds_are_those_of_the_boltzmann_law():
    model = Description("boltzmann", weights=[[0.0, 2.0], [2.0, 0.0]], biases=[0.5, -1.0])
    u = FUNCTIONS["log_odds"](in_framework("numpy"), model)(np.array([[1.0, 1.0], [0.0, 1.0]]))
    np.testing.assert_allclose(u, [[2.5, 1.0], [-2.5, -1.0]])


def test_a_torch_subject_that_differentiates_the_weight_itself_holds():
    torch = pytest.importorskip("torch")

    def bounded_loss(field, x, weight, _):
        """½hs² + ∂(hs), the weight differentiated together with the field."""
        x = x.clone().requires_grad_()
        s, h = field(x), weight(x)
        own = [torch.autograd.grad((h * s)[:, i].sum(), x, create_graph=True)[0][:, i]
               for i in range(x.shape[1])]  # fmt: skip
        return (0.5 * h * s**2).sum(-1) + sum(own)

    for dtype in ("float64", "float32"):
        subject = {"framework": "torch", "dtype": dtype, "bounded_loss": bounded_loss}
        report = run(subject, checks=["bounded_pointwise", "bounded_is_weighted_fisher"])
        verdicts = {check.name: check.verdict for check in report.checks}
        assert verdicts["bounded_pointwise"] == "holds"
        assert verdicts["bounded_is_weighted_fisher"] == "holds"


@pytest.mark.parametrize("name", ["numpy", "torch", "jax"])
@pytest.mark.parametrize("which", ["weight_function", "weight_derivative"])
def test_a_weight_of_own_bounds_takes_no_single_coordinate(name, which):
    to = in_framework(name)
    box = Description("box", low=[-0.6, -1.0], high=[1.1, 0.4])
    with to.session():
        h = FUNCTIONS[which](to, box)
        with pytest.raises(ValueError, match=r"whole points \(\.\.\., 2\).*got shape \(5,\)"):
            h(to.to(np.zeros(5)))
        half_line = FUNCTIONS[which](to, Description("log"))
        assert to.back(half_line(to.to(np.ones(5)))).shape == (5,)


def test_a_handed_function_is_not_compiled_for_jax_arrays():
    jax = pytest.importorskip("jax")
    seen, to = [], in_framework("jax")

    def doubled(x):
        seen.append(type(x))
        return 2.0 * x

    with to.session():
        f = to.callable(doubled, lambda x, c: 2.0 * c)
        np.testing.assert_array_equal(to.back(f(to.to(np.ones((3, 2))))), np.full((3, 2), 2.0))
        assert seen == [np.ndarray]  # no shape asked for, no callback
        rows = jax.vmap(f)(to.to(np.arange(6.0).reshape(3, 2)))
        np.testing.assert_array_equal(to.back(rows), 2 * np.arange(6.0).reshape(3, 2))
        slope = jax.vmap(jax.grad(lambda x: f(x).sum()))(to.to(np.ones((3, 2))))
        np.testing.assert_array_equal(to.back(slope), np.full((3, 2), 2.0))
        twice = jax.jit(lambda x: f(f(x)))(to.to(np.ones(4)))
        np.testing.assert_array_equal(to.back(twice), np.full(4, 4.0))
