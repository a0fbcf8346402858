"""Ports of the library: kernel densities and kernel estimators of scores."""

__all__: list[str] = []
