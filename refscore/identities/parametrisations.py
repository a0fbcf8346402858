"""Chapter F: predictions of the score, the noise, the data and velocities are one prediction."""

from __future__ import annotations

from refscore import oracles
from refscore.identities import settings
from refscore.identities.base import Sides, identity
from refscore.identities.cases import Case
from refscore.identities.settings import process_of

KINDS = ("score", "noise", "data", "velocity", "flow")
TIMES = (0.4, 0.06)


@identity(
    "F10",
    ports="predict_convert",
    statement=r"x=\alpha x_0+\sigma\epsilon:\ x_0,\ \epsilon,\ -\epsilon/\sigma,\ "
    r"\alpha\epsilon-\sigma x_0,\ \alpha'x_0+\sigma'\epsilon\text{ determine each other}",
    assumptions="0 < t < T",
    source="Salimans and Ho 2022, appendix D; Lipman et al. 2023",
    cases=lambda: [
        Case(f"{source} to {target}, t = {t}", t=t, source=source, target=target,
             data=settings.points(4, 2), noise=settings.normals(4, 2, key=5))
        for t in TIMES for source in KINDS for target in KINDS if source != target
    ],
    family="conversion",
)  # fmt: skip
def parametrisations_convert(ports, case):
    """The perfect prediction of one kind becomes the perfect prediction of another."""
    process, pair = process_of(ports), (case.data, case.noise)
    x = oracles.parametrisations.point(process, case.t, *pair)
    value, right = (
        oracles.parametrisations.prediction(process, case.t, *pair, kind)
        for kind in (case.source, case.target)
    )
    got = ports.predict_convert(x, case.t, value, case.source, case.target)
    yield Sides(case.target, got, right)


@identity(
    "F10-score",
    ports="predict_convert",
    statement=r"\mathbb E[a x_0 + b\epsilon\mid x_t=x] \text{ from } \nabla\log p_t(x)",
    assumptions="exact score of the diffused law",
    source="derived from Tweedie's formula",
    cases=lambda: [
        Case(f"{law.kind}, {kind}, t = {t}", law=law, x=settings.points(5, d), t=t, target=kind)
        for law, d in ((settings.gaussian(3), 3), (settings.mixture(2), 2))
        for t in (0.55, 0.12)
        for kind in KINDS[1:]
    ],
)
def predictions_from_score(ports, case):
    """From the exact score come the conditional means; that of the flow is its velocity."""
    process, inputs = process_of(ports), (case.x, case.t)
    score = oracles.scores.score(oracles.diffusion.law_at(case.law, process, case.t), case.x)
    got = ports.predict_convert(*inputs, score, "score", case.target)
    if case.target == "flow":
        right = oracles.diffusion.flow_velocity(case.law, process, *inputs)
    else:
        right = oracles.parametrisations.expected(case.law, process, *inputs, case.target)
    yield Sides(case.target, got, right)
