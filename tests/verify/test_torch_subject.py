"""A stranger's PyTorch code, held against the catalogue end to end."""

from types import SimpleNamespace

import numpy as np
import pytest

import refscore.verify as rv
from refscore.verify import library
from refscore.verify.mutants import mistakes

torch = pytest.importorskip("torch", reason="PyTorch is not installed")
pytestmark = pytest.mark.peers


def slopes(field, x, probes):
    """s (n, d), v.s (n, m) and v.(J v) (n, m) by double backward; v is (n, m, d)."""
    x = x.clone().requires_grad_()
    s = field(x)
    curved = []
    for v in probes.unbind(1):
        (back,) = torch.autograd.grad((s * v).sum(), x, create_graph=True)
        curved.append((back * v).sum(-1))
    return s, (probes * s[:, None]).sum(-1), torch.stack(curved, -1)


class Losses:
    """Fifteen lines: losses at every point by autograd on the field that is handed over."""

    framework = "torch"

    def implicit_loss(self, field, x):
        s, _, curved = slopes(field, x, torch.eye(x.shape[1]).expand(len(x), -1, -1))
        return 0.5 * s.square().sum(-1) + curved.sum(-1)

    def sliced_loss(self, field, x, probes):
        _, along, curved = slopes(field, x, probes)
        return (curved + 0.5 * along**2).mean(-1)

    def denoising_loss(self, field, x, sigma, noise):
        return 0.5 * (field(x + sigma * noise) + noise / sigma).square().sum(-1)

    def implicit_loss_gradient(self, field, x):
        return torch.autograd.grad(self.implicit_loss(field, x).mean(), field.parameters)[0]

    def sliced_loss_gradient(self, field, x, probes):
        return torch.autograd.grad(self.sliced_loss(field, x, probes).mean(), field.parameters)[0]

    def denoising_loss_gradient(self, field, x, sigma, noise):
        loss = self.denoising_loss(field, x, sigma, noise).mean()
        return torch.autograd.grad(loss, field.parameters)[0]


class MeanLosses(Losses):
    """Their `forward` returns the mean over the batch, a 0-d tensor that requires grad."""

    def implicit_loss(self, field, x):
        return super().implicit_loss(field, x).mean()

    def sliced_loss(self, field, x, probes):
        return super().sliced_loss(field, x, probes).mean()

    def denoising_loss(self, field, x, sigma, noise):
        return super().denoising_loss(field, x, sigma, noise).mean()


class DrawsItself:
    """A generator of its own kind, and signs of its own."""

    framework = "torch"

    def sliced_loss(self, field, x, *, generator):
        signs = torch.randint(0, 2, (len(x), 1, x.shape[1]), generator=generator) * 2.0 - 1
        return Losses().sliced_loss(field, x, signs).mean()

    def denoising_loss(self, field, x, sigma, *, generator):
        noise = torch.randn(x.shape, generator=generator)
        return Losses().denoising_loss(field, x, sigma, noise)

    def trace_estimate(self, matvec, dim, *, generator):
        v = torch.randn(dim, generator=generator)
        return torch.dot(v, matvec(v))


class Densities:
    """torch.distributions, its log density differentiated."""

    framework = "torch"

    def log_density(self, law, x):
        d = torch.distributions
        if law.kind == "gaussian":
            return self.normal(law.mean, law.covariance).log_prob(x)
        if law.kind == "mixture":
            parts = self.normal(law.means, law.covariances)
            weights = d.Categorical(torch.tensor(law.weights))
            return d.MixtureSameFamily(weights, parts).log_prob(x)
        raise rv.NotOffered(law.kind)

    def normal(self, mean, covariance):
        return torch.distributions.MultivariateNormal(torch.tensor(mean), torch.tensor(covariance))

    def score(self, law, x):
        if np.abs(x.detach().numpy()).max() > 1e6:
            raise rv.NotOffered("log_prob overflows this far out")
        x = x.clone().requires_grad_()
        return torch.autograd.grad(self.log_density(law, x).sum(), x)[0]


class Traces:
    """Given probes; a mean and its standard error as a list."""

    framework = "torch"

    def trace_estimate(self, matvec, dim, probes):
        each = torch.stack([v @ matvec(v) for v in probes])
        return [each.mean(), each.std() / len(each) ** 0.5]


