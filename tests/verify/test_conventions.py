"""Every convention: declared it holds, undeclared it is named, mixed up it fails."""

from types import SimpleNamespace

import numpy as np
import pytest

import refscore.verify as rv
from refscore import diffusion, ode
from refscore import langevin as langevin_steps
from refscore.verify import conventions, library
from refscore.verify.library.langevin import splitting
from refscore.verify.meanings import MEANINGS
from refscore.verify.ports import PORTS

SHARED = {"rtol": 1e-7, "atol": 1e-7, "shared_steps": True}


def subject(**ports):
    return SimpleNamespace(name="somebody's", **ports)


def by_shampines_weights(velocity, x, t, step_size, method):
    """Weights of order 4 other than Dormand and Prince's own, as torchdiffeq and diffrax have."""
    table = ode.tableau(method)
    if method == "dormand_prince":
        ratios = ((1951, 21600), (0, 1), (22642, 50085), (451, 720), (-12231, 42400), (649, 6300),
                  (1, 60))  # fmt: skip
        table = table._replace(b_low=np.array([p / q for p, q in ratios]))
    return ode.runge_kutta_error(table, velocity, x, t, step_size)


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


def sphere(rng, *shape):
    v = rng.standard_normal(shape)
    return v / np.linalg.norm(v, axis=-1, keepdims=True)


def sliced_on_the_sphere(field, x, *, rng):
    return library.sliced_loss(field, x, sphere(rng, len(x), 1, x.shape[1]))


def trace_on_the_sphere(matvec, dim, *, rng):
    v = sphere(rng, 1, dim)
    return (v * matvec(v)).sum()


def marginal(alpha_power, sigma_power):
    def port(t):
        alpha, sigma = library.marginal(t)
        return alpha**alpha_power, sigma**sigma_power

    return subject(marginal=port, drift=library.drift, diffusion=library.diffusion)


def unnormalised(law, x):
    """Without the powers of 2π."""
    return library.log_density(law, x) + 0.5 * x.shape[1] * np.log(2 * np.pi)


def quadratic(law, x, normaliser=lambda covariance: 0.0):
    """-q/2 of a Gaussian, and what is made of its covariance."""
    if law.kind != "gaussian":
        raise NotImplementedError
    gap = x - law.mean
    q = (gap * np.linalg.solve(law.covariance, gap.T).T).sum(-1)
    return -0.5 * q - normaliser(law.covariance)


def bits(score_at, x):
    return -library.log_likelihood(score_at, x) / (x.shape[1] * np.log(2))


def langevin(drift, spread):
    return subject(langevin_step=lambda s, x, h, noise: x + drift(h) * s(x) + spread(h) * noise)


def by_h(score, x, h, noise):
    return x + h * score(x) + np.sqrt(2 * h) * noise


def two_frictions(middle):
    """Half a friction with noise on either side, as somebody would write it."""

    def step(score, x, v, step_size, friction, noise=None, *, rng=None):
        z = np.random.default_rng(rng).standard_normal((2, *x.shape)) if noise is None else noise
        c = np.exp(-friction * step_size / 2)
        v = c * v + np.sqrt(1 - c * c) * z[0]
        for letter in middle:
            t = step_size / middle.count(letter)
            x, v = (x + t * v, v) if letter == "A" else (x, v + t * score(x))
        return x, c * v + np.sqrt(1 - c * c) * z[1]

    return step


def symmetric_root(score, x, step_size, preconditioner, noise):
    values, E = np.linalg.eigh(preconditioner)
    root = (E * np.sqrt(values)) @ E.T
    drift = step_size / 2 * score(x) @ preconditioner
    return x + drift + np.sqrt(step_size) * noise @ root


def batch_corrector(score, x, snr, noise):
    return langevin_steps.corrector(score, snr, norm="batch")(x, noise)


def denoised(score_at, x0, sigmas, step_size, n_steps_each, noise=None, *, rng=None):
    inputs = score_at, x0, sigmas, step_size, n_steps_each
    return langevin_steps.annealed(*inputs, noise=noise, rng=rng, denoise=True).x


