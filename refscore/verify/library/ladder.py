"""Ports of the library: ladders of noise levels and their weightings."""

__all__: list[str] = []
