"""Any declared process and convention: mistakes keep their names, right code is told what to say,
and small errors are called what they are."""

import re
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

import refscore.identities
import refscore.verify as rv
from refscore import processes
from refscore.verify import conventions, library
from refscore.verify.mutants import mistakes
from refscore.verify.setting import PROCESS, RIGHT_SIDE, present, setting_of, under

OTHER = {"kind": "vp", "beta_min": 0.5, "beta_max": 8.0}


def beta(t):
    return 0.5 + 7.5 * t


def pair(t):
    area = 0.5 * t + 3.75 * t * t
    return np.exp(-area / 2), np.sqrt(-np.expm1(-area))


def euler_maruyama(pull):
    def euler_maruyama_step(score_at, x, t, s, noise):
        slope = beta(t) * (0.5 * x + pull * score_at(x, t))
        return x + (t - s) * slope + np.sqrt(beta(t) * (t - s)) * noise

    return euler_maruyama_step


def heun_of_edm(weight):
    def heun_step(score_at, x, t, s):
        slope = -t * score_at(x, t)
        y = x + (s - t) * slope
        return y if s == 0 else x + (s - t) * weight * (slope - s * score_at(y, s))

    return heun_step


def velocity_of_straight(sign):
    def flow_velocity(score_at, x, t):
        eps = -t * score_at(x, t)
        return sign * (eps - (x - t * eps) / (1 - t))

    return flow_velocity


def exploding(pull):
    def euler_maruyama_step(score_at, x, t, s, noise):
        g = 0.01 * 5000**t * np.sqrt(2 * np.log(5000))
        return x + pull * g**2 * (t - s) * score_at(x, t) + g * np.sqrt(t - s) * noise

    return euler_maruyama_step


def failures(subject, checks=None):
    report = rv.run(subject, checks=checks)
    return [check for check in report.checks if check.verdict == "fails"]


@pytest.mark.parametrize(
    ("process", "wrong", "right", "check", "name"),
    [
        (OTHER, euler_maruyama(0.5), euler_maruyama(1.0), "F7", "reverse_half_score"),
        ("edm", heun_of_edm(1.0), heun_of_edm(0.5), "F9-heun", "heun_second_sum"),
        ("straight", velocity_of_straight(-1), velocity_of_straight(1), "F6",
         "flow_reversed_field"),
        ("ve", exploding(0.5), exploding(1.0), "F7", "reverse_half_score"),
    ],
    ids=["vp", "edm", "straight", "ve"],
)  # fmt: skip
def test_a_mistake_has_its_name_under_any_process(process, wrong, right, check, name):
    port = wrong.__name__
    assert not failures({port: right, "process": process}, [check])
    failed = failures({port: wrong, "process": process}, [check])
    assert {c.diagnosis.mistakes for c in failed} == {(name,)}


def test_a_mistake_listed_for_a_described_process_has_its_name_in_own_ports():
    def marginal(t):  # f(0) is forgotten
        alpha = np.cos((t + 0.008) / 1.008 * np.pi / 2)
        return alpha, np.sqrt(1 - alpha**2)

    [check] = failures({"marginal": marginal, "process": "cosine"}, ["F4"])
    assert check.diagnosis.mistakes == ("cosine_not_normalised",)
    own = processes.VE(0.01, 50.0).diffusion
    subject = {"diffusion": lambda t: own(t) / np.sqrt(2), "process": "ve"}
    [check] = failures(subject, ["F4-own-diffusion"])
    assert check.diagnosis.mistakes == ("ve_noise_without_two",)


def test_what_is_read_off_is_in_terms_of_the_declared_process():
    subject = {"euler_maruyama_step": euler_maruyama(0.5), "process": OTHER}
    [check] = failures(subject, ["F7"])
    assert check.diagnosis.observed.startswith("returned 1 x + 1 -h f x + 0.5 h g² s + 1 g √h z")
    [check] = failures({"euler_maruyama_step": exploding(0.5), "process": "ve"}, ["F7"])
    assert check.diagnosis.observed.startswith("returned 1 x + 0.5 h g² s + 1 g √h z")


def off_by_one(score_at, x_T, times, noise):
    x = x_T
    for k, (t, s) in enumerate(zip(times[:-1], times[1:])):
        z = noise[k] if k < len(times) - 2 else 0.0
        h, b = t - s, 0.1 + 19.9 * s
        x = x + h * b * (0.5 * x + score_at(x, s)) + np.sqrt(b * h) * z
    return x