def turned(kind):
    """predict_convert with the sign of one kind of velocity exchanged."""

    def predict_convert(x, t, value, source, target):
        value = -value if source == kind else value
        out = library.predict_convert(x, t, value, source, target)
        return -out if target == kind else out

    return subject(predict_convert=predict_convert)


def integrated(score_at, x_T, times):
    return library.exponential_multistep_sample(score_at, x_T, times, 2)


def taylor(score_at, x, t, s):
    """DPM-Solver-2 with ((e^h - 1)/h - 1)/r for the change of the noises."""
    (a, b), (c, d) = library.marginal(t), library.marginal(s)
    start, end = library.log_snr(t), library.log_snr(s)
    h, u = end - start, library.time_at((start + end) / 2)
    now, (inner_a, inner_b) = -b * score_at(x, t), library.marginal(u)
    inner = inner_a / a * x - inner_b * np.expm1(h / 2) * now
    change = -inner_b * score_at(inner, u) - now
    return c / a * x - d * (np.expm1(h) * now + 2 * (np.expm1(h) / h - 1) * change)


def ratios(factor):
    """log_snr times a factor, and time_at of such values."""
    return subject(
        log_snr=lambda t: factor * library.log_snr(t),
        time_at=lambda log_snr: library.time_at(max(log_snr / factor, library.log_snr(1.0))),
    )


def large_variance(score_at, x, t, s, noise):
    return diffusion.ancestral(library.VP, score_at, "large")(x, t, s, noise)


def guided_large_variance(score_at, likelihood_score_at, x, t, s, weight, noise):
    mean = large_variance(score_at, x, t, s, 0 * noise)
    (a, b), (c, d) = library.marginal(t), library.marginal(s)
    beta = b**2 - (a * d / c) ** 2
    return mean + beta * weight * likelihood_score_at(mean, s) + np.sqrt(beta) * noise


def probes_on_the_score(score_at, x, probes):
    area = np.log(library.marginal(1.0)[0])
    norms = (probes**2).sum(-1).mean(-1)
    return library.log_likelihood(score_at, x, probes) + area * (x.shape[1] - norms)


def mismatch_of_the_noise(law, x):
    """Of N(0, σ_T² I) where the library has N(0, I)."""
    if law.kind != "gaussian":
        raise NotImplementedError
    ends, variance = library.flow_map(law, x, 0.0, 1.0), library.marginal(1.0)[1] ** 2
    gap = (ends**2).sum(1) * (1 - 1 / variance) - x.shape[1] * np.log(variance)
    return library.prior_mismatch(law, x) + gap / 2


def corrected_by(step):
    """Predictor and corrector, the Langevin step spelled by h: one that reuses the other."""

    def predictor_corrector_step(score_at, x, t, s, step_size, noise):
        y = library.euler_maruyama_step(score_at, x, t, s, noise[0])
        return step(score_at.at(s), y, step_size, noise=noise[1])

    return predictor_corrector_step


def ending(last):
    def reverse_sample(score_at, x_T, times, noise):
        step = diffusion.euler_maruyama(library.VP, score_at)
        return diffusion.sample(step, x_T, times, noise=noise, last=last)

    return subject(reverse_sample=reverse_sample)


def affine(scale_of=np.exp, form="x scale + shift"):
    """Couplings and autoregressions with another scale, or put together otherwise."""

    def moved(x, shift, s):
        scale = scale_of(s)
        if form == "x scale + shift":
            return x * scale + shift, np.log(scale).sum(1)
        if form == "(x + shift) scale":
            return (x + shift) * scale, np.log(scale).sum(1)
        return (x - shift) / scale, -np.log(scale).sum(1)

    def coupling_forward(conditioner, mask, x):
        y = x.copy()
        y[:, mask == 0], log_det = moved(x[:, mask == 0], *conditioner(x[:, mask == 1]))
        return y, log_det

    def autoregressive_forward(conditioner, x):
        return moved(x, *conditioner(x))

    return subject(coupling_forward=coupling_forward, autoregressive_forward=autoregressive_forward)


