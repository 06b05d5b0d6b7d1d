"""PyAirbyte's `CloudWorkspace` against a running server: what it deploys, checks and syncs there, the states it
reads and writes, the logs it fetches. Its connectors are only descriptions here; the server runs its own."""

import importlib.metadata
import os
import sys
import time

os.environ["AIRBYTE_OFFLINE_MODE"] = "1"  # No look into a registry, no telemetry.

import airbyte  # noqa: E402
from airbyte import exceptions  # noqa: E402
from airbyte._util import api_util  # noqa: E402
from airbyte.cloud import CloudWorkspace  # noqa: E402

from counting import ADMIN, API, ENGINE, by_hand, check, equal, finish  # noqa: E402

NAME = "airbyte"
NOBODY = "00000000-0000-4000-8000-000000000000"
MANIFEST = {
    "version": "6.1.0",
    "type": "DeclarativeSource",
    "check": {"type": "CheckStream", "stream_names": ["pets"]},
    "streams": [{"type": "DeclarativeStream", "name": "pets", "retriever": {
        "type": "SimpleRetriever",
        "requester": {"type": "HttpRequester", "url_base": "http://127.0.0.1:9", "path": "/pets", "http_method": "GET"},
        "record_selector": {"type": "RecordSelector", "extractor": {"type": "DpathExtractor", "field_path": []}},
    }, "schema_loader": {"type": "InlineSchemaLoader", "schema": {"type": "object", "properties": {}}}}],
    "spec": {"type": "Spec", "connection_specification": {"type": "object", "properties": {}}},
}


def workspace_of(number, **more):
    more = more or {"client_id": ADMIN[0], "client_secret": ADMIN[1]}
    return CloudWorkspace(workspace_id=number, api_root=API, **more)


def raised(what, kind, call, mentions=""):
    try:
        answer = call()
    except kind as error:
        return check(what, mentions in str(error), str(error))
    return check(what, False, f"no exception but {answer!r}")


def walk():
    api_util.JOB_WAIT_INTERVAL_SECS = 0.2
    [first] = by_hand("GET", "/workspaces")["data"]
    workspace = workspaces(first["workspaceId"])
    source, destination = connectors(workspace)
    connection = connections(workspace, source, destination)
    syncs(connection)
    states(connection)
    cancelling(workspace)
    definitions(workspace)
    deleting(workspace, connection, source, destination)


def workspaces(number):
    print("workspace")
    workspace = workspace_of(number)
    workspace.connect()
    equal("it connects, and is listed", [one.workspace_id for one in workspace.list_workspaces()], [number])
    workspace.rename("Shop")
    equal("it is renamed", [one.name for one in workspace.list_workspaces(name="Shop")], ["Shop"])
    token = by_hand("POST", "/applications/token", {"client_id": ADMIN[0], "client_secret": ADMIN[1]})["access_token"]
    equal("a bearer token does as well", len(workspace_of(number, bearer_token=token).list_workspaces()), 1)
    organization = workspace.get_organization()
    [known] = by_hand("GET", "/organizations")["data"]
    equal("it knows its organization", (organization.organization_id, organization.organization_name),
          (known["organizationId"], known["organizationName"]))
    raised("an unknown workspace is an exception", Exception, lambda: workspace_of(NOBODY).connect())
    return workspace


def connectors(workspace):
    print("source and destination")
    described = airbyte.get_source("source-faker", config={"count": 30, "seed": 5}, local_executable="/bin/true")
    source = workspace.deploy_source("people", described)
    equal("a deployed source is listed", [one.connector_id for one in workspace.list_sources()], [source.connector_id])
    equal("by its name", workspace.get_source(source.connector_id).name, "people")
    raised("a second one of that name is refused by the client", exceptions.AirbyteDuplicateResourcesError,
           lambda: workspace.deploy_source("people", described))
    silent = {"destinationType": "dev-null", "test_destination": {"test_destination_type": "SILENT"}}
    destination = workspace.deploy_destination("nowhere", silent)
    equal("a deployed destination is listed",
          [one.connector_id for one in workspace.list_destinations()], [destination.connector_id])
    equal("it has its configuration", workspace.get_destination(destination.connector_id).configuration["test_destination"],
          silent["test_destination"])
    for one in (source, destination):
        equal(f"the {one.connector_type} passes its check", bool(one.check()), True)
    lost = workspace.deploy_destination("lost", {"destinationType": "local-json", "destination_path": "/elsewhere/../../etc"})
    failed = lost.check(raise_on_error=False)
    check("a destination outside of its place does not, and says why", not failed and bool(failed.error_message), failed)
    lost.rename("lost delete-me")
    lost.permanently_delete()
    equal("renamed and deleted, it is gone", [one.name for one in workspace.list_destinations()], ["nowhere"])
    equal("a source gets another configuration", source.update_config({"sourceType": "faker", "count": 35, "seed": 5}).connector_id,
          source.connector_id)
    return source, destination


