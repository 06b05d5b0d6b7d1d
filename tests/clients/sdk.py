"""The published Python client against a running server, through its own client-credentials flow.

Run by tests/clients/run, once per pinned version of the package and per database engine, inside
tests/clients/with-server, which provides the FERROBYTE_* environment. Only the client speaks to the
server; a listener on its HTTP session notes which requests it made, so that a check can tell where
the token came from. Written for both generations of the client, 0.53 and 1.0, which differ in the
HTTP library below them and in their exceptions, not in the calls.
"""

import os
import re
import subprocess
import sys
import uuid
from urllib.parse import parse_qs, urlparse

import airbyte_api
from airbyte_api import api, errors, models

import administration
import connectors
import oauth
import syncs
from counting import ADMIN, API, ENGINE, URL, check, equal, finish
from kit import VERSION, Person, answered, methods, refused, within

DEFAULT_ORGANIZATION = "00000000-0000-0000-0000-000000000000"
ADMIN_USER = "00000000-0000-0000-0000-000000000000"
# The oldest generation knows neither notifications nor definitions nor tags.
OLDEST = VERSION.startswith("0.52.")
LEAST_CHECKS = 225 if OLDEST else 275


# The calls, spelled the way the package wants them ------------------------------------------------


def workspaces(who, **wanted):
    return who.sdk.workspaces.list_workspaces(request=api.ListWorkspacesRequest(**wanted)).workspaces_response


def every_workspace(who, **wanted):
    """All pages, following what `next` says and not what we believe it should say."""
    found, pages, offset, limit = [], 0, 0, wanted.pop("limit", 20)
    while pages < 50:
        page = workspaces(who, limit=limit, offset=offset, **wanted)
        pages += 1
        found += page.data
        if not page.next:
            break
        query = parse_qs(urlparse(page.next).query)
        limit, offset = int(query["limit"][0]), int(query["offset"][0])
    return found, pages


def create_workspace(who, **fields):
    return who.sdk.workspaces.create_workspace(request=models.WorkspaceCreateRequest(**fields))


def get_workspace(who, workspace_id):
    return who.sdk.workspaces.get_workspace(request=api.GetWorkspaceRequest(workspace_id=workspace_id)).workspace_response


def update_workspace(who, workspace_id, **fields):
    change = models.WorkspaceUpdateRequest(**fields)
    request = api.UpdateWorkspaceRequest(workspace_id=workspace_id, workspace_update_request=change)
    return who.sdk.workspaces.update_workspace(request=request).workspace_response


def delete_workspace(who, workspace_id):
    return who.sdk.workspaces.delete_workspace(request=api.DeleteWorkspaceRequest(workspace_id=workspace_id))


def users(who, **wanted):
    request = api.ListUsersWithinAnOrganizationRequest(organization_id=DEFAULT_ORGANIZATION, **wanted)
    return who.sdk.users.list_users_within_an_organization(request=request).users_response.data


def permissions(who, **wanted):
    return who.sdk.permissions.list_permissions(request=api.ListPermissionsRequest(**wanted)).permissions_response.data


def grant(who, kind, user_id, **scope):
    kind = models.PublicPermissionType(kind)
    request = models.PermissionCreateRequest(permission_type=kind, user_id=user_id, **scope)
    return who.sdk.permissions.create_permission(request=request)


def get_permission(who, permission_id):
    request = api.GetPermissionRequest(permission_id=permission_id)
    return who.sdk.permissions.get_permission(request=request).permission_response


def change_permission(who, permission_id, kind):
    change = models.PermissionUpdateRequest(permission_type=models.PermissionType(kind))
    request = api.UpdatePermissionRequest(permission_id=permission_id, permission_update_request=change)
    return who.sdk.permissions.update_permission(request=request).permission_response


def delete_permission(who, permission_id):
    return who.sdk.permissions.delete_permission(request=api.DeletePermissionRequest(permission_id=permission_id))


