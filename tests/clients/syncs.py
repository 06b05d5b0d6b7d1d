"""Connections and jobs, by the published client: connections of every shape are made, read, changed and
deleted; jobs run to their end with rows in a file, are listed by every filter, refused and cancelled."""

import datetime
import json
import os
import pathlib
import time

from airbyte_api import api, models

from connectors import create_destination, create_source, delete_source
from counting import by_hand, check, equal
from kit import VERSION, refused

NOBODY = "00000000-0000-4000-8000-000000000000"
LOCAL_JSON = "a625d593-bba5-4a1c-a53d-2d246268a816"
STREAMS = ["products", "purchases", "users"]
FINAL = ("succeeded", "failed", "cancelled", "incomplete")


def walk(admin, workspace):
    source = create_source(admin, workspace, "to be synced", models.SourceFaker(count=40, seed=1)).source_id
    silent = models.DestinationDevNull(test_destination=models.Silent())
    nowhere = create_destination(admin, workspace, "nowhere", silent).destination_id
    kept = connections(admin, workspace, source, nowhere)
    if not VERSION.startswith("0.52."):  # It knows no tags.
        tagged(admin, workspace, kept)
    jobs(admin, workspace, kept)
    rows(admin, workspace, source)
    running(admin, workspace)
    refused("a connection whose source is deleted has no syncs", 409 if delete_source(admin, source) == 204 else 0,
            lambda: start(admin, kept))


# The calls ----------------------------------------------------------------------------------------


def create(who, source, destination, **more):
    request = models.ConnectionCreateRequest(source_id=source, destination_id=destination, **more)
    return who.sdk.connections.create_connection(request=request).connection_response


def get(who, connection):
    return who.sdk.connections.get_connection(
        request=api.GetConnectionRequest(connection_id=connection)).connection_response


def patch(who, connection, **fields):
    request = api.PatchConnectionRequest(
        connection_id=connection, connection_patch_request=models.ConnectionPatchRequest(**fields))
    return who.sdk.connections.patch_connection(request=request).connection_response


def delete(who, connection):
    request = api.DeleteConnectionRequest(connection_id=connection)
    return who.sdk.connections.delete_connection(request=request).status_code


def listed(who, **wanted):
    return who.sdk.connections.list_connections(request=api.ListConnectionsRequest(**wanted)).connections_response


def start(who, connection, kind="sync"):
    request = models.JobCreateRequest(connection_id=connection, job_type=models.JobTypeEnum(kind))
    return who.sdk.jobs.create_job(request=request).job_response


def job(who, number):
    return who.sdk.jobs.get_job(request=api.GetJobRequest(job_id=number)).job_response


def cancel(who, number):
    return who.sdk.jobs.cancel_job(request=api.CancelJobRequest(job_id=number)).job_response


def list_jobs(who, **wanted):
    return who.sdk.jobs.list_jobs(request=api.ListJobsRequest(**wanted)).jobs_response


def numbers(who, **wanted):
    return [one.job_id for one in list_jobs(who, **wanted).data]


def ended(who, number, seconds=60):
    """Asks as clients do until the job is over; what it is then."""
    deadline = time.monotonic() + seconds
    while (seen := job(who, number)).status.value not in FINAL and time.monotonic() < deadline:
        time.sleep(0.1)
    return seen


def names(connection):
    return sorted(stream.name for stream in connection.configurations.streams)


# The walks ----------------------------------------------------------------------------------------


