"""Mistakes in contrastive divergence and noise-contrastive estimation."""
