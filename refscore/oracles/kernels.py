"""Closed forms: kernel densities and kernel estimators of scores."""
