"""Chapter F: measured orders of samplers of the flow, on the variance and on a mixture."""

from __future__ import annotations

import numpy as np

from refscore import oracles
from refscore.identities import settings
from refscore.identities.base import Order, identity
from refscore.identities.cases import Case, Law
from refscore.identities.settings import process_of

HIGH, LOW = 2.5, 0.15  # of sigma/alpha, at the ends
LINE = Law(
    "mixture",
    weights=[0.6, 0.4],
    means=np.array([[-1.0], [1.5]]),
    covariances=np.array([[[0.09]], [[0.25]]]),
)
STATED = (
    r"\|\operatorname{Cov}x_N - S_{t_N}\| = O(N^{-p}),\ "
    r"\|x_N - F_{t_N}^{-1}(F_{t_0}(x_0))\| = O(N^{-p})"
)


def order_cases(*counts):
    """A Gaussian, judged by its covariance, and a mixture on the line by its exact flow."""
    yield Case("variance", law=settings.gaussian(2), counts=counts)
    yield Case("mixture", law=LINE, counts=counts, x=np.array([[-2.0], [-0.4], [0.3], [1.9]]))


def _errors(process, case, sample):
    """sample(law, x, times) against the exact flow, at every number of steps."""
    law = case.law
    times = [oracles.exponential.even_times(process, HIGH, LOW, n) for n in case.counts]
    if law.kind == "gaussian":
        start, end = (oracles.diffusion.law_at(law, process, times[0][i]) for i in (0, -1))
        nodes = np.vstack([np.zeros(2), np.eye(2)])
        for clock in times:
            image = sample(law, nodes, clock)
            A = (image[1:] - image[0]).T
            yield np.abs(A @ start.covariance @ A.T - end.covariance).max()
        return
    exact = oracles.exponential.transported(law, process, case.x, times[0][0], times[0][-1])
    for clock in times:
        yield np.abs(sample(law, case.x, clock) - exact).max()


def _measured(ports, case, sample, order):
    errors = list(_errors(process_of(ports), case, sample))
    return Order(case.name, 1 / np.array(case.counts, dtype=float), errors, order)


def _walk(port):
    """A step port over times."""

    def sample(law, x, times):
        for t, s in zip(times[:-1], times[1:]):
            x = port(law, x, t, s)
        return x

    return sample


def _entry(id, name, port, order, source, counts, summary):
    """Register the order of one port."""

    def measured(ports, case):
        call = getattr(ports, port)
        sample = _walk(call) if port.endswith("step") else call
        yield _measured(ports, case, sample, order)

    measured.__name__, measured.__doc__ = name, summary
    return identity(
        id, ports=port, kind="order", statement=STATED + rf",\ p = {order}",
        assumptions="exact score; times even in log(sigma/alpha)", source=source,
        cases=lambda: order_cases(*counts),
    )(measured)  # fmt: skip


heun_step_order = _entry(
    "F9-heun-order", "heun_step_order", "heun_step", 2, "Karras et al. 2022, algorithm 1",
    (8, 16), "EDM's Heun step is of order 2.",
)  # fmt: skip
dpm_multistep_third_order = _entry(
    "F9-3m-order", "dpm_multistep_third_order", "dpm_multistep_3_sample", 2,
    "measured; the code of Lu et al. 2022b", (40, 80),
    "DPM-Solver++ (3M) as published is of order 2: half of its last term is missing.",
)  # fmt: skip
