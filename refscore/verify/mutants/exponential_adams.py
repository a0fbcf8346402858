"""Mistakes in Adams-Bashforth samplers: LMS, DEIS, PLMS."""

from __future__ import annotations

import numpy as np

from refscore.verify import library
from refscore.verify.mutants.base import mistake
from refscore.verify.mutants.exponential import noise_at, pair, time_of
from refscore.verify.mutants.exponential_multistep import by_noise, by_velocity, velocity


def _adams(score_at, x, times, order, clock, *, turned=False, shift=0, warm=True):
    """Adams-Bashforth of x/α over σ/α with the polynomial in clock(t)."""
    past = []
    node, weight = np.polynomial.legendre.leggauss(12)
    for k, (t, s) in enumerate(zip(times[:-1], times[1:])):
        past = [(t, noise_at(score_at, x, t)), *past][:order]
        used = [m for _, m in past][:: -1 if turned else 1]
        at = np.array([clock(times[max(k - i - shift, 0)], k - i) for i in range(len(past))])
        start, end = (pair(u)[1] / pair(u)[0] for u in (t, s))
        rho = start + (end - start) * (node + 1) / 2
        where = np.array([clock(time_of(r), k + (r - start) / (end - start)) for r in rho])
        center, span = where[0], max(np.ptp(at), np.ptp(where))
        fit = np.vander((where - center) / span, len(at), increasing=True) @ np.linalg.inv(
            np.vander((at - center) / span, increasing=True)
        )
        share = (end - start) / 2 * weight @ fit
        y = x / pair(t)[0] + sum(c * m for c, m in zip(share, used))
        x = pair(s)[0] * y
    return x


def _ratio(t, _):
    return pair(t)[1] / pair(t)[0]


def _lambda(t, _):
    return np.log(_ratio(t, None))


@mistake("lms_order_lost", port="lms_sample", source="lost order")
def _(score_at, x_T, times, order):
    """One prediction fewer is used."""
    return library.lms_sample(score_at, x_T, times, order - 1)


@mistake("lms_uniform_steps", port="lms_sample", source="lost order: weights of equal steps")
def _(score_at, x_T, times, order):
    """The weights are those of equal steps."""
    return _adams(score_at, x_T, times, order, lambda t, place: place)


@mistake("lms_history_reversed", port="lms_sample", source="wrong history order")
def _(score_at, x_T, times, order):
    """The memory is read from the oldest to the newest."""
    return _adams(score_at, x_T, times, order, _ratio, turned=True)


@mistake("lms_in_time", port="lms_sample", source="R28: the polynomial in another variable")
def _(score_at, x_T, times, order):
    """The polynomial is one in time."""
    return library.deis_sample(score_at, x_T, times, order)


@mistake("lms_in_log_snr", port="lms_sample", source="R28: the polynomial in another variable")
def _(score_at, x_T, times, order):
    """The polynomial is one in log(α/σ)."""
    return _adams(score_at, x_T, times, order, _lambda)


@mistake("deis_order_lost", port="deis_sample", source="lost order")
def _(score_at, x_T, times, order):
    """One prediction fewer is used."""
    return library.deis_sample(score_at, x_T, times, order - 1)


@mistake("deis_in_sigma", port="deis_sample", source="ρAB for tAB")
def _(score_at, x_T, times, order):
    """The polynomial is one in σ/α."""
    return library.lms_sample(score_at, x_T, times, order)


@mistake("deis_in_log_snr", port="deis_sample", source="another variable: λ for t")
def _(score_at, x_T, times, order):
    """The polynomial is one in log(α/σ)."""
    return _adams(score_at, x_T, times, order, _lambda)


@mistake("deis_history_reversed", port="deis_sample", source="wrong history order")
def _(score_at, x_T, times, order):
    """The memory is read from the oldest to the newest."""
    return _adams(score_at, x_T, times, order, lambda t, place: t, turned=True)


_PSEUDO = {2: (3, -1), 3: (23, -16, 5), 4: (55, -59, 37, -9)}


def _pseudo(
    score_at, x, times, *, table=_PSEUDO, most=4, heun=True, turned=False, predict=noise_at
):
    past = []
    for k, (t, s) in enumerate(zip(times[:-1], times[1:])):
        past = [predict(score_at, x, t), *past][:most]
        if not k and heun:
            x = library.heun_step(score_at, x, t, s)
            continue
        weights = np.array(table.get(len(past), (1,)), float)
        used = past[::-1] if turned else past
        held = sum(w * m for w, m in zip(weights / weights.sum(), used))
        step = by_noise if predict is noise_at else by_velocity
        x = step(x, t, s, held, None)
    return x


@mistake("plms_starts_with_euler", port="plms_sample", source="R31: the warm start")
def _(score_at, x_T, times):
    """The first step is of first order."""
    return _pseudo(score_at, x_T, times, heun=False)


@mistake("plms_third_order", port="plms_sample", source="lost order")
def _(score_at, x_T, times):
    """The fourth prediction is never used."""
    return _pseudo(score_at, x_T, times, most=3)


@mistake("plms_history_reversed", port="plms_sample", source="wrong history order")
def _(score_at, x_T, times):
    """The memory is read from the oldest to the newest."""
    return _pseudo(score_at, x_T, times, turned=True)


@mistake("plms_sign", port="plms_sample", source="classic: +9 for -9")
def _(score_at, x_T, times):
    """The last weight is +9."""
    return _pseudo(score_at, x_T, times, table={**_PSEUDO, 4: (55, -59, 37, 9)})


@mistake("plms_second_sign", port="plms_sample", source="classic: 23 + 16 + 5")
def _(score_at, x_T, times):
    """The middle weight of three is +16."""
    return _pseudo(score_at, x_T, times, table={**_PSEUDO, 3: (23, 16, 5)})


@mistake("plms_of_velocity", port="plms_sample", source="R28: diffusers #14816")
def _(score_at, x_T, times):
    """Velocities are combined, not noises."""
    return _pseudo(score_at, x_T, times, predict=velocity)
