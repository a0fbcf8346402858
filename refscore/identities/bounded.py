"""Chapters B and C: bounded, non-negative and binary data."""
