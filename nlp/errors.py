"""What can go wrong below the service; the edge maps these to its own errors."""


class NlpError(Exception):
    """Base of the errors of this package; one line that names the fix."""


class UnknownEncoder(NlpError):
    """No encoder goes by this name."""


class TooFewPosts(NlpError):
    """There are too few posts to say anything about topics."""
