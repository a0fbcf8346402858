"""diffusers: every scheduler that has a meaning on R^d with an exact denoiser.

A scheduler is given a table of betas with exactly the levels of one run, so that its own grid is
the grid; what it does at the end of a run (a last step to zero) is left out.
"""

from __future__ import annotations

from importlib.metadata import version

import diffusers
import numpy as np
import torch

from validation.samplers import references as r
from validation.samplers import stochastic_references as q
from validation.samplers.measure import Sampler
from validation.samplers.noise import Path

LIBRARY = f"diffusers {version('diffusers')}"
diffusers.utils.logging.set_verbosity_error()


def betas(levels) -> np.ndarray:
    """The table whose cumulative products are 1 / (1 + s²), s rising."""
    kept = 1 / (1 + levels[::-1] ** 2)
    return 1 - kept / np.append(1.0, kept[:-1])


def network(denoise, levels, kind="epsilon"):
    """What a network of this kind would return on (√ᾱ (x / α), t), t an index of the table."""
    table = np.log(levels[::-1])

    def output(scaled, t):
        s = float(np.exp(np.interp(float(t), np.arange(len(table)), table)))
        alpha = 1 / np.sqrt(1 + s**2)
        D = denoise(scaled / alpha, s)
        eps = (scaled / alpha - D) / s
        return {"epsilon": eps, "sample": D, "v_prediction": alpha * eps - alpha * s * D}[kind]

    return output


def run(cls, evaluations=1, extra=1, more=0, variance_preserving=True, **config):
    """`extra`: timesteps beyond the steps taken, whose last one starts the step left out.

    `evaluations` a step, and `more` in a run.
    """

    def sample(denoise, x, levels):
        n = len(levels) - 1
        scheduler = cls(num_train_timesteps=n + 1, trained_betas=betas(levels), **config)
        scheduler.set_timesteps(n + extra)
        output = network(denoise, levels, config.get("prediction_type", "epsilon"))
        alpha = 1 / np.sqrt(1 + levels**2) if variance_preserving else np.ones(n + 1)
        x = alpha[0] * x
        for t in scheduler.timesteps[: n * evaluations + more]:
            made = output(scheduler.scale_model_input(x, t), t)
            x = scheduler.step(made, t, x, return_dict=False)[0].double()
        return x / alpha[-1]

    return sample


def entry(cls, published, source, reference=None, one_step=True, label="", **options):
    measured = {k: options.pop(k) for k in MEASURED if k in options}
    config = {k: v for k, v in options.items() if k not in ("evaluations", "extra", "more")}
    said = ", ".join(f"{k}={v}" for k, v in config.items() if k not in HIDDEN)
    scheduler = getattr(diffusers, f"{cls}Scheduler")
    return Sampler(
        LIBRARY, f"{cls}" + (f", {label or said}" if label or said else ""),
        run(scheduler, **options), published, source, reference, one_step, floor=3e-5, **measured,
    )  # fmt: skip


MEASURED = ("alternating", "counts", "note", "starts")
HIDDEN = ("timestep_spacing", "clip_sample", "final_sigmas_type", "variance_preserving",
          "lower_order_final", "skip_prk_steps")  # fmt: skip
EVEN = {"timestep_spacing": "linspace"}
PLAIN = {**EVEN, "clip_sample": False}
SIGMA = {**EVEN, "variance_preserving": False}
OWN_END = {"extra": 0, "lower_order_final": False}
LAST = {**OWN_END, "final_sigmas_type": "sigma_min"}
DPM, DPMPP, EDM = "Lu et al. 2022a", "Lu et al. 2022b", "Karras et al. 2022"


def multistep(order, kind, published, source, reference=None, **options):
    return entry("DPMSolverMultistep", published, source, reference, order == 1, solver_order=order,
                 algorithm_type=kind, **EVEN, **LAST, **options)  # fmt: skip


