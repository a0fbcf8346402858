"""Chapters B and C: estimators: exact optima, variances, intervals."""
