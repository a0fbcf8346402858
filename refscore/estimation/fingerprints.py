"""Fingerprints of training: see `refscore._fingerprints`, which the layers below share."""

from refscore._fingerprints import digest, field_digest, seed_of

__all__ = ["digest", "field_digest", "seed_of"]
