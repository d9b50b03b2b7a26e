#!/usr/bin/python3
"""cut_off.py - a program is killed at each change that it asks an OpenStack for, once the change is made and before it hears of it.

    cut_off.py PORT COMMAND...      again and again, until it ends by itself; its exit code is ours

It is given another way to the cloud that OS_AUTH_URL names, by this PORT here, on which all services lie. Changes are told apart by what they are of,
whatever ids and texts they have; each is cut off once. What is changed goes to the file
CUT_OFF, a line each.
"""
import http.server
import json
import os
import re
import subprocess
import sys
import threading
import urllib.parse

import requests

CLOUD = urllib.parse.urlsplit(os.environ["OS_AUTH_URL"]).hostname
# What asks for nothing to be changed, though it is posted.
QUESTIONS = ("/auth/tokens", "/action")
ROUNDS_MOST = 60
ID = re.compile(r"[0-9a-f]{8}-?([0-9a-f]{4}-?){3}[0-9a-f]{12}")

lock = threading.Lock()
running, told, cut = None, set(), open(os.environ["CUT_OFF"], "w")


def change(method, path, body):
    """What a request changes, in words without numbers; None where it changes nothing."""
    if method in ("GET", "HEAD") or path.endswith(QUESTIONS):
        return None
    words = f"{method} {ID.sub('ID', path)}"
    rule = json.loads(body).get("security_group_rule") if body else None
    return words + "".join(f" {key}={rule[key]}" for key in ("port_range_min", "ethertype") if rule.get(key)) if rule else words


class Between(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def serve(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        port, path = re.match(r"/(\d+)(.*)", self.path).groups()
        what = change(self.command, path.partition("?")[0], body)
        heads = {name: text for name, text in self.headers.items() if name.lower() not in ("host", "connection", "accept-encoding")}
        answer = requests.request(self.command, f"http://{CLOUD}:{port}{path}", data=body, headers=heads, timeout=120)
        with lock:
            if what and what not in told:
                told.add(what)
                print(what, file=cut, flush=True)
                running.kill()
                self.close_connection = True
                return
        text = re.sub(rf"http://{CLOUD}:(\d+)", rf"http://{own}/\1", answer.text).encode()
        self.send_response(answer.status_code)
        for name, value in answer.headers.items():
            if name.lower() not in ("content-length", "transfer-encoding", "connection", "content-encoding", "date", "server"):
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    do_GET = do_POST = do_PUT = do_DELETE = do_PATCH = serve

    def log_message(self, *words):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Between)
server.handle_error = lambda *words: None  # who asked may have been killed
own = "127.0.0.1:" + sys.argv[1]
threading.Thread(target=server.serve_forever, daemon=True).start()
auth = urllib.parse.urlsplit(os.environ["OS_AUTH_URL"])
for _ in range(ROUNDS_MOST):
    with lock:
        running = subprocess.Popen(sys.argv[2:], env=os.environ | {
            "OS_AUTH_URL": f"http://{own}/{auth.port}{auth.path}"})
    code = running.wait()
    if code != -9:
        sys.exit(code)
sys.exit(f"it was begun {ROUNDS_MOST} times, and did not come to its end")
