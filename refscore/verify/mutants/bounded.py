"""Mistakes in bounded, non-negative and binary data."""
