"""Running a subject: every form it may take, verdicts, counts and exit codes."""

import functools
import json
import sys
import types
from types import SimpleNamespace

import jsonschema
import numpy as np
import pytest

import refscore.verify as rv
from refscore.identities import catalogue
from refscore.verify import library


def implicit_loss(model, data):
    """Right, under other names."""
    return 0.5 * (model(data) ** 2).sum(-1) + model.divergence(data)


def wrong_loss(model, data):
    return 0.5 * (model(data) ** 2).sum(-1) - 3 * model.divergence(data)


class Methods:
    def implicit_loss(self, field, x):
        return implicit_loss(field, x)


class Statics:
    def __init__(self, needed):
        """Its ports need no instance."""

    @staticmethod
    def implicit_loss(field, x):
        return implicit_loss(field, x)


class Callable:
    def __call__(self, field, x, *, scale=1.0):
        return scale * implicit_loss(field, x)


def decorated(function):
    @functools.wraps(function)
    def wrapper(*args, **kwargs):
        return function(*args, **kwargs)

    return wrapper


def carelessly_decorated(function):
    return lambda *args, **kwargs: function(*args, **kwargs)


MODULE = types.ModuleType("their_module")
MODULE.implicit_loss = implicit_loss
FORMS = {
    "module": MODULE,
    "class": Methods,
    "instance": Methods(),
    "static methods of a class": Statics,
    "dict": {"implicit_loss": implicit_loss},
    "namespace": SimpleNamespace(implicit_loss=implicit_loss),
    "callable object": SimpleNamespace(implicit_loss=Callable()),
    "partial": {"implicit_loss": functools.partial(Callable(), scale=1.0)},
    "decorated": {"implicit_loss": decorated(implicit_loss)},
    "carelessly decorated": {"implicit_loss": carelessly_decorated(implicit_loss)},
    "lambda": {"implicit_loss": lambda f, x: implicit_loss(f, x)},
    "scalar mean": {"implicit_loss": lambda f, x: implicit_loss(f, x).mean()},
    "Python float": {"implicit_loss": lambda f, x: float(implicit_loss(f, x).mean())},
    "list of floats": {"implicit_loss": lambda f, x: implicit_loss(f, x).tolist()},
    "tuple of one": {"implicit_loss": lambda f, x: [np.float64(v) for v in implicit_loss(f, x)]},
    "more options": {"implicit_loss": lambda f, x, reduce="none", *, eps=0: implicit_loss(f, x)},
    "positional only": {"implicit_loss": lambda f, x, /: implicit_loss(f, x)},
}


@pytest.mark.parametrize("form", FORMS)
def test_a_subject_may_be_written_in_any_form(form):
    report = rv.run(FORMS[form])
    assert report.exit_code == 0, report.summary()
    assert report.counts["holds"] == 6
    assert report.hints == []


@pytest.mark.parametrize("declining", [rv.NotOffered("only networks"), NotImplementedError])
def test_cases_may_be_declined_but_declining_is_not_passing(declining):
    def some(field, x):
        if not hasattr(field, "weights"):
            raise declining
        return implicit_loss(field, x)

    def none(field, x):
        raise declining

    report = rv.run({"implicit_loss": some})
    assert report.exit_code == 0
    assert "cases declined" in report["implicit_affine"].note
    assert report["implicit_is_fisher"].verdict == "not offered"
    report = rv.run({"implicit_loss": none})
    assert report.counts["holds"] == 0
    assert report.exit_code == 2


def test_counts_are_against_every_check_there_is():
    report = rv.run({"implicit_loss": implicit_loss})
    ports = {port for entry in catalogue().values() for port in entry.ports}
    assert report.total == len(catalogue()) + len(ports)
    assert sum(report.counts.values()) == len(report.checks) == report.total
    assert f"ran 6 of {report.total} checks: 6 held" in report.summary().splitlines()[-1]


def test_exit_codes():
    assert rv.run({"implicit_loss": implicit_loss}).exit_code == 0
    assert rv.run({"implicit_loss": wrong_loss}).exit_code == 1
    assert rv.run({"implicit_loss": lambda f, x: 1 / 0}).exit_code == 2
    assert rv.run({}).exit_code == 2
    assert rv.run({"implicit_loss": implicit_loss}, checks="F4").exit_code == 2
    both = {"implicit_loss": wrong_loss, "fisher_loss": lambda f, s, x: 1 / 0}
    assert rv.run(both).exit_code == 1
    with pytest.raises(AssertionError, match="implicit_affine"):
        rv.run({"implicit_loss": wrong_loss}).raise_if_failed()


