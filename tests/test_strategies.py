"""What the strategies draw is what they say: right numbers, right shapes, right layouts."""

import subprocess
import sys

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, find, given, settings
from hypothesis import strategies as st

from refscore import strategies
from refscore.verify import library

few = settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@few
@given(dim=st.integers(2, 6), condition=st.floats(1.0, 1e8), data=st.data())
def test_covariances_have_the_condition_number_asked_for(dim, condition, data):
    s = data.draw(strategies.covariances(dim, condition))
    assert s.shape == (dim, dim)
    np.testing.assert_array_equal(s, s.T)
    eigenvalues = np.linalg.eigvalsh(s)
    assert eigenvalues[-1] / eigenvalues[0] == pytest.approx(
        condition, rel=1e-14 * condition + 1e-9
    )


@few
@given(strategies.covariances())
def test_covariances_left_to_themselves_stay_below_a_thousand(s):
    eigenvalues = np.linalg.eigvalsh(s)
    assert eigenvalues[0] > 0
    assert eigenvalues[-1] <= 1.001e3 * eigenvalues[0]


@pytest.mark.parametrize("condition", [1.0, 9.0, 400.0])
def test_variances_on_the_line_are_not_all_one(condition):
    s = find(strategies.covariances(1, condition), lambda s: True)
    np.testing.assert_allclose(s, [[condition**0.5]], rtol=1e-14)


@few
@given(strategies.ladders())
def test_ladders_go_down_by_a_fifth_at_least(sigmas):
    assert 1 <= len(sigmas) <= 4
    assert sigmas[-1] > 0
    assert (sigmas[:-1] >= 1.199 * sigmas[1:]).all()


@few
@given(strategies.scales(1e-3, 5.0), strategies.weights(4))
def test_scales_and_weights_keep_their_bounds(scale, weights):
    assert 1e-3 <= scale <= 5.0
    assert weights.sum() == pytest.approx(1.0, abs=1e-15)
    assert weights.min() > 0.019 * weights.max()


@few
@given(st.sampled_from([1e-8, 3.0, 1e150]), st.data())
def test_points_lie_at_the_distance_asked_for(distance, data):
    x = data.draw(strategies.points(3, 4, distance=distance))
    np.testing.assert_allclose(np.linalg.norm(x / distance, axis=-1), 1.0, rtol=1e-12)


@few
@given(strategies.laws())
def test_laws_are_what_the_library_builds(law):
    p = library.distribution(law)
    assert p.sample(3, rng=0).shape == (3, p.dim)
    x = p.sample(2, rng=1)
    assert np.isfinite(p.log_density(x)).all()


@pytest.mark.parametrize("kind", library.KINDS)
def test_every_kind_of_law_can_be_drawn(kind):
    @settings(max_examples=3, deadline=None)
    @given(strategies.laws(2, kinds=(kind,)))
    def is_that_kind(law):
        assert law.kind == kind
        assert library.distribution(law).dim == 2

    is_that_kind()


@few
@given(strategies.mixtures(2, components=3), strategies.gaussians(3, condition=1.0))
def test_sizes_are_as_asked_for(mixture, gaussian):
    assert mixture.means.shape == (3, 2)
    assert mixture.covariances.shape == (3, 2, 2)
    np.testing.assert_allclose(gaussian.covariance, np.eye(3), atol=1e-14)


@few
@given(st.data())
def test_fields_are_what_the_library_builds(data):
    dim = data.draw(strategies.dims())
    described = data.draw(strategies.fields(dim))
    x = data.draw(strategies.points(dim))
    got = library_field(described)(x)
    assert got.shape == x.shape
    assert np.isfinite(got).all()


def library_field(described):
    from refscore.distributions import GaussianMixture
    from refscore.fields import Affine
    from refscore.networks import MLP

    build = {"affine": Affine, "mlp": MLP, "mixture_score": lambda **p: GaussianMixture(**p).score}
    return build[described.kind](**described.parameters_by_name)


ARRAY = np.array([[1.5, -2.25, 3.0], [0.5, 4.0, -1.0]])


@few
@given(strategies.layouts(ARRAY))
def test_layouts_keep_the_shape_and_awkward_is_what_they_are(array):
    numbers = np.array(array, dtype=float)
    assert numbers.shape == ARRAY.shape
    assert np.isfinite(numbers).all()
    if isinstance(array, np.ndarray) and array.dtype.kind == "f" and 0 not in array.strides:
        np.testing.assert_array_equal(numbers, ARRAY)


@pytest.mark.parametrize(
    "awkward",
    [
        lambda a: isinstance(a, list),
        lambda a: isinstance(a, np.ndarray) and a.dtype == np.float32,
        lambda a: isinstance(a, np.ndarray) and a.dtype.kind == "i",
        lambda a: isinstance(a, np.ndarray) and not a.dtype.isnative,
        lambda a: isinstance(a, np.ndarray) and not a.flags.c_contiguous,
        lambda a: isinstance(a, np.ndarray) and not a.flags.writeable,
        lambda a: isinstance(a, np.ndarray) and 0 in a.strides,
        lambda a: isinstance(a, np.ndarray) and min(a.strides) < 0,
    ],
)
def test_every_awkward_layout_is_drawn(awkward):
    assert awkward(find(strategies.layouts(ARRAY), awkward))


@pytest.mark.parametrize("family", strategies.FAMILIES)
def test_cases_hold_arrays_nobody_writes_to_and_differ(family):
    names = set()

    @settings(few, max_examples=8)
    @given(strategies.cases(family), strategies.cases(family))
    def differ(case, other):
        names.add(tuple(sorted(case.inputs)))
        arrays = [v for v in case.inputs.values() if isinstance(v, np.ndarray)]
        assert not any(a.flags.writeable for a in arrays)
        assert all(np.isfinite(a).all() for a in arrays)
        assume(str(case) != str(other))

    differ()
    assert len(names) == 1, "a family has one set of inputs"


def test_an_unknown_family_is_named_with_those_there_are():
    with pytest.raises(ValueError, match="field with probes"):
        find(strategies.cases("fields"), lambda case: True)


def test_without_hypothesis_the_error_says_what_to_install():
    code = "import sys; sys.modules['hypothesis'] = None; import refscore; refscore.strategies"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert run.returncode != 0
    assert run.stderr.strip().splitlines()[-1].startswith("ImportError: refscore.strategies needs")
    assert "pip install" in run.stderr


@few
@given(strategies.velocities(), st.floats(-1.0, 1.0), st.booleans())
def test_velocities_have_the_dimension_and_the_parameters_of_their_kind(described, t, back):
    velocity = library.velocity(described)
    x = 0.5 + 0.1 * np.arange(2.0 * velocity.dim).reshape(2, -1) / velocity.dim
    z = velocity.flow(x, t, t - 0.3 if back else t + 0.3)
    np.testing.assert_allclose(velocity.flow(z, t - 0.3 if back else t + 0.3, t), x, rtol=1e-9)
    assert velocity.dim <= 3
    assert np.abs(velocity.parameters).max() > 0


@few
@given(st.integers(1, 3), st.data())
def test_networks_of_time_have_one_input_more(dim, data):
    velocity = library.velocity(data.draw(strategies.time_mlps(dim)))
    assert velocity(np.ones((2, dim)), 0.3).shape == (2, dim)
    assert velocity.weights[0].shape[1] == dim + 1
