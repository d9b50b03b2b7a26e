"""faulty_wire.py - a way to a Docker engine, or to another service, on which things go wrong: what, to which request, a function decides.

    python3 tests/support/faulty_wire.py LISTEN TARGET [SEED [SHARE]]

Each of the two is a unix socket or ADDRESS:PORT. From the command line every request may meet a fault of chance, by the seed: that
share of them (0.1), and each stream of events, which is cut after about a minute.
"""
import collections
import random
import re
import socket
import sys
import threading
import time

from wire import Requests, listening, pump

# What can happen to a request: it does not get there, ...
CUT_BEFORE = "cut before it was passed on"
HANG = "never passed on nor answered"
REFUSE = "answered by the wire itself"
# ... or it does, and its answer is not what the engine said.
CUT_AFTER = "passed on, its answer lost"
SILENCE = "passed on, never answered"
REPLACE = "passed on, answered by the wire itself"
TRUNCATE = "its answer cut in the middle"
ENDLESS = "its answer never ends"
DRIP = "its answer comes byte by byte"
DEAF = "its answer's head alone comes"
DELAY = "passed on late"
LASTS = "its answer cut after a while"

Fault = collections.namedtuple("Fault", "kind status text seconds", defaults=(500, "", 0))
Seen = collections.namedtuple("Seen", "method path fault body")


def says(kind, status, words):
    """The engine's manner of saying no."""
    return Fault(kind, status, '{"message": "%s"}' % words)


