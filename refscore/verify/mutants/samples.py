"""Mistakes in drawing."""

from __future__ import annotations

import numpy as np

from refscore.verify import library
from refscore.verify.mutants.base import mistake


@mistake("sample_variance_for_sd", port="sample", source="M01, R35: covariance used as its root")
def _(law, n, rng):
    """Noise is scaled by the covariance instead of its square root."""
    if law.kind != "gaussian":
        return library.sample(law, n, rng)
    z = np.random.default_rng(rng).standard_normal((n, len(law.mean)))
    return law.mean + z @ law.covariance


@mistake("sample_transposed_factor", port="sample", source="classic")
def _(law, n, rng):
    """Noise is multiplied by the Cholesky factor from the wrong side."""
    if law.kind != "gaussian":
        return library.sample(law, n, rng)
    z = np.random.default_rng(rng).standard_normal((n, len(law.mean)))
    return law.mean + z @ np.linalg.cholesky(law.covariance)


@mistake("sample_equal_components", port="sample", source="classic")
def _(law, n, rng):
    """A mixture's components are drawn with equal probabilities."""
    if law.kind != "mixture":
        return library.sample(law, n, rng)
    from refscore.identities import Law

    equal = np.full(len(law.weights), 1 / len(law.weights))
    even = Law("mixture", weights=equal, means=law.means, covariances=law.covariances)
    return library.sample(even, n, rng)


@mistake("sample_bandwidth_squared", port="sample", source="torch-kde 0.1.5; M01, R35")
def _(law, n, rng):
    """Draws from a kernel density are spread by its squared bandwidth."""
    if law.kind != "empirical":
        return library.sample(law, n, rng)
    from refscore.identities import Law

    squared = Law("empirical", data=law.data, bandwidth=law.bandwidth**2)
    return library.sample(squared, n, rng)


@mistake(
    "sample_data_without_kernel", port="sample", source="the bootstrap instead of the smoothed"
)
def _(law, n, rng):
    """Draws from a kernel density are the data themselves, without the kernel's noise."""
    if law.kind != "empirical":
        return library.sample(law, n, rng)
    return law.data[np.random.default_rng(rng).integers(len(law.data), size=n)]


@mistake("sample_t_shared_chi", port="sample", source="N02: one key for two variates")
def _(law, n, rng):
    """Student's t divides the whole batch by one chi-square draw."""
    if law.kind != "student_t":
        return library.sample(law, n, rng)
    g = np.random.default_rng(rng)
    z = g.standard_normal((n, len(law.location))) @ np.linalg.cholesky(law.shape).T
    return law.location + z * np.sqrt(law.dof / g.chisquare(law.dof))


@mistake("sample_t_without_root", port="sample", source="M01: variance and sd confused")
def _(law, n, rng):
    """Student's t divides by the chi-square ratio instead of its square root."""
    if law.kind != "student_t":
        return library.sample(law, n, rng)
    g = np.random.default_rng(rng)
    z = g.standard_normal((n, len(law.location))) @ np.linalg.cholesky(law.shape).T
    return law.location + z * (law.dof / g.chisquare(law.dof, n))[:, None]


@mistake("sample_laplace_sd", port="sample", source="classic")
def _(law, n, rng):
    """The Laplace scale is taken for the standard deviation."""
    x = library.sample(law, n, rng)
    return law.location + (x - law.location) / np.sqrt(2) if law.kind == "laplace" else x


@mistake("sample_pairs_repeated", port="sample", source="N20: a generator made anew in every call")
def _(law, n, rng):
    """Every draw comes twice: half the batch repeats the other."""
    x = library.sample(law, (n + 1) // 2, rng)
    return np.repeat(x, 2, axis=0)[:n]