def sigmoid(s):
    return 1 / (1 + np.exp(-s - 2))


def inverted_density(layers, x):
    z, log_det = library.composition_forward(layers, x)
    return -0.5 * np.sum(z**2 + np.log(2 * np.pi), axis=1) + log_det


def free_planar(bend, direction, shift, x):
    inner = bend @ direction
    more = (np.logaddexp(0, inner) - 1 - inner) * direction / (direction @ direction)
    return library.planar_forward(bend + more, direction, shift, x)


def free_radial(centre, softening, swelling, x):
    return library.radial_forward(centre, softening, np.logaddexp(0, swelling) - softening, x)


def unbiased_actnorm(data, x, more=0.0):
    sd = data.std(0, ddof=1) + more
    return (x - data.mean(0)) / sd, np.full(len(x), -np.log(sd).sum())


SUBJECTS = {
    ("log_density", "energy"): subject(log_density=lambda law, x: -library.log_density(law, x)),
    ("score_sign", "gradient of energy"): subject(
        score=lambda law, x: -library.score(law, x),
        score_jacobian=lambda law, x: -library.score_jacobian(law, x),
        divergence=lambda law, x: -library.divergence(law, x),
    ),
    ("normalised", False): subject(log_density=unnormalised),
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
    ("trace_probes", "unit norm"): subject(trace_estimate=trace_on_the_sphere),
    ("step", "epsilon"): langevin(lambda e: e**2 / 2, lambda e: e),
    ("step", "h"): subject(
        langevin_step=by_h,
        predictor_corrector_step=corrected_by(by_h),
        contrastive_divergence=lambda energy, x, h, n_steps, noise: library.contrastive_divergence(
            energy, x, 2 * h, n_steps, noise
        ),
    ),
    ("splitting", "ABOBA"): subject(underdamped_step=splitting("ABOBA")),
    ("splitting", "OBABO"): subject(underdamped_step=two_frictions("BAB")),
    ("splitting", "OABAO"): subject(underdamped_step=two_frictions("ABA")),
    ("root", "symmetric"): subject(preconditioned_step=symmetric_root),
    ("norms", "batch mean"): subject(corrector_step=batch_corrector),
    ("last_step", "denoised"): subject(annealed_sample=denoised),
    ("marginal", "alpha, variance"): marginal(1, 2),
    ("marginal", "alpha squared, sigma"): marginal(2, 1),
    ("marginal", "alpha squared, variance"): marginal(2, 2),
    ("clock", "data at 1"): subject(
        marginal=lambda t: library.marginal(1 - t),
        marginal_rates=lambda t: tuple(-rate for rate in library.marginal_rates(1 - t)),
        log_snr=lambda t: library.log_snr(1 - t),
        time_at=lambda log_snr: 1 - library.time_at(log_snr),
        flow_velocity=lambda score_at, x, t: (10 - 9.95 * t) * (x + score_at(x, t)),
        drift=lambda x, t: (10 - 9.95 * t) * x,
        flow_euler_step=lambda score_at, x, t, s: (
            x + (s - t) * (10 - 9.95 * t) * (x + score_at(x, t))
        ),
        guided_score=lambda score_at, class_at, x, t, w: score_at(x, t) + w * class_at(x, t),
    ),
    ("prior", "noise at the end"): subject(prior_mismatch=mismatch_of_the_noise),
    ("log_snr", "whole"): ratios(2.0),
    ("log_snr", "noise over signal"): ratios(-1.0),
    ("likelihood", "bits per dimension"): subject(log_likelihood=bits),
    ("likelihood", "negative nats"): subject(
        log_likelihood=lambda score_at, x: -library.log_likelihood(score_at, x)
    ),
    ("likelihood_probes", "score"): subject(log_likelihood=probes_on_the_score),
    ("ancestral_variance", "large"): subject(
        ancestral_step=large_variance, guided_ancestral_step=guided_large_variance
    ),
    ("reverse_last", "mean"): ending("mean"),
    ("reverse_last", "denoise"): ending("denoise"),
    ("velocity_sign", "data minus noise"): turned("velocity"),
    ("flow_clock", "noise at 0"): turned("flow"),
    ("singlestep_rule", "integrated"): subject(dpm_solver_2_step=taylor),
    ("multistep_rule", "integrated"): subject(dpm_multistep_sample=integrated),
    ("scale_of", "sigmoid(s + 2)"): affine(sigmoid),
    ("scale_of", "1 / sigmoid(s + 2)"): affine(lambda s: 1 / sigmoid(s)),
    ("scale_of", "softplus"): affine(lambda s: np.logaddexp(0, s)),
    ("scale_of", "exp(tanh(s))"): affine(lambda s: np.exp(np.tanh(s))),
    ("scale_of", "sigmoid(s + 2) + 0.001"): affine(lambda s: sigmoid(s) + 1e-3),
    ("affine_form", "(x - shift) / scale"): affine(form="(x - shift) / scale"),
    ("affine_form", "(x + shift) scale"): affine(form="(x + shift) scale"),
    ("flow_direction", "data to base"): subject(layered_log_density=inverted_density),
    ("planar_bend", "made invertible"): subject(planar_forward=free_planar),
    ("radial_swelling", "made invertible"): subject(radial_forward=free_radial),
    ("bit_order", "first lowest"): subject(
        lookup_free=lambda x: (library.lookup_free(x[:, ::-1])[0], library.lookup_free(x)[1])
    ),
    ("deviation", "n - 1"): subject(actnorm_forward=unbiased_actnorm),
    ("deviation", "n - 1, plus 1e-6"): subject(
        actnorm_forward=lambda data, x: unbiased_actnorm(data, x, 1e-6)
    ),
    ("embedded_weights", "Shampine"): subject(ode_error=by_shampines_weights),
    ("step_control", "batch"): subject(
        ode_solve=lambda f, x, t0, t1: ode.solve(f, x, t0, t1, **SHARED).x1,
        ode_path=lambda f, x, times: ode.solve_path(f, x, times, **SHARED),
    ),
    ("flow_density", "negative nats"): subject(
        flow_log_density=lambda *given: -library.flow_log_density(*given)
    ),
    ("flow_density", "bits per dimension"): subject(
        flow_log_density=lambda f, x, *more: (
            -library.flow_log_density(f, x, *more) / (x.shape[1] * np.log(2))
        )
    ),
    ("guidance_weight", "(1 + w) c - w u"): subject(
        classifier_free_score=lambda c, u, x, t, w: (1 + w) * c(x, t) - w * u(x, t)
    ),
}
# a mean over d and a probe of length one instead of √d are one factor, from rng alone
ALIKE = {("probes", "unit norm"): ["dimensions", "probes"]}


