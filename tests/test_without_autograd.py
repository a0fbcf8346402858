"""With autograd made unimportable everything works but derivatives of a user's functions."""

import subprocess
import sys
import textwrap

BLOCKED = """
import sys
from importlib.abc import MetaPathFinder

class Blocker(MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] == "autograd":
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Blocker())
"""


def _run(code: str) -> str:
    command = [sys.executable, "-W", "error", "-c", BLOCKED + textwrap.dedent(code)]
    run = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert run.returncode == 0, run.stderr[-2000:]
    return run.stdout


def test_every_identity_holds():
    out = _run("""
        import refscore.verify
        from refscore.verify import library

        report = refscore.verify.run(library)
        for check in report.checks:
            if check.verdict != "holds":
                print(check.name, check.verdict, check.note)
        print(len(report.checks), "checks")
        assert "autograd" not in sys.modules
    """)
    lines = out.splitlines()
    assert lines[:-1] == [], out
    assert int(lines[-1].split()[0]) > 90


def test_everything_imports_and_fields_with_formulas_work():
    _run("""
        import numpy as np, refscore
        for name in refscore.__all__:
            if name not in ("strategies", "plotting"):
                getattr(refscore, name)
        from refscore.fields import Affine, LinearInParameters
        from refscore.distributions import Energy, GaussianMixture
        from refscore.networks import MLP
        from refscore.objectives import implicit_loss_and_gradient

        x = np.array([[0.3, -1.0], [2.0, 0.5]])
        for field in (Affine(np.eye(2)), MLP.initialise((2, 5, 2), rng=0)):
            loss, gradient = implicit_loss_and_gradient(field, x)
            assert np.isfinite(loss) and gradient.shape == field.parameters.shape
        law = Energy(
            lambda x: 0.5 * (x**2).sum(-1), 2, gradient=lambda x: x,
            hessian=lambda x: np.tile(np.eye(2), (len(x), 1, 1)),
        )
        assert (law.score.divergence(x) == -2).all()
    """)


def test_a_user_function_says_what_is_missing():
    out = _run("""
        import numpy as np
        from refscore.distributions import Energy
        from refscore.fields import Function
        from refscore.objectives import denoising_loss, implicit_loss, implicit_loss_gradient

        x, v = np.ones((3, 2)), np.ones((3, 2))
        plain = Function(lambda x: -(x**3), 2)
        with_theta = Function(lambda x, theta: -theta * x, 2, parameters=[1.0])
        energy = Energy(lambda x: (x**4).sum(-1), 2)
        assert (plain(x) == -1).all()
        assert denoising_loss(plain, x, 0.5, noise=v).shape == (3,)
        assert (energy.log_density(x) == -2).all()
        for call in (
            lambda: plain.jvp(x, v), lambda: plain.vjp(x, v), lambda: plain.jacobian(x),
            lambda: plain.divergence(x), lambda: implicit_loss(plain, x),
            lambda: implicit_loss_gradient(with_theta, x), lambda: energy.score(x),
            lambda: energy.score.jacobian(x), lambda: energy.score.divergence(x),
        ):
            try:
                call()
            except ImportError as error:
                print(error)
            else:
                raise AssertionError("no error")
    """)
    messages = out.splitlines()
    assert len(messages) == 9
    assert all("'autograd'" in line and "pip install" in line for line in messages)
