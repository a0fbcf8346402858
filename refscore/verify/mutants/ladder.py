"""Mistakes in ladders of noise levels and their weightings."""
