"""Mistakes in kernel densities and kernel estimators of scores."""
