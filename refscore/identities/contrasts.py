"""Chapters B and C: contrastive divergence and noise-contrastive estimation."""
