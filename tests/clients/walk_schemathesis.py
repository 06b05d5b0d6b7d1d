"""schemathesis against our own OpenAPI document: whatever it makes up for any operation, good and bad, no answer is a
5xx, and none has a status, a content type or a body that the document does not describe. It is given the ids of
real things, so that not everything is answered with 404."""

import os
import pathlib
import subprocess
import sys
import tempfile
import xml.etree.ElementTree

from counting import ADMIN, URL, by_hand, check, finish, make_connection

CHECKS = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance"
EXAMPLES = 4
MINUTES = 12


def walk():
    token = by_hand("POST", "/applications/token", {"client_id": ADMIN[0], "client_secret": ADMIN[1]})["access_token"]
    with tempfile.TemporaryDirectory() as room:
        room = pathlib.Path(room)
        given = "".join(f'"path.{name}" = {value}\n' for name, value in things().items())
        (room / "schemathesis.toml").write_text("[parameters]\n" + given)
        # What is deleted cannot be asked about any more.
        run(room, token, "everything but deleting", ["--exclude-method", "DELETE"])
        run(room, token, "deleting", ["--include-method", "DELETE"])


def things():
    """One of each kind, by the name of its parameter, as TOML."""
    [workspace] = by_hand("GET", "/workspaces")["data"]
    home = {"workspaceId": workspace["workspaceId"]}
    [organization] = by_hand("GET", "/organizations")["data"]
    host = {"organizationId": organization["organizationId"]}
    _, connection = make_connection("fuzzed")
    whole = by_hand("GET", f"/connections/{connection}")
    job = by_hand("POST", "/jobs", {"connectionId": connection, "jobType": "sync"})
    tag = by_hand("POST", "/tags", {"name": "daily", "color": "00ff00", **home})
    region = by_hand("POST", "/regions", {"name": "moon", **host})
    group = by_hand("POST", "/groups", {"name": "all", **host})
    plane = by_hand("POST", "/dataplanes", {"name": "first", "regionId": region["regionId"]})
    ids = {
        **home, **host,
        "sourceId": whole["sourceId"], "destinationId": whole["destinationId"], "connectionId": connection,
        "tagId": tag["tagId"], "regionId": region["regionId"], "groupId": group["groupId"],
        "dataplaneId": plane["dataplaneId"],
    }
    return {"jobId": job["jobId"], **{name: f'"{value}"' for name, value in ids.items()}}


def run(room, token, name, which):
    print(name)
    report = room / "report.xml"
    report.unlink(missing_ok=True)
    command = [
        os.path.join(os.path.dirname(sys.executable), "st"), "run", f"{URL}/api/public/v1/openapi.json", *which,
        "--header", f"Authorization: Bearer {token}", "--checks", CHECKS, "--phases", "coverage,fuzzing",
        "--max-examples", str(EXAMPLES), "--seed", "1", "--continue-on-failure", "--request-timeout", "40",
        "--generation-database", "none", "--report", "junit", "--report-junit-path", str(report), "--no-color",
    ]
    try:
        ended = subprocess.run(command, cwd=room, capture_output=True, text=True, timeout=MINUTES * 60)
    except subprocess.TimeoutExpired as error:
        return check(f"it ends within {MINUTES} minutes", False, (error.stdout or b"")[-2000:])
    if not report.exists():
        return check("it comes to its end", False, ended.stdout[-4000:] + ended.stderr[-4000:])
    for case in xml.etree.ElementTree.parse(report).iter("testcase"):
        told = [one.get("message") or one.text or one.tag for one in case if one.tag in ("failure", "error")]
        check(case.get("name"), not told, "\n".join(told))
    check("nothing else failed", ended.returncode in (0, 1), ended.stdout[-4000:] + ended.stderr[-4000:])


if __name__ == "__main__":
    sys.exit(finish(walk, least=100))
