"""Small networks as fields, with explicit derivatives."""

from refscore.networks.conditional import ConditionalMLP, edm_preconditioning
from refscore.networks.mlp import MLP

__all__ = ["MLP", "ConditionalMLP", "edm_preconditioning"]
