"""Chapter I: adversarial models at their optimum, and divergences as the best of all critics."""

from __future__ import annotations

import numpy as np

from refscore import oracles
from refscore.identities import settings
from refscore.identities.base import Bound, Sides, identity
from refscore.identities.cases import Case, Law

GAN = "Goodfellow et al. 2014"
F_GAN = "Nowozin, Cseke and Tomioka 2016"
KINDS = ("kl", "reverse kl", "pearson", "hellinger", "jensen-shannon", "gan")


def line(mean, sd):
    """N(mean, sd²) on the line."""
    return Law("gaussian", mean=np.array([mean]), covariance=np.array([[sd**2]]))


def _pairs():
    shifted = Law("gaussian", mean=settings.gaussian(2).mean + [0.8, -0.3],
                  covariance=settings.covariance(2, 5))  # fmt: skip
    yield Case("Gaussians, d = 2", p=settings.gaussian(2), q=shifted, x=settings.points(5, 2, 61))
    yield Case("mixture, d = 2", p=settings.mixture(2), q=shifted, x=settings.points(4, 2, 62))
    yield Case("d = 1", p=line(0.3, 0.7), q=line(-0.5, 1.6), x=settings.points(3, 1, 63))
    yield Case("far from both", p=line(0.3, 0.7), q=line(0.28, 0.7), x=np.array([[60.0], [-45.0]]))


@identity(
    "I3",
    ports="discriminator",
    statement=r"D^* = \frac{p}{p+q} = \sigma(\log p - \log q)",
    source=f"derived from I3; {GAN}, proposition 1",
    cases=_pairs,
)
def discriminator_at_the_optimum(ports, case):
    """The best discriminator knows the ratio of the densities."""
    right = oracles.families.discriminator(case.p, case.q, case.x)
    yield Sides("probability", ports.discriminator(case.p, case.q, case.x), right)


@identity(
    "I3-slope",
    ports="discriminator_gradient",
    statement=r"\nabla\log\frac{D^*}{1-D^*} = \nabla\log p - \nabla\log q",
    source="derived from I3",
    cases=_pairs,
)
def discriminator_slope_is_scores(ports, case):
    """The gradient of its log odds is a difference of scores."""
    right = oracles.families.score_difference(case.p, case.q, case.x)
    yield Sides("gradient", ports.discriminator_gradient(case.p, case.q, case.x), right)


SURE = np.array([55.0, -48.0, 1.2])  # σ rounds to 1, and 1 − σ to 0


def _odds():
    yield Case("n = 5, m = 3", data=1.5 * settings.normals(5, key=64) + 0.4,
               model=1.5 * settings.normals(3, key=65) - 0.3)  # fmt: skip
    yield Case("nothing told", data=np.zeros(3), model=np.zeros(4))
    yield Case("sure, rightly and wrongly", data=SURE, model=-SURE[:2])


@identity(
    "I3-game",
    ports="game_value",
    statement=r"V = \overline{\log D(x)} + \overline{\log(1 - D(y))},\quad D = \sigma(a)",
    source=GAN,
    cases=_odds,
)
def game_given_log_odds(ports, case):
    """What a discriminator earns, −log 4 if it is told nothing."""
    right = np.array(oracles.families.game(case.data, case.model))
    yield Sides("value", ports.game_value(case.data, case.model), right)
    if case.name == "nothing told":
        yield Sides("−log 4", ports.game_value(case.data, case.model), np.array(-np.log(4)))


@identity(
    "I3-game-slopes",
    ports="game_slopes",
    statement=r"\partial V/\partial a(x_i) = \frac{1-D}{n},\ "
    r"\partial V/\partial a(y_j) = -\frac{D}{m}",
    source=f"derived from I3; {GAN}",
    cases=_odds,
)
def game_slopes_given_log_odds(ports, case):
    """The slopes a discriminator is trained on."""
    right = oracles.families.game_slopes(case.data, case.model)
    yield Sides("slopes", ports.game_slopes(case.data, case.model), right)


def _generators():
    for kind in ("saturating", "non-saturating", "likelihood"):
        yield Case(kind, kind=kind, model=1.5 * settings.normals(4, key=66) - 0.5)
    for kind in ("saturating", "non-saturating"):
        yield Case(f"{kind}, sure", kind=kind, model=SURE)


@identity(
    "I3-generator",
    ports="generator_loss",
    statement=r"\overline{\log(1-D)},\quad -\overline{\log D},\quad -\overline{D/(1-D)}",
    source=f"{GAN}; Goodfellow 2016",
    cases=_generators,
)
def generator_losses_given_log_odds(ports, case):
    """What generators are trained on."""
    loss, _ = oracles.families.generator(case.kind, case.model)
    yield Sides("loss", ports.generator_loss(case.kind, case.model), np.array(loss))