def organizations(who):
    return who.sdk.organizations.list_organizations_for_user().organizations_response.data


# The walk -----------------------------------------------------------------------------------------


def tokens():
    print("token")
    default = Person(ADMIN)
    health = default.sdk.health.get_health_check()
    equal("health answers 200 without a token", (health.status_code, default.tokens()), (200, []))
    workspaces(default)
    equal("the package's own token URL works", default.tokens(), [("POST", "/applications/token", 200)])
    workspaces(default)
    organizations(default)
    equal("one token serves every later call", len(default.tokens()), 1)
    named = {
        URL + "/api/public/v1/applications/token": "/api/public/v1/applications/token",
        URL + "/api/v1/applications/token": "/api/v1/applications/token",
        "/v1/applications/token": "/v1/applications/token",
        "/api/public/v1/applications/token/": "/api/public/v1/applications/token/",
    }
    for given, path in named.items():
        person = Person(ADMIN, token_url=given)
        workspaces(person)
        equal(f"a token from {path}", person.tokens(), [("POST", path, 200)])
    wrong = Person((ADMIN[0], "0" * 64))
    try:
        workspaces(wrong)
        check("a wrong secret gets no token", False, "accepted")
    except Exception as error:  # The package raises a bare Exception here.
        right = "401" in str(error) and wrong.seen == [("POST", "/applications/token", 401)]
        check("a wrong secret gets no token", right, (str(error), wrong.seen))
    bearer = airbyte_api.AirbyteAPI(server_url=API, security=models.Security(bearer_auth="not.a.token"))
    try:
        bearer.workspaces.list_workspaces(request=api.ListWorkspacesRequest())
        check("a made-up bearer is 401", False, "accepted")
    except errors.SDKError as error:
        equal("a made-up bearer is 401", error.status_code, 401)
    return default


def notifications_of(workspace):
    """Flattened, so that a difference is readable."""
    kinds = "failure success connection_update connection_update_action_required sync_disabled sync_disabled_warning"
    flat = {}
    for kind in kinds.split():
        one = getattr(workspace.notifications, kind)
        flat[kind] = (one.email.enabled, one.webhook.enabled, one.webhook.url)
    return flat


