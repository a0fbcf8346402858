"""Ports of the library: contrastive divergence and noise-contrastive estimation."""

__all__: list[str] = []
