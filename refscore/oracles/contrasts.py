"""Closed forms: contrastive divergence and noise-contrastive estimation."""