def test_expected_failures_are_quiet_until_they_hold():
    names = ("implicit_affine", "implicit_is_fisher", "B2-1d", "J1", "B3-implicit")
    declared = dict.fromkeys(names, "signed the other way")
    report = rv.run({"implicit_loss": wrong_loss, "expected_failures": declared})
    assert report.exit_code == 0
    assert report["implicit_affine"].expected_failure == "signed the other way"
    stale = rv.run({"implicit_loss": implicit_loss, "expected_failures": {"B2": "once"}})
    assert stale["implicit_affine"].verdict == "error"
    assert stale.exit_code == 2
    assert "stale" in stale["implicit_affine"].note
    with pytest.raises(rv.SubjectError, match="names no check: 'implicit_afine'"):
        rv.run({"implicit_loss": implicit_loss, "expected_failures": {"implicit_afine": "?"}})
    for empty in ("", "  ", None, True):
        with pytest.raises(rv.SubjectError, match="'B2'. must give a reason"):
            rv.run({"implicit_loss": wrong_loss, "expected_failures": {"B2": empty}})


def test_single_precision_is_declared_or_pointed_out():
    def single(field, x):
        return implicit_loss(field, x).astype(np.float32)

    report = rv.run({"implicit_loss": single})
    assert report.exit_code == 2
    assert report.convention == 'dtype = "float32"'
    assert any('dtype = "float32"' in hint for hint in report.hints)
    assert rv.run({"implicit_loss": single, "dtype": "float32"}).exit_code == 0
    with pytest.raises(rv.SubjectError, match="'float64' or 'float32', got 'half'"):
        rv.run({"implicit_loss": single, "dtype": "half"})


def test_a_score_in_single_precision_is_not_blamed_for_its_range():
    def score(law, x):
        return library.score(law, x).astype(np.float32)

    report = rv.run({"score": score, "dtype": "float32"})
    assert report.exit_code == 0, report.summary()
    assert "declined" in report["far_points"].note


def test_differences_of_single_precision_are_judged_as_such():
    def single(name):
        return lambda law, x: getattr(library, name)(law, x).astype(np.float32)

    names = ("score", "log_density", "score_jacobian", "divergence")
    report = rv.run({**{name: single(name) for name in names}, "dtype": "float32"})
    assert report.exit_code == 0, report.summary()
    assert report["score_is_gradient"].verdict == "holds"
    assert report["jacobian_is_of_the_score"].verdict == "holds"


def test_files_and_dotted_names_are_loaded(tmp_path, monkeypatch):
    text = "def implicit_loss(f, x):\n    return 0.5 * (f(x) ** 2).sum(-1) + f.divergence(x)\n"
    file = tmp_path / "their_adapter.py"
    file.write_text(text + "class Other:\n    def implicit_loss(self, f, x):\n        return x\n")
    assert rv.run(str(file)).exit_code == 0
    assert rv.run(f"{file}:Other").exit_code == 1
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "their_adapter", raising=False)
    assert rv.run("their_adapter:Other").exit_code == 1
    for target, message in [
        (f"{file}:Missing", "has no 'Missing'"),
        (str(tmp_path / "absent.py"), "no file"),
        ("not_a_module_at_all", "no module"),
    ]:
        with pytest.raises(rv.SubjectError, match=message):
            rv.run(target)


def test_a_class_that_cannot_be_made_says_so():
    class Needy:
        def __init__(self, model):
            self.model = model

        implicit_loss = Methods.implicit_loss

    with pytest.raises(rv.SubjectError, match=r"Needy\(\) failed .* hand over an instance"):
        rv.run(Needy)


@pytest.mark.parametrize("subject", [implicit_loss, wrong_loss, lambda f, x: None, lambda f, x: x])
def test_every_report_follows_the_published_schema(subject):
    report = rv.run({"implicit_loss": subject, "implicit_los": print, "name": "theirs"})
    document = json.loads(report.to_json())
    jsonschema.Draft202012Validator.check_schema(rv.schema())
    jsonschema.validate(document, rv.schema())
    assert document["exit_code"] == report.exit_code
    assert document["total"] == report.total


class Leaving(BaseException):
    """Neither an Exception nor an interrupt."""


class Mute(Exception):
    """An error that cannot even be read."""

    def __str__(self):
        raise ValueError("mute")


