"""Chapters B and C: ladders of noise levels and their weightings."""
