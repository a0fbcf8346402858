"""k-diffusion's sampling functions, on levels that do not end at zero."""

from __future__ import annotations

from importlib.metadata import version

import torch

from validation.peers.stand_ins import modules
from validation.samplers import references as r
from validation.samplers import stochastic_references as q
from validation.samplers.measure import Sampler
from validation.samplers.noise import Path

UNUSED = ("torchvision", "torchvision.transforms", "dctorch", "torchdiffeq", "torchsde", "PIL")
(sampling,) = modules("k_diffusion", ("sampling",), (*UNUSED, "safetensors"))
LIBRARY = f"k-diffusion {version('k-diffusion')}"


def run(name, tree=False, **options):
    def sample(denoise, x, levels):
        more = {**options, "noise_sampler": Path(x)} if tree else options
        at = torch.from_numpy(levels)
        return getattr(sampling, name)(
            lambda y, level: denoise(y, level[0]), x, at, disable=True, **more
        )

    return sample


def entry(name, published, source, reference=None, one_step=True, **options):
    note = options.pop("note", "")
    label = name + "".join(f", {k}={v}" for k, v in options.items() if k != "tree")
    return Sampler(
        LIBRARY, label, run(name, **options), published, source, reference, one_step, note=note
    )


EDM, DPM, DPMPP = "Karras et al. 2022", "Lu et al. 2022a", "Lu et al. 2022b"
SAMPLERS = [
    entry("sample_euler", 1, EDM, r.ddim),
    entry("sample_euler_ancestral", 1, "ancestral: Ho et al. 2020", q.ancestral),
    entry("sample_heun", 2, EDM, r.heun),
    entry("sample_dpm_2", 2, DPM, r.midpoint),
    entry("sample_dpm_2_ancestral", None, "", q.midpoint_ancestral),
    entry("sample_lms", 4, "order=4", r.adams_bashforth(4), one_step=False),
    entry("sample_dpmpp_2s_ancestral", None, "", q.dpm_solver_pp_2s_ancestral),
    entry("sample_dpmpp_2s_ancestral", 2, DPMPP, r.dpm_solver_pp_2s, eta=0.0),
    entry("sample_dpmpp_sde", None, "", tree=True),
    entry("sample_dpmpp_2m", 2, DPMPP, r.dpm_solver_pp_2m, one_step=False),
    entry("sample_dpmpp_2m_sde", 2, DPMPP, q.sde_dpm_solver_pp_2m, False, tree=True),
    entry("sample_dpmpp_3m_sde", None, "", q.sde_adams_bashforth_data(3), False, tree=True,
          note="D's second difference counted half, as in `diffusers_third_order_multistep`"),
]  # fmt: skip
