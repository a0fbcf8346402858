"""A headless Chromium, driven by the DevTools protocol over a pipe: no driver, no port."""

import contextlib
import itertools
import json
import os
import select
import shutil
import subprocess
import sys
import time

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--disable-extensions", "--disable-default-apps", "--remote-debugging-pipe",
)  # fmt: skip


def found():
    """The browser's path, None where there is none; REFSCORE_BROWSER names another."""
    if os.name == "nt":  # which hands no pipes on
        return None
    return os.environ.get("REFSCORE_BROWSER") or next(filter(None, map(shutil.which, NAMES)), None)


class Browser:
    """One page, and all it logged, threw and asked the network for."""

    def __init__(self, path, profile):
        theirs, self._out = os.pipe()
        self._in, answers = os.pipe()
        # the protocol speaks through the file descriptors 3 and 4
        hand_on = f"dup2({theirs}, 3); dup2({answers}, 4); execv(argv[1], argv[1:])"
        start = [sys.executable, "-S", "-c", f"from os import *; from sys import argv; {hand_on}"]
        command = [*start, path, *FLAGS, f"--user-data-dir={profile}"]
        self._process = subprocess.Popen(
            [*command, "about:blank"], pass_fds=(theirs, answers),
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        os.close(theirs)
        os.close(answers)
        self._ids, self._buffer, self._session = itertools.count(1), b"", None
        self.events = []
        try:
            self._attach()
        except BaseException:
            self.close()
            raise

    def _attach(self):
        pages = self("Target.getTargets")["targetInfos"]
        page = next(target["targetId"] for target in pages if target["type"] == "page")
        attached = self("Target.attachToTarget", targetId=page, flatten=True)
        self._session = attached["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self(f"{domain}.enable")

    def __call__(self, method, seconds=30, **parameters):
        """The answer to one command; events that come before it are kept."""
        message = {"id": next(self._ids), "method": method, "params": parameters}
        if self._session and not method.startswith(("Target.", "Browser.")):
            message["sessionId"] = self._session
        os.write(self._out, json.dumps(message).encode() + b"\0")
        end = time.monotonic() + seconds
        while True:
            answer = self._next(end)
            if answer.get("id") == message["id"]:
                if "error" in answer:
                    raise RuntimeError(f"{method}: {answer['error']['message']}")
                return answer["result"]

    def _next(self, end):
        while b"\0" not in self._buffer:
            if not select.select([self._in], [], [], max(end - time.monotonic(), 0))[0]:
                raise TimeoutError("the browser does not answer")
            part = os.read(self._in, 1 << 20)
            if not part:
                raise RuntimeError("the browser has ended")
            self._buffer += part
        text, _, self._buffer = self._buffer.partition(b"\0")
        message = json.loads(text)
        if "id" not in message:
            self.events.append(message)
        return message

    def open(self, url):
        """Load a page and wait until it is there."""
        self.events.clear()
        self("Page.navigate", url=url)
        end = time.monotonic() + 30
        while not any(event["method"] == "Page.loadEventFired" for event in self.events):
            self._next(end)

    def run(self, code):
        """The value of an expression in the page; a promise is waited for."""
        answer = self(
            "Runtime.evaluate", expression=code, returnByValue=True, awaitPromise=True,
            userGesture=True,
        )  # fmt: skip
        if "exceptionDetails" in answer:
            raise RuntimeError(answer["exceptionDetails"]["exception"].get("description"))
        return answer["result"].get("value")

    def until(self, code, expected, seconds=15):
        """Wait until an expression has this value; the last value it had."""
        end = time.monotonic() + seconds
        while (value := self.run(code)) != expected and time.monotonic() < end:
            time.sleep(0.02)
        return value

    def press(self, key, **more):
        """One key, down and up; `text` where it types something."""
        self("Input.dispatchKeyEvent", type="keyDown", key=key, **more)
        self("Input.dispatchKeyEvent", type="keyUp", key=key)

    def complaints(self):
        """Errors and warnings of the console, and exceptions."""
        self.run("0")
        loud = ("error", "warning", "assert")
        return [
            event["params"]
            for event in self.events
            if event["method"] == "Runtime.exceptionThrown"
            or (event["method"] == "Log.entryAdded" and event["params"]["entry"]["level"] in loud)
            or (event["method"] == "Runtime.consoleAPICalled" and event["params"]["type"] in loud)
        ]

    def requests(self):
        """Every address the page asked for."""
        return [
            event["params"]["request"]["url"]
            for event in self.events
            if event["method"] == "Network.requestWillBeSent"
        ]

    def close(self):
        """End the browser."""
        with contextlib.suppress(Exception):
            self("Browser.close", seconds=5)
        for end in (self._out, self._in):
            os.close(end)
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
