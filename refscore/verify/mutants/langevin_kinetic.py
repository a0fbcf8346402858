"""Mistakes in splittings of underdamped dynamics, and in the laws of kinetic steps."""

from __future__ import annotations

import numpy as np

from refscore.verify.mutants.base import mistake


def _baoab(score, x, v, h, noise, c, spread, *, kicks=(0.5, 0.5), push=0.0):
    """Kick, drift, friction c with noise, drift, kick."""
    v = v + kicks[0] * h * score(x)
    x = x + h / 2 * v
    v = c * v + spread * noise
    x = x + h / 2 * v
    s = score(x)
    return x + push * s, v + kicks[1] * h * s


def _friction(h, friction):
    c = np.exp(-friction * h)
    return c, np.sqrt(1 - c * c)


@mistake("splitting_friction_twice", port="underdamped_step", source="M14: openmm #3790")
def _(score, x, v, step_size, friction, noise):
    """The friction acts for two steps' time."""
    return _baoab(score, x, v, step_size, noise, *_friction(step_size, 2 * friction))


@mistake("splitting_friction_halved", port="underdamped_step", source="M14: substeps")
def _(score, x, v, step_size, friction, noise):
    """The friction acts for half a step's time."""
    return _baoab(score, x, v, step_size, noise, *_friction(step_size, friction / 2))


@mistake("splitting_noise_not_refreshed", port="underdamped_step", source="M17: PQ #273")
def _(score, x, v, step_size, friction, noise):
    """The noise belongs to the friction 1 whatever the friction is."""
    c, _ = _friction(step_size, friction)
    return _baoab(score, x, v, step_size, noise, c, _friction(step_size, 1.0)[1])


@mistake("splitting_noise_without_root", port="underdamped_step", source="M01: missing root")
def _(score, x, v, step_size, friction, noise):
    """The noise has the standard deviation 1 - e^{-2γh}."""
    c, spread = _friction(step_size, friction)
    return _baoab(score, x, v, step_size, noise, c, spread**2)


@mistake("splitting_noise_of_one_rate", port="underdamped_step", source="classic: γh for 2γh")
def _(score, x, v, step_size, friction, noise):
    """The noise has the variance 1 - e^{-γh}."""
    c, _ = _friction(step_size, friction)
    return _baoab(score, x, v, step_size, noise, c, np.sqrt(1 - c))


@mistake("splitting_force_on_position", port="underdamped_step", source="M15: jax-md #124")
def _(score, x, v, step_size, friction, noise):
    """The force enters the position's update a second time."""
    c, spread = _friction(step_size, friction)
    return _baoab(score, x, v, step_size, noise, c, spread, push=step_size**2 / 2)


@mistake("splitting_last_kick_missing", port="underdamped_step", source="M30: half steps")
def _(score, x, v, step_size, friction, noise):
    """The last half kick is left out."""
    parts = _friction(step_size, friction)
    return _baoab(score, x, v, step_size, noise, *parts, kicks=(0.5, 0.0))


@mistake("splitting_first_kick_whole", port="underdamped_step", source="M30: half steps")
def _(score, x, v, step_size, friction, noise):
    """The first kick is a whole step, and there is no last."""
    parts = _friction(step_size, friction)
    return _baoab(score, x, v, step_size, noise, *parts, kicks=(1.0, 0.0))


@mistake("splitting_kicks_whole", port="underdamped_step", source="M30: half steps")
def _(score, x, v, step_size, friction, noise):
    """Both kicks are whole steps."""
    parts = _friction(step_size, friction)
    return _baoab(score, x, v, step_size, noise, *parts, kicks=(1.0, 1.0))


@mistake("splitting_kick_sign", port="underdamped_step", source="O01: the sign of a gradient")
def _(score, x, v, step_size, friction, noise):
    """The kicks follow the energy's gradient uphill."""
    parts = _friction(step_size, friction)
    return _baoab(score, x, v, step_size, noise, *parts, kicks=(-0.5, -0.5))


