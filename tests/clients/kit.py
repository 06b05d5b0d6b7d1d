"""What the walks with the published Python package share: a client that notes what it asks, and refusals."""

import importlib.metadata
import inspect
import json
import time
from urllib.parse import urlparse

import airbyte_api
from airbyte_api import errors, models

from counting import API, check

VERSION = importlib.metadata.version("airbyte-api")


def refused(what, status, call, mentions=None):
    """The client raises its error with this status, and a problem document is in it."""
    try:
        answer = call()
    except errors.SDKError as error:
        try:
            problem = json.loads(error.body)
        except ValueError:
            return check(what, False, f"{error.status_code} without a JSON body: {error.body}")
        right = error.status_code == status and problem.get("status") == status
        right = right and bool((problem.get("data") or {}).get("message") or problem.get("detail"))
        return check(what, right and (mentions is None or mentions in error.body), f"{error.status_code} {error.body}")
    return check(what, False, f"accepted: {answer}")


def within(seconds, holds):
    """Whether it comes true in time."""
    deadline = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


# Every method of the package that was answered, whoever called it.
answered = set()


class Noted:
    """The package, or one group of its methods, which notes what was answered."""

    def __init__(self, inner, group=None):
        self._inner, self._group = inner, group

    def __getattr__(self, name):
        found = getattr(self._inner, name)
        if self._group is None:
            return Noted(found, name)

        def call(*arguments, **named):
            answer = found(*arguments, **named)
            answered.add(f"{self._group}.{name}")
            return answer

        return call


def methods():
    """What this version of the package offers; the asynchronous twins of the newest generation aside."""
    sdk = airbyte_api.AirbyteAPI(server_url=API)
    groups = [group for group in airbyte_api.AirbyteAPI.__annotations__ if not group.startswith(("_", "sdk_"))]
    return {f"{group}.{name}" for group in groups for name, method in vars(type(getattr(sdk, group))).items()
            if inspect.isfunction(method) and not name.startswith("_") and not name.endswith("_async")}


class Person:
    """A client of the package with the credentials of one application, and what it asked the server."""

    def __init__(self, credentials, token_url=None):
        more = {} if token_url is None else {"token_url": token_url}
        scheme = models.SchemeClientCredentials(client_id=credentials[0], client_secret=credentials[1], **more)
        self.seen = []
        forget_tokens()
        self.sdk = Noted(airbyte_api.AirbyteAPI(
            server_url=API, security=models.Security(client_credentials=scheme), client=self.listening()
        ))

    def listening(self):
        if VERSION.startswith("0."):
            import requests

            def note(response, *_, **__):
                self.seen.append((response.request.method, urlparse(response.url).path, response.status_code))

            session = requests.Session()
            session.hooks["response"].append(note)
            return session
        import httpx

        def note(response):
            self.seen.append((response.request.method, response.url.path, response.status_code))

        return httpx.Client(event_hooks={"response": [note]}, follow_redirects=True)

    def tokens(self):
        return [request for request in self.seen if request[1].rstrip("/").endswith("/token")]


def forget_tokens():
    """The package caches tokens per credentials for the whole process; each person starts without."""
    from airbyte_api._hooks.clientcredentials import ClientCredentialsHook as hook

    getattr(hook, "sessions" if VERSION.startswith("0.") else "_sessions").clear()

