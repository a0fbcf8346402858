"""Conventions: of each value somebody who means it, one file a family."""
