#!/usr/bin/env python3
"""guest.py SOCKET WHAT - a guest of a controller that does not behave; prints how it was answered. For `watchers` SOCKET may
be HOST:PORT, with GUEST_CA and GUEST_TOKEN.

    raw FILE         sends the bytes of a file, and prints the status that comes (or `closed`, `silence`)
    slow SECONDS     sends a head byte by byte, and prints after how many seconds it was shut out (or `inside`)
    slow-body SECONDS    likewise a body
    watchers PATH COUNT STALLED SECONDS   so many read a stream for that long, and so many more ask for it and read nothing;
                 prints how many were still reading, and how many lines of the logs, and records, the least of them got
    stalled PATH COUNT SECONDS   asks for a stream so many times, reads nothing, and stays
    manager PROGRAM...   (SOCKET is its own) runs it as a service manager would; prints what it is told, one a line
    activate PROGRAM...  (SOCKET is its own) runs it with that socket open and listening already
"""
import json
import os
import selectors
import signal
import socket
import ssl
import subprocess
import sys
import time


def connect(path):
    if "/" not in path:
        host, port = path.split(":")
        context = ssl.create_default_context(cafile=os.environ["GUEST_CA"])
        return context.wrap_socket(socket.create_connection((host, int(port))), server_hostname=host)
    guest = socket.socket(socket.AF_UNIX)
    guest.connect(path)
    return guest


def raw(path, file):
    guest = connect(path)
    guest.settimeout(5)
    with open(file, "rb") as given:
        try:
            guest.sendall(given.read())
        except OSError:
            pass
    try:
        answer = guest.recv(4096)
    except socket.timeout:
        return "silence"
    except OSError:
        return "closed"
    return answer.split()[1].decode() if answer.startswith(b"HTTP/") else "closed"


def drip(path, beginning, seconds):
    guest = connect(path)
    guest.sendall(beginning)
    began = time.monotonic()
    while time.monotonic() - began < seconds:
        try:
            guest.sendall(b"x")
            guest.settimeout(0.25)
            if guest.recv(4096) == b"":
                return str(int(time.monotonic() - began))
        except socket.timeout:
            continue
        except OSError:
            return str(int(time.monotonic() - began))
    return "inside"


def stalled(path, what, count, seconds):
    guests = [connect(path) for _ in range(count)]
    for guest in guests:
        guest.sendall(f"GET {what} HTTP/1.1\r\nHost: c\r\n\r\n".encode())
    time.sleep(seconds)


def watchers(path, what, count, stalled, seconds):
    token = os.environ.get("GUEST_TOKEN")
    head = f"Accept: text/event-stream\r\nAuthorization: Bearer {token}\r\n" if token else ""
    request = f"GET {what} HTTP/1.1\r\nHost: c\r\n{head}\r\n".encode()
    ear = selectors.DefaultSelector()
    silent, lines, records = [], {}, {}
    for number in range(count + stalled):
        guest = connect(path)
        guest.sendall(request)
        if number % (count // stalled + 1) == 0 and len(silent) < stalled:
            silent.append(guest)
            continue
        guest.setblocking(False)
        ear.register(guest, selectors.EVENT_READ)
        lines[guest] = records[guest] = 0
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        for key, _ in ear.select(0.5):
            try:
                said = key.fileobj.recv(1 << 18)
            except ssl.SSLWantReadError:
                continue
            except OSError:
                said = b""
            lines[key.fileobj] += said.count(b"\\n")
            records[key.fileobj] += said.count(b"event: record")
            if not said:
                ear.unregister(key.fileobj)
    print(json.dumps({"read": len(ear.get_map()), "least": min(lines.values()), "records": min(records.values())}))


def manager(path, *program):
    ear = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    ear.bind(path)
    ear.settimeout(20)
    environment = {**os.environ, "NOTIFY_SOCKET": path, "WATCHDOG_USEC": "400000"}
    service = subprocess.Popen(program, env=environment)
    told = []
    while "WATCHDOG=1" not in told:
        told.append(ear.recv(100).decode())
    service.send_signal(signal.SIGHUP)
    while told[-1] != "RELOADING=1":
        told.append(ear.recv(100).decode())
    service.terminate()
    while "STOPPING=1" not in told:
        told.append(ear.recv(100).decode())
    print(*told, sep="\n")
    sys.exit(service.wait(20))


def activate(path, *program):
    ear = socket.socket(socket.AF_UNIX)
    ear.bind(path)
    ear.listen(10)
    os.dup2(ear.fileno(), 3)
    os.set_inheritable(3, True)
    os.environ.update(LISTEN_FDS="1", LISTEN_PID=str(os.getpid()))
    os.execv(program[0], program)


def main():
    path, what, *words = sys.argv[1:]
    if what == "raw":
        print(raw(path, *words))
    elif what == "slow":
        print(drip(path, b"GET /healthz HTTP/1.1\r\nX: ", float(words[0])))
    elif what == "slow-body":
        print(drip(path, b"POST /v1/plan HTTP/1.1\r\nHost: c\r\nContent-Length: 100000\r\n\r\n", float(words[0])))
    elif what == "stalled":
        stalled(path, words[0], int(words[1]), float(words[2]))
    elif what == "watchers":
        watchers(path, words[0], int(words[1]), int(words[2]), float(words[3]))
    elif what == "manager":
        manager(path, *words)
    elif what == "activate":
        activate(path, *words)


main()
