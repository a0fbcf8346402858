"""Ports of the library: perturbed data: kernel densities, noise, finite differences, control variates."""

__all__: list[str] = []
