"""Derivatives of user functions by HIPS autograd, the only file that knows it.

A user function is written in `autograd.numpy` and works row by row: f(x) or f(x, theta) with
x (n, d), returning (n, d) for a field and (n,) for a scalar such as an energy. Because row i
of the output depends on row i of x alone, the gradient of a sum over rows holds every row's
own gradient. autograd is imported when the first derivative is asked for, never before.
"""

from __future__ import annotations

import numpy as np


def _autograd():
    try:
        import autograd
    except ImportError as error:
        raise ImportError(
            "derivatives of user functions need the package 'autograd' (pip install autograd);"
            " fields with explicit derivatives, such as Affine, MLP or a distribution's score,"
            " work without it"
        ) from error
    return autograd


def _called(f, x, shape, what):
    """f(x) with the shape it must have; a user function is checked here and nowhere else."""
    value = f(x)
    if np.shape(value) != shape:
        raise ValueError(
            f"f must map points of shape {x.shape} to {what} of shape {shape},"
            f" got shape {np.shape(value)}"
        )
    return value


def _field(f):
    return lambda x: _called(f, x, x.shape, "vectors")


def _scalar(f):
    return lambda x: _called(f, x, x.shape[:-1], "numbers")


def _dot(a, b):
    """Σ a b, on autograd's boxes as well as on arrays."""
    _autograd()
    import autograd.numpy as anp

    return anp.sum(a * b)


def _gradient(f):
    """The gradient of a number f(x); 0·Σx makes a constant f depend on x, else autograd warns."""
    return _autograd().grad(lambda x: f(x) + 0.0 * _dot(1.0, x))


def _pullback(f, x, w):
    """J(x)ᵀ w row by row, itself differentiable: ∂/∂x Σᵢ wᵢ·f(xᵢ)."""
    return _gradient(lambda y: _dot(w, f(y)))(x)


def value(f, x) -> np.ndarray:
    """f(x) for a field f, checked to have x's shape; (n, d) to (n, d)."""
    return np.array(_called(f, x, x.shape, "vectors"), dtype=np.float64)


def scalar_value(f, x) -> np.ndarray:
    """f(x) for a scalar function, checked to be one number a row; (n, d) to (n,)."""
    return np.array(_called(f, x, x.shape[:-1], "numbers"), dtype=np.float64)


def vjp(f, x, w) -> np.ndarray:
    """J(x)ᵀ w for a field f; x and w (n, d), result (n, d). One backward pass.

    Tested in: tests/test_autodiff.py
    """
    return _pullback(_field(f), x, w)


def jvp(f, x, v) -> np.ndarray:
    """J(x) v for a field f, as ∂/∂w of v·J(x)ᵀw, which is linear in w; x and v (n, d).

    Two backward passes, so only backward rules are needed.

    Tested in: tests/test_autodiff.py
    """
    f = _field(f)
    return _gradient(lambda w: _dot(v, _pullback(f, x, w)))(np.zeros_like(x))


def jacobian(f, x) -> np.ndarray:
    """J(x)[i, j] = ∂fᵢ/∂xⱼ for a field f; (n, d) to (n, d, d). d backward passes.

    Tested in: tests/test_autodiff.py
    """
    rows = [vjp(f, x, np.broadcast_to(e, x.shape)) for e in np.eye(x.shape[1])]
    return np.stack(rows, axis=1)


def divergence(f, x) -> np.ndarray:
    """Σᵢ ∂fᵢ/∂xᵢ for a field f; (n, d) to (n,). d backward passes.

    Tested in: tests/test_autodiff.py
    """
    units = np.eye(x.shape[1])
    return np.sum(
        [vjp(f, x, np.broadcast_to(e, x.shape))[:, i] for i, e in enumerate(units)], axis=0
    )


def gradient(f, x) -> np.ndarray:
    """∇f(x) for a scalar function f; (n, d) to (n, d). One backward pass.

    Tested in: tests/test_autodiff.py
    """
    return negative_gradient(lambda y: -f(y))(x)


def negative_gradient(f):
    """The field −∇f of a scalar function f (the score, if f is an energy), as a function that
    can itself be differentiated by this file.

    Tested in: tests/test_autodiff.py
    """

    def field(x):
        return -_gradient(lambda y: _dot(1.0, _scalar(f)(y)))(x)

    return field


def hessian(f, x) -> np.ndarray:
    """∂²f/∂xᵢ∂xⱼ of a scalar function; (n, d) to (n, d, d). d double backward passes.

    Tested in: tests/test_autodiff.py
    """
    return -jacobian(negative_gradient(f), x)


def laplacian(f, x) -> np.ndarray:
    """Σᵢ ∂²f/∂xᵢ² of a scalar function; (n, d) to (n,). d double backward passes.

    Tested in: tests/test_autodiff.py
    """
    return -divergence(negative_gradient(f), x)


def parameter_gradient(f, x, theta, a=None, c=None, v=None, b=None) -> np.ndarray:
    """∂/∂θ [ Σ aᵢ·f(xᵢ, θ) + Σ cᵢ div f(xᵢ, θ) + Σ bᵢ·J(xᵢ)vᵢ ] for a field f(x, theta).

    a (n, d), c (n,), v and b (m, n, d), each may be None; theta (p,), result (p,). J enters
    through its pullback, b·J v = v·Jᵀb, and div through m = d unit vectors with b = c v.

    Tested in: tests/test_autodiff.py, as `Function`
    """

    def weighted(theta):
        def field(y):
            return _called(lambda y: f(y, theta), y, y.shape, "vectors")

        total = 0.0 if a is None else _dot(a, field(x))
        for one_v, one_b in _directions(x, c, v, b):
            total = total + _dot(one_v, _pullback(field, x, one_b))
        return total

    if a is None and c is None and v is None:
        return np.zeros_like(theta)
    return _gradient(weighted)(theta)


def point_gradient(f, x, a=None, c=None, v=None, b=None) -> np.ndarray:
    """∂/∂x of what `parameter_gradient` differentiates, row by row, for a field f(x): (n, d).

    Tested in: tests/fields/test_point_gradients.py, as `Function`
    """
    field = _field(f)

    def weighted(y):
        total = 0.0 if a is None else _dot(a, field(y))
        for one_v, one_b in _directions(x, c, v, b):
            total = total + _dot(one_v, _pullback(field, y, one_b))
        return total

    return np.zeros_like(x) if a is None and c is None and v is None else _gradient(weighted)(x)


def parameter_pullback(f, x, theta, w) -> np.ndarray:
    """∂/∂θ Σ w·f(x, θ) for any f(x, theta) with values of the shape of w; theta (p,).

    One backward pass.

    Tested in: tests/objectives/test_curvature.py, as `curvature_propagation_loss_gradient`
    """
    return _gradient(lambda t: _dot(w, f(x, t)))(theta)


def _directions(x, c, v, b):
    if v is not None:
        yield from zip(v, b, strict=True)
    if c is not None:
        for e in np.eye(x.shape[1]):
            unit = np.broadcast_to(e, x.shape)
            yield unit, c[:, None] * unit
