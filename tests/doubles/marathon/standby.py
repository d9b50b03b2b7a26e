"""A standby: proxies to the leader, sends readers of events there, and says so in its own way."""

import http.client
import time

from wire import Answer, Server, http_date, jetty_page

UNDECIDED_LOOKS, LOOK_SECONDS = 11, 0.25
NEVER = "Wed, 01 Jan 1800 00:00:00 GMT"


class Standby:
    def __init__(self, leader, listen):
        self.leader, self.listen = leader, listen
        host, _, port = listen.rpartition(":")
        self.server = Server((host, int(port)), self.respond)

    def start(self):
        self.server.start()

    def stop(self):
        self.server.stop()

    def own(self, request, status, reason):
        answer = jetty_page(request, status, reason)
        answer.headers = [
            ("Date", http_date()),
            ("Pragma", "no-cache"),
            ("Cache-Control", "must-revalidate,no-cache,no-store"),
        ]
        return answer

    def respond(self, request):
        via = f"1.1 {self.listen}"
        if via in (request.header("x-marathon-via") or ""):
            return self.own(request, 502, "Detected proxying loop.")
        for _ in range(UNDECIDED_LOOKS if self.leader.world.options.undecided else 1):
            if self.leader.up:
                break
            time.sleep(LOOK_SECONDS)
        if request.path.startswith("/v2/events"):
            return Answer(
                302,
                b"",
                [("Date", http_date()), ("Location", f"http://{self.leader.world.options.leader}{request.target}")],
            )
        if request.method == "HEAD":
            return self.own(request, 500, "Server Error")
        return self.forward(request, via)

    def forward(self, request, via):
        host, _, port = self.leader.world.options.leader.rpartition(":")
        headers = {
            name: value
            for name, value in request.headers
            if name.lower() not in ("host", "connection", "content-length", "transfer-encoding", "accept-encoding")
        }
        headers["X-Marathon-Via"] = via
        headers["X-Forwarded-For"] = request.client
        body = None if request.chunked else request.body or None  # what comes in chunks is lost
        connection = http.client.HTTPConnection(host, int(port), timeout=10)
        try:
            connection.request(request.method, request.target, body, headers)
            got = connection.getresponse()
            data = got.read()
        except TimeoutError:
            return self.own(request, 500, "Server Error")
        except (OSError, http.client.HTTPException):
            return self.own(request, 502, "Connection to leader refused.")
        finally:
            connection.close()
        return self.passed_on(got, data, via)

    @staticmethod
    def passed_on(got, data, via):
        reason = {422: "Unprocessable Entity", 500: "Server Error"}.get(got.status)
        lower = {"marathon-deployment-id", "x-frame-options", "x-xss-protection", "x-marathon-leader"}
        headers = []
        for name, value in got.getheaders():
            if name.lower() in ("content-length", "connection", "vary", "content-type", "transfer-encoding"):
                continue
            name = name.lower() if name.lower() in lower else name
            headers.append((name, NEVER if name == "Expires" else value))
        headers.append(("X-Marathon-Via", via))
        answer = Answer(got.status, data if data or got.status not in (202, 204) else None, headers, reason)
        answer.content_type = got.getheader("Content-Type")
        return answer
