"""Closed forms: bounded, non-negative and binary data."""
