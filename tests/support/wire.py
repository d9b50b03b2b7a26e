"""wire.py LISTEN TARGET.sock LOG - forwards HTTP to a unix socket and writes each request's line into LOG.

It listens on a unix socket too, or on ADDRESS:PORT."""
import os
import socket
import sys
import threading


class Requests:
    """Follows what a client sends and tells each request's method and path, bodies skipped."""

    def __init__(self, tell):
        self.tell, self.buffer, self.skip, self.chunked = tell, b"", 0, False

    def feed(self, data):
        self.buffer += data
        while self.step():
            pass

    def step(self):
        if self.skip:
            taken = min(self.skip, len(self.buffer))
            self.buffer, self.skip = self.buffer[taken:], self.skip - taken
            return taken > 0 and not self.skip
        if self.chunked:
            return self.chunk()
        head, end, rest = self.buffer.partition(b"\r\n\r\n")
        if not end:
            return False
        line, *fields = head.decode("latin-1").split("\r\n")
        self.tell(" ".join(line.split(" ")[:2]))
        fields = {name.strip().lower(): value.strip() for name, _, value in (f.partition(":") for f in fields)}
        self.skip = int(fields.get("content-length", 0))
        self.chunked = "chunked" in fields.get("transfer-encoding", "").lower()
        self.buffer = rest
        return True

    def chunk(self):
        size, end, rest = self.buffer.partition(b"\r\n")
        if not end:
            return False
        length = int(size.split(b";")[0], 16)
        self.buffer, self.skip, self.chunked = rest, length + 2, length > 0
        return True


def pump(source, sink, watch=None):
    try:
        while data := source.recv(65536):
            if watch:
                watch.feed(data)
            sink.sendall(data)
    except OSError:
        pass
    for end, how in ((source, socket.SHUT_RD), (sink, socket.SHUT_WR)):
        try:
            end.shutdown(how)
        except OSError:
            pass


def listening(where):
    address, colon, port = where.partition(":")
    if colon:
        return socket.create_server((address, int(port)))
    if os.path.exists(where):
        os.unlink(where)
    server = socket.socket(socket.AF_UNIX)
    server.bind(where)
    server.listen(64)
    return server


def main(listen, target, log):
    server = listening(listen)
    out, lock = open(log, "w", buffering=1), threading.Lock()

    def tell(line):
        with lock:
            out.write(line + "\n")

    while True:
        client, _ = server.accept()
        engine = socket.socket(socket.AF_UNIX)
        engine.connect(target)
        for args in ((client, engine, Requests(tell)), (engine, client, None)):
            threading.Thread(target=pump, args=args, daemon=True).start()


if __name__ == "__main__":
    main(*sys.argv[1:4])
