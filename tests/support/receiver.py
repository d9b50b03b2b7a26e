#!/usr/bin/env python3
"""receiver.py PORT FILE SECRET FAILURES [CERTIFICATE KEY] - takes a controller's notices; each that it accepts is a line of FILE.

Of the first FAILURES requests every other one is refused with 503, and the others are not answered at all. A signature that
is not SECRET's, or an old timestamp, is refused with 401 and a line `forged`. One that it has already is accepted and not
written down again.
"""
import base64
import hashlib
import hmac
import http.server
import json
import ssl
import sys
import time

port, path, secret, failures, *pair = sys.argv[1:]
left = int(failures)
seen = set()


def write(line):
    with open(path, "a", encoding="utf-8") as file:
        file.write(line + "\n")


class Receiver(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        global left
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if left > 0:
            left -= 1
            if left % 2:
                self.send_error(503)
            else:
                self.close_connection = True
            return
        name, moment = self.headers["Webhook-Id"], self.headers["Webhook-Timestamp"]
        signed = f"{name}.{moment}.".encode() + body
        wanted = "v1," + base64.b64encode(hmac.new(secret.encode(), signed, hashlib.sha256).digest()).decode()
        if self.headers["Webhook-Signature"] != wanted or abs(time.time() - int(moment)) > 300:
            write("forged")
            self.send_error(401)
            return
        if name not in seen and json.loads(body)["id"] == name:
            seen.add(name)
            write(body.decode())
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", int(port)), Receiver)
if pair:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*pair)
    server.socket = context.wrap_socket(server.socket, server_side=True)
server.serve_forever()
