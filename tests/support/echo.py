#!/usr/bin/env python3
"""echo.py ADDRESS PORT - says back what it hears, to many at once, until they have said all."""
import socketserver
import sys


class Back(socketserver.BaseRequestHandler):
    def handle(self):
        while piece := self.request.recv(65536):
            self.request.sendall(piece)


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 128


Server((sys.argv[1], int(sys.argv[2])), Back).serve_forever()
