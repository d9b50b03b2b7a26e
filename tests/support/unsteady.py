#!/usr/bin/env python3
"""unsteady.py LISTEN TARGET MODE - a wire to a TCP service that does what the file MODE says of the next connection: `pass`; `cut N`,
it breaks after N bytes in all; `stall N`, from then on nothing arrives any more, and nobody is told. After one that was not passed the
file says `pass`. LISTEN and TARGET are ADDRESS:PORT."""
import selectors
import socket
import sys
import threading


def place(text):
    address, port = text.rsplit(":", 1)
    return address, int(port)


def take(path):
    with open(path) as file:
        words = file.read().split()
    if words and words[0] != "pass":
        with open(path, "w") as file:
            file.write("pass\n")
        return words[0], int(words[1])
    return "pass", 0


def carry(client, target, mode, most):
    try:
        server = socket.create_connection(target, timeout=20)
    except OSError:
        client.close()
        return
    other = {client: server, server: client}
    carried = 0
    with selectors.DefaultSelector() as waiting:
        for end in other:
            waiting.register(end, selectors.EVENT_READ)
        while True:
            for key, _ in waiting.select():
                try:
                    data = key.fileobj.recv(2048)
                    if mode == "stall" and carried >= most:
                        continue # it is taken, and gone
                    if mode == "cut" and carried + len(data) > most:
                        data = data[:most - carried]
                        other[key.fileobj].sendall(data)
                        data = b""
                    other[key.fileobj].sendall(data)
                except OSError:
                    data = b""
                carried += len(data)
                if not data:
                    client.close()
                    server.close()
                    return


def main():
    listen, target, path = place(sys.argv[1]), place(sys.argv[2]), sys.argv[3]
    with socket.create_server(listen) as door:
        print("ready", flush=True)
        while True:
            client, _ = door.accept()
            mode, most = take(path)
            threading.Thread(target=carry, args=(client, target, mode, most), daemon=True).start()


main()
