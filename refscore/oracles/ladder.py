"""Closed forms: ladders of noise levels and their weightings."""