def connections(workspace, source, destination):
    print("connection")
    connection = workspace.deploy_connection(
        "to nowhere", source=source, destination=destination, selected_streams=["users", "products"], table_prefix="of_")
    read = workspace.get_connection(connection.connection_id)
    equal("a deployed connection has its name, prefix and streams",
          (read.name, read.table_prefix, sorted(read.stream_names)), ("to nowhere", "of_", ["products", "users"]))
    equal("and its ends", (read.source_id, read.destination_id), (source.connector_id, destination.connector_id))
    equal("it is valid", read.check_is_valid(), True)
    equal("it is listed", [one.connection_id for one in workspace.list_connections()], [connection.connection_id])
    equal("it is renamed", read.rename("people").name, "people")
    equal("it gets another prefix", read.set_table_prefix("").table_prefix, "")
    equal("and other streams", read.set_selected_streams(["users"]).stream_names, ["users"])
    read.set_schedule("0 0 3 * * ?")
    equal("a schedule", by_hand("GET", "/connections/" + read.connection_id)["schedule"]["cronExpression"], "0 0 3 * * ?")
    read.set_manual_schedule()
    equal("and none", by_hand("GET", "/connections/" + read.connection_id)["schedule"]["scheduleType"], "manual")
    read.set_enabled(enabled=False)
    equal("it is disabled", workspace.get_connection(read.connection_id).enabled, False)
    raised("then a sync is refused with advice", exceptions.PyAirbyteInputError, read.run_sync, "disabled")
    read.set_enabled(enabled=True)
    equal("and enabled", workspace.get_connection(read.connection_id).enabled, True)
    return workspace.get_connection(connection.connection_id)


def syncs(connection):
    print("sync")
    result = connection.run_sync(wait_timeout=60)
    equal("a sync succeeds, with its rows", (result.get_job_status().value, result.records_synced), ("succeeded", 35))
    check("and bytes", result.bytes_synced > 35, result.bytes_synced)
    check("it began just now", abs(time.time() - result.start_time.timestamp()) < 120, result.start_time)
    [attempt] = result.get_attempts()
    equal("in one attempt", (attempt.attempt_id, attempt.status, attempt.records_synced), (0, "succeeded", 35))
    check("whose log can be read", "the attempt succeeded" in attempt.get_full_log_text(), attempt.get_full_log_text()[:200])
    later = connection.run_sync(wait=False)
    equal("one that is not waited for is then", later.wait_for_completion(wait_timeout=60).value, "succeeded")
    equal("the newest is first in the history", [one.job_id for one in connection.get_previous_sync_logs()],
          [later.job_id, result.job_id])
    equal("from the other end, too", [one.job_id for one in connection.get_previous_sync_logs(from_tail=False, limit=1)],
          [result.job_id])
    equal("the last result", connection.get_sync_result().job_id, later.job_id)


def states(connection):
    print("state")
    raw = connection.dump_raw_state(normalize=False)
    equal("the state is one of streams", (raw["stateType"], raw["connectionId"]), ("stream", connection.connection_id))
    told = connection.dump_raw_state()
    equal("in the words of the protocol", [one["stream"]["stream_descriptor"]["name"] for one in told], ["users"])
    own = {"updated_at": "2020-01-01T00:00:00Z", "loop_offset": 1}
    connection.set_stream_state("users", own)
    equal("the state of a stream is set and read", connection.get_stream_state("users"), own)
    connection.import_raw_state(raw)
    equal("and put back", connection.dump_raw_state(normalize=False)["streamState"], raw["streamState"])


def cancelling(workspace):
    print("cancelling")
    slow = workspace.deploy_destination("slow delete-me", {
        "destinationType": "dev-null",
        "test_destination": {"test_destination_type": "THROTTLED", "millis_per_record": 2}})
    much = workspace.deploy_source("much delete-me", airbyte.get_source(
        "source-faker", config={"count": 50000}, local_executable="/bin/true"))
    connection = workspace.deploy_connection("slow delete-me", source=much, destination=slow, selected_streams=["users"])
    result = connection.run_sync(wait=False)
    raised("a second sync is refused", Exception, lambda: connection.run_sync(wait=False))
    raised("its state is locked meanwhile", exceptions.AirbyteConnectionSyncActiveError,
           lambda: connection.import_raw_state({"stateType": "stream", "streamState": []}))
    equal("the running one is cancelled", connection.cancel_sync().job_id, result.job_id)
    equal("and ends so", result.wait_for_completion(wait_timeout=30).value, "cancelled")
    raised("which is an exception when asked", exceptions.AirbyteConnectionSyncError, result.raise_failure_status)
    connection.permanently_delete(cascade_delete_source=True, cascade_delete_destination=True)
    equal("all three are deleted", len(workspace.list_sources()) + len(workspace.list_destinations()), 2)


def definitions(workspace):
    print("custom definitions")
    made = workspace.publish_custom_source_definition("Pets", manifest_yaml=MANIFEST, pre_validate=False)
    equal("a manifest comes back", (made.name, made.manifest), ("Pets", MANIFEST))
    listed = workspace.list_custom_source_definitions(definition_type="yaml")
    equal("it is listed", [one.definition_id for one in listed], [made.definition_id])
    more = {**MANIFEST, "description": "of all kinds"}
    equal("it changes", made.update_definition(manifest_yaml=more, pre_validate=False).manifest, more)
    made.permanently_delete(safe_mode=False)
    equal("it is deleted", workspace.list_custom_source_definitions(definition_type="yaml"), [])


def deleting(workspace, connection, source, destination):
    print("deleting")
    workspace.permanently_delete_connection(connection, safe_mode=False)
    workspace.permanently_delete_source(source, safe_mode=False)
    workspace.permanently_delete_destination(destination, safe_mode=False)
    left = [*workspace.list_connections(), *workspace.list_sources(), *workspace.list_destinations()]
    equal("nothing is left", left, [])


if __name__ == "__main__":
    print(f"{NAME} {importlib.metadata.version(NAME)} on {ENGINE}, {API}")
    sys.exit(finish(walk, 45))
