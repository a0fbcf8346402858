"""Denoising with a control variate: a loss whose variance stays bounded as the noise vanishes."""

from __future__ import annotations

import numpy as np

from refscore._arguments import as_normals, as_switch, beyond_float
from refscore.objectives.denoising import levels_beside
from refscore.objectives.integrands import field_and_points, half_square
from refscore.objectives.stacked import loss_and_gradient, losses


def controlled_denoising_loss(
    field, x, sigma, noise=None, *, rng=None, centred=False
) -> np.ndarray:
    """The denoising loss less a control variate of mean zero, for one noise draw a point.

        ½‖s(x̃) + z/σ‖² − z·s(x)/σ − (‖z‖² − d)/(2σ²)
            = ½‖s(x̃)‖² + z·(s(x̃) − s(x))/σ + d/(2σ²),   x̃ = x + σ z

    Its mean over z is that of `denoising_loss`, whose variance grows like d/(2σ⁴); this one's
    tends to Var[½‖s‖² + div s] + 2 E‖sym J‖² for locally Lipschitz fields. It is evaluated in
    the second form, which subtracts no large squares; but in float64 the known constant d/(2σ²)
    rounds all else to multiples of about 2e-16 d/(2σ²): 1e-4 d at σ = 1e-6, 1 d at 1e-8, 1e4 d at
    1e-10, where nothing is left. centred=True leaves the constant out, and the digits stay; the
    mean then tends to that of `implicit_loss`. The gradient never knows it. field a Field; x
    points (..., d), drawn independently of the noise; sigma σ > 0, one number or one a point
    (...,); noise z (..., d), standard normal, drawn if omitted from `rng`, anything
    numpy.random.default_rng takes. Returns (...,). Raises TypeError or ValueError naming the
    argument. Cost: two values of the field a point.
    Source: row B7 of the catalogue; Wang, Cheng, Li, Zhu and Zhang, A Wasserstein minimum
    velocity approach to learning unnormalized models (2020).
    Checked by: controlled_given_noise, controlled_mean, controlled_variance
    """
    field, points, integrand = _arguments(field, x, sigma, noise, rng, centred)
    return losses(field, points, integrand).reshape(np.shape(x)[:-1])


def controlled_denoising_loss_gradient(field, x, sigma, noise=None, *, rng=None) -> np.ndarray:
    """The gradient (p,) of the mean controlled loss, control variate included.

        ∂/∂θ mean[ ½‖s(x̃) + z/σ‖² − z·s(x)/σ ]

    The control variate depends on θ: left out of the derivative, it controls nothing. field a
    Field; x points (..., d), at least one; sigma σ > 0, one or (...,); noise z (..., d), or drawn
    from `rng`, anything numpy.random.default_rng takes.
    Checked by: controlled_gradient
    """
    return controlled_denoising_loss_and_gradient(field, x, sigma, noise, rng=rng)[1]


def controlled_denoising_loss_and_gradient(field, x, sigma, noise=None, *, rng=None, centred=False):
    """The mean controlled loss, a number, and its gradient (p,), from one forward pass.

    field a Field; x points (..., d), at least one; sigma σ > 0, one or (...,); noise z (..., d),
    or drawn from `rng`, anything numpy.random.default_rng takes; centred as for the loss.
    Checked by: controlled_gradient
    """
    return loss_and_gradient(*_arguments(field, x, sigma, noise, rng, centred))


def _arguments(field, x, sigma, noise, rng, centred):
    """The field, the points x̃ and x stacked, and the integrand of their values."""
    centred = as_switch(centred, "centred")
    field, x = field_and_points(field, x)
    sigma = levels_beside(sigma, x)
    z = as_normals(noise, x, rng)
    shape = (-1, field.dim)
    with beyond_float():
        points = np.stack([(x + sigma * z).reshape(shape), x.reshape(shape)])
        pull = (z / sigma).reshape(shape)
        constant = 0.0 if centred else 0.5 * field.dim / np.square(sigma)
        constant = np.broadcast_to(constant, (*x.shape[:-1], 1))
    constant = constant.reshape(-1)

    def integrand(local, rows):
        noised, clean = local.value.reshape(2, -1, field.dim)
        pulls = pull[rows]
        loss = half_square(noised) + np.einsum("ni,ni->n", pulls, noised - clean) + constant[rows]
        return loss, (np.concatenate([noised + pulls, -pulls]), None, None, None)

    return field, points, integrand
