"""Small networks as fields, with explicit derivatives."""

from refscore.networks.conditional import ConditionalMLP, edm_preconditioning
from refscore.networks.mlp import MLP
from refscore.networks.timed import TimeMLP

__all__ = ["MLP", "ConditionalMLP", "TimeMLP", "edm_preconditioning"]
