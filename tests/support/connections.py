"""connections.py serve PORT - a member: pages on connections that stay open, a download that takes seconds, an upgrade that echoes
connections.py keep PORT SECONDS - through a proxy: a connection that is used again and again, a download, and an upgraded one
connections.py keep-tls PORT SECONDS - the first of these by TLS, whosever the certificate is

The last two end with 1, and say why, when one of them was cut off, and say `connected` once all of them are there."""
import asyncio
import os
import ssl
import sys

PIECE, PIECES = b"x" * 1000, 80


async def served(reader, writer):
    try:
        while True:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            path = head.split(" ")[1]
            if "upgrade: echo" in head.lower():
                writer.write(b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n")
                while line := await reader.readline():
                    writer.write(line)
                return
            if path == "/long":
                writer.write(f"HTTP/1.1 200 OK\r\nContent-Length: {len(PIECE) * PIECES}\r\n\r\n".encode())
                for _ in range(PIECES):
                    writer.write(PIECE)
                    await writer.drain()
                    await asyncio.sleep(float(os.environ.get("LONG", "8")) / PIECES)
            else:
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nserve")
    except (asyncio.IncompleteReadError, ConnectionError):
        pass
    finally:
        writer.close()


async def serve(port):
    server = await asyncio.start_server(served, "127.0.0.1", port)
    await server.serve_forever()


async def answer(reader):
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
    if not head.startswith("http/1.1 200"):
        raise ValueError(head.split("\r\n")[0])
    length = int(head.split("content-length:")[1].split("\r\n")[0])
    body = await reader.readexactly(length)
    return body, "connection: close" in head


class Kept:
    def __init__(self, port, seconds, secure=None):
        self.port, self.secure, self.end = port, secure, asyncio.get_running_loop().time() + seconds
        self.begun = asyncio.Semaphore(0)

    def over(self):
        return asyncio.get_running_loop().time() > self.end

    async def pages(self):
        """One connection after the other, each for as long as the proxy lets it."""
        count, closed = 0, True
        while not self.over():
            if closed:
                reader, writer = await asyncio.open_connection("127.0.0.1", self.port, ssl=self.secure)
            writer.write(b"GET / HTTP/1.1\r\nHost: web\r\n\r\n")
            _, closed = await answer(reader)
            count += 1
            if closed:
                writer.close()
            if count == 1:
                self.begun.release()
            await asyncio.sleep(0.02)
        return f"{count} pages"

    async def downloads(self):
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        writer.write(b"GET /long HTTP/1.1\r\nHost: web\r\n\r\n")
        self.begun.release()
        body, _ = await answer(reader)
        writer.close()
        return f"{len(body)} bytes"

    async def talks(self):
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        writer.write(b"GET /talk HTTP/1.1\r\nHost: web\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n")
        head = await reader.readuntil(b"\r\n\r\n")
        if b" 101 " not in head:
            raise ValueError(head.decode("latin-1"))
        self.begun.release()
        count = 0
        while not self.over():
            writer.write(b"said %d\n" % count)
            if await reader.readline() != b"said %d\n" % count:
                raise ValueError("the upgraded connection was cut off")
            count += 1
            await asyncio.sleep(0.02)
        writer.close()
        return f"{count} words"


def whosever():
    secure = ssl.create_default_context()
    secure.check_hostname = False
    secure.verify_mode = ssl.CERT_NONE
    return secure


async def keep(port, seconds, secure=None):
    kept = Kept(port, seconds, secure)
    names = ("pages",) if secure else ("pages", "downloads", "talks")
    tasks = [asyncio.create_task(getattr(kept, name)()) for name in names]
    for _ in names:
        await kept.begun.acquire()
    print("connected", flush=True)
    results = await asyncio.gather(*tasks, return_exceptions=True)
    for name, result in zip(names, results):
        print(f"{name}: {result!r}")
    return any(isinstance(result, BaseException) for result in results)


if __name__ == "__main__":
    if sys.argv[1] == "serve":
        asyncio.run(serve(int(sys.argv[2])))
    else:
        secure = whosever() if sys.argv[1] == "keep-tls" else None
        sys.exit(asyncio.run(keep(int(sys.argv[2]), float(sys.argv[3]), secure)))
