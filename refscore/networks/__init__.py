"""Small networks as fields, with explicit derivatives."""

from refscore.networks.mlp import MLP

__all__ = ["MLP"]