def singlestep(order, kind, published, source, reference=None, **options):
    return entry("DPMSolverSinglestep", published, source, reference, order == 1,
                 solver_order=order, algorithm_type=kind, counts=(18, 36, 72, 144), starts=False,
                 **LAST,
                 **options)  # fmt: skip


def flow(cls, evaluations=1, **config):
    """Straight paths: x = (1 - t) X + t Z at t = s / (1 + s); the network is Z - X."""

    def sample(denoise, x, levels):
        scheduler, t = cls(**config), levels / (1 + levels)
        grid = torch.tensor(np.append(t, 0.0)).float()
        scheduler.set_timesteps(len(t), **({} if evaluations == 2 else {"sigmas": list(t)}))
        if evaluations == 2:
            scheduler.sigmas = torch.cat([grid[:1], grid[1:-1].repeat_interleave(2), grid[-1:]])
            scheduler.timesteps = 1000 * scheduler.sigmas[:-1]
        x = (1 - t[0]) * x
        told = np.repeat(t, 2)[1:] if evaluations == 2 else t
        for k in range((len(t) - 1) * evaluations):
            y = x / (1 - told[k])
            D = denoise(y, levels[(k + 1) // 2 if evaluations == 2 else k])
            velocity = (x - (1 - told[k]) * D) / told[k] - D
            x = scheduler.step(velocity, scheduler.timesteps[k], x, return_dict=False)[0].double()
        return x / (1 - t[-1])

    return sample


def edm(cls, **config):
    """Levels as they are; the network is preconditioned with sigma_data = 1/2."""

    def sample(denoise, x, levels):
        scheduler = cls(sigma_data=0.5, **config)
        scheduler.set_timesteps(len(levels))
        scheduler.sigmas = torch.tensor(np.append(levels, 0.0)).float()
        scheduler.timesteps = 0.25 * scheduler.sigmas[:-1].log()
        scheduler.noise_sampler = Path(x)
        for k, t in enumerate(scheduler.timesteps[:-1]):
            s = levels[k]
            scheduler.scale_model_input(x, t)
            skip, out = 0.25 / (s**2 + 0.25), s * 0.5 / (s**2 + 0.25) ** 0.5
            out = -out if scheduler.config.prediction_type == "v_prediction" else out
            x = scheduler.step((denoise(x, s) - skip * x) / out, t, x, return_dict=False)[
                0
            ].double()
        return x

    return sample


def adams_of_fixed_weights(denoise, x, levels):
    """IPNDMScheduler takes its betas as noise scales of x, and a network that returns v."""
    sigmas = levels / np.sqrt(1 + levels**2)
    alphas = 1 / np.sqrt(1 + levels**2)
    scheduler = diffusers.IPNDMScheduler(trained_betas=sigmas)
    scheduler.set_timesteps(len(levels))
    x = alphas[0] * x
    for k, t in enumerate(scheduler.timesteps):
        D = denoise(x / alphas[k], levels[k])
        eps = (x - alphas[k] * D) / sigmas[k]
        x = scheduler.step(alphas[k] * eps - sigmas[k] * D, t, x, return_dict=False)[0]
    return x / alphas[-1]


def exploding(denoise, x, levels):
    """ScoreSdeVeScheduler's predictor on these levels; its network is the score."""
    scheduler = diffusers.ScoreSdeVeScheduler()
    scheduler.set_timesteps(len(levels))
    scheduler.set_sigmas(len(levels))
    scheduler.discrete_sigmas = torch.from_numpy(levels[::-1].copy())
    for k, s in enumerate(levels[:-1]):
        t = (len(levels) - 1 - k + 0.25) / (len(levels) - 1)
        score = (denoise(x, s) - x) / s**2
        x = scheduler.step_pred(score, min(t, 1.0), x, return_dict=False)[0]
    return x


def stochastic_dpm(denoise, x, levels):
    """DPMSolverSDEScheduler with the Brownian path it builds, made of given draws."""
    n = len(levels) - 1
    scheduler = diffusers.DPMSolverSDEScheduler(
        num_train_timesteps=n + 1, trained_betas=betas(levels), timestep_spacing="linspace"
    )
    scheduler.set_timesteps(n + 1)
    scheduler.noise_sampler = Path(x)
    output = network(denoise, levels)
    for t in scheduler.timesteps[: 2 * n]:
        made = output(scheduler.scale_model_input(x, t), t)
        x = scheduler.step(made, t, x, return_dict=False)[0].double()
    return x


def other(name, run, published, source, reference=None, one_step=True, **options):
    return Sampler(
        LIBRARY, name, run, published, source, reference, one_step, floor=3e-5, **options
    )


THIRD, SIGN = "`diffusers_third_order_multistep`", "`diffusers_third_order_sde`"
THIRDS = "its order needs the levels between at 1/3 and 2/3 of a step in λ"
DIGITS = "up to 32 steps: `diffusers_deis_cancellation`"
ANCESTRAL = "ancestral: Ho et al. 2020"
SAMPLERS = [
    entry("DDIM", 1, "Song et al. 2021a", r.ddim, **PLAIN),
    entry("DDIM", 1, "Song et al. 2021a", r.ddim, **PLAIN, prediction_type="v_prediction"),
    entry("DDIMParallel", 1, "Song et al. 2021a", r.ddim, **PLAIN),
    entry("DDPM", 1, "Ho et al. 2020", q.ancestral, **PLAIN),
    entry("DDPM", 1, "Ho et al. 2020", q.ancestral_large, **PLAIN, variance_type="fixed_large"),
    entry("DDPMParallel", 1, "Ho et al. 2020", q.ancestral, **PLAIN),
    entry("EulerDiscrete", 1, EDM, r.ddim, **SIGMA),
    entry("EulerAncestralDiscrete", 1, ANCESTRAL, q.ancestral, **SIGMA),
    entry("HeunDiscrete", 2, EDM, r.heun, evaluations=2, **SIGMA),
    entry("KDPM2Discrete", 2, EDM, r.midpoint, evaluations=2, **SIGMA),
    entry("KDPM2AncestralDiscrete", None, "", q.midpoint_ancestral, evaluations=2, **SIGMA),
    entry("LMSDiscrete", 4, "order=4", r.adams_bashforth(4), False, **SIGMA),
    multistep(1, "dpmsolver++", 1, DPMPP, r.ddim),
    multistep(2, "dpmsolver++", 2, DPMPP, r.dpm_solver_pp_2m),
    multistep(2, "dpmsolver++", 2, DPMPP, r.adams_bashforth_data(2), solver_type="heun"),
    multistep(3, "dpmsolver++", 3, "solver_order", r.adams_bashforth_data(3), note=THIRD),
    multistep(2, "dpmsolver", 2, DPM, r.dpm_solver_2m),
    multistep(3, "dpmsolver", 3, "solver_order", r.adams_bashforth(3, np.log), note=THIRD),
    multistep(1, "sde-dpmsolver++", 1, DPMPP, q.sde_dpm_solver_pp_1),
    multistep(2, "sde-dpmsolver++", 2, DPMPP, q.sde_dpm_solver_pp_2m),
    multistep(2, "sde-dpmsolver++", 2, DPMPP, q.sde_adams_bashforth_data(2), solver_type="heun"),
    multistep(3, "sde-dpmsolver++", 3, "solver_order", q.sde_adams_bashforth_data(3), note=SIGN),
    multistep(1, "sde-dpmsolver", 1, DPMPP, q.sde_dpm_solver_1),
    multistep(2, "sde-dpmsolver", 2, DPMPP),
    singlestep(1, "dpmsolver++", 1, DPMPP, r.ddim),
    singlestep(2, "dpmsolver++", 2, DPMPP),
    singlestep(3, "dpmsolver++", 3, DPMPP, alternating=False),
    singlestep(3, "dpmsolver++", 3, DPMPP, note=THIRDS),
    singlestep(3, "dpmsolver++", 3, DPMPP, solver_type="heun", alternating=False),
    singlestep(3, "dpmsolver++", 3, DPMPP, solver_type="heun", note=THIRDS),
    singlestep(2, "dpmsolver", 2, DPM),
    singlestep(3, "dpmsolver", 3, DPM, alternating=False),
    singlestep(3, "dpmsolver", 3, DPM, note=THIRDS),
    singlestep(2, "sde-dpmsolver++", 2, "solver_order", note="`diffusers_singlestep_sde_noise`"),
    singlestep(3, "sde-dpmsolver++", 3, "solver_order", solver_type="heun", note=SIGN),
    entry("DEISMultistep", 2, "solver_order", r.adams_bashforth(2, np.log), False,
          starts=False, **EVEN, **OWN_END),
    entry("DEISMultistep", 3, "solver_order", r.adams_bashforth(3, np.log), False,
          solver_order=3, counts=(8, 16, 32), starts=False, note=DIGITS, **EVEN, **OWN_END),
    entry("UniPCMultistep", 3, "Zhao et al. 2023", None, False, **EVEN, **LAST),
    entry("UniPCMultistep", 3, "Zhao et al. 2023", None, False, solver_type="bh1", **EVEN, **LAST),
    entry("UniPCMultistep", 4, "Zhao et al. 2023", None, False, solver_order=3, **EVEN, **LAST),
    entry("SASolver", 2, "corrector_order", None, False, "tau=0",
          tau_func=lambda t: torch.tensor(0.0), **EVEN, **OWN_END),
    entry("SASolver", 3, "corrector_order", None, False, "tau=0, orders 2 and 3",
          tau_func=lambda t: torch.tensor(0.0), corrector_order=3, counts=(8, 16, 32, 64),
          starts=False, note="in float32 its error grows from about 100 steps", **EVEN, **OWN_END),
    entry("SASolver", None, "", None, False, "tau=1",
          tau_func=lambda t: torch.tensor(1.0), **EVEN, **OWN_END),
    entry("PNDM", 2, "Liu et al. 2022", None, False, alternating=False, more=1,
          skip_prk_steps=True, **EVEN),
    other("IPNDM", adams_of_fixed_weights, None, "", None, False, alternating=False),
    other("FlowMatchEulerDiscrete", flow(diffusers.FlowMatchEulerDiscreteScheduler), 1, "Euler",
          r.ddim),
    other("FlowMatchHeunDiscrete", flow(diffusers.FlowMatchHeunDiscreteScheduler, 2), 2, "Heun",
          r.flow_heun),
    other("EDMEuler", edm(diffusers.EDMEulerScheduler), 1, EDM, r.ddim),
    other("EDMDPMSolverMultistep, solver_order=2", edm(diffusers.EDMDPMSolverMultistepScheduler),
          2, DPMPP, r.dpm_solver_pp_2m, False),
    other("EDMDPMSolverMultistep, solver_order=3",
          edm(diffusers.EDMDPMSolverMultistepScheduler, solver_order=3), 3, "solver_order",
          r.adams_bashforth_data(3), False, note=THIRD),
    other("CosineDPMSolverMultistep", edm(diffusers.CosineDPMSolverMultistepScheduler), 2, DPMPP,
          q.sde_dpm_solver_pp_2m, False),
    other("LTXEulerAncestralRF", flow(diffusers.LTXEulerAncestralRFScheduler), None, ""),
    other("ScoreSdeVe, predictor", exploding, 1, "Song et al. 2021b", q.reverse_diffusion_ve),
    other("DPMSolverSDE", stochastic_dpm, None, ""),
]  # fmt: skip
