#!/usr/bin/env python3
"""fronts.py - things that listen where an engine is looked for; each does what it is told.

    fronts.py NAME=WHERE[,tls=CERT,KEY[,ca=FILE]]:WHAT...

WHERE is /a/socket or HOST:PORT. WHAT is one of
    engine            answers as an engine whose version is NAME
    relay=SOCKET      hands everything on to that socket
    page              a web page             redirect   to somewhere else
    silent            takes the request and never answers
    proxy             answers as an engine, whatever host is asked for

Prints `ready` when all of them listen; ends when it is killed.
"""
import http.server
import json
import os
import re
import select
import socket
import socketserver
import ssl
import sys
import threading


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        getattr(self, self.server.what)()

    do_HEAD = do_GET

    def reply(self, status, kind, body, **headers):
        body = body.encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def engine(self):
        name = self.server.name
        facts = {"Version": name, "ApiVersion": "1.41", "MinAPIVersion": "1.24", "Os": "linux", "Arch": "any",
                 "GoVersion": "", "GitCommit": "", "Components": [], "NCPU": 1, "MemTotal": 1, "Containers": 0}
        if self.path.endswith("/_ping"):
            self.reply(200, "text/plain", "OK", Api_Version="1.41")
        else:
            self.reply(200, "application/json", json.dumps(facts), Api_Version="1.41")

    proxy = engine

    def page(self):
        self.reply(200, "text/html", "<html><title>Welcome to nginx!</title></html>")

    def redirect(self):
        self.reply(302, "text/html", "", Location="https://login.example/")

    def silent(self):
        self.rfile.read()

    def address_string(self):
        return "somebody"

    def log_message(self, *_):
        pass


class Relay(socketserver.BaseRequestHandler):
    """Bytes both ways; who asks may end first and still hear. One thread: two must not share a TLS connection."""

    def handle(self):
        with socket.socket(socket.AF_UNIX) as engine:
            engine.connect(self.server.what)
            self.sources = [self.request, engine]
            while self.pour(engine):
                pass

    def pour(self, engine):
        client = self.request
        pending = client in self.sources and isinstance(client, ssl.SSLSocket) and client.pending()
        for source in [client] if pending else select.select(self.sources, [], [])[0]:
            data = source.recv(65536)
            if data:
                (engine if source is client else client).sendall(data)
            elif source is engine:
                return False
            else:
                self.sources.remove(client)
                engine.shutdown(socket.SHUT_WR)
        return True


class Front(socketserver.ThreadingMixIn, socketserver.TCPServer):
    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, name, where, tls, what):
        relay = what.startswith("relay=")
        self.name, self.what, self.context = name, what[6:] if relay else what, None
        if where.startswith("/"):
            self.address_family = socket.AF_UNIX
            if os.path.exists(where):
                os.unlink(where)
        host, _, port = where.rpartition(":")
        super().__init__(where if where.startswith("/") else (host, int(port)), Relay if relay else Handler)
        if tls:
            self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self.context.load_cert_chain(*tls[:2])
            if len(tls) > 2:
                self.context.verify_mode = ssl.CERT_REQUIRED
                self.context.load_verify_locations(tls[2])

    # The handshake is the business of the connection's own thread.
    def finish_request(self, request, client_address):
        if not self.context:
            super().finish_request(request, client_address)
            return
        try:
            request = self.context.wrap_socket(request, server_side=True)
        except (ssl.SSLError, OSError):
            return
        with request:
            super().finish_request(request, client_address)

    def handle_error(self, *_):
        pass


def main():
    form = re.compile(r"(\w+)=(.+?)(?:,tls=([^,:]+),([^,:]+)(?:,ca=([^,:]+))?)?:(\w+(?:=.*)?)$")
    for told in sys.argv[1:]:
        name, where, cert, key, ca, what = form.match(told).groups()
        front = Front(name, where, [file for file in (cert, key, ca) if file], what)
        threading.Thread(target=front.serve_forever, daemon=True).start()
    print("ready", flush=True)
    threading.Event().wait()


main()
