"""The one error family: what went wrong, in one line that names the fix."""

from __future__ import annotations


class GroundswellError(Exception):
    """Base of every error meant for people. `str(error)` is one line; `code` is stable."""

    status = 500
    code = "internal_error"
    title = "Something went wrong"
    exit_code = 1


class BadSetting(GroundswellError):
    """A setting has a value that cannot be used."""

    code = "bad_setting"
    title = "Setting not usable"
    exit_code = 2


class BadRequest(GroundswellError):
    """A request cannot be understood."""

    status = 400
    code = "bad_request"
    title = "Request not understood"


class BadCursor(BadRequest):
    """A cursor was not made by this list."""

    code = "bad_cursor"
    title = "Cursor not usable"


class InvalidInput(GroundswellError):
    """A parameter or body field has a value outside its range."""

    status = 422
    code = "invalid_input"
    title = "Input not valid"
    exit_code = 2


class Unauthorized(GroundswellError):
    """No usable key came with the request."""

    status = 401
    code = "unauthorized"
    title = "Key needed"


class Forbidden(GroundswellError):
    """The key has not the scope, or the page that sent the request is not ours."""

    status = 403
    code = "forbidden"
    title = "Not allowed"


class NotFound(GroundswellError):
    """No such thing."""

    status = 404
    code = "not_found"
    title = "Not found"


class Conflict(GroundswellError):
    """The request contradicts what is already there."""

    status = 409
    code = "conflict"
    title = "Conflict"


class Stale(Conflict):
    """Somebody has changed it since it was looked at."""

    code = "stale"
    title = "Changed meanwhile"


class TooLarge(GroundswellError):
    """A body is larger than the cap."""

    status = 413
    code = "too_large"
    title = "Body too large"


class Busy(Conflict):
    """Another process is doing this work now."""

    code = "busy"
    title = "Already under way"


class IndexNotReady(GroundswellError):
    """The vector index is missing, damaged or of another encoder."""

    status = 503
    code = "index_not_ready"
    title = "Search is not ready"


class NothingRun(GroundswellError):
    """Posts are there, but no run has looked at them."""

    status = 503
    code = "not_run"
    title = "No run yet"


class DatabaseNotReady(GroundswellError):
    """The database cannot be reached, or its schema is not this version's."""

    status = 503
    code = "database_not_ready"
    title = "Database not ready"


class DatabaseNewer(DatabaseNotReady):
    """A newer Groundswell wrote this database."""

    code = "database_newer"
    title = "Database of a newer version"


class BadArchive(GroundswellError):
    """A file or folder cannot be imported at all."""

    code = "bad_archive"
    title = "Archive not usable"


class SyncFailed(GroundswellError):
    """A live source cannot be read now; what came before is stored."""

    status = 502
    code = "sync_failed"
    title = "Sync stopped"
