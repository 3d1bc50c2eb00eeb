"""A table inside an archive, set down for a moment so that it is read like one on its own."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from jobs.importers.bundle import Bundle
from jobs.importers.csv_rows import Names, table
from jobs.importers.rows import Row
from service.errors import BadArchive
from service.ingest.fields import BadRecord
from service.ingest.records import Reject


def rows(bundle: Bundle, name: str, names: Names) -> Iterator[Row | Reject]:
    """Yield the rows of an entry, by the names that `names` gives its columns."""
    with tempfile.TemporaryDirectory(prefix="groundswell-") as folder:
        place = Path(folder) / "table.csv"
        try:
            with bundle.stream(name) as source, place.open("wb") as out:
                shutil.copyfileobj(source, out, 1 << 18)
            yield from table(place, lambda done, total: None, names)
        except BadRecord as error:
            yield Reject(name, str(error))
        except BadArchive:
            yield Reject(name, "the table has no header that is known: export it again")
