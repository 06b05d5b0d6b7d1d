"""PyAirbyte reading a source into PostgreSQL: pyairbyte.py PROGRAM COUNT STREAM HOST PORT DATABASE USER.

Says on its last line how long the reading took, and what the process itself, without the source, took for
it. Importing the library and finding out what the source offers are left out."""

import json
import os
import resource
import sys
import time

os.environ["AIRBYTE_OFFLINE_MODE"] = "1"  # No look into a registry, no telemetry.
os.environ["DO_NOT_TRACK"] = "1"

import airbyte  # noqa: E402
from airbyte.caches import PostgresCache  # noqa: E402

program, count, stream, host, port, database, user = sys.argv[1:]


def used():
    own = resource.getrusage(resource.RUSAGE_SELF)
    return own.ru_utime + own.ru_stime


name = os.path.basename(program)
source = airbyte.get_source(name, config={"count": int(count)}, local_executable=program)
source.select_streams([stream])
cache = PostgresCache(host=host, port=int(port), database=database, username=user, password="none", schema_name="public")
began, before = time.monotonic(), used()
result = source.read(cache, force_full_refresh=True)
took, cpu = time.monotonic() - began, used() - before
memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
print()
print(json.dumps({"rows": result.processed_records, "seconds": took, "cpu": cpu, "memory": memory}))