class FaultyWire:
    """decide(method, path without version and question) -> Fault or None; called for one request at a time."""

    def __init__(self, listen, target, decide=lambda method, path: None):
        self.target, self.decide, self.seen = target, decide, []
        self.lock, self.closed = threading.Lock(), threading.Event()
        self.server = listening(listen)
        threading.Thread(target=self.serve, daemon=True).start()

    def close(self):
        self.closed.set()
        self.server.close()

    def serve(self):
        while True:
            try:
                client, _ = self.server.accept()
            except OSError:
                return
            threading.Thread(target=self.guarded, args=(client,), daemon=True).start()

    def guarded(self, client):
        engine = socket.socket(socket.AF_INET if ":" in self.target else socket.AF_UNIX)
        try:
            self.one(client, engine)
        except (OSError, ValueError):
            pass
        client.close()
        engine.close()

    def one(self, client, engine):
        """One request of one connection; the next one comes by another."""
        request = read_request(client)
        if not request:
            return
        method, path = request.split(b" ", 2)[:2]
        plain = re.sub(r"^/v[0-9.]+", "", path.decode()).partition("?")[0]
        with self.lock:
            fault = self.decide(method.decode(), plain)
            self.seen.append(Seen(method.decode(), path.decode(), fault, request.partition(b"\r\n\r\n")[2]))
        kind = fault.kind if fault else None
        if kind == CUT_BEFORE:
            return
        if kind == HANG:
            self.until_left(client)
        elif kind == REFUSE:
            client.sendall(answer(fault))
        else:
            self.pass_on(client, engine, request, fault)

    def pass_on(self, client, engine, request, fault):
        kind = fault.kind if fault else None
        if kind == DELAY:
            time.sleep(fault.seconds)
        address, colon, port = self.target.partition(":")
        engine.connect((address, int(port)) if colon else self.target)
        if b"upgrade:" in request.lower().partition(b"\r\n\r\n")[0]:
            engine.sendall(request)
            threading.Thread(target=pump, args=(client, engine), daemon=True).start()
            pump(engine, client)
            return
        engine.sendall(closing(request))
        threading.Thread(target=self.leave_with, args=(client, engine), daemon=True).start()
        if kind in (None, DELAY):
            pump(engine, client)
        elif kind == LASTS:
            self.pour_for(fault.seconds, engine, client)
        elif kind == DEAF:
            client.sendall(read_head(engine))
            self.until_left(client)
        elif kind == ENDLESS:
            client.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n[")
            while not self.closed.is_set():
                client.sendall(b'"and so on", ' * 4096)
        else:
            self.falsify(client, read_all(engine), fault)

    def pour_for(self, seconds, engine, client):
        end = threading.Timer(seconds, shut, args=(engine, socket.SHUT_RDWR))
        end.daemon = True
        end.start()
        pump(engine, client)
        end.cancel()

    def falsify(self, client, said, fault):
        if fault.kind == SILENCE:
            self.until_left(client)
        elif fault.kind == REPLACE:
            client.sendall(answer(fault))
        elif fault.kind == TRUNCATE:
            head, end, body = said.partition(b"\r\n\r\n")
            client.sendall(head + end + body[:len(body) // 2] if body else head[:len(head) // 2])
        elif fault.kind == DRIP:
            for at in range(0, len(said), 64):
                client.sendall(said[at:at + 64])
                time.sleep(fault.seconds)
        # CUT_AFTER: nothing of it.

    def leave_with(self, client, engine):
        """Who asked is gone: so are we."""
        try:
            self.until_left(client)
            engine.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass

    def until_left(self, client):
        client.settimeout(0.2)
        while not self.closed.is_set():
            try:
                if not client.recv(65536):
                    return
            except socket.timeout:
                pass


def answer(fault):
    if fault.status == 0:
        return fault.text.encode()
    return (f"HTTP/1.1 {fault.status} Of The Wire\r\nContent-Type: application/json\r\nConnection: close\r\n"
            f"Content-Length: {len(fault.text)}\r\n\r\n{fault.text}").encode()


def read_request(client):
    """A whole one, or nothing."""
    told, bytes_read = [], b""
    requests = Requests(told.append)
    while not told or requests.skip or requests.chunked:
        data = client.recv(65536)
        if not data:
            return b""
        bytes_read += data
        requests.feed(data)
    return bytes_read


def closing(request):
    """The same, after which the engine ends the connection."""
    head, end, body = request.partition(b"\r\n\r\n")
    lines = [line for line in head.split(b"\r\n") if not line.lower().startswith(b"connection:")]
    return b"\r\n".join(lines + [b"Connection: close"]) + end + body


def read_head(engine):
    said = b""
    while b"\r\n\r\n" not in said:
        data = engine.recv(65536)
        if not data:
            break
        said += data
    return said.partition(b"\r\n\r\n")[0] + b"\r\n\r\n"


def read_all(engine):
    said = b""
    while data := engine.recv(65536):
        said += data
    return said


def shut(end, how):
    try:
        end.shutdown(how)
    except OSError:
        pass


def of_chance(rng, share=0.1, slow=0.3):
    """Faults that any request may meet, each as likely."""
    faults = (Fault(CUT_BEFORE), Fault(CUT_AFTER), Fault(TRUNCATE), Fault(DELAY, seconds=slow), Fault(DRIP, seconds=0.002),
              says(REFUSE, 500, "chance"), says(REFUSE, 503, "chance"), says(REPLACE, 500, "chance after"),
              Fault(REPLACE, 200, "<html>"), Fault(REPLACE, 0, "no HTTP\r\n\r\n"))
    return lambda method, path: rng.choice(faults) if rng.random() < share else None


def of_days(rng, share=0.1, stream=60):
    """The same; and a stream of events, one request for days otherwise, lasts about so many seconds."""
    chance = of_chance(rng, share)

    def decide(method, path):
        if path == "/events" and share:
            return Fault(LASTS, seconds=rng.expovariate(1 / stream))
        return chance(method, path)
    return decide


if __name__ == "__main__":
    listen, target, seed, share = (sys.argv[1:] + [None, "0.1"][len(sys.argv) - 3:])[:4]
    wire = FaultyWire(listen, target, of_days(random.Random(seed), float(share)))
    wire.seen = collections.deque(maxlen=0)  # nobody asks for them, however many
    threading.Event().wait()
