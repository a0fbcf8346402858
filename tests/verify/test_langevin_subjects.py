"""Langevin ports of other frameworks, of subjects that draw, and of awkward signatures."""

from types import SimpleNamespace

import numpy as np
import pytest

import refscore.verify as rv
from refscore import oracles
from refscore.identities import settings
from refscore.identities.cases import Description
from refscore.verify import library
from refscore.verify.frameworks import framework
from refscore.verify.leveled import NoisedScores, noisy_gradient
from refscore.verify.library.langevin import splitting

GIVEN = {
    "langevin_sample", "mala_step", "hmc_step", "annealed_sample", "sgld_step", "corrector_step",
    "underdamped_step", "metropolis_log_ratio", "barker_step", "random_walk_step",
    "preconditioned_step",
}  # fmt: skip


def ports(xp, where):  # noqa: C901, PLR0915
    """Every Langevin port by array functions alone."""

    def norm2(a):
        return (a * a).sum(-1)

    def step(score, x, eta, z):
        return x + eta / 2 * score(x) + eta**0.5 * z

    def log_ratio(log_density, score, x, y, eta):
        def log_q(a, b):
            return -norm2(b - a - eta / 2 * score(a)) / (2 * eta)

        return log_density(y) - log_density(x) + log_q(y, x) - log_q(x, y)

    def decided(x, y, r, u):
        taken = xp.log(u) < r
        return where(taken[:, None], y, x), taken

    def mala_step(log_density, score, x, step_size, noise, uniform):
        y = step(score, x, step_size, noise)
        return decided(x, y, log_ratio(log_density, score, x, y, step_size), uniform)

    def random_walk_step(log_density, x, scale, noise, uniform):
        y = x + scale * noise
        return decided(x, y, log_density(y) - log_density(x), uniform)[0]

    def barker_step(log_density, score, x, scale, noise, uniforms, uniform):
        w = scale * noise
        w = where(uniforms < 1 / (1 + xp.exp(-w * score(x))), w, -w)
        y = x + w
        turned = xp.log1p(xp.exp(-w * score(x))) - xp.log1p(xp.exp(w * score(y)))
        return decided(x, y, log_density(y) - log_density(x) + turned.sum(-1), uniform)

    def hmc_step(log_density, score, x, momentum, step_size, n_leapfrog, uniform):
        y, v = x, momentum
        for _ in range(n_leapfrog):
            v = v + step_size / 2 * score(y)
            y = y + step_size * v
            v = v + step_size / 2 * score(y)
        r = log_density(y) - log_density(x) - (norm2(v) - norm2(momentum)) / 2
        return decided(x, y, r, uniform)

    def langevin_sample(score, x0, step_size, n_steps, noise):
        points = [x0]
        for z in noise:
            points.append(step(score, points[-1], step_size, z))
        return xp.stack(points[1:])

    def annealed_sample(score_at, x0, sigmas, step_size, n_steps_each, noise):
        x = x0
        for sigma, own in zip(sigmas, noise):
            for z in own:
                eta = step_size * (sigma / sigmas[-1]) ** 2
                x = step(score_at.at(sigma), x, eta, z)
        return x

    def sgld_step(gradient, x, step_size, gradient_noise, noise):
        return step(lambda y: gradient(y, gradient_noise), x, step_size, noise)

    def preconditioned_step(score, x, step_size, preconditioner, noise):
        L = xp.linalg.cholesky(preconditioner)
        return x + step_size / 2 * score(x) @ preconditioner + step_size**0.5 * noise @ L.T

    def corrector_step(score, x, snr, noise):
        e = 2 * snr**2 * (norm2(noise) / norm2(score(x)))[:, None]
        return x + e * score(x) + (2 * e) ** 0.5 * noise

    def underdamped_step(score, x, v, step_size, friction, noise):
        c = float(np.exp(-friction * step_size))
        v = v + step_size / 2 * score(x)
        x = x + step_size / 2 * v
        v = c * v + (1 - c * c) ** 0.5 * noise
        x = x + step_size / 2 * v
        return {"x": x, "v": v + step_size / 2 * score(x)}

    found = {name: value for name, value in locals().items() if name in GIVEN}
    return {**found, "metropolis_log_ratio": log_ratio}


