"""Tags through the package, and what the package lacks (regions, data planes, groups, embedded) over plain
HTTP, with what it means to the package's lists and checks.
"""

import json
import urllib.error
import urllib.request
import uuid

from airbyte_api import api, models

from counting import API, URL, check, equal
from kit import VERSION, refused, within

ORGANIZATION = "00000000-0000-0000-0000-000000000000"


class Wire:
    """Somebody who speaks HTTP without the package."""

    def __init__(self, token=None):
        self.token = token

    def ask(self, method, path, body=None):
        """The status and the parsed body."""
        headers = {"Content-Type": "application/json"}
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(API + path, data=data, headers=headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=15) as answer:
                status, text = answer.status, answer.read()
        except urllib.error.HTTPError as error:
            status, text = error.code, error.read()
        return status, json.loads(text) if text else None


def signed_in(credentials):
    body = {"client_id": credentials[0], "client_secret": credentials[1]}
    status, answer = Wire().ask("POST", "/applications/token", body)
    assert status == 200, answer
    return Wire(answer["access_token"])


def tags_walk(admin, workspace, other):
    print("tags")
    tags = admin.sdk.tags

    def create(name, color="FF8800", home=workspace):
        return tags.create_tag(request=models.TagCreateRequest(name=name, color=color, workspace_id=home))

    def listed(**wanted):
        return [tag.name for tag in tags.list_tags(request=api.ListTagsRequest(**wanted)).tags_response.data]

    def change(tag, **fields):
        patch = models.TagPatchRequest(**fields)
        return tags.update_tag(request=api.UpdateTagRequest(tag_id=tag, tag_patch_request=patch)).tag_response

    made = create("täglich ✓", "aB01f9")
    tag = made.tag_response
    equal("creating a tag answers 200", made.status_code, 200)
    equal("with what was sent", (tag.name, tag.color, tag.workspace_id), ("täglich ✓", "aB01f9", workspace))
    equal("it can be read", tags.get_tag(request=api.GetTagRequest(tag_id=tag.tag_id)).tag_response, tag)
    changed = change(tag.tag_id, name="daily", color="000000")
    equal("and changed", (changed.tag_id, changed.name, changed.color), (tag.tag_id, "daily", "000000"))
    create("elsewhere", home=other)
    equal("tags are listed", listed(), ["daily", "elsewhere"])
    equal("by workspace, too", listed(workspace_ids=[other]), ["elsewhere"])
    refused("a name is there once in a workspace", 409, lambda: create("daily"), mentions="tag-already-exists")
    refused("it has thirty characters at most", 400, lambda: create("a" * 31), mentions="tag-name-too-long")
    refused("a colour is six digits", 400, lambda: create("x", "#FF880"), mentions="tag-invalid-hex-color")
    refused("a tag that never was is 404", 404, lambda: tags.get_tag(request=api.GetTagRequest(tag_id=str(uuid.uuid4()))))
    gone = tags.delete_tag(request=api.DeleteTagRequest(tag_id=tag.tag_id))
    equal("deleting answers 204", gone.status_code, 204)
    refused("and it is gone", 404, lambda: tags.get_tag(request=api.GetTagRequest(tag_id=tag.tag_id)))


def regions_walk(wire):
    print("regions and data planes")
    status, region = wire.ask("POST", "/regions", {"name": "eu-west", "organizationId": ORGANIZATION})
    equal("a region is created", (status, region["name"], region["enabled"]), (200, "eu-west", True))
    path = f"/regions/{region['regionId']}"
    equal("and read", wire.ask("GET", path), (200, region))
    status, listed = wire.ask("GET", f"/regions?organizationId={ORGANIZATION}")
    check("and listed", status == 200 and region in listed["data"], listed)
    equal("and changed", wire.ask("PATCH", path, {"enabled": False})[1]["enabled"], False)
    body = {"name": "first", "regionId": region["regionId"]}
    status, plane = wire.ask("POST", "/dataplanes", body)
    equal("a data plane is created", (status, plane["name"]), (200, "first"))
    own = signed_in((plane["clientId"], plane["clientSecret"]))
    equal("its credentials work, and open nothing", own.ask("GET", "/workspaces")[1]["data"], [])
    plane_path = f"/dataplanes/{plane['dataplaneId']}"
    status, read = wire.ask("GET", plane_path)
    check("the secret is shown once", status == 200 and "clientSecret" not in read, read)
    equal("it is listed", wire.ask("GET", f"/dataplanes?regionIds={region['regionId']}"), (200, {"data": [read]}))
    equal("and changed", wire.ask("PATCH", plane_path, {"name": "second"})[1]["name"], "second")
    equal("deleting a data plane answers 200", wire.ask("DELETE", plane_path)[0], 200)
    equal("and its credentials are gone", own.ask("GET", "/workspaces")[0], 401)
    equal("deleting a region answers 200", wire.ask("DELETE", path)[0], 200)
    equal("and it is gone", wire.ask("GET", path)[0], 404)