def connections(who, workspace, source, destination):
    print("connections")
    made = create(who, source, destination)
    equal("a connection without streams has all of them", names(made), STREAMS)
    equal("it belongs to the workspace of its ends",
          (made.workspace_id, made.source_id, made.destination_id), (workspace, source, destination))
    equal("it is active and manual", (made.status.value, made.schedule.schedule_type.value), ("active", "manual"))
    equal("reading gives what creating gave", get(who, made.connection_id), made)

    cursor = models.StreamConfiguration(
        name="users", sync_mode=models.ConnectionSyncModeEnum("incremental_append"), cursor_field=["updated_at"])
    fields = [models.SelectedFieldInfo(field_path=[name]) for name in ("id", "name", "updated_at")]
    cursor.selected_fields = fields
    chosen = create(
        who, source, destination, name="chosen", prefix="of_",
        configurations=models.StreamConfigurations(streams=[cursor]),
        namespace_definition=models.NamespaceDefinitionEnum("custom_format"), namespace_format="at_${SOURCE_NAMESPACE}",
        schedule=models.AirbyteAPIConnectionSchedule(
            schedule_type=models.ScheduleTypeEnum("cron"), cron_expression="0 0 3 * * ? UTC"),
        status=models.ConnectionStatusEnum("inactive"))
    equal("only the chosen streams", names(chosen), ["users"])
    [stream] = chosen.configurations.streams
    equal("with the mode and cursor", (stream.sync_mode.value, stream.cursor_field), ("incremental_append", ["updated_at"]))
    equal("and fields, in order", [one.field_path for one in stream.selected_fields], [["id"], ["name"], ["updated_at"]])
    equal("the cron expression comes back as sent",
          (chosen.schedule.schedule_type.value, chosen.schedule.cron_expression), ("cron", "0 0 3 * * ? UTC"))
    equal("so do name, prefix, namespace and status",
          (chosen.name, chosen.prefix, chosen.namespace_definition.value, chosen.namespace_format, chosen.status.value),
          ("chosen", "of_", "custom_format", "at_${SOURCE_NAMESPACE}", "inactive"))
    equal("reading gives what creating gave", get(who, chosen.connection_id), chosen)

    changed = patch(who, chosen.connection_id, name="renamed")
    equal("a new name changes the name only",
          (changed.name, changed.prefix, names(changed), changed.schedule.cron_expression),
          ("renamed", "of_", ["users"], "0 0 3 * * ? UTC"))
    by_hand_now = models.AirbyteAPIConnectionSchedule(schedule_type=models.ScheduleTypeEnum("manual"))
    changed = patch(who, chosen.connection_id, schedule=by_hand_now)
    equal("a schedule becomes manual", (changed.schedule.schedule_type.value, changed.schedule.cron_expression), ("manual", None))
    both = models.StreamConfigurations(
        streams=[models.StreamConfiguration(name="users"), models.StreamConfiguration(name="products")])
    equal("other streams take the place of the old ones",
          names(patch(who, chosen.connection_id, configurations=both)), ["products", "users"])
    refused("syncing an inactive connection is 409", 409, lambda: start(who, chosen.connection_id))
    changed = patch(who, chosen.connection_id, status=models.ConnectionStatusEnum("active"))
    equal("it becomes active", changed.status.value, "active")

    nonsense = models.AirbyteAPIConnectionSchedule(
        schedule_type=models.ScheduleTypeEnum("cron"), cron_expression="every day")
    refused("a wrong cron expression names its field", 400,
            lambda: create(who, source, destination, schedule=nonsense), mentions="cronExpression")
    unknown = models.StreamConfigurations(streams=[models.StreamConfiguration(name="nonesuch")])
    refused("an unknown stream is named", 400,
            lambda: create(who, source, destination, configurations=unknown), mentions="nonesuch")
    refused("an unknown source is 404", 404, lambda: create(who, NOBODY, destination))

    mine = {made.connection_id, chosen.connection_id}
    equal("the list shows both", {one.connection_id for one in listed(who, workspace_ids=[workspace]).data}, mine)
    page = listed(who, workspace_ids=[workspace], limit=1)
    check("a page of one has a next one", len(page.data) == 1 and bool(page.next), page)
    equal("the page after the last is empty", listed(who, workspace_ids=[workspace], offset=2).data, [])
    equal("deleting answers 204", delete(who, chosen.connection_id), 204)
    equal("then it is not listed", [one.connection_id for one in listed(who, workspace_ids=[workspace]).data], [made.connection_id])
    equal("a deleted connection is still read, as deprecated", get(who, chosen.connection_id).status.value, "deprecated")
    gone = [c for c in listed(who, workspace_ids=[workspace], include_deleted=True).data
            if c.connection_id == chosen.connection_id]
    equal("and listed where deleted ones are asked for", [one.status.value for one in gone], ["deprecated"])
    return made.connection_id


def tagged(who, workspace, connection):
    print("tags of a connection")
    made = []
    for name in ("zebra", "ant"):
        request = models.TagCreateRequest(name=name, color="FF8800", workspace_id=workspace)
        tag = who.sdk.tags.create_tag(request=request).tag_response
        made.append(models.Tag(tag_id=tag.tag_id, name=tag.name, color=tag.color, workspace_id=tag.workspace_id))
    equal("they come back in the order given", [tag.name for tag in patch(who, connection, tags=made).tags], ["zebra", "ant"])
    equal("another change leaves them", [tag.name for tag in patch(who, connection, name="tagged").tags], ["zebra", "ant"])
    equal("none takes them away", patch(who, connection, tags=[]).tags, [])