def _held(report):
    verdicts = {check.name: check.verdict for check in report.checks}
    ran = {name for name, verdict in verdicts.items() if verdict != "not offered"}
    wrong = {name: verdicts[name] for name in ran if verdicts[name] != "holds"}
    assert not wrong, report.summary()
    return ran


def test_plain_numpy_functions_hold():
    ran = _held(rv.run(SimpleNamespace(name="plain", **ports(np, np.where))))
    assert {"mala_given_noise", "mala_keeps_variance", "annealed_given_noise"} <= ran


def test_the_same_in_single_precision():
    subject = SimpleNamespace(name="single", dtype="float32", **ports(np, np.where))
    assert len(_held(rv.run(subject))) >= 22


@pytest.mark.peers
def test_the_same_in_torch():
    torch = pytest.importorskip("torch")
    subject = SimpleNamespace(name="torch's", framework="torch", **ports(torch, torch.where))
    assert len(_held(rv.run(subject))) >= 22


@pytest.mark.peers
def test_the_same_in_jax():
    jnp = pytest.importorskip("jax.numpy")
    subject = SimpleNamespace(name="JAX's", framework="jax", **ports(jnp, jnp.where))
    assert len(_held(rv.run(subject))) >= 22


@pytest.mark.parametrize("scheme", ["BAOAB", "ABOBA", "OBABO", "OABAO"])
def test_every_splitting_of_the_library_holds_as_declared(scheme):
    subject = SimpleNamespace(underdamped_step=splitting(scheme), conventions={"splitting": scheme})
    ran = _held(rv.run(subject))
    assert {
        "underdamped_given_noise",
        "underdamped_stationary_of_steps",
        "underdamped_draws",
    } <= ran


def test_a_splitting_declared_wrongly_fails():
    subject = SimpleNamespace(
        underdamped_step=splitting("ABOBA"), conventions={"splitting": "BAOAB"}
    )
    report = rv.run(subject)
    assert report.exit_code == 1
    assert 'without "splitting"' in report.hints[0] or "ABOBA" in report.hints[0]


def test_a_splitting_that_refuses_the_noise_of_another_is_told_of_its_convention():
    report = rv.run(SimpleNamespace(underdamped_step=splitting("OBABO")))
    assert report.exit_code != 0
    assert any('{"splitting": "OBABO"}' in hint for hint in report.hints)


def test_a_port_that_takes_only_some_of_its_draws_is_told_so():
    def mala_step(log_density, score, x, step_size, noise):
        raise AssertionError("never called")

    report = rv.run(SimpleNamespace(mala_step=mala_step))
    assert report["mala_step_prerequisites"].verdict == "error"
    assert "one of noise, uniform" in report["mala_step_prerequisites"].note


def test_information_beside_the_points_is_let_go():
    def mala_step(log_density, score, x, step_size, noise, uniform):
        moved, taken = library.mala_step(log_density, score, x, step_size, noise, uniform)
        return moved, {"accepted": taken, "state": "more"}

    _held(rv.run(SimpleNamespace(mala_step=mala_step)))


@pytest.mark.parametrize("first", [0, 1])
def test_a_chain_may_be_returned_whole_with_or_without_its_start(first):
    def langevin_sample(score, x0, step_size, n_steps, noise):
        points = [x0]
        for z in noise:
            points.append(library.langevin_step(score, points[-1], step_size, z))
        return np.array(points[first:])

    _held(rv.run(SimpleNamespace(langevin_sample=langevin_sample)))


def test_a_probability_beside_the_points_is_let_go():
    def mala_step(log_density, score, x, step_size, noise, uniform):
        moved, _ = library.mala_step(log_density, score, x, step_size, noise, uniform)
        return moved, np.full(len(x), 0.7)

    _held(rv.run(SimpleNamespace(mala_step=mala_step)))


