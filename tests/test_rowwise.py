"""Every function of points takes any leading shape and equals its own loop over the rows."""

from functools import partial

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from refscore import bayes, calculus, diffusion, langevin, objectives, recovery, strategies, traces
from refscore import distributions as laws
from refscore.fields import Affine, Family, Function, LinearInParameters, Zero
from refscore.laws import AffineStep
from refscore.networks import MLP
from refscore.processes import VE, VP

A = np.array([[0.6, -1.1], [0.4, 0.9]])
S = np.array([[1.3, 0.4], [0.4, 0.7]])
M = np.array([0.3, -0.8])
GAUSSIAN = laws.Gaussian(M, S)
MIXTURE = laws.GaussianMixture([0.7, 0.3], [[1.0, 0.2], [-1.5, 0.6]], [S, [[0.5, 0.0], [0.0, 2.0]]])

LAWS = {
    "Gaussian": GAUSSIAN,
    "Gaussian, diagonal": laws.Gaussian(M, [0.5, 2.0]),
    "mixture": MIXTURE,
    "mixture, shared": laws.GaussianMixture([0.7, 0.3], [[1.0, 0.2], [-1.5, 0.6]], [S, S]),
    "mixture, three isotropic": laws.GaussianMixture([0.5, 0.3, 0.2], np.ones((3, 2)), [1, 2, 3]),
    "empirical": laws.Empirical([[0.0, 1.0], [2.0, -1.0], [0.5, 0.5]], 0.4),
    "Student t": laws.StudentT(M, S, 3.5),
    "Laplace": laws.Laplace(M, 0.7),
    "logistic": laws.Logistic(M, 0.7),
    "generalised normal": laws.GeneralisedNormal(M, 0.7, 3.0),
    "uniform": laws.Uniform([-9.0, -9.0], [9.0, 9.0]),
    "smoothed uniform": laws.SmoothedUniform([-1.0, 0.0], [1.0, 2.0], 0.3),
    "truncated normal": laws.TruncatedNormal(M, 1.5, -9.0, 9.0),
    "half-normal": laws.HalfNormal([0.7, 1.3]),
    "funnel": laws.Funnel(2),
    "banana": laws.Banana(0.4, 1.2),
    "ring": laws.Ring(2.0, 0.4),
    "two moons": laws.TwoMoons(),
    "checkerboard": laws.Checkerboard(),
    "exponential family": laws.ExponentialFamily(
        [0.5, -1.0],
        2,
        features=lambda x: np.stack([x.sum(-1), (x**2).sum(-1)], -1),
        gradient=lambda x: np.stack([np.ones_like(x), 2 * x], 1),
        hessian=lambda x: np.tile([np.zeros((2, 2)), 2 * np.eye(2)], (len(x), 1, 1, 1)),
    ),
    "energy, explicit": laws.Energy(
        lambda x: (x**4).sum(-1),
        2,
        gradient=lambda x: 4 * x**3,
        hessian=lambda x: 12 * x[:, :, None] ** 2 * np.eye(2),
    ),
    "energy, autograd": laws.Energy(lambda x: (x**4).sum(-1) + x[:, 0] * x[:, 1], 2),
}  # fmt: skip

AFFINE = Affine(A, [0.5, -0.2])
NETWORK = MLP.initialise((2, 5, 4, 2), rng=3)
LINEAR = LinearInParameters(
    lambda x: np.stack([x, x**3], 1),
    lambda x: np.stack([np.tile(np.eye(2), (len(x), 1, 1)), 3 * x[:, :, None] ** 2 * np.eye(2)], 1),
    [-1.0, 0.3],
    2,
)
FIELDS = {
    "zero": Zero(2),
    "affine": AFFINE,
    "network, one layer": MLP.initialise((2, 5, 2), rng=1),
    "network, two layers": NETWORK,
    "network, three layers": MLP.initialise((2, 4, 3, 5, 2), rng=2),
    "network, no hidden layer": MLP.initialise((2, 2), rng=2),
    "linear in parameters": LINEAR,
    "user's function": Function(lambda x, theta: theta * x[:, ::-1] ** 2, 2, parameters=[0.7]),
    "sum": AFFINE + NETWORK,
    "scaled": -2.0 * NETWORK,
    "restricted": MLP.initialise((3, 4, 3), rng=4).restrict(np.eye(3)[:, :2], [0.1, 0.2, 0.3]),
    "guided": bayes.guided_score(MIXTURE.score, bayes.likelihood_score(A, M, S), 1.5),
    **{f"score of {name}": law.score for name, law in LAWS.items()},
}

POINT, TIME, LEVEL, PROBES = (2,), "time", "level", (3, 2)
FUNCTIONS = {}  # name: (function of x and more, the trailing shapes of what comes with x)
for name, field in FIELDS.items():
    FUNCTIONS |= {
        f"{name}: value": (field, ()),
        f"{name}: J v": (field.jvp, (POINT,)),
        f"{name}: Jᵀv": (field.vjp, (POINT,)),
        f"{name}: Jacobian": (field.jacobian, ()),
        f"{name}: divergence": (field.divergence, ()),
        f"{name}: linearised value": (lambda x, f=field: f.linearise(x).value, ()),
        f"{name}: linearised divergence": (lambda x, f=field: f.linearise(x).divergence(), ()),
        f"{name}: linearised J v": (lambda x, v, f=field: f.linearise(x).jvp(v), (POINT,)),
    }
for name, law in LAWS.items():
    FUNCTIONS[f"{name}: log density"] = (law.log_density, ())
    FUNCTIONS[f"{name}: energy"] = (law.score.energy, ())