@pytest.mark.filterwarnings("ignore:To copy construct")
@pytest.mark.parametrize("subject", [Losses, MeanLosses, DrawsItself, Densities, Traces])
def test_right_code_holds_in_everything_it_offers(subject):
    report = rv.run(subject)
    assert report.exit_code == 0, report.summary()
    assert report.counts["holds"] >= 2 * len(report_ports(report))
    assert report.framework == "torch"


def report_ports(report):
    return [c for c in report.checks if c.id == "P" and c.verdict != "not offered"]


def test_single_precision_models_declare_it():
    class Single(Losses):
        dtype = "float32"

    report = rv.run(Single)
    assert report.exit_code == 0, report.summary()

    class Silent(Losses):
        def denoising_loss(self, field, x, sigma, noise):
            return super().denoising_loss(field, x.float(), sigma, noise.float())

    report = rv.run(Silent)
    assert report["denoising_given_noise"].verdict == "undeclared convention"
    assert any("single precision" in hint for hint in report.hints)


def mutated(base, **ports):
    return type("Mutated", (base,), ports)()


MISTAKES = {
    "implicit_trace_sign": mutated(Losses, implicit_loss=lambda self, f, x: (
        f(x).square().sum(-1) - Losses().implicit_loss(f, x))),
    "implicit_without_trace": mutated(MeanLosses, implicit_loss=lambda self, f, x: (
        0.5 * f(x).square().sum(-1)).mean()),
    "sliced_unit_probes": mutated(Losses, sliced_loss=lambda self, f, x, probes: (
        Losses().sliced_loss(f, x, torch.nn.functional.normalize(probes, dim=-1)))),
    "sliced_probes_summed": mutated(MeanLosses, sliced_loss=lambda self, f, x, probes: (
        Losses().sliced_loss(f, x, probes).mean() * probes.shape[1])),
    "denoising_target_sign": mutated(Losses, denoising_loss=lambda self, f, x, sigma, noise: (
        torch.nn.functional.mse_loss(
            f(x + sigma * noise), noise / sigma, reduction="none").sum(-1) / 2)),
    "implicit_gradient_without_trace": mutated(Losses, implicit_loss_gradient=lambda self, f, x: (
        torch.autograd.grad(0.5 * f(x).square().sum(-1).mean(), f.parameters)[0])),
    "denoising_gradient_sum": mutated(
        Losses, denoising_loss_gradient=lambda self, f, x, sigma, noise: torch.autograd.grad(
            Losses().denoising_loss(f, x, sigma, noise).sum(), f.parameters)[0]),
    "trace_probes_summed": mutated(Traces, trace_estimate=lambda self, matvec, dim, probes: (
        sum(v @ matvec(v) for v in probes))),
    "density_determinant_without_root": mutated(Densities, log_density=lambda self, law, x: (
        without_root(law, x))),
}  # fmt: skip


def without_root(law, x):
    if law.kind != "gaussian":
        raise NotImplementedError(law.kind)
    right = Densities().log_density(law, x)
    return right - 0.5 * torch.linalg.slogdet(torch.tensor(law.covariance))[1]


@pytest.mark.filterwarnings("ignore:To copy construct")
@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_in_torch_is_caught_and_named(name):
    report = rv.run(MISTAKES[name])
    assert report.exit_code in (1, 2)
    port = mistakes()[name].port
    given = {n for c in report.checks if c.diagnosis for n in c.diagnosis.mistakes}
    own = {n for n in given if mistakes()[n].port == port}
    assert own == {name}, report.summary()
    assert all("gradient" in n for n in given - own), "a gradient may inherit its loss's mistake"


def test_columns_for_rows_are_a_clear_failure():
    report = rv.run(
        SimpleNamespace(
            framework="torch",
            implicit_loss=lambda f, x: Losses().implicit_loss(f, x)[:, None],
            log_density=lambda law, x: torch.tensor(library.log_density(law, x.numpy()))[:, None],
        )
    )
    for port in ("implicit_loss", "log_density"):
        assert "returned shape (5, 1), expected (5,)" in report[f"{port}_prerequisites"].note


def test_a_module_that_keeps_running_statistics_is_noticed():
    norm = torch.nn.BatchNorm1d(3, affine=False).double()

    def implicit_loss(field, x):
        if x.shape[1] != 3:
            raise rv.NotOffered
        return 0.5 * norm(field(x)).square().sum(-1)

    report = rv.run({"framework": "torch", "implicit_loss": implicit_loss})
    assert "a row's result changes" in report["implicit_loss_prerequisites"].note
