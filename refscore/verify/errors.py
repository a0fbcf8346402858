"""What a port may raise to decline a case, and what the kit raises at its door."""


class NotOffered(Exception):
    """Raised by an adapter (or a field) to decline a case: the check is *not offered*."""


class SubjectError(ValueError):
    """A subject that cannot be loaded or declares something the kit does not know."""