@pytest.mark.parametrize("leave", [SystemExit, SystemExit(0), Leaving("x"), Mute(), GeneratorExit])
def test_a_port_that_leaves_is_an_error(leave):
    def sliced_loss(field, x, probes):
        if len(x) != 5 or not hasattr(field, "weights"):
            return library.sliced_loss(field, x, probes)
        raise leave

    def sometimes(field, x):
        raise leave

    report = rv.run({"implicit_loss": sometimes, "sliced_loss": sliced_loss})
    assert report.exit_code == 2
    root = report["implicit_loss_prerequisites"]
    assert root.verdict == "error"
    assert (leave if isinstance(leave, type) else type(leave)).__name__ in root.note
    assert "(sometimes, line" in root.note
    assert report["implicit_affine"].verdict == "blocked"


def test_an_interrupt_still_ends_a_run():
    def interrupted(field, x):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        rv.run({"implicit_loss": interrupted})


@pytest.mark.parametrize("name", ["scipy", "logging", "secrets", "types"])
def test_an_adapter_may_be_named_like_another_module(tmp_path, name):
    known = sys.modules.get(name)
    file = tmp_path / f"{name}.py"
    file.write_text("def implicit_loss(field, x):\n"
                    "    return 0.5 * (field(x) ** 2).sum(-1) + field.divergence(x)\n")  # fmt: skip
    report = rv.run(str(file), checks=["implicit_affine"])
    assert (report.subject, report["implicit_affine"].verdict) == (f"{name} (adapter)", "holds")
    assert known is None or sys.modules[name] is known


def test_helpers_of_the_same_name_are_each_adapter_s_own(tmp_path):
    for folder, sign in (("ours", "+"), ("theirs", "-"), ("again", "+")):
        home = tmp_path / folder
        home.mkdir()
        (home / "terms_of_a_loss.py").write_text(
            f"def added(a, b):\n    return a {sign} b\n", encoding="utf-8"
        )
        (home / "adapter_with_terms.py").write_text(
            "from terms_of_a_loss import added\n\ndef implicit_loss(field, x):\n"
            "    return added(0.5 * (field(x) ** 2).sum(-1), field.divergence(x))\n"
        )
        report = rv.run(str(home / "adapter_with_terms.py"), checks=["implicit_affine"])
        assert report["implicit_affine"].verdict == ("holds" if sign == "+" else "fails")


def test_an_adapter_that_exits_cannot_be_loaded(tmp_path):
    file = tmp_path / "leaving.py"
    file.write_text("raise SystemExit(0)")
    with pytest.raises(rv.SubjectError, match="cannot load .*leaving.py: SystemExit: 0"):
        rv.run(str(file))

    class Exits:
        def __init__(self):
            raise SystemExit(0)

    with pytest.raises(rv.SubjectError, match=r"Exits\(\) raised SystemExit: 0"):
        rv.run(Exits)


@pytest.mark.parametrize(
    ("name", "said"),
    [("pytorch", "did you mean 'torch'"), ("JAX", "did you mean 'jax'"), ("tensorflow", "got 'te")],
)
def test_an_unknown_framework_cannot_be_loaded(name, said):
    with pytest.raises(rv.SubjectError, match=said):
        rv.run({"implicit_loss": implicit_loss, "framework": name})


def test_a_misspelt_function_of_a_module_is_pointed_out(tmp_path):
    text = (
        "from refscore.verify.library import implicit_loss as implicit_los, sliced_loss\n"
        "def implicit_loss(f, x):\n    return implicit_los(f, x)\n"
        "def denoising_los(f, x, sigma, noise):\n    return x\n"
        "def implicit_losses(f, x):\n    return x\n"
        "def helper(x):\n    return x\n"
    )
    file = tmp_path / "misspelt_adapter.py"
    file.write_text(text)
    hints = rv.run(str(file)).hints
    assert len(hints) == 1
    assert hints[0].startswith("denoising_los is no port; did you mean denoising_loss")
    file = tmp_path / "misspelt_only.py"
    file.write_text("def implicit_los(f, x):\n    return x\n")
    with pytest.raises(rv.SubjectError, match="implicit_los is no port; did you mean implicit_lo"):
        rv.run(str(file))
    assert any("sliced_los is" in hint for hint in rv.run({"sliced_los": implicit_loss}).hints)


@pytest.mark.parametrize(
    ("line", "framework"),
    [
        ("x.requires_grad_()", "torch"),
        ("x.unsqueeze(-1)", "torch"),
        ("x.sum(dim=-1)", "torch"),
        ("torch.linalg.inv(x)", "torch"),
        ("f(torch.tensor(x).requires_grad_())", "torch"),
        ("x.at[0].set(1.0)", "jax"),
        ("jax.grad(lambda y: f(y).sum())(x)", "jax"),
    ],
)
def test_code_of_another_framework_is_pointed_out(line, framework):
    given = {framework: pytest.importorskip(framework)}
    exec(f"def implicit_loss(f, x):\n    {line}\n    return 1 / 0\n", given)  # noqa: S102
    report = rv.run({"implicit_loss": given["implicit_loss"]})
    assert report.exit_code == 2
    assert any(f'declare framework = "{framework}"' in hint for hint in report.hints), report[
        "implicit_loss_prerequisites"
    ].note


