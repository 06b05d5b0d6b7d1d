"""Airflow's provider against a running server: the hook, the operator in its three ways, the sensor and the
trigger, called as a worker calls them; no scheduler and no database of Airflow are needed for that."""

import asyncio
import importlib.metadata
import json
import os
import sys
import tempfile
import time

from counting import ADMIN, API, ENGINE, check, equal, finish, make_connection

# Airflow reads its environment when it is imported.
os.environ["AIRFLOW_HOME"] = os.environ.get("AIRFLOW_HOME") or tempfile.mkdtemp(prefix="airflow-")
os.environ.setdefault("AIRFLOW__LOGGING__LOGGING_LEVEL", "WARNING")
NAMED = {"conn_type": "airbyte", "host": API, "login": ADMIN[0], "password": ADMIN[1]}
os.environ["AIRFLOW_CONN_AIRBYTE_DEFAULT"] = json.dumps(NAMED)
os.environ["AIRFLOW_CONN_ELSEWHERE"] = json.dumps({**NAMED, "schema": "/api/v1/applications/token"})
os.environ["AIRFLOW_CONN_WRONG"] = json.dumps({**NAMED, "password": "0" * 64})

from airflow.providers.airbyte.hooks.airbyte import AirbyteHook  # noqa: E402
from airflow.providers.airbyte.operators.airbyte import AirbyteTriggerSyncOperator  # noqa: E402
from airflow.providers.airbyte.sensors.airbyte import AirbyteJobSensor  # noqa: E402
from airflow.providers.airbyte.triggers.airbyte import AirbyteSyncTrigger  # noqa: E402
from airflow.providers.common.compat.sdk import AirflowException, TaskDeferred  # noqa: E402

NAME = "apache-airflow-providers-airbyte"


def raised(what, call, mentions):
    try:
        answer = call()
    except AirflowException as error:
        return check(what, mentions in str(error), str(error))
    return check(what, False, f"no exception but {answer}")


def operator(connection, **more):
    more = {"wait_seconds": 0.2, "timeout": 60, **more}
    return AirbyteTriggerSyncOperator(task_id="sync", connection_id=connection, **more)


def walk():
    _, quick = make_connection("quick")
    _, slow = make_connection("slow", millis=2, count=50000)
    hook = hooks(quick, slow)
    operators(hook, quick, slow)
    sensors(hook, quick, slow)


def hooks(quick, slow):
    print("hook")
    hook = AirbyteHook()
    equal("the connection is tested", hook.test_connection(), (True, "Connection successfully tested"))
    job = hook.submit_sync_connection(quick)
    hook.wait_for_job(job.job_id, wait_seconds=0.2, timeout=60)
    done = hook.get_job_details(job.job_id)
    equal("a sync succeeds, and says its rows", (done.status.value, done.rows_synced, done.connection_id), ("succeeded", 25, quick))
    equal("its status alone", hook.get_job_status(job.job_id).value, "succeeded")
    elsewhere = AirbyteHook("elsewhere")
    equal("a token URL of one's own", elsewhere.get_job_status(job.job_id).value, "succeeded")
    raised("wrong credentials are an exception", lambda: AirbyteHook("wrong").get_job_status(job.job_id), "401")
    raised("so is an unknown job", lambda: hook.get_job_details(987654321), "404")

    job = hook.submit_reset_connection(quick)
    hook.wait_for_job(job.job_id, wait_seconds=0.2, timeout=60)
    equal("a reset succeeds", hook.get_job_status(job.job_id).value, "succeeded")

    long = hook.submit_sync_connection(slow)
    raised("a second sync is refused", lambda: hook.submit_sync_connection(slow), "already running")
    equal("cancelling answers the job", hook.cancel_job(long.job_id).job_id, long.job_id)
    raised("waiting for a cancelled job is an exception",
           lambda: hook.wait_for_job(long.job_id, wait_seconds=0.2, timeout=60), "cancelled")
    long = hook.submit_sync_connection(slow)
    raised("waiting too long cancels", lambda: hook.wait_for_job(long.job_id, wait_seconds=0.2, timeout=1), "Timeout")
    raised("which is waited for as well",
           lambda: hook.wait_for_job(long.job_id, wait_seconds=0.2, timeout=60), "cancelled")
    return hook


def operators(hook, quick, slow):
    print("operator")
    waiting = operator(quick)
    waiting.execute({})
    equal("the operator waits for its job", hook.get_job_status(waiting.job_id).value, "succeeded")
    number = operator(quick, asynchronous=True).execute({})
    check("asynchronously it returns the number of the job", isinstance(number, int) and number > waiting.job_id, number)
    hook.wait_for_job(number, wait_seconds=0.2, timeout=60)
    equal("which succeeds", hook.get_job_status(number).value, "succeeded")
    deferring = operator(slow, deferrable=True)
    try:
        deferring.execute({})
        check("deferrable, it defers", False, "it did not")
    except TaskDeferred as deferred:
        equal("deferrable, it defers to the trigger", deferred.trigger.job_id, deferring.job_id)
    raised("meanwhile no other starts", lambda: operator(slow).execute({}), "already running")
    deferring.on_kill()
    deadline = time.monotonic() + 20
    while (now := hook.get_job_status(deferring.job_id).value) != "cancelled" and time.monotonic() < deadline:
        time.sleep(0.2)
    equal("a killed task cancels its job", now, "cancelled")


def sensors(hook, quick, slow):
    print("sensor and trigger")
    job = hook.submit_sync_connection(quick)
    sensor = AirbyteJobSensor(task_id="sense", airbyte_job_id=job.job_id, poke_interval=0.2, timeout=60)
    sensor.execute({})
    equal("the sensor ends when the job has succeeded", hook.get_job_status(job.job_id).value, "succeeded")
    long = hook.submit_sync_connection(slow)
    sensor = AirbyteJobSensor(task_id="sense", airbyte_job_id=long.job_id)
    equal("a running job is not there yet", sensor.poke({}), False)
    hook.cancel_job(long.job_id)
    raised("waiting for its end", lambda: hook.wait_for_job(long.job_id, wait_seconds=0.2, timeout=60), "cancelled")
    raised("a cancelled one is an exception", lambda: sensor.poke({}), "cancelled")

    def fired(number):
        async def first():
            trigger = AirbyteSyncTrigger(
                conn_id="airbyte_default", job_id=number, end_time=time.time() + 60, poll_interval=0.2)
            return (await anext(trigger.run())).payload["status"]

        return asyncio.run(first())

    equal("the trigger fires for the one that succeeded", fired(job.job_id), "success")
    equal("and for the cancelled one", fired(long.job_id), "cancelled")


if __name__ == "__main__":
    print(f"{NAME} {importlib.metadata.version(NAME)} on {ENGINE}, {API}")
    sys.exit(finish(walk, 22))
