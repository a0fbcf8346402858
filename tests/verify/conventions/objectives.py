"""Losses in every reading."""

from refscore.verify import library

from .subjects import sphere, subject


def losses(change, *, gradient=None):
    """All losses with `change(values, x, sigma)`, and one gradient where that follows."""
    ports = {
        "implicit_loss": lambda f, x: change(library.implicit_loss(f, x), x, 1.0),
        "sliced_loss": lambda f, x, probes: change(library.sliced_loss(f, x, probes), x, 1.0),
        "denoising_loss": lambda f, x, sigma, noise: change(
            library.denoising_loss(f, x, sigma, noise), x, sigma
        ),
    }
    if gradient:
        ports["implicit_loss_gradient"] = lambda f, x: (
            gradient(x) * library.implicit_loss_gradient(f, x)
        )
    return subject(**ports)


def weighted(power):
    def denoising_loss(field, x, sigma, noise):
        return sigma**power * library.denoising_loss(field, x, sigma, noise)

    return subject(denoising_loss=denoising_loss, implicit_loss=library.implicit_loss)


def sliced_on_the_sphere(field, x, *, rng):
    return library.sliced_loss(field, x, sphere(rng, len(x), 1, x.shape[1]))


SUBJECTS = {
    ("half", False): losses(lambda v, x, sigma: 2 * v, gradient=lambda x: 2.0),
    ("dimensions", "mean"): losses(
        lambda v, x, sigma: v / x.shape[1], gradient=lambda x: 1 / x.shape[1]
    ),
    ("batch", "sum"): losses(lambda v, x, sigma: v.sum(), gradient=len),
    ("sigma_power", 1): weighted(1),
    ("sigma_power", 2): weighted(2),
    ("sigma_power", 4): weighted(4),
    ("sliced_form", "variance reduced"): subject(
        sliced_loss=library.variance_reduced_sliced_loss,
        sliced_loss_gradient=library.variance_reduced_sliced_loss_gradient,
    ),
    ("probes", "unit norm"): subject(sliced_loss=sliced_on_the_sphere),
}
