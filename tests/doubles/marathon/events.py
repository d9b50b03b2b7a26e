"""The event bus and its streams."""

import collections
import socket
import threading
import time

from normal import numbers_of_events
from tree import stamp
from wire import compact

HEARTBEAT_SECONDS = 10
MOST_OUTSTANDING = 1024


class Stream:
    """One reader of /v2/events."""

    def __init__(self, client, kinds):
        self.client, self.kinds = client, kinds
        self.queue = collections.deque()
        self.ready = threading.Condition()
        self.closed = False

    def offer(self, kind, line):
        with self.ready:
            if self.kinds and kind not in self.kinds:
                return
            if len(self.queue) >= MOST_OUTSTANDING:
                self.closed = True
            else:
                self.queue.append(line)
            self.ready.notify()

    def close(self):
        with self.ready:
            self.closed = True
            self.ready.notify()

    def run(self, sock):
        beat = time.monotonic() + HEARTBEAT_SECONDS
        while True:
            with self.ready:
                while not self.queue and not self.closed and time.monotonic() < beat:
                    self.ready.wait(max(0.0, beat - time.monotonic()))
                line = self.queue.popleft() if self.queue else None
                if line is None and self.closed:
                    return
            if line is not None:
                sock.sendall(line)
            if time.monotonic() >= beat:
                sock.sendall(b"\r")
                sock.sendall(b"\n")
                beat = time.monotonic() + HEARTBEAT_SECONDS


class Bus:
    """Hands every event to all who listen; `lose` names kinds that are lost on the way, and how often."""

    def __init__(self):
        self.lock = threading.Lock()
        self.streams = []
        self.lose = {}
        self.reorder = False
        self.held = None

    def publish(self, kind, **fields):
        event = numbers_of_events(fields)
        event.setdefault("timestamp", stamp())
        event["eventType"] = kind
        line = f"event: {kind}\r\ndata: {compact(event)}\r\n\r\n".encode()
        with self.lock:
            if self.lost(kind):
                return
            for stream in self.streams:
                stream.offer(kind, line)

    def lost(self, kind):
        for name in (kind, "*"):
            if self.lose.get(name, 0) > 0:
                self.lose[name] -= 1
                return True
        return False

    def serve(self, sock, client, kinds, head):
        """Serves one reader until it or we go away."""
        stream = Stream(client, kinds)
        sock.settimeout(30)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 16)
        sock.sendall(head)
        with self.lock:
            self.streams.append(stream)
        self.publish("event_stream_attached", remoteAddress=client)
        try:
            stream.run(sock)
        except OSError:
            pass
        with self.lock:
            if stream in self.streams:
                self.streams.remove(stream)
        self.publish("event_stream_detached", remoteAddress=client)

    def close_all(self):
        with self.lock:
            streams, self.streams = self.streams, []
        for stream in streams:
            stream.close()
