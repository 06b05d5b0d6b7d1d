"""What every walk shares, whichever client it walks with: counting checks, asking by hand, the credentials."""

import json
import os
import traceback
import urllib.error
import urllib.request

URL = os.environ["FERROBYTE_URL"]
API = URL + "/api/public/v1"
ENGINE = os.environ["FERROBYTE_ENGINE"]
ADMIN = (os.environ["FERROBYTE_ADMIN_CLIENT_ID"], os.environ["FERROBYTE_ADMIN_CLIENT_SECRET"])
DEV_NULL = "a7bcc9d8-13b3-4e49-b80d-d020b90045e3"

passed = failed = 0


def check(what, holds, seen=""):
    global passed, failed
    if holds:
        passed += 1
        print(f"  ok    {what}", flush=True)
    else:
        failed += 1
        print(f"  FAIL  {what}: {seen!r}", flush=True)
    return holds


def equal(what, seen, wanted):
    return check(what, seen == wanted, f"{seen!r} instead of {wanted!r}")


def counts():
    """How many checks passed and failed."""
    return passed, failed


def finish(walk, least):
    """Walks, and says how it went. Fewer checks than `least` means that the walk lost its way, however
    green it looks."""
    try:
        walk()
    except Exception:
        traceback.print_exc()
        check("the walk reaches its end", False, "see above")
    check(f"at least {least} checks were made", sum(counts()) >= least, counts())
    print(f"{passed} passed, {failed} failed", flush=True)
    return 1 if failed else 0


_token = []


def by_hand(method, path, body=None):
    """A request without any client, for what the client in question cannot do."""
    if not _token:
        wanted = {"client_id": ADMIN[0], "client_secret": ADMIN[1]}
        _token.append(_ask("POST", "/applications/token", wanted, {})["access_token"])
    return _ask(method, path, body, {"Authorization": "Bearer " + _token[0]})


def _ask(method, path, body, headers):
    data = None if body is None else json.dumps(body).encode()
    headers = {**headers, "Content-Type": "application/json"}
    request = urllib.request.Request(API + path, data=data, headers=headers, method=method)
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.loads(answer.read() or "null")
    except urllib.error.HTTPError as error:
        raise RuntimeError(f"{method} {path}: {error.code} {error.read().decode()}") from None


def make_ends(millis=0, count=25):
    """A source with people, and a destination that keeps nothing and takes its time; in the default
    workspace. For clients that only run what others have set up."""
    [workspace] = by_hand("GET", "/workspaces")["data"]
    silent = {"test_destination_type": "SILENT"}
    slow = {"test_destination_type": "THROTTLED", "millis_per_record": millis}
    place = {"workspaceId": workspace["workspaceId"]}
    source = by_hand("POST", "/sources", {
        **place, "name": "people", "configuration": {"sourceType": "faker", "count": count}})
    destination = by_hand("POST", "/destinations", {
        **place, "name": "nowhere",
        "configuration": {"destinationType": "dev-null", "test_destination": slow if millis else silent}})
    return place["workspaceId"], source["sourceId"], destination["destinationId"]


def make_connection(name, millis=0, count=25):
    """A connection of the stream `users` only; its workspace and id."""
    workspace, source, destination = make_ends(millis, count)
    connection = by_hand("POST", "/connections", {
        "name": name, "sourceId": source, "destinationId": destination,
        "configurations": {"streams": [{"name": "users"}]}})
    return workspace, connection["connectionId"]
