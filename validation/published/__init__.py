"""Tables computed elsewhere, computed again: what a formula says and what samples show."""
