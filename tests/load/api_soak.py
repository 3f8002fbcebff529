"""The REST API under everything that its description allows, and much that it does not, for a long time.

On demand: ``python -m tests.load.api_soak``, ten minutes, or ``CLASSWIRE_SOAK_MINUTES``. A school in this
process (one edge, the rules, the read models; real Postgres and object store) is asked by schemathesis in
another one, as teacher, member and stranger, each round with another seed. Prints what was asked and this
process's memory after each round. 1 when an answer was not promised or memory grows.
"""

import asyncio
import os
import sys
import tempfile
import time
from pathlib import Path

import msgspec
import psutil

from deploy.services import S3, Postgres
from schemas.settings import Settings
from tests import stack
from tests.integration.edge import fuzz
from tests.integration.edge.conftest import open_school, without_store
from tests.integration.edge.furnished import furnish

MINUTES = float(os.environ.get("CLASSWIRE_SOAK_MINUTES", "10"))
SEED = int(os.environ.get("CLASSWIRE_SEED", "1"))
EXAMPLES = {"teacher": 4, "member": 2, "stranger": 2}
# Caches fill for some rounds; what still grows by half after them grows for ever.
WARM_UP_ROUNDS, GROWTH_MAX = 3, 1.5
ROUND_S = 120.0


async def main() -> int:
    """Runs, judges, prints; 1 when a promise was broken."""
    with (
        stack.server_directory() as at,
        stack.postgres(at) as database,
        stack.s3(at) as store,
        tempfile.TemporaryDirectory() as scratch,
    ):
        assert isinstance(database.service, Postgres)
        assert isinstance(store.service, S3)
        database.service.create_database("soak")
        bucket = stack.Bucket(store.service, "soak")
        bucket.client().make_bucket(bucket.name)
        settings = msgspec.structs.replace(
            without_store(database.service.dsn("soak"), Path(scratch)),
            s3_endpoint=bucket.endpoint,
            s3_access_key=bucket.access_key,
            s3_secret_key=bucket.secret_key,
            s3_bucket=bucket.name,
        )
        return await soak(settings)


async def soak(settings: Settings) -> int:
    """Round after round until the time is over."""
    process, until = psutil.Process(), time.monotonic() + MINUTES * 60
    asked, failures, memory_mib = 0, set[str](), list[float]()
    async with open_school(settings) as school:
        while time.monotonic() < until or not memory_mib:
            seed = SEED + len(memory_mib)
            wish = await furnish(school, EXAMPLES)
            time_s = min(ROUND_S, max(until - time.monotonic(), 10.0))
            outcome = await fuzz.run(msgspec.structs.replace(wish, seed=seed, time_s=time_s))
            asked += outcome.asked
            for failure in set(outcome.failures) - failures:
                print(f"seed {seed}: {failure}", flush=True)
            failures |= set(outcome.failures)
            memory_mib.append(process.memory_info().rss / (1 << 20))
            print(
                f"seed {seed:4}  asked {outcome.asked:6}  broken {len(outcome.failures):3}  "
                f"memory {memory_mib[-1]:6.1f} MiB",
                flush=True,
            )
    warm = memory_mib[min(WARM_UP_ROUNDS, len(memory_mib) - 1)]
    grows = memory_mib[-1] > GROWTH_MAX * warm
    print(f"asked {asked}, broken promises {len(failures)}, memory {warm:.1f} → {memory_mib[-1]:.1f} MiB")
    return 1 if failures or grows else 0


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
