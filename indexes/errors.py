"""What can go wrong with an index; the edge maps these to its own errors."""


class IndexFault(Exception):
    """Base of the errors of this package; one line."""


class IndexMissing(IndexFault):
    """The index is not there."""


class IndexDamaged(IndexFault):
    """The index is there, but is not what was published."""


class BadVectors(IndexFault):
    """Vectors or ids have the wrong shape, or hold values that are not finite."""
