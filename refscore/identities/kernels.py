"""Chapters B and C: kernel densities and kernel estimators of scores."""
