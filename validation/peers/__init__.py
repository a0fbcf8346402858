"""Adapters that point the kit at libraries people use, one file a library.

A module here has `SUBJECTS`, or is one subject itself; its ports call the library and nothing
else. What deviates is confirmed apart from the kit by the scripts in `deviations/`.
"""

from __future__ import annotations

import importlib
import importlib.util
import os
from collections.abc import Iterator
from typing import Any

os.environ.setdefault("TQDM_DISABLE", "1")

# Adapter: the packages it imports, and how they are installed.
PEERS = {
    "torchebm": ("torch", "torchebm"),
    "torch_distributions": ("torch",),
    "matfree": ("jax", "matfree"),
    "blackjax": ("jax", "blackjax"),
    "tfp": ("jax", "tensorflow_probability"),
    "numpyro": ("jax", "numpyro"),
    "emcee": ("emcee",),
    "primate": ("primate",),
    "curvlinops": ("torch", "curvlinops"),
    "k_diffusion": ("torch", "k_diffusion", "einops", "torchdiffeq"),
    "diffusers": ("torch", "diffusers"),
    "azula": ("torch", "azula"),
    "ebmkit": ("torch", "ebm"),
    "denoising_diffusion": ("torch", "denoising_diffusion_pytorch", "einops"),
    "scikit_learn": ("sklearn",),
    "scipy_kernels": ("scipy",),
    "jax_kernels": ("jax",),
    "torch_kde": ("torch", "torchkde"),
    "coreax": ("jax", "coreax", "equinox"),
    "toy_gradlogp": ("torch", "toy_gradlogp"),
    "score_models": ("torch", "score_models"),
    "sbi": ("torch", "sbi"),
    "statsmodels_kernels": ("statsmodels",),
    "kdepy": ("KDEpy",),
    "fokker_planck": ("fokker_planck",),
    "smalldiffusion": ("torch", "smalldiffusion"),
    "deepinv": ("torch", "deepinv"),
    "flow_matching": ("torch", "flow_matching"),
    "torchcfm": ("torch", "torchcfm"),
    "normflows": ("torch", "normflows"),
    "nflows": ("torch", "nflows"),
    "zuko": ("torch", "zuko"),
    "tfp_bijectors": ("jax", "tensorflow_probability"),
    "solvers": ("torch", "torchdiffeq", "torchdyn", "torchsde"),
    "torchdiffeq": ("torch", "torchdiffeq"),
    "diffrax": ("jax", "diffrax"),
    "scipy_integrate": ("scipy",),
    "torchdyn": ("torch", "torchdyn"),
    "continuous_flows": ("torch", "zuko", "flow_matching"),
    "kmeans": ("sklearn", "scipy"),
    "haiku": ("jax", "haiku"),
    "diffusers_codes": ("torch", "diffusers"),
    "vector_quantize": ("torch", "vector_quantize_pytorch", "einops", "einx"),
    "torch_gumbel": ("torch",),
    "jax_gumbel": ("jax",),
    "torch_gradients": ("torch",),
    "torch_bounds": ("torch",),
    "storchastic": ("torch", "storch"),
    "tfp_relaxed": ("jax", "tensorflow_probability"),
    "numpyro_relaxed": ("jax", "numpyro"),
    "pyro_relaxed": ("torch", "pyro"),
}


def missing(name: str) -> list[str]:
    """The packages this peer needs that cannot be imported."""
    return [package for package in PEERS[name] if importlib.util.find_spec(package) is None]


def subjects(name: str) -> list[Any]:
    """The subjects of one adapter."""
    module = importlib.import_module(f"validation.peers.{name}")
    return getattr(module, "SUBJECTS", [module])


def run(names: list[str], checks: list[str] | None = None) -> Iterator[tuple[str, Any]]:
    """(adapter, report) of every subject whose packages are there; (adapter, reason) else."""
    from refscore import verify

    for name in names:
        if absent := missing(name):
            yield name, f"not installed: {', '.join(absent)}"
            continue
        for subject in subjects(name):
            yield name, verify.run(subject, checks=checks)
