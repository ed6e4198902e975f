#!/usr/bin/env python3
"""Tries the server against the contract that it publishes: every operation with sound and unsound
requests, in bounded time. Streams of events are left out, as they do not end by themselves;
tests/it/content.rs is about them.
"""

import json
import os
import pathlib
import socket
import subprocess
import sys
import time
import urllib.request

HERE = pathlib.Path(__file__).parent
SECONDS = 100

# Left out are checks that would have the contract say more than it does: that every request which
# does not follow it is refused (headers and query parameters that are not known are ignored), that
# every one which does is accepted (names may be taken, files may be broken), and that other methods
# say so before anything else.
CHECKS = ",".join(
    [
        "not_a_server_error",
        "status_code_conformance",
        "content_type_conformance",
        "response_headers_conformance",
        "response_schema_conformance",
        "unsupported_method",
        "allow_header_conformance",
    ]
)


def free_port():
    with socket.socket() as it:
        it.bind(("127.0.0.1", 0))
        return it.getsockname()[1]


def ask(base, method, path, body):
    headers = {"content-type": "application/json", "x-coscribe": "1"}
    request = urllib.request.Request(base + path, body.encode(), headers, method=method)
    with urllib.request.urlopen(request, timeout=10) as answer:
        return answer.read()


def prepare(base):
    """Documents of each kind, one with a past and a version, one in the bin."""
    for name, kind in [("plan", "rich"), ("words", "markdown"), ("program", "code"), ("gone", "rich")]:
        ask(base, "POST", "/api/v1/documents", json.dumps({"name": name, "kind": kind}))
        for text in ["# Title\n\nfirst\n", "# Title\n\nfirst and second\n"]:
            ask(base, "PUT", f"/api/v1/documents/{name}/content.md", text)
    ask(base, "POST", "/api/v1/documents/plan/versions", json.dumps({"name": "first"}))
    ask(base, "DELETE", "/api/v1/documents/gone", "")


def main():
    base = f"http://127.0.0.1:{(port := free_port())}"
    command = [os.environ["COSCRIBE_BIN"], "serve", "--memory", "--listen", f"127.0.0.1:{port}"]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        for _ in range(200):
            try:
                urllib.request.urlopen(base + "/readyz", timeout=1).close()
                break
            except OSError:
                time.sleep(0.05)
        prepare(base)
        tool = pathlib.Path(sys.executable).parent / "schemathesis"
        arguments = ["--config-file", str(HERE / "schemathesis.toml"), "run"]
        arguments += [base + "/api/v1/openapi.json", "--checks", CHECKS, "--seed", "1"]
        arguments += ["--phases", "examples,coverage,fuzzing", "--max-examples", "25"]
        arguments += ["--exclude-path-regex", "/events$", "--request-timeout", "20"]
        arguments += ["--max-time", str(SECONDS), "--generation-database", "none", "--warnings", "off"]
        environment = {**os.environ, "NO_COLOR": "1"}
        return subprocess.run([str(tool), *arguments], env=environment, check=False).returncode
    finally:
        server.terminate()
        server.wait(timeout=20)


if __name__ == "__main__":
    sys.exit(main())
