#!/usr/bin/env python3
"""halves.py PORT COUNT SIZE - connections that say all they have, then hear all of the answer.

COUNT of them at once to 127.0.0.1:PORT, each sends SIZE bytes, closes its half, and wants them back. Ends with 0 when each got
just what it had sent.
"""
import os
import socket
import sys
import threading

port, count, size = (int(word) for word in sys.argv[1:4])
bad = []


def converse(number):
    try:
        said = os.urandom(size)
        with socket.create_connection(("127.0.0.1", port), timeout=120) as connection:
            sender = threading.Thread(target=lambda: (connection.sendall(said), connection.shutdown(socket.SHUT_WR)))
            sender.start()
            heard = b""
            while piece := connection.recv(65536):
                heard += piece
            sender.join()
        if heard != said:
            bad.append(f"{number}: {len(heard)} of {size} bytes")
    except OSError as error:
        bad.append(f"{number}: {error}")


threads = [threading.Thread(target=converse, args=(number,)) for number in range(count)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print("\n".join(bad))
sys.exit(1 if bad else 0)
