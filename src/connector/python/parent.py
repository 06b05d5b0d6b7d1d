"""A warm parent: imports a connector once and forks for every question.

Started as `python parent.py module:function name`, with a Unix socket as standard input. Requests come as
lines of JSON, the one to run with two descriptors attached: standard output and standard error of the fork.
What is told goes back the same way: first {"ready": true} or {"broken": why}, then one line for each
fork that has ended. When the socket closes, everything ends.
"""

import atexit
import ctypes
import gc
import importlib
import json
import os
import resource
import selectors
import signal
import socket
import sys
import threading

PR_SET_CHILD_SUBREAPER = 36


def load(entry):
    """The function that the connector's program calls."""
    module, _, path = entry.partition(":")
    found = importlib.import_module(module)
    for name in path.split("."):
        found = getattr(found, name)
    return found


def run_fork(parent, request, output, errors):
    """The life of a fork: becomes what the connector's program would be, and never returns."""
    os.setsid()
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.dup2(output, 1)
    os.dup2(errors, 2)
    signal.set_wakeup_fd(-1)
    for descriptor in (null, output, errors, *parent.attached, *parent.descriptors):
        os.close(descriptor)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    if request["memory"]:
        resource.setrlimit(resource.RLIMIT_DATA, (request["memory"], request["memory"]))
    os.chdir(request["directory"])
    os.environ.clear()
    os.environ.update(request["environment"])
    if "tempfile" in sys.modules:
        sys.modules["tempfile"].tempdir = None
    sys.argv = [parent.name, *request["arguments"]]
    code = 0
    try:
        code = parent.function()
    except SystemExit as end:
        code = end.code
    except BaseException:
        # The connector may have put its own hook here, which prints the error as a message.
        sys.excepthook(*sys.exc_info())
        code = 1
    if code is None:
        code = 0
    elif not isinstance(code, int):
        print(code, file=sys.stderr)
        code = 1
    # As at the end of a program, but without taking everything apart.
    try:
        threading._shutdown()
        atexit._run_exitfuncs()
        sys.stdout.flush()
        sys.stderr.flush()
    finally:
        os._exit(code & 0xFF)


class Parent:
    def __init__(self, channel, function, name):
        self.channel = channel
        self.function = function
        self.name = name
        self.forks = {}
        self.partial = b""
        # Descriptors that came for requests which have not been read yet.
        self.attached = []
        # What only the parent uses.
        self.descriptors = []

    def tell(self, **what):
        try:
            self.channel.sendall(json.dumps(what).encode() + b"\n")
        except OSError:
            sys.exit(0)

    def receive(self):
        data, attached, _, _ = socket.recv_fds(self.channel, 65536, 16)
        self.attached.extend(attached)
        if not data:
            sys.exit(0)
        *lines, self.partial = (self.partial + data).split(b"\n")
        for line in lines:
            request = json.loads(line)
            if "kill" in request:
                self.kill(request["kill"])
            else:
                self.fork(request)

    def fork(self, request):
        output, errors = self.attached[:2]
        del self.attached[:2]
        pid = os.fork()
        if pid == 0:
            run_fork(self, request, output, errors)
        os.close(output)
        os.close(errors)
        self.forks[pid] = request["id"]

    def kill(self, number):
        for pid, known in self.forks.items():
            if known == number:
                try:
                    os.killpg(pid, signal.SIGKILL)
                except OSError:
                    # It has not made its group yet.
                    os.kill(pid, signal.SIGKILL)

    def reap(self):
        while True:
            try:
                ended = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
            except ChildProcessError:
                return
            if ended is None:
                return
            pid = ended.si_pid
            if pid in self.forks:
                # What it has started and left goes with it; its number is still its own.
                try:
                    os.killpg(pid, signal.SIGKILL)
                except OSError:
                    pass
            _, status, usage = os.wait4(pid, 0)
            number = self.forks.pop(pid, None)
            if number is not None:
                self.strays()
                code = os.waitstatus_to_exitcode(status)
                self.tell(
                    id=number,
                    code=code if code >= 0 else None,
                    signal=-code if code < 0 else None,
                    cpu_ms=int((usage.ru_utime + usage.ru_stime) * 1000),
                    memory=usage.ru_maxrss * 1024,
                )

    def strays(self):
        """Kills adopted children that left the group of a fork."""
        try:
            with open(f"/proc/self/task/{os.getpid()}/children") as file:
                children = file.read().split()
        except OSError:
            return
        for child in map(int, children):
            try:
                if child not in self.forks and os.getpgid(child) not in self.forks:
                    os.kill(child, signal.SIGKILL)
            except OSError:
                pass


def main():
    entry, name = sys.argv[1:3]
    channel = socket.socket(fileno=os.dup(0))
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    parent = Parent(channel, None, name)
    sys.path.pop(0)
    sys.argv = [name]
    try:
        parent.function = load(entry)
    except BaseException as error:
        parent.tell(broken=f"{type(error).__name__}: {error}")
        raise
    if threading.active_count() > 1:
        # A fork would have their locks, but not them.
        parent.tell(broken="importing the connector starts threads")
        sys.exit(1)
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    gc.collect()
    gc.freeze()
    awake, wake = socket.socketpair()
    for end in (awake, wake):
        end.setblocking(False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(wake.fileno(), warn_on_full_buffer=False)
    selector = selectors.DefaultSelector()
    selector.register(channel, selectors.EVENT_READ)
    selector.register(awake, selectors.EVENT_READ)
    ours = (channel, awake, wake, selector)
    parent.descriptors = [thing.fileno() for thing in ours]
    parent.tell(ready=True)
    while True:
        for key, _ in selector.select():
            if key.fileobj is channel:
                parent.receive()
            else:
                awake.recv(4096)
                parent.reap()


if __name__ == "__main__":
    main()
