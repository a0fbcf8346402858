"""Codes in every reading."""

from refscore.verify import library

from .subjects import subject

SUBJECTS = {
    ("bit_order", "first lowest"): subject(
        lookup_free=lambda x: (library.lookup_free(x[:, ::-1])[0], library.lookup_free(x)[1])
    ),
}