_FAMILY = Family.diffused_scores(MIXTURE, VP().marginal)
_STEP = AffineStep(A, M, np.array([[0.5, 0.0, 0.1], [0.2, 0.3, 0.0]]))
FUNCTIONS |= {
    "features": (LINEAR.features, ()),
    "feature divergences": (LINEAR.feature_divergences, ()),
    "family at one time a point": (_FAMILY, (TIME,)),
    "Fisher loss": (partial(objectives.fisher_loss, NETWORK, MIXTURE.score), ()),
    "implicit loss": (partial(objectives.implicit_loss, NETWORK), ()),
    "sliced loss": (partial(objectives.sliced_loss, NETWORK), (PROBES,)),
    "reduced sliced loss": (partial(objectives.variance_reduced_sliced_loss, NETWORK), (PROBES,)),
    "denoising loss": (partial(objectives.denoising_loss, NETWORK), (LEVEL, POINT)),
    "divergence estimate": (partial(traces.divergence_estimate, NETWORK), (PROBES,)),
    "denoised mean": (lambda y: bayes.denoise(MIXTURE.score, y, 0.8, 0.5).mean, ()),
    "denoised covariance": (lambda y: bayes.denoise(MIXTURE.score, y, 0.8, 0.5).covariance, ()),
    "path integral": (lambda x: recovery.log_density_from_score(MIXTURE.score, x, M), ()),
    "curl": (partial(calculus.curl, AFFINE), ()),
    "symmetric part": (partial(calculus.symmetric_part, NETWORK), ()),
    "Langevin step": (langevin.ula(MIXTURE.score, 0.3), (POINT,)),
    "affine step": (_STEP, ((3,),)),
    "VP drift": (VP().drift, (TIME,)),
    "VE drift": (VE().drift, (TIME,)),
    "flow velocity": (lambda x: diffusion.flow_velocity(VP(), MIXTURE)(x, 0.3), ()),
    "flow map": (diffusion.flow_map(GAUSSIAN, VP(), 0.1, 0.8), ()),
    "flow's likelihood, closed": (partial(diffusion.gaussian_log_likelihood, GAUSSIAN, VP()), ()),
    "VP marginal's alpha": (lambda x: VP().marginal(_time(x))[0], ()),
    "VE marginal's sigma": (lambda x: VE(exact=True).marginal(_time(x))[1], ()),
    "VP rate": (lambda x: VP().beta(_time(x)), ()),
    "VP diffusion": (lambda x: VP().diffusion(_time(x)), ()),
    "VE diffusion": (lambda x: VE().diffusion(_time(x)), ()),
}
SOLVERS = {
    "encoded": (partial(diffusion.encode, VP(), MIXTURE), ()),
    "decoded": (partial(diffusion.decode, VP(), MIXTURE), ()),
    "flow's likelihood": (partial(diffusion.log_likelihood, VP(), MIXTURE), ()),
}


def _time(x):
    return 0.5 + 0.4 * np.tanh(np.asarray(x)[..., 0])


LEADING = st.sampled_from([(), (1,), (5,), (2, 3), (2, 1, 3), (0,), (0, 2), (3, 0)])


def _extra(kind, lead, seed):
    rng = np.random.default_rng(seed)
    if kind == TIME:
        return rng.uniform(0.05, 0.95, lead)
    if kind == LEVEL:
        return rng.uniform(0.2, 2.0, lead)
    return rng.standard_normal((*lead, *kind))


def _equals_its_rows(function, kinds, lead, x):
    extras = [_extra(kind, lead, seed) for seed, kind in enumerate(kinds)]
    whole = np.asarray(function(x, *extras))
    assert whole.dtype == np.float64
    index = list(np.ndindex(lead))
    probe = np.zeros(2) + 0.25
    one = np.asarray(function(probe, *(_extra(kind, (), 0) for kind in kinds)))
    assert whole.shape == (*lead, *one.shape), "leading shape"
    rows = [np.asarray(function(x[i], *(e[i] for e in extras))) for i in index]
    for i, row in zip(index, rows, strict=True):
        scale = max(1.0, np.abs(row).max(initial=0.0))
        np.testing.assert_allclose(whole[i], row, rtol=0, atol=1e-11 * scale)


@pytest.mark.parametrize("name", FUNCTIONS)
@settings(max_examples=10, deadline=None, suppress_health_check=list(HealthCheck))
@given(lead=LEADING, data=st.data())
def test_equals_its_own_loop_over_rows(name, lead, data):
    function, kinds = FUNCTIONS[name]
    x = data.draw(strategies.normals(*lead, 2))
    if "half-normal" in name:
        x = np.abs(x)
    _equals_its_rows(function, kinds, lead, x)


@pytest.mark.parametrize("name", SOLVERS)
@pytest.mark.parametrize("lead", [(), (2,), (2, 1), (0,)])
def test_a_solve_is_one_a_point(name, lead):
    function, kinds = SOLVERS[name]
    x = np.random.default_rng(5).standard_normal((*lead, 2))
    _equals_its_rows(function, kinds, lead, x)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_batch_of_thousands_is_no_other_function(name):
    """Blocks of rows meet inside a batch; the last row of one is not the first of the next."""
    function, kinds = FUNCTIONS[name]
    x = np.random.default_rng(6).standard_normal((5000, 2))
    x = np.abs(x) if "half-normal" in name else x
    extras = [_extra(kind, (5000,), seed) for seed, kind in enumerate(kinds)]
    if "family" in name:
        extras = [np.round(e, 1) for e in extras]
    whole = function(x, *extras)
    picked = np.r_[0, 1, 2047:2050, 4095:4098, 4999]
    part = function(x[picked], *(e[picked] for e in extras))
    scale = np.maximum(1.0, np.abs(part).max())
    np.testing.assert_allclose(whole[picked], part, rtol=0, atol=1e-11 * scale)
