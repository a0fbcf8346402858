"""Other people's samplers measured: exact law, orders, distance to the formula they cite.

One module a library with its `SAMPLERS`; `python -m validation.samplers` prints the table.
"""

from __future__ import annotations

import os

os.environ.setdefault("TQDM_DISABLE", "1")

# Module: the packages it imports.
LIBRARIES = {
    "diffusers": ("torch", "diffusers"),
    "k_diffusion": ("torch", "k_diffusion"),
    "azula": ("torch", "azula"),
    "smalldiffusion": ("torch", "smalldiffusion"),
    "ddpm_pytorch": ("torch", "denoising_diffusion_pytorch", "einops"),
    "deepinv": ("torch", "deepinv"),
    "flows": ("torch", "flow_matching", "torchdiffeq", "torchdyn", "score_models"),
    "solvers": ("torch", "torchsde", "torchdiffeq"),
    "bionemo": ("torch", "bionemo", "jaxtyping"),
    "diffusionjax": ("jax", "diffusionjax"),
    "diffrax": ("jax", "diffrax", "lineax"),
}