def test_a_mistake_has_its_name_under_a_declared_convention():
    subject = {"reverse_sample": off_by_one, "conventions": {"reverse_last": "mean"}}
    [check] = failures(subject, ["F7-sample"])
    assert check.diagnosis.mistakes == ("sampler_off_by_one",)


@pytest.mark.parametrize(
    ("port", "function", "said"),
    [
        ("heun_step", heun_of_edm(0.5), '"kind": "edm"'),
        ("euler_maruyama_step", exploding(1.0), '"kind": "ve"'),
        ("euler_maruyama_step", euler_maruyama(1.0), '"beta_min": 0.5, "beta_max": 8.0'),
        ("marginal", lambda t: processes.Cosine().marginal(t), '"kind": "cosine"'),
    ],
    ids=["edm", "ve", "numbers", "cosine"],
)
def test_right_code_of_a_process_not_declared_is_told_which(port, function, said):
    checks = {"heun_step": "F9-heun", "marginal": "F4"}.get(port, "F7")
    report = rv.run({port: function}, checks=[checks])
    if port == "marginal":  # a mistake of that name may be listed: then it is that one's name
        named = [c.diagnosis.mistakes for c in report.checks if c.verdict == "fails"]
        assert named == [("marginal_cosine",)] or any(said in hint for hint in report.hints)
        return
    [hint] = report.hints
    assert said in hint
    assert all(not c.diagnosis.named for c in report.checks if c.verdict == "fails")


def transition(t, s):
    return processes.VP().transition(t, s)[0], 0.3


@pytest.mark.parametrize(
    "subject",
    [
        {"transition": transition},
        {"marginal": lambda t: tuple(np.array([v]) for v in processes.VP().marginal(t))},
        {"euler_maruyama_step": euler_maruyama(0.5)},
    ],
    ids=["a mistake", "another shape", "a mistake in another process"],
)
def test_no_process_is_named_that_does_not_explain_the_answers(subject):
    report = rv.run(subject)
    assert report.exit_code == 1
    assert not any("process" in hint for hint in report.hints)


def test_several_mistakes_may_be_one_process():
    own = processes.SubVP()
    subject = {"marginal": own.marginal, "drift": own.drift, "diffusion": own.diffusion}
    report = rv.run(subject)
    assert [h for h in report.hints if '"kind": "sub_vp"' in h]
    assert all(not c.diagnosis.named for c in report.checks if c.verdict == "fails")


def test_where_a_convention_explains_as_much_both_are_said():
    own = processes.SubVP()
    report = rv.run({"marginal": own.marginal, "drift": own.drift})
    assert '"marginal"' in report.convention
    assert '"kind": "sub_vp"' in report.convention


def ancestral(alpha_bar, draw):
    def ancestral_step(score_at, x, t, s, noise):
        at, ap = alpha_bar(t), alpha_bar(s)
        a, b = at / ap, 1 - at / ap
        z = draw(noise, x, s)
        return (x + b * score_at(x, t)) / np.sqrt(a) + np.sqrt(b * (1 - ap) / (1 - at)) * z

    return ancestral_step


def exact(t):
    return float(processes.VP().marginal(t)[0]) ** 2


def inside(noise, x, s):
    """A library that draws by itself, and not on its last step."""
    with rv.replay(noise, framework="numpy"):
        return np.random.standard_normal(x.shape) if s > 0 else 0.0  # noqa: NPY002


def test_draws_that_a_right_step_has_no_use_for_are_no_error():
    report = rv.run({"ancestral_step": ancestral(exact, inside)}, checks=["F9-ancestral"])
    assert report["ancestral_given_noise"].verdict == "holds"


def test_draws_left_by_a_wrong_step_are_said():
    def never(noise, x, s):
        with rv.replay(noise, framework="numpy"):
            return 0.0

    report = rv.run({"ancestral_step": ancestral(exact, never)}, checks=["F9-ancestral"])
    check = report["ancestral_given_noise"]
    assert check.verdict == "error"
    assert "1 of 1 normal draws were never asked for" in check.note
    assert "hand over fewer" in check.note


