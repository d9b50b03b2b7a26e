"""HTTP/1.1 in the manner of Jetty: requests as they come over the wire, answers to the last byte."""

import gzip
import json
import socket
import threading
import time
import urllib.parse

HEAD_LIMIT = 8192
IDLE_SECONDS = 30
SMALLEST_GZIP = 16
REASONS = {
    100: "Continue",
    200: "OK",
    201: "Created",
    202: "Accepted",
    204: "No Content",
    302: "Found",
    307: "Temporary Redirect",
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
    406: "Not Acceptable",
    409: "Conflict",
    415: "Unsupported Media Type",
    431: "Request Header Fields Too Large",
    500: "Internal Server Error",
    502: "Bad Gateway",
    503: "Service Unavailable",
}  # not 422: Jetty knows no word for it and leaves it out


class Hangup(Exception):
    """The other end has gone, or is to be left without an answer."""


class BadMessage(Exception):
    """What Jetty's parser refuses before anybody else sees it."""

    def __init__(self, status, reason):
        super().__init__(reason)
        self.status, self.reason = status, reason


class Request:
    """One request: names of headers in lower case, the path as it was sent."""

    def __init__(self, method, target, headers, client):
        self.method, self.target, self.headers, self.client = method, target, headers, client
        self.path, _, self.query_string = target.partition("?")
        self.query = urllib.parse.parse_qsl(self.query_string, keep_blank_values=True)
        self.body = b""
        self.chunked = self.early_eof = False

    def header(self, name, default=None):
        return next((value for key, value in self.headers if key.lower() == name), default)

    def values(self, *names):
        return [value for key, value in self.query if key in names]

    def parameter(self, name, default=""):
        return next(iter(self.values(name)), default)

    def flag(self, name, default=False):
        values = self.values(name)
        return values[0].lower() == "true" if values else default

    @property
    def accepts(self):
        """The media types of Accept, without their weights."""
        text = self.header("accept")
        return None if text is None else [part.split(";")[0].strip().lower() for part in text.split(",")]

    def closes(self):
        return "close" in (self.header("connection") or "").lower()


class Answer:
    """What goes back; `stream` takes the whole connection over."""

    def __init__(self, status, body=None, headers=(), reason=None, content_type=None, stream=None, counted=True):
        self.status, self.headers, self.stream, self.counted = status, list(headers), stream, counted
        self.reason = REASONS.get(status, "") if reason is None else reason
        self.body, self.content_type = body, content_type
        self.late = False  # sent without a length, ended by the end of the connection
        self.cut = None  # how many bytes of it are sent before the connection breaks

    @classmethod
    def json(cls, status, value, headers=()):
        return cls(status, compact(value).encode(), headers, content_type="application/json")


def compact(value):
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def jetty_page(request, status, reason):
    """An error of the server under Marathon: a page for browsers, nothing at all for who wants JSON."""
    accepts = request.accepts
    answer = Answer(status, reason=reason)
    if accepts is None or {"*/*", "text/html", "text/*"} & set(accepts):
        page = (
            '<html>\n<head>\n<meta http-equiv="Content-Type" content="text/html;charset=utf-8"/>\n'
            f"<title>Error {status} {reason}</title>\n</head>\n<body><h2>HTTP ERROR {status}</h2>\n"
            f"<p>Problem accessing {request.path}. Reason:\n<pre>    {reason}</pre></p>\n</body>\n</html>\n"
        )
        answer.body, answer.content_type = page.encode(), "text/html;charset=iso-8859-1"
    else:
        answer.late = True
    return answer