def test_every_value_of_every_convention_has_its_subject():
    known = {
        (name, value)
        for family in conventions.FAMILIES.values()
        for name, values in family.VALUES.items()
        for value in values[1:]
    }
    assert known == set(SUBJECTS)
    defaults = [type(f)() for f in conventions.FAMILIES.values()]
    assert all(getattr(f, name) == v[0] for f in defaults for name, v in f.VALUES.items())


@pytest.mark.parametrize("convention", SUBJECTS, ids=lambda c: f"{c[0]}={c[1]}")
def test_declared_a_convention_holds(convention):
    declared = SimpleNamespace(**vars(SUBJECTS[convention]), conventions=dict([convention]))
    report = rv.run(declared)
    assert report.exit_code == 0, report.summary()
    assert report.counts["holds"] >= 2


@pytest.mark.parametrize("convention", SUBJECTS, ids=lambda c: f"{c[0]}={c[1]}")
def test_undeclared_it_is_named_and_nothing_passes(convention):
    name, value = convention
    report = rv.run(SUBJECTS[convention])
    assert report.exit_code == 2, report.summary()
    assert report.counts["fails"] == 0
    assert report.counts["undeclared convention"] >= 1
    lines = report.convention.split(" or ")
    assert f'conventions = {{"{name}": {value!r}}}' in lines
    assert len(lines) == len(ALIKE.get(convention, [name])), report.convention
    explained = [c for c in report.checks if c.verdict == "undeclared convention"]
    assert all(report.convention in check.note for check in explained)


