"""What can go wrong below the service; the edge maps these to its own errors."""


class NlpError(Exception):
    """Base of the errors of this package; one line that names the fix."""


class UnknownEncoder(NlpError):
    """No encoder goes by this name."""


class TooFewPosts(NlpError):
    """There are too few posts to say anything about topics."""


class DamagedHead(NlpError):
    """A file of weights is broken, or belongs to another version of its card, labels or encoder."""


class UnknownModel(NlpError):
    """No classifier goes by this name, or its labels mean nothing here."""