def test_an_unadjusted_sampler_under_an_adjusted_name_is_called_so():
    def mala_step(log_density, score, x, step_size, *, rng):
        z = rng.standard_normal(x.shape)
        return x + step_size / 2 * score(x) + np.sqrt(step_size) * z

    report = rv.run(SimpleNamespace(mala_step=mala_step))
    assert report["mala_draws"].verdict == "fails"
    assert "mala_never_rejects" in report["mala_draws"].diagnosis.mistakes


@pytest.mark.parametrize("law", [settings.gaussian(3), settings.mixture(2)], ids=lambda p: p.kind)
def test_scores_of_noised_laws_are_handed_over(law):
    d = 3 if law.kind == "gaussian" else 2
    x, score_at = settings.points(4, d), NoisedScores(framework("numpy"), law)
    for sigma in (0.3, 2.0):
        want = oracles.scores.score(oracles.bayes.diffused(law, 1.0, sigma), x)
        for found in (score_at(x, sigma), score_at(x, np.full(4, sigma)), score_at.at(sigma)(x)):
            np.testing.assert_allclose(found, want, rtol=1e-9)
    with pytest.raises(ValueError, match="one level for all points, got 4"):
        score_at(x, np.array([0.1, 0.2, 0.1, 0.1]))


def test_a_stochastic_score_is_the_score_and_its_noise():
    law, root = settings.gaussian(2), np.array([[0.5, 0.0], [1.0, 2.0]])
    gradient = noisy_gradient(framework("numpy"), Description("noisy", law=law, root=root))
    x, xi = settings.points(4, 2), settings.normals(4, 2)
    want = oracles.scores.score(law, x) + xi @ root.T
    np.testing.assert_allclose(gradient(x, xi), want, rtol=1e-12)


def _drawn_mala(log_density, score, x, step_size, rng):
    z, u = rng.standard_normal(x.shape), rng.random(len(x))
    return library.mala_step(log_density, score, x, step_size, z, u)


@pytest.mark.parametrize(
    ("said", "name"),
    [
        (lambda taken: ~np.asarray(taken, bool), None),
        (lambda taken: np.ones(len(taken), bool), "mala_says_all_accepted"),
    ],
)
def test_who_is_said_to_be_accepted_is_compared_where_the_port_draws(said, name):
    def mala_step(log_density, score, x, step_size, rng):
        moved, taken = _drawn_mala(log_density, score, x, step_size, rng)
        return moved, said(taken)

    assert "mala_draws" in _held(rv.run(SimpleNamespace(mala_step=_drawn_mala)))
    check = rv.run(SimpleNamespace(mala_step=mala_step))["mala_draws"]
    assert check.verdict == "fails"
    assert check.diagnosis.mistakes == ((name,) if name else ())


def _trajectory(score, x0, step_size, n_steps, rng):
    points = [x0]
    for _ in range(n_steps):
        noise = rng.standard_normal(x0.shape)
        points.append(library.langevin_step(score, points[-1], step_size, noise))
    return np.array(points)


def _spoilt(points):
    points[:-1] = 7.0
    return points


WHOLE = {"end": lambda p: p[-1], "points": lambda p: p[1:], "and start": lambda p: p}
SPOILT = {
    "the end as a row": lambda p: p[-1:],
    "every second": lambda p: p[1::2],
    "all but the end wrong": _spoilt,
}


@pytest.mark.parametrize("part", [*WHOLE, *SPOILT])
def test_a_chain_that_draws_returns_its_end_or_all_its_points(part):
    def langevin_sample(score, x0, step_size, n_steps, rng):
        return {**WHOLE, **SPOILT}[part](_trajectory(score, x0, step_size, n_steps, rng))

    report = rv.run(SimpleNamespace(langevin_sample=langevin_sample))
    assert report.exit_code == (part in SPOILT)
    assert not {name for c in report.checks if c.diagnosis for name in c.diagnosis.mistakes}


