"""Definitions, sources, destinations and streams, by the published client: each is made, read, changed,
listed and deleted, and nothing that the client cannot parse comes back."""

import uuid

from airbyte_api import api, models

from counting import DEV_NULL, check, equal
from kit import VERSION, refused

FAKER = "dfd88b22-b603-4c3d-aad7-3701784586b1"
MASK = "**********"
NOBODY = "00000000-0000-4000-8000-000000000000"


def walk(admin, workspace):
    sources(admin, workspace)
    secrets(admin, workspace)
    destinations(admin, workspace)
    streams(admin, workspace)
    if not VERSION.startswith("0.52."):  # It knows no definitions.
        definitions(admin, workspace)
        low_code(admin, workspace)


# The calls ----------------------------------------------------------------------------------------


class Source:
    """A source as the client parsed it, and its configuration as the server sent it: the client reads
    configurations as the first of hundreds of types that fits."""

    def __init__(self, answer):
        self.parsed = answer.source_response
        self.configuration = answer.raw_response.json()["configuration"]

    def __getattr__(self, name):
        return getattr(self.parsed, name)


def create_source(who, workspace, name, configuration, **more):
    request = models.SourceCreateRequest(configuration=configuration, name=name, workspace_id=workspace, **more)
    return Source(who.sdk.sources.create_source(request=request))


def get_source(who, source):
    return Source(who.sdk.sources.get_source(request=api.GetSourceRequest(source_id=source)))


def patch_source(who, source, **fields):
    change = models.SourcePatchRequest(**fields)
    return Source(who.sdk.sources.patch_source(request=api.PatchSourceRequest(source_id=source, source_patch_request=change)))


def put_source(who, source, name, configuration):
    whole = models.SourcePutRequest(configuration=configuration, name=name)
    return Source(who.sdk.sources.put_source(request=api.PutSourceRequest(source_id=source, source_put_request=whole)))


def delete_source(who, source):
    return who.sdk.sources.delete_source(request=api.DeleteSourceRequest(source_id=source)).status_code


def list_sources(who, **wanted):
    return who.sdk.sources.list_sources(request=api.ListSourcesRequest(**wanted)).sources_response


def create_destination(who, workspace, name, configuration, **more):
    request = models.DestinationCreateRequest(configuration=configuration, name=name, workspace_id=workspace, **more)
    return who.sdk.destinations.create_destination(request=request).destination_response


# The walks ----------------------------------------------------------------------------------------


def sources(who, workspace):
    print("sources")
    made = create_source(who, workspace, "sample data", models.SourceFaker(count=7, seed=3))
    equal("a source made by its type has the definition of that type", made.definition_id, FAKER)
    equal("and the type", made.source_type, "faker")
    equal("its configuration comes back", (made.configuration.get("count"), made.configuration.get("seed")), (7, 3))
    check("it was made in seconds since 1970", isinstance(made.created_at, int), made.created_at)
    equal("reading gives what creating gave", get_source(who, made.source_id).parsed, made.parsed)
    by_id = create_source(who, workspace, "by id", models.SourceFaker(count=1), definition_id=FAKER)
    equal("a source can be made by its definition", by_id.source_type, "faker")
    renamed = patch_source(who, made.source_id, name="renamed")
    equal("a new name changes the name only", (renamed.name, renamed.configuration.get("count")), ("renamed", 7))
    put = put_source(who, made.source_id, "again", models.SourceFaker(count=9))
    equal("PUT replaces", (put.name, put.configuration.get("count")), ("again", 9))
    listed = list_sources(who, workspace_ids=[workspace])
    equal("the list shows both", sorted(s.source_id for s in listed.data), sorted([made.source_id, by_id.source_id]))
    page = list_sources(who, workspace_ids=[workspace], limit=1)
    check("a page of one has a next one", len(page.data) == 1 and bool(page.next), page)
    refused("a wrong configuration names its field", 422, lambda: create_source(
        who, workspace, "wrong", models.SourceFaker(count=-1)), mentions="count")
    refused("an unknown workspace is refused", 404, lambda: create_source(who, NOBODY, "x", models.SourceFaker()))
    refused("an unknown definition, too", 404, lambda: create_source(
        who, workspace, "x", models.SourceFaker(), definition_id=str(uuid.uuid4())))
    equal("deleting answers 204", delete_source(who, by_id.source_id), 204)
    refused("a deleted source is gone", 404, lambda: get_source(who, by_id.source_id))
    gone = list_sources(who, workspace_ids=[workspace], include_deleted=True).data
    equal("unless deleted ones are asked for", len(gone), 2)


