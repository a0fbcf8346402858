"""Checkpoints of training: see `refscore._checkpoints`, which the layers below share."""

from refscore._checkpoints import (
    generator_from,
    generator_state,
    load_checkpoint,
    save_checkpoint,
)

__all__ = ["generator_from", "generator_state", "load_checkpoint", "save_checkpoint"]
