"""Divergences of laws from their scores, and what a prior costs."""

import numpy as np
import pytest

from refscore import diffusion
from refscore.distributions import Empirical, Gaussian, GaussianMixture
from refscore.fields import Affine
from refscore.nodes import Nodes
from refscore.processes import EDM, VE, VP, Straight

P = Gaussian([0.5, -1.0], [[1.2, 0.4], [0.4, 0.6]])
Q = Gaussian([0.0, 0.3], [[0.7, -0.2], [-0.2, 1.5]])
PROCESSES = [VP(), VE(0.05, 8.0), VP(0.5, 4.0)]


def gaussian_kl(p, q):
    precision, gap = np.linalg.inv(q.covariance), q.mean - p.mean
    logs = np.linalg.slogdet(q.covariance)[1] - np.linalg.slogdet(p.covariance)[1]
    return 0.5 * (np.trace(precision @ p.covariance) + gap @ precision @ gap - p.dim + logs)


@pytest.mark.parametrize("process", PROCESSES, ids=repr)
def test_scores_along_a_diffusion_give_the_divergence_at_any_start(process):
    for start in (0.0, 0.3):
        p, q = (diffusion.diffused(process, law, start) for law in (P, Q))
        found = diffusion.kl_by_scores(process, P, Q, start=start)
        assert found.total == pytest.approx(gaussian_kl(p, q), rel=1e-10)
        assert min(found.path, found.terminal) > 0


def test_a_family_of_scores_and_its_terminal_stand_for_the_law():
    process = VP()
    score_at = lambda t: diffusion.diffused(process, Q, t).score  # noqa: E731
    end = diffusion.diffused(process, Q, 1.0).log_density
    found = diffusion.kl_by_scores(process, P, score_at, terminal=end)
    assert found == diffusion.kl_by_scores(process, P, Q)
    prior = diffusion.kl_by_scores(process, P, score_at)
    assert prior.terminal == pytest.approx(diffusion.prior_divergence(process, P), rel=1e-12)


@pytest.mark.parametrize("factor", [0.8, 1.0])
def test_the_bound_holds_for_the_reverse_sde_and_is_equal_for_its_own_score_only(factor):
    """s = factor times the score of q: KL(p ‖ what the SDE samples) is below the bound."""
    process = VP(0.5, 4.0)

    def score_at(t):
        law = diffusion.diffused(process, Q, t)
        matrix = -factor * np.linalg.inv(law.covariance)
        return Affine(matrix, -matrix @ law.mean)

    end = diffusion.diffused(process, Q, 1.0)
    bound = diffusion.kl_by_scores(process, P, score_at, terminal=end.log_density).total
    sampled = diffusion.reverse_law(process, score_at, end.mean, end.covariance)
    divergence = gaussian_kl(P, sampled)
    if factor == 1.0:
        assert divergence == pytest.approx(bound, rel=1e-8)
    else:
        assert divergence < bound - 1e-3


def test_the_flow_of_another_score_is_not_bounded():
    """The bound is the reverse SDE's: with score 1.3 s the flow's law is farther off than that."""
    process = VP(0.5, 4.0)
    law = lambda t: diffusion.diffused(process, P, t)  # noqa: E731

    def score_at(t):
        matrix = -1.6 * np.linalg.inv(law(t).covariance)
        return Affine(matrix, -matrix @ law(t).mean)

    end = law(1.0)
    bound = diffusion.kl_by_scores(process, P, score_at, terminal=end.log_density).total
    laws = [
        diffusion.reverse_law(process, score_at, end.mean, end.covariance, stochasticity=l)
        for l in (1.0, 0.0)
    ]
    sde, flow = (gaussian_kl(P, one) for one in laws)
    assert sde < bound < flow


def test_what_priors_cost_is_the_published_number():
    """Conventions of common models, in nats a dimension."""
    vp, ve = VP(), VE(0.01, 50.0, exact=False)
    assert diffusion.prior_divergence(vp, Gaussian([0.0], [[0.25]])) == pytest.approx(
        2.6e-10, rel=0.02
    )
    assert diffusion.prior_divergence(vp, Gaussian([1.0], [[0.25]])) == pytest.approx(
        2.2e-5, rel=0.02
    )
    assert diffusion.prior_divergence(ve, Gaussian([0.0], [[0.25]])) == pytest.approx(
        2.5e-9, rel=0.01
    )


