"""Ports of the library: estimators: exact optima, variances, intervals."""

__all__: list[str] = []
