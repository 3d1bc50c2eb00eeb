"""Cells that a spreadsheet would run as a formula: guarded by an apostrophe, and unguarded.

A cell is risky where, behind apostrophes and blanks of any kind, a sign stands that begins a
formula, in any width, or where it begins with a tab or the end of a line. `unguard(guard(cell))`
is the cell for every text, as an apostrophe more or less does not change whether it is risky.
"""

from __future__ import annotations

import re

BLANKS = r"\s\u200b-\u200f\u2060\ufeff"
SIGNS = r"=+\-@＝＋－＠﹦﹢﹣﹫"
RISKY = re.compile(rf"'*(?:[\t\r\n]|[{BLANKS}]*[{SIGNS}])")


def guard(cell: str) -> str:
    """Return a cell that no spreadsheet takes for a formula."""
    return f"'{cell}" if RISKY.match(cell) else cell


def unguard(cell: str) -> str:
    """Return the cell that was guarded; any other cell as it is."""
    return cell[1:] if cell.startswith("'") and RISKY.match(cell) else cell