def groups_walk(wire, person, user_id, workspace):
    print("groups")
    seen = lambda: [w.workspace_id for w in person.sdk.workspaces.list_workspaces(
        request=api.ListWorkspacesRequest()).workspaces_response.data]
    status, group = wire.ask("POST", "/groups", {"name": "on call", "organizationId": ORGANIZATION})
    equal("a group is created", (status, group["memberCount"], "description" in group), (200, 0, False))
    path = f"/groups/{group['groupId']}"
    again = wire.ask("POST", "/groups", {"name": "On Call", "organizationId": ORGANIZATION})
    equal("its name is there once", (again[0], again[1]["type"]), (409, "error:group-already-exists"))
    changed = wire.ask("PATCH", path, {"description": "who is asked"})[1]
    equal("it is changed", (changed["name"], changed["description"]), ("on call", "who is asked"))
    listed = wire.ask("GET", f"/groups?organizationId={ORGANIZATION}")[1]
    equal("and listed, without links that lead nowhere", listed, {"data": [changed]})
    status, member = wire.ask("POST", f"{path}/members", {"userId": user_id})
    equal("a member is added with 201", (status, member["userId"]), (201, user_id))
    equal("and listed", wire.ask("GET", f"{path}/members"), (200, {"data": [member]}))
    equal("which alone opens nothing", seen(), [])
    grant = {"permissionType": "workspace_reader", "workspaceId": workspace}
    status, permission = wire.ask("POST", f"{path}/permissions", grant)
    equal("a permission is granted with 201", (status, permission["workspaceId"]), (201, workspace))
    equal("and listed", wire.ask("GET", f"{path}/permissions"), (200, {"data": [permission]}))
    check("within a second the member sees the workspace", within(1, lambda: seen() == [workspace]), seen())
    equal("leaving answers 204", wire.ask("DELETE", f"{path}/members/{user_id}")[0], 204)
    check("and within a second she does not", within(1, lambda: seen() == []), seen())
    wire.ask("POST", f"{path}/members", {"userId": user_id})
    check("coming back she does", within(1, lambda: seen() == [workspace]), seen())
    taken = wire.ask("DELETE", f"{path}/permissions/{permission['permissionId']}")[0]
    equal("a permission is taken away with 204", taken, 204)
    check("which counts within a second", within(1, lambda: seen() == []), seen())
    equal("deleting the group answers 204", wire.ask("DELETE", path)[0], 204)
    equal("and it is gone", wire.ask("GET", path)[0], 404)


def embedded_walk(wire, workspace):
    print("embedded")
    status, answer = wire.ask("GET", "/embedded/organizations")
    equal("organizations come with a role", [o["permission"] for o in answer["organizations"]], ["instance_admin"])
    status, answer = wire.ask("POST", "/embedded/scoped_token", {"workspaceId": workspace})
    equal("a scoped token is given", status, 200)
    own = Wire(answer["token"])
    listed = own.ask("GET", "/workspaces")[1]["data"]
    equal("which shows one workspace", [w["workspaceId"] for w in listed], [workspace])
    faker = {"sourceType": "faker", "count": 1}
    status, source = own.ask("POST", "/sources", {"name": "theirs", "workspaceId": workspace, "configuration": faker})
    equal("and brings sources there", status, 200)
    equal("and takes them away", own.ask("DELETE", f"/sources/{source['sourceId']}")[0], 204)
    equal("but makes no credentials", own.ask("POST", "/applications", {"name": "x"})[0], 403)
    widget = {"organizationId": ORGANIZATION, "allowedOrigin": URL, "externalUserId": "7"}
    equal("there is no widget", wire.ask("POST", "/embedded/widget_token", widget)[0], 501)


def walk(admin, credentials, person, user_id, workspaces):
    """`person` is a member of the default organization who sees no workspace."""
    wire = signed_in(credentials)
    if not VERSION.startswith("0.52."):  # It knows no tags.
        tags_walk(admin, *workspaces[:2])
    regions_walk(wire)
    groups_walk(wire, person, user_id, workspaces[0])
    embedded_walk(wire, workspaces[0])
