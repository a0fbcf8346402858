"""matfree: Monte-Carlo and leave-one-out estimators of traces and diagonals (JAX)."""

from __future__ import annotations

from importlib.metadata import version as version_of
from types import SimpleNamespace

import jax
from matfree import stochtrace as st

VERSION = version_of("matfree")
jax.config.update("jax_enable_x64", True)


def _estimate(estimator, integrand, matvec, probes):
    return estimator(integrand, sampler=lambda key: probes)(matvec, None)


def trace_estimate(matvec, dim, probes):
    return _estimate(st.estimator_monte_carlo, st.monte_carlo_trace(), matvec, probes)


def diagonal_estimate(matvec, dim, probes):
    return _estimate(st.estimator_monte_carlo, st.monte_carlo_diagonal(), matvec, probes)


def xtrace(matvec, dim, probes):
    return _estimate(st.estimator_leave_one_out, st.leave_one_out_xtrace(), matvec, probes)


def xtrace_plain(matvec, dim, probes):
    integrand = st.leave_one_out_xtrace(apply_resphering=False)
    return _estimate(st.estimator_leave_one_out, integrand, matvec, probes)


def with_standard_error(matvec, dim, probes):
    estimator = st.estimator_monte_carlo_mean_and_sem
    return _estimate(estimator, st.monte_carlo_trace(), matvec, probes)


def _subject(name, **ports):
    return SimpleNamespace(name=name, framework="jax", version=VERSION, **ports)


SUBJECTS = [
    _subject(
        "matfree",
        trace_estimate=trace_estimate,
        diagonal_estimate=diagonal_estimate,
        xtrace=xtrace,
    ),
    _subject(
        "matfree, mean and standard error",
        trace_estimate=with_standard_error,
        expected_failures={
            "hutchinson_given_probes": "the standard error takes m for m - 1, as documented"
        },
    ),
    _subject("matfree, XTrace without resphering", xtrace=xtrace_plain),
]
