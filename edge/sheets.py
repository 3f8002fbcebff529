"""Tables for spreadsheets."""

import csv
import io
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from litestar import Response

Cell = str | int | bool | None


def sheet(name: str, head: Sequence[str], rows: Iterable[Sequence[Cell]]) -> Response[bytes]:
    """A CSV file (RFC 4180) to save under this name, with ``.csv`` after it.

    A cell that a spreadsheet would take for a formula is made text by an apostrophe: people wrote it.
    """
    file = io.StringIO()
    writer = csv.writer(file)
    writer.writerow(head)
    writer.writerows([_harmless(cell) for cell in row] for row in rows)
    return Response(
        file.getvalue().encode("utf-8-sig"),  # The mark tells spreadsheets that this is UTF-8.
        media_type="text/csv",
        headers={"Content-Disposition": f'attachment; filename="{name}.csv"', "Cache-Control": "no-store"},
    )


def moment(at: int | None) -> str:
    """Unix milliseconds as ISO 8601 in UTC, to the second; empty for none."""
    return "" if at is None else datetime.fromtimestamp(at // 1000, UTC).isoformat()


def _harmless(cell: Cell) -> Cell:
    return f"'{cell}" if isinstance(cell, str) and cell[:1] in {"=", "+", "-", "@", "\t", "\r"} else cell