@mistake("splitting_is_euler", port="underdamped_step", source="classic: Euler-Maruyama")
def _(score, x, v, step_size, friction, noise):
    """An Euler-Maruyama step is made."""
    after = v + step_size * (score(x) - friction * v) + np.sqrt(2 * friction * step_size) * noise
    return x + step_size * v, after


@mistake("splitting_drift_first", port="underdamped_step", source="classic: ABOBA for BAOAB")
def _(score, x, v, step_size, friction, noise):
    """Drifts and kicks are exchanged: a convention where it is declared."""
    c, spread = _friction(step_size, friction)
    x = x + step_size / 2 * v
    kick = step_size / 2 * score(x)
    v = c * (v + kick) + spread * noise + kick
    return x + step_size / 2 * v, v


@mistake("splitting_score_not_renewed", port="underdamped_step", source="classic: a score kept")
def _(score, x, v, step_size, friction, noise):
    """Both kicks use the score of the first point."""
    s = score(x)
    return _baoab(lambda _: s, x, v, step_size, noise, *_friction(step_size, friction))


def _map(law, h, friction, scheme, *, times=None, spread=1.0):
    """(M, c, Q) of a splitting of (x, v)."""
    d, P = len(law.mean), np.linalg.inv(law.covariance)
    M, c, Q = np.eye(2 * d), np.zeros(2 * d), np.zeros((2 * d, 2 * d))
    for letter in scheme:
        t = h / scheme.count(letter) * (times or {}).get(letter, 1.0)
        A, shift = np.eye(2 * d), np.zeros(2 * d)
        if letter == "A":
            A[:d, d:] = t * np.eye(d)
        elif letter == "B":
            A[d:, :d], shift[d:] = -t * P, t * P @ law.mean
        else:
            A[d:, d:] = np.exp(-friction * t) * np.eye(d)
        M, c, Q = A @ M, A @ c + shift, A @ Q @ A.T
        if letter == "O":
            Q[d:, d:] += spread * (1 - np.exp(-2 * friction * t)) * np.eye(d)
    return M, c, Q


def _walked(map_, n, mean, cov):
    M, c, Q = map_
    for _ in range(n):
        mean, cov = M @ mean + c, M @ cov @ M.T + Q
    return {"mean": mean, "covariance": cov}


@mistake("kinetic_law_of_baoab", port="underdamped_law", source="classic: one scheme for all")
def _(law, step_size, friction, scheme, n_steps, mean, covariance):
    """Every scheme is taken for BAOAB."""
    return _walked(_map(law, step_size, friction, "BAOAB"), n_steps, mean, covariance)


@mistake("kinetic_law_friction_twice", port="underdamped_law", source="M14: openmm #3790")
def _(law, step_size, friction, scheme, n_steps, mean, covariance):
    """The friction acts for two steps' time."""
    map_ = _map(law, step_size, friction, scheme, times={"O": 2.0})
    return _walked(map_, n_steps, mean, covariance)


@mistake("kinetic_law_kicks_whole", port="underdamped_law", source="M30: half steps")
def _(law, step_size, friction, scheme, n_steps, mean, covariance):
    """The kicks act for two steps' time."""
    map_ = _map(law, step_size, friction, scheme, times={"B": 2.0})
    return _walked(map_, n_steps, mean, covariance)


@mistake("kinetic_law_noise_halved", port="underdamped_law", source="M17: γ for 2γ")
def _(law, step_size, friction, scheme, n_steps, mean, covariance):
    """The noise has half the variance."""
    map_ = _map(law, step_size, friction, scheme, spread=0.5)
    return _walked(map_, n_steps, mean, covariance)


@mistake("kinetic_law_one_step_short", port="underdamped_law", source="R31: off by one")
def _(law, step_size, friction, scheme, n_steps, mean, covariance):
    """One step too few."""
    map_ = _map(law, step_size, friction, scheme)
    return _walked(map_, max(n_steps - 1, 0), mean, covariance)


