"""Closed forms: perturbed data: kernel densities, noise, finite differences, control variates."""