def secrets(who, workspace):
    print("secrets")
    secret = uuid.uuid4().hex
    configuration = models.SourcePostgres(
        host="127.0.0.1", port=5432, database="shop", username="reader", password=secret,
    )
    made = create_source(who, workspace, "shop", configuration)
    equal("a password comes back masked", made.configuration.get("password"), MASK)
    check("and nowhere in the answer", secret not in repr(made.parsed) and secret not in repr(made.configuration), made.parsed)
    configuration.password, configuration.username = MASK, "other"
    same = patch_source(who, made.source_id, configuration=configuration)
    equal("the mask sent back keeps it", same.configuration.get("password"), MASK)
    equal("while another field changes", same.configuration.get("username"), "other")
    equal("deleting answers 204", delete_source(who, made.source_id), 204)


def destinations(who, workspace):
    print("destinations")
    silent = models.DestinationDevNull(test_destination=models.Silent())
    made = create_destination(who, workspace, "nowhere", silent)
    equal("a destination made by its type", (made.definition_id, made.destination_type), (DEV_NULL, "dev-null"))
    both = create_destination(who, workspace, "by both", silent, definition_id=DEV_NULL)
    equal("type and definition together are fine", both.destination_type, "dev-null")
    read = who.sdk.destinations.get_destination(
        request=api.GetDestinationRequest(destination_id=made.destination_id)).destination_response
    equal("reading gives what creating gave", read, made)
    change = models.DestinationPatchRequest(name="still nowhere")
    patched = who.sdk.destinations.patch_destination(request=api.PatchDestinationRequest(
        destination_id=made.destination_id, destination_patch_request=change)).destination_response
    equal("a new name", patched.name, "still nowhere")
    whole = models.DestinationPutRequest(configuration=silent, name="put")
    put = who.sdk.destinations.put_destination(request=api.PutDestinationRequest(
        destination_id=made.destination_id, destination_put_request=whole)).destination_response
    equal("PUT replaces", put.name, "put")
    listed = who.sdk.destinations.list_destinations(
        request=api.ListDestinationsRequest(workspace_ids=[workspace])).destinations_response.data
    equal("the list shows both", len(listed), 2)
    for one in listed:
        answer = who.sdk.destinations.delete_destination(
            request=api.DeleteDestinationRequest(destination_id=one.destination_id))
        equal("deleting answers 204", answer.status_code, 204)


def streams(who, workspace):
    print("streams")
    source = create_source(who, workspace, "streams", models.SourceFaker(count=3))
    destination = create_destination(
        who, workspace, "streams", models.DestinationDevNull(test_destination=models.Silent()))

    def properties(**more):
        request = api.GetStreamPropertiesRequest(source_id=source.source_id, **more)
        answer = who.sdk.streams.get_stream_properties(request=request)
        found = answer.stream_properties_response
        return found if isinstance(found, list) else found.root if hasattr(found, "root") else found

    found = {stream.stream_name: stream for stream in properties()}
    equal("the source offers its streams", sorted(found), ["products", "purchases", "users"])
    equal("with their keys", found["users"].source_defined_primary_key, [["id"]])
    check("and fields", ["id"] in found["users"].property_fields, found["users"].property_fields)
    crossed = {stream.stream_name: stream for stream in properties(destination_id=destination.destination_id)}
    modes = [getattr(mode, "value", mode) for mode in crossed["users"].sync_modes or []]
    check("with a destination, the modes that both know", "full_refresh_overwrite" in modes, modes)
    fresh = {stream.stream_name for stream in properties(ignore_cache=True)}
    equal("the same without the cache", fresh, set(found))
    delete_source(who, source.source_id)


