"""Closed forms: estimators: exact optima, variances, intervals."""