def test_an_error_of_its_own_is_no_other_framework():
    report = rv.run({"implicit_loss": lambda f, x: x.missing + "a"})
    assert report.hints == []


def test_laws_arrive_in_the_framework_of_the_subject():
    torch = pytest.importorskip("torch")

    def normal(law):
        if law.kind != "gaussian":
            raise NotImplementedError
        assert np.asarray(law.mean).dtype == np.float64
        return torch.distributions.MultivariateNormal(law.mean, torch.tensor(law.covariance))

    subject = {
        "framework": "torch",
        "log_density": lambda law, x: normal(law).log_prob(x),
        "sample": lambda law, n, rng: normal(law).sample((n,)),
    }
    report = rv.run(subject)
    assert report.exit_code == 0, report.summary()
    kinds = []

    def dof(law, x):
        kinds.append({k: type(v) for k, v in law.parameters_by_name.items()})
        raise NotImplementedError

    rv.run({"framework": "torch", "score": dof, "dtype": "float32"}, checks="heavy_tail_scores")
    assert {"location": torch.Tensor, "shape": torch.Tensor, "dof": float} in kinds


def test_laws_arrive_as_jax_arrays():
    jax = pytest.importorskip("jax")

    def score(law, x):
        if law.kind != "gaussian":
            raise NotImplementedError
        assert isinstance(law.mean, jax.Array)
        return -jax.numpy.linalg.solve(law.covariance, (x - law.mean).T).T

    report = rv.run({"framework": "jax", "score": score}, checks="gaussian_score")
    assert report["gaussian_score"].verdict == "holds", report.summary()


def test_gradients_nobody_checked_are_pointed_out():
    pytest.importorskip("torch")
    subject = {
        "framework": "torch",
        "implicit_loss": lambda f, x: implicit_loss(f, x).detach(),
    }
    report = rv.run(subject, checks="implicit_affine")
    assert report.exit_code == 0
    assert report.hints[0].startswith("gradients of implicit_loss in the field's parameters were")
    assert "offer implicit_loss_gradient" in report.hints[0]
    subject["implicit_loss_gradient"] = library.implicit_loss_gradient
    assert rv.run(subject, checks="implicit_affine").hints == []


def _trace(field, x, create_graph):
    import torch

    x = x.clone().requires_grad_()
    s = field(x)
    return sum(
        torch.autograd.grad(s[:, i].sum(), x, create_graph=create_graph, retain_graph=True)[0][:, i]
        for i in range(x.shape[1])
    )


@pytest.mark.parametrize("reduce", ["none", "mean", "sum"])
def test_a_detached_term_is_pointed_out(reduce):
    pytest.importorskip("torch")

    def loss(create_graph):
        def implicit_loss(field, x):
            value = (field(x) ** 2).sum(-1) + 2 * _trace(field, x, create_graph)
            return value if reduce == "none" else getattr(value, reduce)()

        batch = "sum" if reduce == "sum" else "mean"
        return {
            "framework": "torch",
            "implicit_loss": implicit_loss,
            "conventions": {"half": False, "implicit_loss.batch": batch},
        }

    right, wrong = (rv.run(loss(flag), checks="implicit_affine") for flag in (True, False))
    assert right.hints == []
    assert wrong.exit_code == 0
    assert wrong.hints[0].startswith("implicit_loss is right, but torch differentiates it wrongly")
    assert "see implicit_gradient" in wrong.hints[0]


def test_a_stopped_gradient_is_pointed_out():
    jax = pytest.importorskip("jax")

    def loss(stop):
        return {
            "framework": "jax",
            "sliced_loss": lambda field, x, probes: (
                stop(jax.vmap(lambda v: (v * field.jvp(x, v)).sum(-1), 1)(probes).mean(0))
                + 0.5 * ((probes * field(x)[:, None]).sum(-1) ** 2).mean(-1)
            ),
        }

    for stop, hints in ((lambda a: a, 0), (jax.lax.stop_gradient, 1)):
        report = rv.run(loss(stop), checks="sliced_given_probes")
        assert report.exit_code == 0, report.summary()
        assert len(report.hints) == hints
        assert not hints or "jax differentiates it wrongly" in report.hints[0]