def definitions(who, workspace):
    print("definitions")
    for kind in ("source", "destination"):
        calls = getattr(who.sdk, f"{kind}_definitions")
        word = kind.capitalize()

        def call(deed, more="", **fields):
            request = getattr(api, f"{deed}{word}Definition{more}Request")(workspace_id=workspace, **fields)
            answer = getattr(calls, f"{deed.lower()}_{kind}_definition{more.lower()}")(request=request)
            return answer.definitions_response if more else answer.definition_response

        listed = call("List", "s").data
        ours = FAKER if kind == "source" else DEV_NULL
        check(f"public {kind} definitions are listed", ours in [d.id for d in listed], len(listed))
        repository = "airbyte/source-faker" if kind == "source" else "airbyte/destination-dev-null"
        made = call("Create", create_definition_request=models.CreateDefinitionRequest(
            name="of my own", docker_repository=repository, docker_image_tag="1.2.3"))
        equal(f"a {kind} definition of one's own", (made.name, made.docker_repository, made.docker_image_tag),
              ("of my own", repository, "1.2.3"))
        equal("reading gives what creating gave", call("Get", definition_id=made.id), made)
        changed = call("Update", definition_id=made.id, update_definition_request=models.UpdateDefinitionRequest(
            name="renamed", docker_image_tag="1.2.4"))
        equal("a new tag and name", (changed.id, changed.name, changed.docker_image_tag), (made.id, "renamed", "1.2.4"))
        refused("a public one cannot be changed", 400, lambda: call(
            "Update", definition_id=ours, update_definition_request=models.UpdateDefinitionRequest(name="x", docker_image_tag="1")))
        equal("deleting gives what is deleted", call("Delete", definition_id=made.id).id, made.id)
        refused("then it is gone", 404, lambda: call("Get", definition_id=made.id))


def low_code(who, workspace):
    print("low-code definitions")
    calls = who.sdk.declarative_source_definitions
    manifest = {
        "version": "6.1.0",
        "type": "DeclarativeSource",
        "check": {"type": "CheckStream", "stream_names": ["pets"]},
        "streams": [{"type": "DeclarativeStream", "name": "pets", "retriever": {
            "type": "SimpleRetriever",
            "requester": {"type": "HttpRequester", "url_base": "http://127.0.0.1:9", "path": "/pets", "http_method": "GET"},
            "record_selector": {"type": "RecordSelector", "extractor": {"type": "DpathExtractor", "field_path": []}},
        }, "schema_loader": {"type": "InlineSchemaLoader", "schema": {"type": "object", "properties": {"id": {"type": "integer"}}}}}],
        "spec": {"type": "Spec", "connection_specification": {
            "type": "object", "required": ["token"], "properties": {"token": {"type": "string", "airbyte_secret": True}}}},
    }
    made = calls.create_declarative_source_definition(request=api.CreateDeclarativeSourceDefinitionRequest(
        workspace_id=workspace, create_declarative_source_definition_request=models.CreateDeclarativeSourceDefinitionRequest(
            manifest=manifest, name="pets"))).declarative_source_definition_response
    equal("a manifest comes back as it was sent", (made.name, made.version, made.manifest), ("pets", 1, manifest))
    manifest["description"] = "of all kinds"
    changed = calls.update_declarative_source_definition(request=api.UpdateDeclarativeSourceDefinitionRequest(
        workspace_id=workspace, definition_id=made.id,
        update_declarative_source_definition_request=models.UpdateDeclarativeSourceDefinitionRequest(
            manifest=manifest))).declarative_source_definition_response
    equal("each new one is a version", (changed.id, changed.version, changed.manifest), (made.id, 2, manifest))
    read = calls.get_declarative_source_definition(request=api.GetDeclarativeSourceDefinitionRequest(
        workspace_id=workspace, definition_id=made.id)).declarative_source_definition_response
    equal("reading gives what changing gave", read, changed)
    listed = calls.list_declarative_source_definitions(request=api.ListDeclarativeSourceDefinitionsRequest(
        workspace_id=workspace)).declarative_source_definitions_response.data
    equal("it is listed", [d.id for d in listed], [made.id])
    if VERSION.startswith("0."):
        # The newer generation cannot read the type of a source that it does not know (clients' own limit).
        source = create_source(who, workspace, "pets", {"token": "abcdefgh"}, definition_id=made.id)
        equal("a source of it keeps its secret to itself", source.configuration.get("token"), MASK)
        delete_source(who, source.source_id)
    gone = calls.delete_declarative_source_definition(request=api.DeleteDeclarativeSourceDefinitionRequest(
        workspace_id=workspace, definition_id=made.id)).declarative_source_definition_response
    equal("deleting gives what is deleted", gone.id, made.id)
