"""Dagster's integration against a running server: a workspace becomes assets, and assets are materialized by
real syncs, which Dagster starts and polls itself."""

import importlib.metadata
import sys
import time

from dagster import AssetKey, Failure, materialize
from dagster_airbyte import AirbyteWorkspace, build_airbyte_assets_definitions, load_airbyte_asset_specs

from counting import ADMIN, API, ENGINE, URL, by_hand, check, equal, finish, make_connection

NAME = "dagster-airbyte"
NOBODY = "00000000-0000-4000-8000-000000000000"


def workspace_of(number, **more):
    more = {"client_id": ADMIN[0], "client_secret": ADMIN[1], "poll_interval": 0.2, "poll_timeout": 60, **more}
    return AirbyteWorkspace(
        rest_api_base_url=API, configuration_api_base_url=URL + "/api/v1", workspace_id=number,
        request_max_retries=0, **more)


def raised(what, call, mentions):
    try:
        answer = call()
    except Failure as error:
        return check(what, mentions in str(error), str(error))
    return check(what, False, f"no failure but {answer}")


def walk():
    number, quick = make_connection("Quick One")
    by_hand("PATCH", "/connections/" + quick, {"prefix": "of_"})
    _, slow = make_connection("slow", millis=2, count=50000)
    workspace = workspace_of(number)
    loading(workspace, number, quick, slow)
    materializing(workspace, quick)
    client(workspace.get_client(), number, quick, slow)


def loading(workspace, number, quick, slow):
    print("loading")
    data = workspace.fetch_airbyte_workspace_data()
    equal("the workspace has its connections", sorted(data.connections_by_id), sorted([quick, slow]))
    read = data.connections_by_id[quick]
    equal("with name, prefix and streams", (read.name, read.stream_prefix, sorted(n for n, s in read.streams.items() if s.selected)),
          ("Quick One", "of_", ["users"]))
    equal("each to its destination", {d.type for d in data.destinations_by_id.values()}, {"dev-null"})
    properties = read.streams["users"].json_schema["properties"]
    check("the schema of a stream is there", {"id", "name", "email"} <= set(properties), properties)
    specs = load_airbyte_asset_specs(workspace=workspace_of(number))
    equal("each stream is an asset", {spec.key for spec in specs}, {AssetKey(["of_users"]), AssetKey(["users"])})
    [spec] = [spec for spec in specs if spec.key == AssetKey(["of_users"])]
    columns = spec.metadata["dagster/column_schema"].columns
    check("with its columns", {"id", "name"} <= {column.name for column in columns}, columns)
    raised("a workspace that never was is a failure",
           lambda: workspace_of(NOBODY).fetch_airbyte_workspace_data(), "Max retries")


def materializing(workspace, quick):
    print("materializing")
    assets = build_airbyte_assets_definitions(
        workspace=workspace, connection_selector_fn=lambda connection: connection.id == quick)
    result = materialize(assets, resources={"airbyte": workspace})
    equal("the asset is materialized", result.success, True)
    made = [event.asset_key for event in result.get_asset_materialization_events()]
    equal("it and no other", made, [AssetKey(["of_users"])])
    [job] = by_hand("GET", "/jobs?connectionId=" + quick)["data"]
    equal("by one sync, which moved the rows", (job["status"], job["rowsSynced"]), ("succeeded", 25))


def client(client, number, quick, slow):
    print("client")
    output = client.sync_and_poll(quick)
    equal("sync and poll gives the job", (output.job_details["status"], output.job_details["rowsSynced"]), ("succeeded", 25))
    equal("and the connection", output.connection_details["name"], "Quick One")
    jobs = client.get_jobs_for_connection(quick)
    equal("both jobs are listed", sorted(job.status for job in jobs), ["succeeded", "succeeded"])
    paged = workspace_of(number, max_items_per_page=1).get_client()
    equal("also page by page", {job.id for job in paged.get_jobs_for_connection(quick)}, {job.id for job in jobs})
    equal("connections, too", {c["connectionId"] for c in paged.get_connections()}, {quick, slow})

    long = client.start_sync_job(slow)["jobId"]
    raised("a running sync is not started twice", lambda: client.sync_and_poll(slow), "already running")
    told = client.cancel_job(long)
    equal("cancelling answers the job", told["jobId"], long)
    equal("and cancels it", ended(client, long), "cancelled")
    hasty = workspace_of(number, poll_timeout=0.5).get_client()
    raised("a sync that takes too long is a failure", lambda: hasty.sync_and_poll(slow), "not ready after the timeout")
    newest = max(job.id for job in client.get_jobs_for_connection(slow))
    equal("and is cancelled", (newest > long, ended(client, newest)), (True, "cancelled"))


def ended(client, number):
    for _ in range(100):
        status = client.get_job_details(number)["status"]
        if status not in ("pending", "running", "incomplete"):
            break
        time.sleep(0.2)
    return status


if __name__ == "__main__":
    print(f"{NAME} {importlib.metadata.version(NAME)} on {ENGINE}, {API}")
    sys.exit(finish(walk, 17))