def _product(law, x, v):
    d = len(law.mean)
    C = np.zeros((2 * d, 2 * d))
    C[:d, :d], C[d:, d:] = x, v
    return {"mean": np.concatenate([law.mean, np.zeros(d)]), "covariance": C}


def _schemes(law, h, factor=0.25):
    S, I = law.covariance, np.eye(len(law.mean))
    Q = I - factor * h * h * np.linalg.inv(S)
    R = np.linalg.inv(Q)
    return {"BAOAB": (S, Q), "ABOBA": (S, R), "OBABO": (S @ R, I), "OABAO": (S @ Q, I)}


@mistake("kinetic_limit_is_target", port="underdamped_stationary", source="erratum J6b")
def _(law, step_size, friction, scheme):
    """The stationary law is taken to be the target."""
    return _product(law, law.covariance, np.eye(len(law.mean)))


@mistake(
    "kinetic_limit_step_halved", port="underdamped_stationary", source="classic: h²/2 for h²/4"
)
def _(law, step_size, friction, scheme):
    """The corrections have h²/2 for h²/4."""
    return _product(law, *_schemes(law, step_size, 0.5)[scheme])


@mistake(
    "kinetic_limits_exchanged", port="underdamped_stationary", source="classic: inflate, shrink"
)
def _(law, step_size, friction, scheme):
    """Where a scheme inflates it is said to shrink, and the other way round."""
    other = {"BAOAB": "ABOBA", "ABOBA": "BAOAB", "OBABO": "OABAO", "OABAO": "OBABO"}
    return _product(law, *_schemes(law, step_size)[other[scheme]])


def _hamiltonian(law, h, n, steps, mean, cov, *, refreshed=1.0, first=0.5):
    d, P = len(law.mean), np.linalg.inv(law.covariance)
    A, B = np.eye(2 * d), np.eye(2 * d)
    A[:d, d:] = h * np.eye(d)
    flow = np.eye(2 * d)
    for i in range(n):
        B[d:, :d] = -h * P * (first if i == 0 else 1.0)
        flow = A @ B @ flow
    M, T = flow[:d, :d], flow[:d, d:]
    for _ in range(steps):
        mean = law.mean + M @ (mean - law.mean)
        cov = M @ cov @ M.T + refreshed * T @ T.T
    return {"mean": mean, "covariance": cov}


@mistake("hamiltonian_law_first_kick_whole", port="unadjusted_hmc_law", source="M30: Neal 2011")
def _(law, step_size, n_leapfrog, n_steps, mean, covariance):
    """The first kick is a whole step."""
    inputs = law, step_size, n_leapfrog, n_steps, mean, covariance
    return _hamiltonian(*inputs, first=1.0)


@mistake("hamiltonian_law_one_leapfrog", port="unadjusted_hmc_law", source="classic: L left out")
def _(law, step_size, n_leapfrog, n_steps, mean, covariance):
    """One leapfrog step is made for L of them."""
    return _hamiltonian(law, step_size, 1, n_steps, mean, covariance)


@mistake(
    "hamiltonian_law_momentum_kept", port="unadjusted_hmc_law", source="classic: no refreshment"
)
def _(law, step_size, n_leapfrog, n_steps, mean, covariance):
    """The momentum is taken to be zero at every start."""
    inputs = law, step_size, n_leapfrog, n_steps, mean, covariance
    return _hamiltonian(*inputs, refreshed=0.0)


@mistake("hamiltonian_law_one_long_step", port="unadjusted_hmc_law", source="classic: L h for h")
def _(law, step_size, n_leapfrog, n_steps, mean, covariance):
    """One leapfrog step of size L h is made for L of size h."""
    return _hamiltonian(law, n_leapfrog * step_size, 1, n_steps, mean, covariance)