@identity(
    "I3-generator-slopes",
    ports="generator_slopes",
    statement=r"-D/n,\quad -(1-D)/n,\quad -\frac{D}{1-D}/n",
    source=f"derived from I3; {GAN}; Goodfellow 2016",
    cases=_generators,
)
def generator_slopes_given_log_odds(ports, case):
    """The slopes generators get."""
    _, slopes = oracles.families.generator(case.kind, case.model)
    yield Sides("slopes", ports.generator_slopes(case.kind, case.model), slopes)


def _atoms():
    yield Case("three atoms", counts=[5, 2, 1], others=[1, 3, 6])
    yield Case("two atoms", counts=[4, 1], others=[1, 2])


@identity(
    "I3-optimum",
    ports="game_value",
    statement=r"V(D^*) = 2\,\mathrm{JSD}(p, q) - \log4",
    assumptions="two laws on the same atoms, each atom as often as its law has it",
    source=f"derived from I3; {GAN}",
    cases=_atoms,
)
def game_at_the_optimum(ports, case):
    """At the best discriminator the game is worth a Jensen-Shannon divergence."""
    right = _worth(case.counts, case.others)
    yield Sides("value", ports.game_value(*_drawn(case.counts, case.others)), np.array(right))


def _drawn(counts, others, wrong=lambda a: a):
    """Log odds p/q, or what is wrongly made of them, at every draw of either law."""
    odds = wrong(np.log(np.divide(counts, sum(counts)) / np.divide(others, sum(others))))
    return np.repeat(odds, counts), np.repeat(odds, others)


def _worth(counts, others):
    return 2 * oracles.families.jensen_shannon_of_atoms(counts, others) - np.log(4)


@identity(
    "I3-shannon",
    ports="jensen_shannon",
    statement=r"\mathrm{JSD}(p, q) = H(\tfrac{p+q}2) - \tfrac12H(p) - \tfrac12H(q),\quad "
    r"0 \le \mathrm{JSD} \le \log 2",
    source="definition; Lin 1991",
    cases=lambda: [
        Case("Gaussians of the line", p=line(0.3, 0.7), q=line(-0.5, 1.6), known=None),
        Case("mixture of the line", q=line(0.2, 1.1), p=settings.mixture(1), known=None),
        Case("Gaussians of the plane", known=None, p=settings.gaussian(2), q=Law(
            "gaussian", mean=np.array([0.2, -0.4]), covariance=settings.covariance(2, 5))),
        Case("far apart", p=line(12.0, 0.8), q=line(-9.0, 0.5), known=np.log(2)),
        Case("equal", p=line(0.4, 0.9), q=line(0.4, 0.9), known=0.0),
    ],
    tolerance=1e-8,
)  # fmt: skip
def jensen_shannon_of_laws(ports, case):
    """The Jensen-Shannon divergence, the same either way, log 2 for laws that never meet."""
    right = case.known
    if right is None:
        right = oracles.families.jensen_shannon(case.p, case.q)
    yield Sides("divergence", ports.jensen_shannon(case.p, case.q), np.array(right), 1.0)
    yield Sides("of q from p", ports.jensen_shannon(case.q, case.p), np.array(right), 1.0)


def _log_ratio(p, q, x):
    return oracles.scores.log_density(p, x[:, None]) - oracles.scores.log_density(q, x[:, None])


@identity(
    "I3-critic",
    ports="optimal_critic",
    statement=r"T^* = f'(p/q):\ 1 + a,\ -e^{-a},\ 2(e^a - 1),\ 1 - e^{-a/2},\ "
    r"\log2\sigma(a),\ \log\sigma(a)",
    source=F_GAN,
    cases=lambda: [Case(k, kind=k, log_ratio=1.4 * settings.normals(5, key=67)) for k in KINDS],
)
def critic_values(ports, case):
    """The best critic of every divergence, as a function of a = log p − log q."""
    right = oracles.families.critic(case.kind, case.log_ratio)
    yield Sides("critic", ports.optimal_critic(case.kind, case.log_ratio), right)


def _critics():
    z = settings.normals(5, key=68)
    inside = {"kl": z, "reverse kl": -np.exp(z), "pearson": z, "hellinger": 1 - np.exp(z),
              "jensen-shannon": np.log(2) - np.exp(z), "gan": -np.exp(z)}  # fmt: skip
    w = np.array([0.1, 0.4, 0.2, 0.3])
    for kind, y in inside.items():
        yield Case(kind, kind=kind, x=0.8 * settings.normals(4, key=69), y=y, v=w,
                   w=np.array([0.3, 0.1, 0.2, 0.15, 0.25]))  # fmt: skip


