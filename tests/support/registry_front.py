#!/usr/bin/env python3
"""registry_front.py PORT REGISTRY ORDERS LOG - a registry in front of another one, in whatever trouble it is told to be.

Listens on 127.0.0.1:PORT (plain HTTP) and hands on to REGISTRY (HOST:PORT, HTTPS). The file ORDERS says what to do, and may
be written anew at any time:
    pass            nothing else
    fail CODE N     the first N requests for a manifest are answered with that status
    cut N           the first N blobs end half-way
    drip BYTES      blobs come at so many bytes a second
    token USER PASSWORD TOKEN    asks for a bearer token, which it gives to whoever has that identity token
Each request is a line of LOG: method, path, status, and what it said of itself.
"""
import base64
import http.client
import http.server
import json
import os
import ssl
import sys
import threading
import time
import urllib.parse

BEARER = "Bearer let-me-in"


class Orders:
    def __init__(self, path):
        self.path, self.stamp, self.words, self.lock = path, None, ["pass"], threading.Lock()

    def now(self):
        with self.lock:
            stamp = os.stat(self.path).st_mtime_ns
            if stamp != self.stamp:
                with open(self.path) as file:
                    self.stamp, self.words = stamp, file.read().split() or ["pass"]
            return list(self.words)

    def count(self, what, place):
        """Whether `what` is still to be done, and once less from now on."""
        if self.now()[0] != what:
            return False
        with self.lock:
            left = int(self.words[place])
            self.words[place] = str(max(left - 1, 0))
            return left > 0


class Front(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def answer(self, status, body, headers=()):
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)
        self.tell(status)

    def tell(self, status):
        with self.server.lock:
            self.server.log.write(f"{self.command} {self.path} {status} {self.headers.get('Authorization', '-')}\n")

    def do_GET(self):
        orders = self.server.orders
        if "/manifests/" in self.path and orders.count("fail", 2):
            self.answer(int(orders.now()[1]), b"{}")
        elif orders.now()[0] == "token":
            self.with_token(*orders.now()[1:])
        else:
            self.hand_on(self.headers.get("Authorization"))

    do_HEAD = do_POST = do_GET

    def with_token(self, user, password, token):
        if self.path.startswith("/token"):
            size = int(self.headers.get("Content-Length", 0))
            form = urllib.parse.parse_qs(self.rfile.read(size).decode())
            good = form.get("grant_type") == ["refresh_token"] and form.get("refresh_token") == [token]
            self.answer(200 if good else 401, json.dumps({"access_token": BEARER.split()[1]} if good else {}).encode(),
                        [("Content-Type", "application/json")])
        elif self.headers.get("Authorization") == BEARER:
            self.hand_on("Basic " + base64.b64encode(f"{user}:{password}".encode()).decode())
        else:
            realm = f'Bearer realm="http://{self.headers["Host"]}/token",service="front"'
            self.answer(401, b'{"errors": [{"code": "UNAUTHORIZED", "message": "authentication required"}]}',
                        [("WWW-Authenticate", realm), ("Content-Type", "application/json"),
                         ("Docker-Distribution-Api-Version", "registry/2.0")])

    def hand_on(self, authorization):
        headers = [item for item in self.headers.items() if item[0] not in ("Host", "Authorization")]
        if authorization:
            headers.append(("Authorization", authorization))
        try:
            behind = http.client.HTTPSConnection(self.server.registry, timeout=20, context=self.server.trust)
            behind.putrequest(self.command, self.path, skip_accept_encoding=True)
            for name, value in headers:  # some of them more than once
                behind.putheader(name, value)
            behind.endheaders()
            answer = behind.getresponse()
        except OSError:
            self.close_connection = True
            return
        with answer:
            self.send_response(answer.status)
            for name, value in answer.getheaders():
                if name not in ("Transfer-Encoding", "Connection", "Date", "Server"):
                    self.send_header(name, value)
            self.end_headers()
            self.tell(answer.status)
            if self.command != "HEAD":
                self.body(answer)
        behind.close()

    def body(self, answer):
        orders, size = self.server.orders, answer.length or 0
        blob = "/blobs/" in self.path and size > 65536
        if blob and orders.count("cut", 1):
            self.wfile.write(answer.read(size // 2))
            self.close_connection = True
            return
        while True:
            dripping = blob and orders.now()[0] == "drip"
            piece = answer.read(max(int(orders.now()[1]) // 10, 1) if dripping else 65536)
            if not piece:
                return
            self.wfile.write(piece)
            if dripping:
                time.sleep(0.1)


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_):
        pass  # whoever asked went away


def main(port, registry, orders, log):
    server = Server(("127.0.0.1", int(port)), Front)
    server.registry, server.orders, server.lock = registry, Orders(orders), threading.Lock()
    server.log = open(log, "a", buffering=1)
    server.trust = ssl.create_default_context()
    server.trust.check_hostname, server.trust.verify_mode = False, ssl.CERT_NONE
    server.serve_forever()


if __name__ == "__main__":
    main(*sys.argv[1:5])
