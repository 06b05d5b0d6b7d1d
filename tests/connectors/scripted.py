"""A connector that does what its configuration says. What it does at import, the tests put in front."""

import json
import os
import signal
import subprocess
import sys
import time

IMPORTED_BY = os.getpid()
SPEC = {"connectionSpecification": {"type": "object", "properties": {"do": {"type": "string"}}}}


def say(**message):
    print(json.dumps(message), flush=True)


def status(outcome, message):
    say(type="CONNECTION_STATUS", connectionStatus={"status": outcome, "message": message})


def fail(kind, message):
    error = {"message": message, "failure_type": kind, "stack_trace": "Traceback"}
    say(type="TRACE", trace={"type": "ERROR", "emitted_at": 1, "error": error})
    sys.exit(1)


def check(config, path):
    do = config.get("do", "good")
    if do == "good":
        status("SUCCEEDED", "forked" if os.getpid() != IMPORTED_BY else "imported")
    elif do == "bad":
        status("FAILED", "wrong key")
    elif do == "refuse":
        fail("config_error", "the key is refused")
    elif do == "later":
        fail("transient_error", "busy")
    elif do == "crash":
        raise RuntimeError("boom")
    elif do == "code":
        sys.exit(3)
    elif do == "crash when forked":
        if os.getpid() != IMPORTED_BY:
            os.kill(os.getpid(), signal.SIGSEGV)
        status("SUCCEEDED", "imported")
    elif do == "hang":
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        children = [subprocess.Popen(["sleep", "1000"], start_new_session=away) for away in (False, True)]
        with open(config["note"], "w") as file:
            file.write("".join(f"{pid}\n" for pid in [os.getpid(), *[child.pid for child in children]]))
        time.sleep(1000)
    elif do == "memory":
        bytearray(1 << 30)
        status("SUCCEEDED", "all of it")
    elif do == "rotate":
        new = {**config, "token": "new", "__injected_declarative_manifest": {}}
        with open(path, "w") as file:
            json.dump(new, file)
        say(type="CONTROL", control={"type": "CONNECTOR_CONFIG", "emitted_at": 1, "connectorConfig": {"config": new}})
        status("SUCCEEDED", "")
    elif do == "tell":
        told = {
            "environment": sorted(os.environ),
            "home": os.environ["HOME"],
            "here": os.getcwd(),
            "config": path,
            "mode": oct(os.stat(path).st_mode & 0o777),
            "keys": sorted(config),
            "arguments": sys.argv,
            "input": sys.stdin.read(),
        }
        status("SUCCEEDED", json.dumps(told))


def discover(config):
    if config.get("do") == "hang":
        time.sleep(1000)
    say(type="CATALOG", catalog={"streams": [{"name": "s", "json_schema": {"type": "object"}}]})


def read(config, catalog, state):
    for number in range(config.get("records", 3)):
        say(type="RECORD", record={"stream": "s", "data": {"n": number}, "emitted_at": 1})
    say(type="STATE", state={"catalog": catalog, "state": state})
    print("read everything", file=sys.stderr)


def file(name):
    flag = f"--{name}"
    if flag not in sys.argv:
        return None
    with open(sys.argv[sys.argv.index(flag) + 1]) as content:
        return json.load(content)


def run():
    command = sys.argv[1]
    say(type="LOG", log={"level": "INFO", "message": f"asked for {command}"})
    if command == "spec":
        say(type="SPEC", spec=SPEC)
    elif command == "check":
        check(file("config"), sys.argv[sys.argv.index("--config") + 1])
    elif command == "discover":
        discover(file("config"))
    elif command == "read":
        read(file("config"), file("catalog"), file("state"))
    elif command == "write":
        for line in sys.stdin:
            if '"STATE"' in line:
                print(line, end="", flush=True)