def workspaces_walk(admin):
    print("workspaces")
    first = workspaces(admin)
    check("a new server has a default workspace", [w.name for w in first.data] == ["Default Workspace"], first)
    equal("a single page has no neighbours", (first.next or "", first.previous or ""), ("", ""))

    names = [f"pages {number:02}" for number in range(45)]
    made = [create_workspace(admin, name=name) for name in names]
    check("each creation answers 200", all(answer.status_code == 200 for answer in made), made[0].status_code)
    ids = [answer.workspace_response.workspace_id for answer in made]
    check("each new workspace has an id of its own", len(set(ids)) == len(ids), ids)
    everything, pages = every_workspace(admin)
    equal("46 workspaces come in three pages of twenty", (len(everything), pages), (46, 3))
    equal("no workspace is missing or doubled", sorted(w.workspace_id for w in everything),
          sorted(ids + [first.data[0].workspace_id]))
    again, _ = every_workspace(admin, limit=7)
    equal("the order does not depend on the page size", [w.workspace_id for w in again],
          [w.workspace_id for w in everything])
    second = workspaces(admin, limit=20, offset=20)
    check("the middle page links both ways", bool(second.next) and bool(second.previous), second)
    for link, offset in ((second.next, "40"), (second.previous, "0")):
        query = parse_qs(urlparse(link).query)
        right = link.startswith(API + "/workspaces?") and query.get("offset") == [offset] and query.get("limit") == ["20"]
        check(f"the link to offset {offset} is absolute and complete", right, link)
    some = every_workspace(admin, workspace_ids=ids[3:6])[0]
    equal("workspaceIds chooses", sorted(w.workspace_id for w in some), sorted(ids[3:6]))
    chosen = workspaces(admin, workspace_ids=ids[:5], limit=2)
    equal("and is kept in the link to the next page",
          sorted(value for text in parse_qs(urlparse(chosen.next).query)["workspaceIds"] for value in text.split(",")),
          sorted(ids[:5]))
    equal("a page of a hundred is allowed", len(workspaces(admin, limit=100).data), 46)
    refused("a page of 101 is not", 400, lambda: workspaces(admin, limit=101))
    refused("nor is a negative offset", 400, lambda: workspaces(admin, offset=-1))
    equal("beyond the end there is nothing, and no next", (lambda p: (p.data, p.next or ""))(workspaces(admin, offset=500)), ([], ""))

    plain = made[0].workspace_response
    equal("a workspace has its name", plain.name, names[0])
    equal("and lives in the default region", plain.data_residency, "auto")
    equal("reading gives what creating gave", get_workspace(admin, plain.workspace_id), plain)

    odd = "Zürich / “b” 東京 ✓"
    told = create_workspace(admin, name=odd).workspace_response
    equal("a name comes back letter for letter", told.name, odd)
    equal("a new name is stored", update_workspace(admin, told.workspace_id, name="renamed").name, "renamed")
    if not OLDEST:
        notifications_walk(admin, plain)

    equal("deleting answers 204", delete_workspace(admin, told.workspace_id).status_code, 204)
    refused("the deleted workspace is gone", 404, lambda: get_workspace(admin, told.workspace_id))
    refused("changing it is 404", 404, lambda: update_workspace(admin, told.workspace_id, name="x"))
    refused("deleting it again is 404", 404, lambda: delete_workspace(admin, told.workspace_id))
    listed = {w.workspace_id for w in every_workspace(admin)[0]}
    check("it is in no list", told.workspace_id not in listed, listed)
    deleted = workspaces(admin, workspace_ids=[told.workspace_id], include_deleted=True).data
    equal("unless deleted ones are asked for by id", [w.workspace_id for w in deleted], [told.workspace_id])
    refused("an id that never was is 404", 404, lambda: get_workspace(admin, str(uuid.uuid4())))
    refused("an id that is none is 400", 400, lambda: get_workspace(admin, "not-an-id"))
    return ids


def notifications_walk(admin, plain):
    usual = {kind: (kind != "success", False, None) for kind in notifications_of(plain)}
    equal("a workspace has the usual notifications", notifications_of(plain), usual)

    hook = "http://127.0.0.1:9/hook?a=1&b=%20"
    said = models.NotificationsConfig(
        success=models.NotificationConfig(webhook=models.WebhookNotificationConfig(enabled=True, url=hook)),
        failure=models.NotificationConfig(email=models.EmailNotificationConfig(enabled=False)),
    )
    told = create_workspace(admin, name="to be told", notifications=said).workspace_response
    wanted = dict(usual, success=(False, True, hook), failure=(False, False, None))
    equal("notifications given at creation are kept", notifications_of(told), wanted)
    renamed = update_workspace(admin, told.workspace_id, name="renamed")
    equal("a new name changes the name only", (renamed.name, notifications_of(renamed)), ("renamed", wanted))
    quiet = models.NotificationsConfig(
        sync_disabled=models.NotificationConfig(email=models.EmailNotificationConfig(enabled=False))
    )
    changed = update_workspace(admin, told.workspace_id, notifications=quiet)
    wanted["sync_disabled"] = (False, False, None)
    equal("a changed notification leaves the others", notifications_of(changed), wanted)
    equal("and the name", changed.name, "renamed")
    equal("an empty change changes nothing", update_workspace(admin, told.workspace_id), changed)
    equal("all of it is stored", get_workspace(admin, told.workspace_id), changed)
    nowhere = models.NotificationsConfig(
        failure=models.NotificationConfig(webhook=models.WebhookNotificationConfig(enabled=True))
    )
    refused("a webhook needs an address", 400, lambda: update_workspace(admin, told.workspace_id, notifications=nowhere),
            mentions="failure")
    equal("and the refusal changed nothing", get_workspace(admin, told.workspace_id), changed)
    equal("deleting answers 204", delete_workspace(admin, told.workspace_id).status_code, 204)


