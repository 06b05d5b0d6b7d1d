"""A source or a destination that counts its steps and kills somebody at one of them, once."""

import json
import os
import signal
import sys

STREAMS = ("users", "pets")
ROWS = 6
A_STATE_EVERY = 2
FIELDS = {"folder": {"type": "string"}, "victim": {"type": "string"}, "step": {"type": "integer"}}
SPEC = {"connectionSpecification": {"type": "object", "properties": FIELDS},
        "supportsIncremental": True, "supported_destination_sync_modes": ["append"]}


def file(name):
    flag = f"--{name}"
    if flag not in sys.argv:
        return None
    with open(sys.argv[sys.argv.index(flag) + 1]) as content:
        return json.load(content)


class Steps:
    """Counts the boundaries between messages. The victim is this process, or the one whose id is in a file."""

    def __init__(self, config):
        self.config, self.count = config, 0

    def next(self):
        mark = os.path.join(self.config["folder"], "killed")
        due = self.count == self.config["step"]
        self.count += 1
        if due and not os.path.exists(mark):
            open(mark, "w").close()
            victim = self.config["victim"]
            if victim == "self":
                os.kill(os.getpid(), signal.SIGKILL)
            with open(victim) as name:
                os.kill(int(name.readline()), signal.SIGKILL)


def say(kind, **message):
    print(json.dumps({"type": kind, **message}), flush=True)


def status(stream, word):
    of = {"stream_descriptor": {"name": stream}, "status": word}
    say("TRACE", trace={"type": "STREAM_STATUS", "emitted_at": 1, "stream_status": of})


def read(config, states):
    known = {one["stream"]["stream_descriptor"]["name"]: one["stream"]["stream_state"]["at"] for one in states or []}
    with open(os.path.join(config["folder"], "runs"), "a") as runs:
        runs.write(json.dumps(known) + "\n")
    steps = Steps(config)
    for stream in STREAMS:
        steps.next()
        status(stream, "STARTED")
        for row in range(known.get(stream, 0) + 1, ROWS + 1):
            steps.next()
            say("RECORD", record={"stream": stream, "data": {"id": row}, "emitted_at": 1})
            if row % A_STATE_EVERY == 0:
                steps.next()
                of = {"stream_descriptor": {"name": stream}, "stream_state": {"at": row}}
                say("STATE", state={"type": "STREAM", "stream": of})
        steps.next()
        status(stream, "COMPLETE")
    steps.next()


def write(config):
    steps, waiting = Steps(config), []
    with open(os.path.join(config["folder"], "rows"), "a") as rows:
        for line in sys.stdin:
            steps.next()
            message = json.loads(line)
            if message["type"] == "RECORD":
                record = message["record"]
                waiting.append(f'{record["stream"]} {record["data"]["id"]}\n')
            elif message["type"] == "STATE":
                rows.writelines(waiting)
                rows.flush()
                waiting.clear()
                steps.next()
                print(line, end="", flush=True)
        steps.next()


def run():
    command = sys.argv[1]
    if command == "spec":
        say("SPEC", spec=SPEC)
    elif command == "check":
        say("CONNECTION_STATUS", connectionStatus={"status": "SUCCEEDED"})
    elif command == "discover":
        schema = {"type": "object", "properties": {"id": {"type": "integer"}}}
        modes = ["full_refresh", "incremental"]
        streams = [{"name": name, "json_schema": schema, "supported_sync_modes": modes, "source_defined_cursor": True,
                    "default_cursor_field": ["id"]} for name in STREAMS]
        say("CATALOG", catalog={"streams": streams})
    elif command == "read":
        read(file("config"), file("state"))
    elif command == "write":
        write(file("config"))


if __name__ == "__main__":
    run()