def test_an_argument_left_out_before_the_draws_is_named():
    def hmc_step(log_density, score, x, step_size, n_leapfrog, rng):
        raise AssertionError("never called")

    def sgld_step(gradient, x, step_size, rng):
        raise AssertionError("never called")

    report = rv.run({"hmc_step": hmc_step, "sgld_step": sgld_step})
    assert "hmc_step takes no momentum" in report["hmc_step_prerequisites"].note
    assert "sgld_step takes no gradient_noise" in report["sgld_step_prerequisites"].note


def test_an_answer_of_objects_is_told_its_dtype():
    def langevin_step(score, x, step_size, noise):
        return library.langevin_step(score, x, step_size, noise).astype(object)

    report = rv.run({"langevin_step": langevin_step})
    assert "and dtype object" in report["langevin_step_prerequisites"].note


def _shared_within_pairs(log_density, score, x, step_size, rng):
    z, u = rng.standard_normal(x.shape), rng.random((len(x) + 1) // 2).repeat(2)[: len(x)]
    return library.mala_step(log_density, score, x, step_size, z, u)


def test_uniform_numbers_that_neighbours_share_are_seen():
    report = rv.run(SimpleNamespace(mala_step=_shared_within_pairs))
    assert report["mala_draws"].verdict == "fails"
    assert not report["mala_draws"].diagnosis.mistakes


@pytest.mark.parametrize("every", [25, 50, 100])
def test_noise_of_any_period_repeats_within_the_batch(every):
    def langevin_step(score, x, step_size, rng):
        noise = rng.standard_normal((every, x.shape[1]))[np.arange(len(x)) % every]
        return library.langevin_step(score, x, step_size, noise)

    check = rv.run(SimpleNamespace(langevin_step=langevin_step))["one_step_draws"]
    assert check.verdict == "fails"
    assert "half" not in check.diagnosis.explanation


def _drawn_splitting(scheme):
    def underdamped_step(score, x, v, step_size, friction, rng):
        noise = rng.standard_normal((scheme.count("O"), *x.shape))
        noise = noise if len(noise) == 2 else noise[0]
        return splitting(scheme)(score, x, v, step_size, friction, noise)

    return {"underdamped_step": underdamped_step}


@pytest.mark.parametrize("scheme", ["ABOBA", "OBABO", "OABAO"])
def test_a_splitting_that_draws_is_told_its_convention(scheme):
    report = rv.run(_drawn_splitting(scheme))
    assert report.convention == f"conventions = {{\"splitting\": '{scheme}'}}"
    declared = {**_drawn_splitting(scheme), "conventions": {"splitting": scheme}}
    assert rv.run(declared).exit_code == 0


def _drawn_corrector(mean):
    def corrector_step(score, x, snr, rng):
        z, s = rng.standard_normal(x.shape), score(x)
        sizes = [np.linalg.norm(a, axis=-1, keepdims=True) for a in (z, s)]
        ratio = sizes[0].mean() / sizes[1].mean() if mean else sizes[0] / sizes[1]
        e = 2 * (snr * ratio) ** 2
        return x + e * s + np.sqrt(2 * e) * z

    return {"corrector_step": corrector_step, "conventions": {"norms": "batch mean"}}


def test_norms_by_row_do_not_hold_as_means_of_the_batch():
    assert rv.run(_drawn_corrector(mean=True)).exit_code == 0
    assert rv.run(_drawn_corrector(mean=False)).exit_code == 1


def _noise_of_rows(chosen):
    def langevin_step(score, x, step_size, rng):
        return library.langevin_step(score, x, step_size, chosen(rng, len(x), x.shape[1]))

    return langevin_step


@pytest.mark.parametrize(
    "chosen",
    [
        lambda rng, n, d: np.tile(rng.standard_normal((-(-n // 3), d)), (3, 1))[:n],
        lambda rng, n, d: np.resize(rng.standard_normal((100, d)), (n, d)),
        lambda rng, n, d: (z := rng.standard_normal((n, d))) + (
            np.arange(n) == n - 1)[:, None] * (-z[5] - z[-1]),
    ],
    ids=["a third thrice", "every hundredth", "one row mirrored"],
)  # fmt: skip
def test_rows_that_repeat_the_noise_of_others_are_found(chosen):
    """Wherever they stand, exactly; the law of single rows is right."""
    report = rv.run({"langevin_step": _noise_of_rows(chosen)}, checks=["E9-draws"], diagnose=False)
    assert report["E9-draws"].verdict == "fails"
    worst = report["E9-draws"].worst[1]
    assert "repeat" in worst.label
    assert worst.left[0] > 0


def test_noise_that_is_shared_and_too_large_has_no_name():
    """As far as draws tell, its law is not that of shared noise alone."""

    def scaled(rng, n, d):
        return np.broadcast_to(1.3 * rng.standard_normal((1, d)), (n, d))

    report = rv.run({"langevin_step": _noise_of_rows(scaled)}, checks=["E9-draws"])
    assert report["E9-draws"].verdict == "fails"
    assert not report["E9-draws"].diagnosis.mistakes


def _hmc(change):
    def hmc_step(log_density, score, x, momentum, step_size, n_leapfrog, rng):
        given = change(momentum, step_size, n_leapfrog, rng)
        return library.hmc_step(log_density, score, x, *given, rng.random(len(x)))

    return {"hmc_step": hmc_step}


@pytest.mark.parametrize(
    "change",
    [
        lambda v, h, n, rng: (v, h, n + 2),
        lambda v, h, n, rng: (v, h, 1),
        lambda v, h, n, rng: (v, 1.001 * h, n),
        lambda v, h, n, rng: (-v, h, n),
        lambda v, h, n, rng: (rng.standard_normal(v.shape), h, n),
    ],
    ids=["two more", "one for all", "a longer step", "backwards", "another momentum"],
)
def test_whoever_moves_ends_where_its_momentum_leads(change):
    report = rv.run(_hmc(change), checks=["E9-hmc"], diagnose=False)
    assert report["E9-hmc"].verdict == "fails"
    right = rv.run(_hmc(lambda v, h, n, rng: (v, h, n)), checks=["E9-hmc"], diagnose=False)
    assert right.exit_code == 0


@pytest.mark.parametrize("power", [-3.0, -0.3, 0.1, 0.9, 1.1])
def test_a_ladder_of_another_power_has_no_name(power):
    def annealed_sample(score_at, x0, sigmas, step_size, n_steps_each, rng):
        x = x0
        for sigma in sigmas:
            eta = step_size * (sigma / sigmas[-1]) ** power
            for _ in range(n_steps_each):
                z = rng.standard_normal(x.shape)
                x = x + eta / 2 * score_at(x, sigma) + np.sqrt(eta) * z
        return x

    report = rv.run({"annealed_sample": annealed_sample}, checks=["E6-drawn"])
    assert report["E6-drawn"].verdict == "fails"
    assert not report["E6-drawn"].diagnosis.mistakes


def test_signs_that_follow_more_than_the_gradient_are_seen():
    def barker_step(log_density, score, x, scale, rng):
        z, given = rng.standard_normal(x.shape), (rng.random(x.shape), rng.random(len(x)))
        leaning = scale * z * score(x)
        u = 1 / (1 + np.exp(-np.log(given[0] / (1 - given[0])) + 0.5 * leaning))
        return library.barker_step(log_density, score, x, scale, z, u, given[1])

    report = rv.run({"barker_step": barker_step}, checks=["E9-barker"], diagnose=False)
    assert report["E9-barker"].verdict == "fails"


def test_an_inverted_decision_fails_where_the_law_of_the_step_is_solved_for():
    def hmc_step(log_density, score, x, momentum, step_size, n_leapfrog, uniform):
        return x, np.zeros(len(x), bool)  # what an inverted one does of a uniform number of 0

    report = rv.run({"hmc_step": hmc_step}, checks=["E7-unadjusted"], diagnose=False)
    assert report["E7-unadjusted"].verdict == "fails"