def organizations_and_users(admin):
    print("organizations and users")
    found = organizations(admin)
    equal("there is the default organization", [(o.organization_id, o.organization_name) for o in found],
          [(DEFAULT_ORGANIZATION, "Default Organization")])
    check("with an e-mail, which the package requires", isinstance(found[0].email, str), found[0])
    known = users(admin)
    equal("the administrator is its only user", [(u.id, u.email) for u in known],
          [(ADMIN_USER, os.environ["FERROBYTE_ADMIN_EMAIL"])])
    check("and has a name", bool(known[0].name), known[0])
    own = permissions(admin)
    equal("the administrator holds two permissions",
          sorted((p.permission_type.value, p.scope.value, p.scope_id) for p in own),
          [("instance_admin", "none", DEFAULT_ORGANIZATION), ("organization_admin", "organization", DEFAULT_ORGANIZATION)])


def permissions_walk(admin, ids):
    print("permissions")
    person, user_id = second_person("ada@example.org", "Ada Outsider")
    equal("a new person sees no workspace", workspaces(person).data, [])
    equal("and no organization", organizations(person), [])
    equal("and holds no permission", permissions(person), [])
    refused("and may not read a workspace", 403, lambda: get_workspace(person, ids[0]))
    refused("nor learn whether one exists", 403, lambda: get_workspace(person, str(uuid.uuid4())))
    refused("nor create one", 403, lambda: create_workspace(person, name="mine"))
    refused("nor list users", 403, lambda: users(person))
    refused("nor grant herself anything", 403, lambda: grant(person, "organization_admin", user_id, organization_id=DEFAULT_ORGANIZATION))

    answer = grant(admin, "workspace_reader", user_id, workspace_id=ids[0])
    reader = answer.permission_response
    equal("granting answers 200", answer.status_code, 200)
    equal("with the permission", (reader.permission_type.value, reader.user_id, reader.workspace_id, reader.organization_id),
          ("workspace_reader", user_id, ids[0], None))
    same = grant(admin, "workspace_reader", user_id, workspace_id=ids[0]).permission_response
    equal("granting it again gives the same one", same, reader)
    check("within a second she sees that workspace", within(1, lambda: [w.workspace_id for w in workspaces(person).data] == [ids[0]]),
          workspaces(person))
    equal("and can read it", get_workspace(person, ids[0]).workspace_id, ids[0])
    refused("but no other", 403, lambda: get_workspace(person, ids[1]))
    refused("and not change it", 403, lambda: update_workspace(person, ids[0], name="hers"))
    refused("a list that names a foreign workspace is refused", 403, lambda: workspaces(person, workspace_ids=ids[:2]))

    equal("the permission can be read", get_permission(admin, reader.permission_id), reader)
    listed = permissions(admin, user_id=user_id, organization_id=DEFAULT_ORGANIZATION)
    equal("and listed for another user", [(p.permission_id, p.scope.value, p.scope_id) for p in listed],
          [(reader.permission_id, "workspace", ids[0])])
    equal("she lists her own", [p.permission_id for p in permissions(person)], [reader.permission_id])
    refused("another user's without an organization is 400", 400, lambda: permissions(admin, user_id=user_id))
    refused("she may not list another's", 403,
            lambda: permissions(person, user_id=ADMIN_USER, organization_id=DEFAULT_ORGANIZATION))

    editor = change_permission(admin, reader.permission_id, "workspace_editor")
    equal("a permission changes its type", (editor.permission_id, editor.permission_type.value), (reader.permission_id, "workspace_editor"))
    check("and within a second she may rename", within(1, lambda: permitted(lambda: update_workspace(person, ids[0], name="hers"))), "403")
    refused("nobody becomes instance administrator this way", 422,
            lambda: change_permission(admin, reader.permission_id, "instance_admin"))
    equal("revoking answers 204", delete_permission(admin, reader.permission_id).status_code, 204)
    refused("the revoked permission is gone", 404, lambda: get_permission(admin, reader.permission_id))
    refused("revoking it again is 404", 404, lambda: delete_permission(admin, reader.permission_id))
    check("and within a second she sees nothing", within(1, lambda: workspaces(person).data == []), workspaces(person))

    member = grant(admin, "organization_member", user_id, organization_id=DEFAULT_ORGANIZATION).permission_response
    equal("an organization permission has its organization", (member.organization_id, member.workspace_id), (DEFAULT_ORGANIZATION, None))
    equal("a member is among the users", sorted(u.id for u in users(admin)), sorted([ADMIN_USER, user_id]))
    equal("users by id", [u.email for u in users(admin, ids=[user_id])], ["ada@example.org"])
    equal("users by e-mail", [u.id for u in users(admin, emails=["ada@example.org"])], [user_id])
    equal("both together are a union", len(users(admin, ids=[user_id], emails=[os.environ["FERROBYTE_ADMIN_EMAIL"]])), 2)
    check("a member may list users", within(1, lambda: permitted(lambda: users(person))), "403")
    equal("but membership shows no workspace", workspaces(person).data, [])
    both = dict(workspace_id=ids[0], organization_id=DEFAULT_ORGANIZATION)
    refused("a permission has one scope, not two", 400, lambda: grant(admin, "workspace_reader", user_id, **both))
    refused("and not none", 400, lambda: grant(admin, "workspace_reader", user_id))
    [crown] = [p for p in permissions(admin) if p.permission_type.value == "organization_admin"]
    refused("the last administrator of an organization stays", 409, lambda: delete_permission(admin, crown.permission_id))
    refused("and is not demoted either", 409, lambda: change_permission(admin, crown.permission_id, "organization_reader"))
    refused("a permission that never was is 404", 404, lambda: get_permission(admin, str(uuid.uuid4())))
    return person, user_id