def test_mixtures_by_more_nodes():
    p = GaussianMixture([0.6, 0.4], [[1.0], [-1.2]], [0.4, 0.7])
    q = GaussianMixture([0.3, 0.7], [[1.5], [-0.5]], [0.6, 0.9])
    found = diffusion.kl_by_scores(VP(), p, q, nodes=80).total
    assert found == pytest.approx(diffusion.kl(p, q, nodes=120), rel=1e-5)
    x = np.linspace(-9, 9, 4001)[:, None]
    density = np.exp(p.log_density(x))
    exact = np.trapezoid(density * (p.log_density(x) - q.log_density(x)), x[:, 0])
    assert found == pytest.approx(exact, rel=1e-5)


@pytest.mark.parametrize(
    ("options", "words"),
    [({"start": 0.5, "end": 0.5}, "start must be before"), ({"n_times": 0}, "n_times"),
     ({"end": 3.0}, "end must lie in")],
)  # fmt: skip
def test_bad_input_is_named(options, words):
    with pytest.raises(ValueError, match=words):
        diffusion.kl_by_scores(VP(), P, Q, **options)


@pytest.mark.parametrize(
    ("process", "variance"), [(VP(), 1e-6), (EDM(), 1e-4), (Straight(), 1e-10)]
)
def test_narrow_data_keep_their_divergence(process, variance):
    """Uniform nodes in time see little of the scales from 1 down to the width of the data."""
    p, q = Gaussian([3.0], [[variance]]), Gaussian([2.0], [[1.0]])
    found = diffusion.kl_by_scores(process, p, q, nodes=3).total
    assert found == pytest.approx(gaussian_kl(p, q), rel=1e-6)


def test_narrow_laws_are_told_apart_at_their_own_scale():
    p, q = Gaussian([3.0], [[1e-6]]), Gaussian([3.0], [[3e-6]])
    found = diffusion.kl_by_scores(VP(), p, q, nodes=3).total
    assert found == pytest.approx(gaussian_kl(p, q), rel=1e-8)


@pytest.mark.parametrize(
    "law", [Gaussian([1.0], [[0.0]]), Empirical([[0.0], [1.0]])], ids=["point", "points"]
)
def test_an_infinite_divergence_is_refused(law):
    with pytest.raises(ValueError, match=r"start must be above .* infinite"):
        diffusion.kl_by_scores(VP(), law, Gaussian([0.0], [[1.0]]), nodes=3)
    later = diffusion.kl_by_scores(VP(), law, Gaussian([0.0], [[1.0]]), start=0.1, nodes=60)
    ends = (diffusion.diffused(VP(), p, 0.1) for p in (law, Gaussian([0.0], [[1.0]])))
    assert later.total == pytest.approx(diffusion.kl(*ends, nodes=60), rel=1e-6)


def test_singular_laws_on_one_line_have_a_divergence():
    p, q = (Gaussian([m, 0.0], np.diag([v, 0.0])) for m, v in ((0.0, 1.0), (0.5, 2.0)))
    found = diffusion.kl_by_scores(VP(), p, q, nodes=3).total
    assert found == pytest.approx(
        gaussian_kl(Gaussian([0.0], [[1.0]]), Gaussian([0.5], [[2.0]])), rel=1e-9
    )


def test_nodes_that_do_not_agree_are_refused(monkeypatch):
    from refscore.diffusion import weighting

    monkeypatch.setattr(weighting, "MOST", 16)
    rng = np.random.default_rng(0)
    drawn = lambda law: Nodes(law.sample(3, rng=rng), np.full(3, 1 / 3))  # noqa: E731
    with pytest.raises(ValueError, match="8 and 12 nodes in log-SNR do not agree"):
        diffusion.kl_by_scores(VP(), P, Q, nodes=drawn, n_times=8)