class Connection:
    """Reads the requests of one client and writes the answers."""

    def __init__(self, sock, client, respond):
        self.sock, self.client, self.respond = sock, client, respond
        self.buffer = b""

    def more(self):
        data = self.sock.recv(65536)
        if not data:
            raise Hangup
        self.buffer += data

    def serve(self):
        try:
            self.sock.settimeout(IDLE_SECONDS)
            self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            while self.one():
                pass
        except (OSError, Hangup):
            pass
        finally:
            try:
                self.sock.close()
            except OSError:
                pass

    def one(self):
        try:
            request = self.read()
        except BadMessage as bad:
            self.refuse(bad)
            return False
        answer = self.respond(request)
        return self.write(request, answer)

    def refuse(self, bad):
        page = f"<h1>Bad Message {bad.status}</h1><pre>reason: {bad.reason}</pre>".encode()
        self.sock.sendall(
            f"HTTP/1.1 {bad.status} {bad.reason}\r\nContent-Type: text/html;charset=iso-8859-1\r\n"
            f"Content-Length: {len(page)}\r\nConnection: close\r\n\r\n".encode() + page
        )

    def read(self):
        while b"\r\n\r\n" not in self.buffer:
            if len(self.buffer) > HEAD_LIMIT:
                raise BadMessage(431, REASONS[431])
            self.more()
        head, self.buffer = self.buffer.split(b"\r\n\r\n", 1)
        if len(head) > HEAD_LIMIT:
            raise BadMessage(431, REASONS[431])
        lines = head.decode("latin-1").split("\r\n")
        parts = lines[0].split(" ")
        if len(parts) != 3 or not parts[2].startswith("HTTP/1."):
            raise BadMessage(400, "Bad Request")
        headers = [(key, value.strip()) for key, _, value in (line.partition(":") for line in lines[1:])]
        request = Request(parts[0], parts[1], headers, self.client)
        request.old = parts[2] == "HTTP/1.0"
        if request.header("host") is None and not request.old:
            raise BadMessage(400, "No Host")
        check_percents(request.path)
        self.read_body(request)
        return request

    def read_body(self, request):
        if (request.header("expect") or "").lower() == "100-continue":
            self.sock.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
        if "chunked" in (request.header("transfer-encoding") or "").lower():
            request.chunked = True
            request.body = self.read_chunks()
            return
        try:
            length = int(request.header("content-length") or 0)
        except ValueError:
            raise BadMessage(400, "Bad Request") from None
        while len(self.buffer) < length:
            try:
                self.more()
            except Hangup:
                request.early_eof = True
                break
        length = max(length, 0)
        request.body, self.buffer = self.buffer[:length], self.buffer[length:]

    def read_chunks(self):
        body = b""
        while True:
            while b"\r\n" not in self.buffer:
                self.more()
            line, self.buffer = self.buffer.split(b"\r\n", 1)
            size = int(line.split(b";")[0] or b"0", 16)
            while len(self.buffer) < size + 2:
                self.more()
            body, self.buffer = body + self.buffer[:size], self.buffer[size + 2 :]
            if size == 0:
                return body

    def write(self, request, answer):
        if answer.stream:
            answer.stream(self.sock)
            return False
        close = request.closes() or request.old or answer.late
        body = answer.body or b""
        headers = ([("Connection", "close")] if close else []) + answer.headers
        if answer.content_type:
            headers.append(("Content-Type", answer.content_type))
        if request.method == "GET" and answer.status == 200 and answer.counted:
            headers.append(("Vary", "Accept-Encoding, User-Agent"))
            if "gzip" in (request.header("accept-encoding") or "").lower() and len(body) >= SMALLEST_GZIP:
                body = gzip.compress(body, mtime=0)
                headers.append(("Content-Encoding", "gzip"))
        bare = answer.body is None and answer.status in (202, 204)
        if not answer.late and not (bare and (close or answer.status == 204)):
            headers.append(("Content-Length", str(len(body))))
        head = f"HTTP/1.1 {answer.status} {answer.reason}\r\n" + "".join(f"{k}: {v}\r\n" for k, v in headers) + "\r\n"
        data = head.encode("latin-1") + (b"" if request.method == "HEAD" else body)
        if answer.cut is not None:
            self.sock.sendall(data[: answer.cut])
            raise Hangup
        self.sock.sendall(data)
        return not close


def check_percents(path):
    position = path.find("%")
    while position >= 0:
        digits = path[position + 1 : position + 3]
        if len(digits) != 2 or any(letter not in "0123456789abcdefABCDEF" for letter in digits):
            raise BadMessage(400, "Bad Request")
        position = path.find("%", position + 1)


def http_date():
    return time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime())


class Server:
    """A listener that can be closed with all its connections and opened again, as when a process dies and starts.

    Its place is kept meanwhile: whoever else connects somewhere could be given that very number by the kernel, for its own end.
    """

    def __init__(self, address, respond):
        self.address, self.respond = address, respond
        self.lock = threading.Lock()
        self.listener, self.open = None, set()
        self.place = None

    def bound(self):
        sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind(self.address)
        return sock

    def start(self):
        self.place = self.place or self.bound()
        listener = self.bound()
        listener.listen(128)
        self.listener = listener
        threading.Thread(target=self.accept, args=(listener,), daemon=True).start()

    def accept(self, listener):
        while True:
            try:
                sock, client = listener.accept()
            except OSError:
                return
            with self.lock:
                if listener is not self.listener:
                    sock.close()
                    return
                self.open.add(sock)
            threading.Thread(target=self.serve, args=(sock, client), daemon=True).start()

    def serve(self, sock, client):
        try:
            Connection(sock, client[0], self.respond).serve()
        finally:
            with self.lock:
                self.open.discard(sock)

    def stop(self):
        with self.lock:
            listener, self.listener = self.listener, None
            sockets, self.open = list(self.open), set()
        for sock in ([listener] if listener else []) + sockets:
            try:
                sock.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            try:
                sock.close()
            except OSError:
                pass