def permitted(call):
    try:
        call()
        return True
    except errors.SDKError as error:
        if error.status_code != 403:
            raise
        return False


def second_person(email, name):
    """Made by the operator on the command line: a user, an application of hers, a client with it."""

    def ferrobyte(*words):
        """What the command prints, as a table: a name, two spaces or more, a value."""
        told = subprocess.run([os.environ["FERROBYTE_BIN"], *words], check=True, capture_output=True, text=True).stdout
        return dict(re.split(r" {2,}", line, maxsplit=1) for line in told.splitlines() if re.search(r"\S {2,}\S", line))

    user = ferrobyte("users", "create", "--email", email, "--name", name, "--password", uuid.uuid4().hex)
    application = ferrobyte("applications", "create", "--user", email, "--name", "walk")
    return Person((application["client id"], application["client secret"])), user["id"]


def walk():
    admin = tokens()
    ids = workspaces_walk(admin)
    organizations_and_users(admin)
    member, user_id = permissions_walk(admin, ids)
    administration.walk(admin, ADMIN, member, user_id, ids)
    connectors.walk(admin, ids[1])
    oauth.walk(admin, ids[1])
    syncs.walk(admin, ids[2])
    offered = methods()
    check(f"each of the {len(offered)} methods of the package was answered", len(offered) > 30 and offered <= answered,
          sorted(offered - answered))
    redirected = [request for request in admin.seen if 300 <= request[2] < 400]
    equal("nothing was redirected", redirected, [])


if __name__ == "__main__":
    print(f"airbyte-api {VERSION} on {ENGINE}, {URL}")
    sys.exit(finish(walk, LEAST_CHECKS))
