"""``classwire rebuild``: the read models anew from the log, and what differed from the live ones."""

from bus import nats
from projectors import rebuild
from schemas.settings import Settings


async def run(settings: Settings, *, verify: bool) -> int:
    """Rebuilds (or only compares) and prints a line per table; 1 when ``verify`` found a difference."""
    async with nats.connect(settings, "projectors") as bus:
        work = rebuild.verify if verify else rebuild.rebuild
        report = await work(bus.log, settings.postgres)
    for table in report.tables:
        verdict = "same" if table.is_same else "differs"
        print(f"{table.table:<24} {table.rows_live:>8} rows live {table.rows_rebuilt:>8} rebuilt  {verdict}")
        for mark, rows in (("-", table.only_live), ("+", table.only_rebuilt)):
            for row in rows:
                print(f"  {mark} {row}")
    if report.is_same:
        print("The read models are what the log says.")
        return 0
    print("The read models differed from the log." + ("" if verify else " They are replaced."))
    return 1 if verify else 0
