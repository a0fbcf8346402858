"""Estimators: from data to parameters, scores or densities, with their errors."""

__all__: list[str] = []