def jobs(who, workspace, connection):
    print("jobs")
    before = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(seconds=2)
    asked = start(who, connection)
    check("a sync that was asked for waits or runs", asked.status.value in ("pending", "running", "succeeded"), asked.status)
    equal("it says of what and which kind", (asked.connection_id, asked.job_type.value), (connection, "sync"))
    done = ended(who, asked.job_id)
    equal("it succeeds", done.status.value, "succeeded")
    check("with the rows that the source has: 40 users, 40 of the products, their purchases", (done.rows_synced or 0) > 80, done)
    check("and bytes", done.bytes_synced and done.bytes_synced > done.rows_synced, done)
    check("its duration is ISO 8601", str(done.duration).startswith("PT"), done.duration)
    started = datetime.datetime.fromisoformat(done.start_time.replace("Z", "+00:00"))
    over = datetime.datetime.fromisoformat(done.last_updated_at.replace("Z", "+00:00"))
    check("its times have a zone and an order", before <= started <= over, (before, started, over))

    second = start(who, connection)
    equal("a second one succeeds", ended(who, second.job_id).status.value, "succeeded")
    clear = start(who, connection, "reset")
    equal("a reset succeeds", ended(who, clear.job_id).status.value, "succeeded")
    every = [asked.job_id, second.job_id, clear.job_id]
    equal("numbers grow", every, sorted(set(every)))

    of_it = {"connection_id": connection}
    newest, oldest = "createdAt|DESC", "createdAt|ASC"
    equal("the list of the connection, oldest first", numbers(who, **of_it, order_by=oldest), every)
    equal("and newest first", numbers(who, **of_it, order_by=newest), every[::-1])
    equal("by kind", numbers(who, **of_it, job_type=models.JobTypeEnum("reset")), [clear.job_id])
    equal("by status", sorted(numbers(who, **of_it, status=models.JobStatusEnum("succeeded"))), every)
    equal("by another status", numbers(who, **of_it, status=models.JobStatusEnum("failed")), [])
    equal("by workspace", sorted(numbers(who, workspace_ids=[workspace])), every)
    equal("since a time", sorted(numbers(who, **of_it, created_at_start=before)), every)
    equal("until a time", numbers(who, **of_it, created_at_end=before), [])
    equal("changed since", sorted(numbers(who, **of_it, updated_at_start=before)), every)
    equal("changed until", numbers(who, **of_it, updated_at_end=before), [])
    page = list_jobs(who, **of_it, order_by=newest, limit=2)
    check("a page of two has a next one", [one.job_id for one in page.data] == every[:0:-1] and bool(page.next), page)
    for part in ("limit=2", "offset=2", "connectionId=" + connection, "orderBy="):
        check(f"its link keeps {part.split('=')[0]}", part in page.next, page.next)
    rest = list_jobs(who, **of_it, order_by=newest, limit=2, offset=2)
    check("which is the last", [one.job_id for one in rest.data] == every[:1] and not rest.next, rest)
    refused("an unknown job is 404", 404, lambda: job(who, 987654321))
    refused("a sync of nothing, too", 404, lambda: start(who, NOBODY))
    equal("cancelling what has ended leaves it", cancel(who, asked.job_id).status.value, "succeeded")


def rows(who, workspace, source):
    """Into files: the newer generation cannot read destinations of types that it does not know (its own
    limit), so this one is made by hand."""
    print("rows")
    files = by_hand("POST", "/destinations", {
        "name": "files", "workspaceId": workspace, "definitionId": LOCAL_JSON,
        "configuration": {"destinationType": "local-json", "destination_path": f"/local/{VERSION}"}})
    connection = create(who, source, files["destinationId"], configurations=models.StreamConfigurations(
        streams=[models.StreamConfiguration(name="users")])).connection_id
    done = ended(who, start(who, connection).job_id)
    equal("a sync into a file succeeds, with a row for each user", (done.status.value, done.rows_synced), ("succeeded", 40))
    if where := os.environ.get("FERROBYTE_DATA_DIR"):
        text = (pathlib.Path(where) / "local" / VERSION / "users.jsonl").read_text().splitlines()
        equal("which are in it", sorted(json.loads(line)["_airbyte_data"]["id"] for line in text), list(range(1, 41)))
    equal("the connection is deleted", delete(who, connection), 204)
    by_hand("DELETE", "/destinations/" + files["destinationId"])


def running(who, workspace):
    print("a job that takes long")
    source = create_source(who, workspace, "much", models.SourceFaker(count=50000)).source_id
    slow = create_destination(who, workspace, "slow", models.DestinationDevNull(
        test_destination=models.Throttled(millis_per_record=2))).destination_id
    connection = create(who, source, slow, configurations=models.StreamConfigurations(
        streams=[models.StreamConfiguration(name="users")])).connection_id
    asked = start(who, connection)
    refused("a second sync meanwhile is 409", 409, lambda: start(who, connection), mentions="already running")
    deadline = time.monotonic() + 20
    while job(who, asked.job_id).status.value != "running" and time.monotonic() < deadline:
        time.sleep(0.05)
    equal("it runs", job(who, asked.job_id).status.value, "running")
    equal("the list says so", numbers(who, connection_id=connection, status=models.JobStatusEnum("running")), [asked.job_id])
    began = time.monotonic()
    told = cancel(who, asked.job_id)
    equal("cancelling answers the job", told.job_id, asked.job_id)
    equal("and cancels it", ended(who, asked.job_id).status.value, "cancelled")
    check("within 15 seconds", time.monotonic() - began < 15, time.monotonic() - began)
    again = start(who, connection)
    check("another one can be started then", again.job_id > asked.job_id, again)
    cancel(who, again.job_id)
    equal("and cancelled", ended(who, again.job_id).status.value, "cancelled")
    equal("the connection is deleted", delete(who, connection), 204)
    delete_source(who, source)
