"""Ports of the library: bounded, non-negative and binary data."""

__all__: list[str] = []