WRONG = {
    "determinant without root": lambda c: (
        0.5 * len(c) * np.log(2 * np.pi) + np.linalg.slogdet(c)[1]
    ),
    "diagonal's determinant": lambda c: 0.5 * np.log(2 * np.pi * np.diag(c)).sum(),
    "normaliser twice": lambda c: np.linalg.slogdet(2 * np.pi * c)[1],
}


@pytest.mark.parametrize("wrong", WRONG)
def test_a_wrong_determinant_is_not_a_density_left_unnormalised(wrong):
    report = rv.run(subject(log_density=lambda law, x: quadratic(law, x, WRONG[wrong])))
    assert report.exit_code == 1, report.summary()
    assert report.convention == ""
    assert not report.hints


def test_an_energy_without_its_normaliser_is_unnormalised():
    report = rv.run(subject(log_density=quadratic))
    assert report.convention == 'conventions = {"normalised": False}'
    assert report.exit_code == 2


def test_the_integral_of_a_density_declared_unnormalised_is_not_checked():
    declared = SimpleNamespace(log_density=quadratic, conventions={"normalised": False})
    report = rv.run(declared)
    assert report["density_integrates_to_one"].verdict == "not offered"
    assert "not normalised" in report["density_integrates_to_one"].note
    assert report["log_densities"].verdict == "holds"


def scaled(half, mean, power):
    """A denoising loss in up to three other readings."""

    def denoising_loss(field, x, sigma, noise):
        loss = library.denoising_loss(field, x, sigma, noise)
        return half * loss * sigma**power / (x.shape[1] if mean else 1)

    return denoising_loss


@pytest.mark.parametrize(
    ("loss", "declared"),
    [
        (scaled(2, False, 2), {"half": False, "sigma_power": 2}),
        (scaled(1, True, 1), {"dimensions": "mean", "sigma_power": 1}),
        (scaled(2, True, 2), {"half": False, "dimensions": "mean", "sigma_power": 2}),
    ],
)
def test_several_conventions_at_once_fail_and_are_said(loss, declared):
    report = rv.run(subject(denoising_loss=loss))
    assert report.exit_code == 1
    assert report.convention == ""
    line = f"every check holds if you declare conventions = {declared}"
    assert [hint for hint in report.hints if hint.replace('"', "'").startswith(line)]
    assert report["denoising_given_noise"].diagnosis.explanation in report.hints
    assert rv.run(subject(denoising_loss=loss, conventions=declared)).exit_code == 0


def test_steps_grids_and_samplers_of_the_other_clock_hold():
    def transition(t, s):
        (a, b), (c, d) = library.marginal(1 - t), library.marginal(1 - s)
        return c / a, np.sqrt(d**2 - (c / a * b) ** 2)

    def time_grid(spacing, n_steps, start, end):
        if spacing != "uniform":
            raise NotImplementedError
        return np.linspace(start, end, n_steps + 1)

    def reverse_sample(score_at, x, times, noise):
        for t, s, z in zip(times[:-1], times[1:], noise):
            beta, h = 20 - 19.9 * t, s - t
            x = x + h * beta * (x / 2 + score_at(x, t)) + np.sqrt(beta * h) * z
        return x

    other = subject(
        transition=transition, time_grid=time_grid, reverse_sample=reverse_sample,
        guided_score=lambda score_at, class_at, x, t, w: score_at(x, t) + w * class_at(x, t),
        conventions={"clock": "data at 1"},
    )  # fmt: skip
    report = rv.run(other)
    assert report.exit_code == 0, report.summary()
    names = "transition", "grids_are_equally_spaced", "reverse_sampler_given_noise"
    assert all(report[name].verdict == "holds" for name in (*names, "guided_score_of_a_class"))


