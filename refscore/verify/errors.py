"""What a port may raise to decline a case, and what the kit raises at its door."""


class NotOffered(Exception):
    """Raised by an adapter (or a field) to decline a case: the check is *not offered*."""


class SubjectError(ValueError):
    """A subject that cannot be loaded or declares something the kit does not know."""


class Malformed(SubjectError):
    """A port answered with what no check can compare: the check *fails*."""


class Stopped(SubjectError):
    """A port left by SystemExit or another exception that is no Exception; that is its cause."""


PASSED_ON = (Exception, KeyboardInterrupt)  # everything else is Stopped


def said(error: BaseException) -> str:
    """What an exception says, also where saying it raises."""
    try:
        return str(error)
    except Exception:
        return "(its message cannot be read)"