def test_a_sampler_that_leaves_the_last_draws_has_a_convention():
    def reverse_sample(score_at, x_T, times, noise):
        x = x_T
        with rv.replay(*noise, framework="numpy"):
            for t, s in zip(times[:-1], times[1:]):
                h, b = t - s, 0.1 + 19.9 * t
                z = np.random.standard_normal(x.shape) if s > times[-1] else 0.0  # noqa: NPY002
                x = x + h * b * (0.5 * x + score_at(x, t)) + np.sqrt(b * h) * z
        return x

    report = rv.run({"reverse_sample": reverse_sample}, checks=["F7-sample"])
    assert report.convention == "conventions = {\"reverse_last\": 'mean'}"


def given(noise, x, s):
    return noise


def test_tables_in_single_precision_are_told_from_loose_ones():
    def single(t):
        return float(np.float32(exact(t)))

    def loose(t):
        return exact(t) * (1 - 3e-8 * np.sin(20 * t) ** 2)

    report = rv.run({"ancestral_step": ancestral(single, given)}, checks=["F9-ancestral"])
    assert report.convention == 'dtype = "float32"'
    report = rv.run({"ancestral_step": ancestral(loose, given)}, checks=["F9-ancestral"])
    [check] = [c for c in report.checks if c.verdict == "fails"]
    assert not report.convention
    assert "a tolerance too loose" in check.diagnosis.explanation
    assert "1e-09 is allowed" in check.diagnosis.explanation


def test_rounding_noise_is_not_single_precision():
    own = processes.VP()

    def marginal_rates(t, h=1e-9):  # noise of 1e-7, also between times 1e-12 apart
        return tuple((a - b) / h for a, b in zip(own.marginal(t + h), own.marginal(t)))

    report = rv.run({"marginal_rates": marginal_rates}, checks=["F4-velocity"])
    assert report["marginal_rates"].verdict == "fails"


@pytest.mark.parametrize(("size", "verdict"), [(3e-7, "holds"), (1e-4, "fails")])
def test_rows_of_a_solve_may_move_each_other_within_a_tenth_of_its_tolerance(size, verdict):
    def log_likelihood(score_at, x):
        found = library.log_likelihood(score_at, x)
        return found + size * np.abs(found).max() * np.cos(x[:, 0].sum())

    report = rv.run({"log_likelihood": log_likelihood}, checks=["F11"])
    check = report["log_likelihood_prerequisites"]
    assert check.verdict == verdict
    if verdict == "fails":
        assert re.search(r"by 0\.0001\d* of its size \(2e-06 allowed\)", check.note)


def test_the_library_is_right_under_every_process_and_what_is_declared_of_it():
    own = {"euler_maruyama_step", "ancestral_step", "flow_velocity", "exponential_step"}
    for process in (OTHER, "sub_vp", "ve", "edm", "straight", "cosine"):
        ports = {name: getattr(library, name) for name in own}
        ancestral_large = {"conventions": {"ancestral_variance": "large"}, "process": process}
        subject = rv.Subject(SimpleNamespace(**ports, **ancestral_large))
        with under(setting_of(subject)):
            report = rv.run(subject, checks=["F6", "F7", "F9-ancestral", "F9-exponential"])
        verdicts = {c.name: c.verdict for c in report.checks if c.verdict != "not offered"}
        assert set(verdicts.values()) == {"holds"}, (process, verdicts)
    assert isinstance(present(), processes.VP)
    assert PROCESS.beta_max == 20


def test_every_convention_of_a_right_side_is_one_that_mistakes_are_run_under():
    folder = Path(refscore.identities.__file__).parent
    texts = [path.read_text("utf-8") for path in folder.glob("*.py")]
    pattern = r'convention_of\(\s*\w+,\s*\w+|convention_of\(\s*\w+,\s*"\w+",\s*"(\w+)"'
    asked = {name for text in texts for name in re.findall(pattern, text) if name}
    assert asked, "no identity asks for a convention"
    assert asked <= RIGHT_SIDE
    assert all(conventions.values_of(name) for name in RIGHT_SIDE)


def test_a_mistake_is_run_under_the_process_it_is_told():
    setting = setting_of(SimpleNamespace(process=OTHER, declared={}, dtype="float64"))
    wrong = mistakes()["marginal_variance_for_sd"].subject(setting)
    with under(setting):
        assert wrong.marginal(0.3) == pytest.approx((pair(0.3)[0], pair(0.3)[1] ** 2))
    assert wrong.marginal(0.3)[1] == pytest.approx(processes.VP().marginal(0.3)[1] ** 2)
