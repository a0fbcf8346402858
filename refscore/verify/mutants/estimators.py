"""Mistakes in estimators: exact optima, variances, intervals."""