def test_one_convention_of_one_port_is_said():
    mixed = losses(lambda v, x, sigma: v)
    mixed.denoising_loss = scaled(2, False, 0)
    report = rv.run(mixed)
    assert report.exit_code == 1
    assert '{"denoising_loss.half": False}' in report.hints[0]


@pytest.mark.parametrize("key", ["half", "implicit_loss.half"])
def test_a_convention_declared_wrongly_is_said(key):
    report = rv.run(subject(implicit_loss=library.implicit_loss, conventions={key: False}))
    assert report.exit_code == 1
    assert report.hints[0] == f'every check holds without "{key}": False in conventions'
    mixed = {"dimensions": "mean", "implicit_loss.half": True, key: False}
    if key == "half":
        report = rv.run(subject(implicit_loss=library.implicit_loss, conventions=mixed))
        assert "every check holds without \"dimensions\": 'mean'" in report.hints[0]


def test_single_precision_is_an_undeclared_dtype():
    def rounded(field, x):
        return library.implicit_loss(field, x).astype(np.float32)

    report = rv.run(subject(implicit_loss=rounded))
    assert report.exit_code == 2
    assert report.convention == 'dtype = "float32"'
    assert report.counts["fails"] == 0
    for dtype in ("float32", np.float32, np.dtype("float32")):
        assert rv.run(subject(implicit_loss=rounded, dtype=dtype)).exit_code == 0
    wrong = subject(implicit_loss=lambda f, x: rounded(f, x) * np.float32(1.01))
    assert rv.run(wrong).exit_code == 1
    with pytest.raises(rv.SubjectError, match="dtype must be"):
        rv.run(subject(implicit_loss=rounded, dtype="float16"))


def test_every_value_has_a_meaning_and_every_convention_its_ports():
    for family in conventions.FAMILIES.values():
        for name, values in family.VALUES.items():
            assert set(MEANINGS[name]) == set(values)
            assert all(MEANINGS[name].values())
            assert set(conventions.APPLIES[name]) <= set(PORTS)
    assert set(MEANINGS) == {*conventions.APPLIES, "dtype"}


def test_a_convention_in_one_of_several_ports_fails():
    mixed = losses(lambda v, x, sigma: v)
    mixed.denoising_loss = lambda f, x, sigma, noise: 2 * library.denoising_loss(f, x, sigma, noise)
    report = rv.run(mixed)
    assert report.exit_code == 1
    assert report.counts["undeclared convention"] == 0
    assert report["implicit_affine"].verdict == "holds"
    mixed.conventions = {"denoising_loss.half": False}
    assert rv.run(mixed).exit_code == 0


def test_a_convention_declared_wrongly_fails():
    report = rv.run(
        SimpleNamespace(implicit_loss=library.implicit_loss, conventions={"half": False})
    )
    assert report.exit_code == 1
    assert report.convention == ""


def test_a_convention_does_not_excuse_another_mistake():
    report = rv.run(
        subject(
            implicit_loss=lambda f, x: 2 * library.implicit_loss(f, x),
            trace_estimate=lambda matvec, dim, probes: (
                -library.trace_estimate(matvec, dim, probes)[0]
            ),
        )
    )
    assert report.exit_code == 1
    assert report.convention == ""


@pytest.mark.parametrize(
    ("declared", "message"),
    [
        ({"halv": True}, "did you mean 'half'"),
        ({"half": "no"}, r"must be one of \(True, False\), got 'no'"),
        ({"implicit_los.half": False}, "names no port: 'implicit_los'"),
        ({"langevin_step.half": False}, "'half' does not apply to langevin_step, but to"),
        ({"step": "h"}, "applies to no port offered, only to langevin_step"),
        ({"denoising_loss.half": False}, "applies to no port offered, only to denoising_loss"),
        ({"half": 1}, "must be one of"),
        (["half"], "conventions must be a dict, got list"),
    ],
)
def test_what_cannot_be_declared_is_said(declared, message):
    wrong = SimpleNamespace(implicit_loss=library.implicit_loss, conventions=declared)
    with pytest.raises(rv.SubjectError, match=message):
        rv.run(wrong)
