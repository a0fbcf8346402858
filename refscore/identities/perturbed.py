"""Chapters B and C: perturbed data: kernel densities, noise, finite differences, control variates."""
