"""A source or a destination that tells its secrets wherever it can, and holds still until it is let go on."""

import json
import os
import sys
import time

SECRET = {"type": "string", "airbyte_secret": True}
SPEC = {
    "connectionSpecification": {
        "type": "object",
        "required": ["folder", "password"],
        "properties": {
            "folder": {"type": "string"},
            "password": SECRET,
            "keys": {"type": "array", "items": {"type": "object", "properties": {"key": SECRET}}},
        },
    },
    "supported_destination_sync_modes": ["append"],
}


def say(kind, **message):
    print(json.dumps({"type": kind, **message}), flush=True)


def secrets(config):
    return " and ".join([config["password"], *[one["key"] for one in config["keys"]]])


def tell(config):
    for level in ("INFO", "DEBUG"):
        say("LOG", log={"level": level, "message": f"I know {secrets(config)}", "stack_trace": repr(config)})
    print("no message: " + json.dumps(config), flush=True)
    print(f"connecting as user:{config['password']}@host", file=sys.stderr, flush=True)


def hold(config, what):
    """Says that it is there, with its process, and waits for a word."""
    place = os.path.join(config["folder"], what)
    with open(place + ".part", "w") as file:
        file.write(str(os.getpid()))
    os.rename(place + ".part", place)
    while not os.path.exists(place + ".go"):
        time.sleep(0.02)


def fail(config):
    error = {"message": f"refused: {secrets(config)}", "failure_type": "transient_error", "stack_trace": repr(config),
             "internal_message": json.dumps(config)}
    say("TRACE", trace={"type": "ERROR", "emitted_at": 1, "error": error})
    sys.exit(1)


def status(word):
    of = {"stream_descriptor": {"name": "pets"}, "status": word}
    say("TRACE", trace={"type": "STREAM_STATUS", "emitted_at": 1, "stream_status": of})


def read(config):
    """Fails once."""
    mark = os.path.join(config["folder"], "failed")
    if not os.path.exists(mark):
        open(mark, "w").close()
        fail(config)
    status("STARTED")
    say("RECORD", record={"stream": "pets", "data": {"id": 1}, "emitted_at": 1})
    of = {"stream_descriptor": {"name": "pets"}, "stream_state": {"at": 1}}
    say("STATE", state={"type": "STREAM", "stream": of})
    status("COMPLETE")


def write():
    for line in sys.stdin:
        if json.loads(line)["type"] == "STATE":
            print(line, end="", flush=True)


def run():
    command = sys.argv[1]
    if command == "spec":
        say("SPEC", spec=SPEC)
        return
    with open(sys.argv[sys.argv.index("--config") + 1]) as file:
        config = json.load(file)
    tell(config)
    hold(config, command)
    if command == "check":
        say("CONNECTION_STATUS", connectionStatus={"status": "FAILED", "message": f"not with {secrets(config)}"})
    elif command == "discover":
        schema = {"type": "object", "properties": {"id": {"type": "integer"}}}
        say("CATALOG", catalog={"streams": [{"name": "pets", "json_schema": schema, "supported_sync_modes": ["full_refresh"]}]})
    elif command == "read":
        read(config)
    elif command == "write":
        write()


if __name__ == "__main__":
    run()