@identity(
    "I3-bound",
    ports="critic_bound",
    statement=r"E_pT - E_qf^*(T),\quad f^*(t) = \sup_r\,[rt - f(r)]",
    source=f"Nguyen, Wainwright and Jordan 2010, lemma 1; {F_GAN}",
    cases=_critics,
)
def critic_bound_given_values(ports, case):
    """The bound on given values of a critic."""
    inputs = case.kind, case.x, case.y, case.v, case.w
    right = np.array(oracles.families.critic_bound(*inputs))
    yield Sides("bound", ports.critic_bound(*inputs), right)


@identity(
    "I3-divergence",
    ports="optimal_critic critic_bound",
    statement=r"D_f(p\|q) = \sup_T\,E_pT - E_qf^*(T),\ \text{at}\ T^* = f'(p/q);\quad "
    r"\mathrm{KL}:\ T^* = 1 + \log\tfrac pq,\ f^*(t) = e^{t-1}",
    assumptions="Gaussians of the line",
    source=f"derived from I3; Nguyen, Wainwright and Jordan 2010, lemma 1; {F_GAN}",
    cases=lambda: [Case(k, kind=k, p=line(0.3, 0.9), q=line(-0.4, 1.2)) for k in KINDS],
)
def critics_at_the_optimum(ports, case):
    """The best critic earns the divergence."""
    right = np.array(oracles.families.f_divergence(case.kind, case.p, case.q))
    odds, w = _nodes(case)
    best = [ports.optimal_critic(case.kind, a) for a in odds]
    yield Sides("at the best", ports.critic_bound(case.kind, *best, w, w), right)


def _nodes(case):
    """log p/q at points of p and of q, and the weights of both."""
    z = np.linspace(-13.0, 13.0, 521)
    w = np.exp(-z * z / 2) / np.exp(-z * z / 2).sum()
    ends = [law.mean[0] + np.sqrt(law.covariance[0, 0]) * z for law in (case.p, case.q)]
    return [_log_ratio(case.p, case.q, x) for x in ends], w


@identity(
    "I3-others",
    ports="game_value optimal_critic critic_bound",
    kind="bound",
    statement=r"V(D) \le V(D^*),\quad E_pT - E_qf^*(T) \le D_f(p\|q)\ \text{for every}\ D, T",
    assumptions="Gaussians of the line, and for the game two laws on the same atoms; log odds other"
    " than log p − log q",
    source=f"derived from I3; Nguyen, Wainwright and Jordan 2010, lemma 1; {F_GAN}",
    cases=lambda: [Case(k, kind=k, p=line(0.3, 0.9), q=line(-0.4, 1.2)) for k in KINDS],
)
def no_critic_does_better(ports, case):
    """Whoever misjudges the ratio of the densities earns less than the divergence."""
    above = 2.0  # so that all are positive
    right = np.array(oracles.families.f_divergence(case.kind, case.p, case.q)) + above
    odds, w = _nodes(case)
    for name, wrong in (("flatter", lambda a: 0.8 * a), ("shifted", lambda a: a + 0.1)):
        critic = [ports.optimal_critic(case.kind, wrong(a)) for a in odds]
        yield Bound(name, ports.critic_bound(case.kind, *critic, w, w) + above, right)
        if case.kind == "gan":
            atoms = [5, 2, 1], [1, 3, 6]
            value = ports.game_value(*_drawn(*atoms, wrong))
            yield Bound(f"{name}, in the game", value + above, _worth(*atoms) + above)


@identity(
    "I3-wasserstein",
    ports="wasserstein_1",
    statement=r"W_1 = E|\Delta m + \Delta s\,Z|",
    assumptions="Gaussians of the line",
    source="derived from I3; the mean of a folded normal law",
    cases=lambda: [
        Case("mean and deviation", p=line(0.8, 0.6), q=line(-0.3, 1.7)),
        Case("mean alone", p=line(0.8, 0.6), q=line(-0.3, 0.6)),
        Case("deviation alone", p=line(0.2, 1.9), q=line(0.2, 0.4)),
    ],
)
def wasserstein_1_of_gaussians(ports, case):
    """What a critic of slope one at most can earn between two Gaussians of the line."""
    right = np.array(oracles.families.wasserstein_1(case.p, case.q))
    yield Sides("distance", ports.wasserstein_1(case.p, case.q), right)
