#!/usr/bin/env python3
"""api_fuzz.py unix:SOCKET|https://HOST:PORT [--ca FILE] [--tokens FILE] [--seed N] [--rounds N] - asks for everything that the
controller's own description has, rightly and wrongly, and holds each answer against that description.

Of each answer: its status is one of those that are told (never 500), its content type too, its body is as its schema says,
and whoever may not gets 401 or 403. Prints what did not hold and how many requests there were; ends with 1 when something
did not. The application it works on is `real-api`; nothing else is changed, and nothing is collected.
"""
import argparse
import http.client
import json
import random
import socket
import ssl
import sys
import time
import urllib.parse

import jsonschema

APP = "real-api"
BLUEPRINTS = [
    f"id: {APP}\nlocation: here\nservices:\n- {{type: process, id: web, command: sleep 1000, sensors: {{load: {{pushed: true}}}}}}\n",
    f"id: {APP}\nlocation: nowhere\nservices:\n- {{type: process, id: web, command: sleep 1000}}\n",
    "services: 5",
    "",
    "\x00\x01",
    "a: &a [*a]",
    "{" * 200,
    "id: é\nservices: []\n",
]
LOCATIONS = ["here=localhost", "here=docker:unix:///nowhere", "x", "=", "here={type: nonsense}", "here=here"]
TEXTS = ["", "web", "db", APP, "nobody", "a/b", "..", "%00", "é", "\n", "x" * 5000, "-1", "null", "web/1", "web/99999999999999999999",
         "9223372036854775807", "9223372036854775808", "-9223372036854775808", "18446744073709551616", "1e309", "NaN", "0x10", "1.0", "true", "\U0001f600"]
# By name: what is harmless, and leads somewhere.
POOLS = {
    "app": [APP, "nobody", "", "é", "a b", "x" * 300],
    "blueprint": BLUEPRINTS,
    "plan": ["", "{}", "{\"berth_plan\":1}", "nonsense", "[]"],
    "locations": LOCATIONS,
    "settings": ["web.command=sleep 999", "nothing", "=", "a=b"],
    "environment": ["A=b", "=", "nothing"],
    "components": ["web", "db", "nobody", "web/1", ""],
    "command": ["true", "", "no-such-command"],
    "file": ["app.yaml", "/etc/hostname", "../../x", "/nowhere/x.yaml"],
    "folder": ["/", "/nowhere", "relative"],
    "user": ["root", "nobody-at-all"],
    "directory": ["/", "/nowhere"],
    "format": ["dot", "mermaid", "svg", "png", ""],
    "wait_for": ["running", "healthy", "finished", "gone", "christmas"],
    "action": ["list", "suspend", "resume", "set", "dance"],
    "name": ["restarter", "process", "localhost", "first", "nothing", ""],
    "arguments": ["A=b", "backoff=1s", "nothing", "backoff=soon"],
    "verb": ["status", "plan", "deploy", "events", "nonsense", ""],
    "bytes": ["aGk=", "!!!!", ""],
}
HEADERS = {
    "Idempotency-Key": ["", "k" * 200, "k" * 201, "one", "\t"],
    "If-Match": ['"1"', '"0"', '"99999999999999999999"', "*", 'W/"1"', "nonsense", '"1-0123456789abcdef"', '"1", "2"', '"'],
    "If-None-Match": ["*", '"1"', "nonsense", 'W/"x", "y"', ",,,,"],
    "Last-Event-ID": ["0", "1", "-1", "99999999999999999999", "x"],
}
# Without these most of what takes them is refused.
WANTED = ["components", "command", "blueprint", "locations", "count", "name", "action", "app", "bytes"]
METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "NONSENSE"]
MAY = {"nobody": 0, "read": 1, "operate": 2, "admin": 3}


class Unix(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("controller", timeout=20)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


class Answer:
    def __init__(self, response, body):
        self.status, self.headers, self.body = response.status, response.headers, body
        self.type = (response.headers.get("Content-Type") or "").split(";")[0].strip()


class Fuzz:
    def __init__(self, options):
        self.options = options
        self.dice = random.Random(options.seed)
        self.asked = 0
        self.faults = []
        self.statuses = {}
        self.connection = None
        self.token, self.role = None, "admin" if options.where.startswith("unix:") else "nobody"
        self.description = None

    # --- asking

    def connect(self):
        where = self.options.where
        if where.startswith("unix:"):
            return Unix(where[5:])
        place = urllib.parse.urlsplit(where)
        context = ssl.create_default_context(cafile=self.options.ca)
        return http.client.HTTPSConnection(place.hostname, place.port, timeout=20, context=context)

    def ask(self, method, path, body=None, headers=None):
        """An answer; of a stream its beginning. None: the connection broke."""
        headers = dict(headers or {})
        if self.token:
            headers["Authorization"] = "Bearer " + self.token
        self.asked += 1
        for fresh in (False, True):
            try:
                if not self.connection:
                    self.connection = self.connect()
                self.connection.request(method, path, body=body, headers=headers)
                response = self.connection.getresponse()
                endless = response.headers.get("Transfer-Encoding") == "chunked" and response.status == 200
                if not endless:
                    answer = Answer(response, response.read())
                    if response.headers.get("Connection", "").lower() == "close":
                        self.close()
                    return answer
                self.connection.sock.settimeout(0.05)
                try:
                    beginning = response.read1(65536)
                except OSError:
                    beginning = b""
                answer = Answer(response, beginning)
                self.close()
                return answer
            except (OSError, http.client.HTTPException):
                self.close()
                if fresh:
                    return None
        return None

    def close(self):
        if self.connection:
            self.connection.close()
        self.connection = None

    # --- judging

    def fault(self, words, method, path, body, answer):
        shown = (body or b"")[:200]
        said = answer.body[:300] if answer else b""
        self.faults.append(f"{method} {path[:200]} {shown!r} as {self.role}: {words}: {said!r}")

    def resolve(self, schema):
        return {**schema, "components": self.description["components"]}

    def fits(self, schema, document):
        try:
            jsonschema.Draft202012Validator(self.resolve(schema)).validate(document)
        except jsonschema.ValidationError as error:
            return f"{'/'.join(str(p) for p in error.absolute_path)}: {error.message[:200]}"
        return None

    def judge(self, operation, method, path, body, answer):
        if answer is None:
            self.fault("no answer", method, path, body, None)
            return
        key = (operation["operationId"] if operation else "-", answer.status)
        self.statuses[key] = self.statuses.get(key, 0) + 1
        if answer.status in (500, 501, 505):
            self.fault(f"status {answer.status}", method, path, body, answer)
        told = operation["responses"] if operation else {}
        answers = told.get(str(answer.status), told.get("default"))
        if operation and str(answer.status) not in told and answer.status < 400:
            self.fault(f"status {answer.status} is not told of", method, path, body, answer)
        if method == "HEAD" or answer.status in (204, 304):
            return
        contents = answers.get("content", {}) if answers else {"application/problem+json": {"schema": {}}}
        if answer.type not in contents:
            self.fault(f"content type `{answer.type}` is not told of for {answer.status}", method, path, body, answer)
            return
        if not answer.type.endswith("json"):
            return
        try:
            document = json.loads(answer.body)
        except ValueError:
            self.fault("the body is no JSON", method, path, body, answer)
            return
        wrong = self.fits(contents[answer.type]["schema"], document)
        if wrong:
            self.fault(f"not as its schema says: {wrong}", method, path, body, answer)
        if answer.status >= 400 and document.get("status") != answer.status:
            self.fault("the problem has another status", method, path, body, answer)
        if answer.status == 202 and answer.headers.get("Location") != "/v1/operations/" + document["id"] and method == "POST":
            self.fault("no Location", method, path, body, answer)
        needed = operation.get("x-berth-role", "read") if operation else "read"
        if MAY[self.role] < MAY[needed] and answer.status not in (401, 403, 400, 413, 415) and "%00" not in path:
            self.fault(f"who may {self.role} gets {answer.status} where `{needed}` is needed", method, path, body, answer)

    # --- making requests

    def value(self, name, schema):
        """One that may be right."""
        kind = schema.get("type")
        if kind == "array":
            return [self.value(name, schema["items"]) for _ in range(self.dice.choice([0, 1, 1, 1, 2]))]
        if kind == "boolean":
            return self.dice.random() < 0.5 and name not in ("remove", "follow", "interactive")
        if kind == "number":
            return self.dice.choice([0, 12.5, -1e300])
        if kind == "integer":
            return self.dice.choice([0, 1, 2, 5, 100]) if name != "count" else self.dice.choice([0, 1, 2])
        if "enum" in schema and self.dice.random() < 0.5:
            return self.dice.choice([word for word in schema["enum"] if word != "gc"])
        pool = POOLS.get(name, TEXTS)
        return pool[0] if self.dice.random() < 0.7 else self.dice.choice(pool)

    def wrong(self, schema):
        kind = schema.get("type")
        deep = []
        for _ in range(500):
            deep = [deep]
        choices = [None, 7, -1, 1.5, 2 ** 63 - 1, -2 ** 63, 2 ** 63, 2 ** 70, 1e308, float("nan"), float("inf"), True, "x", [], {}, [1], ["a", None],
                   [["a"]], {"a": 1}, deep, "x" * 10000, "a\x00b", "\ud800"]
        return self.dice.choice([c for c in choices if not (kind == "string" and isinstance(c, str))])

    def path_of(self, template):
        def one(name):
            word = {"id": self.operation_id, "component": "web", "sensor": "load"}.get(name, APP)
            if self.dice.random() < 0.25:
                word = self.dice.choice(["nobody", "é", "%00x", "a" * 300, "..", "-"])
            return word if word.startswith("%") else urllib.parse.quote(word, safe="")

        pieces = [one(piece[1:-1]) if piece.startswith("{") else piece for piece in template.split("/")]
        return "/".join(pieces)

    def query_of(self, operation, rightly):
        words = []
        for parameter in operation.get("parameters", []):
            if parameter["in"] != "query" or self.dice.random() < 0.6:
                continue
            if not rightly and self.dice.random() < 0.1:  # twice, and differently
                words.append((parameter["name"], self.dice.choice(TEXTS)))
            schema = parameter["schema"]
            value = self.value(parameter["name"], schema) if rightly else self.dice.choice(TEXTS)
            for item in value if isinstance(value, list) else [value]:
                words.append((parameter["name"], str(item).lower() if isinstance(item, bool) else str(item)))
        if not rightly and self.dice.random() < 0.3:
            words.append(("no-such-thing", "1"))
        return "?" + urllib.parse.urlencode(words) if words else ""

    def headers_of(self, operation):
        headers = {}
        for parameter in operation.get("parameters", []):
            if parameter["in"] == "header" and self.dice.random() < 0.15:
                headers[parameter["name"]] = self.dice.choice(HEADERS[parameter["name"]])
        if self.dice.random() < 0.1:
            headers["Accept"] = self.dice.choice(["text/event-stream", "application/openmetrics-text", "*/*", "image/png"])
        return headers

    def body_schema(self, operation):
        schema = operation["requestBody"]["content"]["application/json"]["schema"]
        if "$ref" in schema:
            schema = self.description["components"]["schemas"][schema["$ref"].split("/")[-1]]
        return schema

    def body_of(self, operation, rightly):
        """Bytes and their type."""
        if "requestBody" not in operation:
            return (None, None) if self.dice.random() < 0.95 else (b"{}", "application/json")
        schema = self.body_schema(operation)
        members = {}
        for name, inner in schema["properties"].items():
            needed = name in schema.get("required", []) or (rightly and name in WANTED)
            likely = 0.15 if rightly else 0.35
            if needed or self.dice.random() < likely:
                members[name] = self.value(name, inner)
        if rightly and "verb" in members:
            members = {"verb": self.dice.choice(["status", "why", "events"]), "app": APP}
        if members.get("verb") in ("gc", "deploy", "exec") or "gc" in operation["operationId"].lower():
            members["dry_run"] = True
            members.pop("remove", None)
        if rightly:
            return json.dumps(members).encode(), "application/json"
        kind = self.dice.randrange(9)
        if kind == 0:
            return b"", None
        if kind == 1:
            return self.dice.choice([b"{", b"null", b"[]", b"\"x\"", b"\xff\xfe", b"{\"a\":1,\"a\":2}", b"[" * 100000]), "application/json"
        if kind == 2:
            return json.dumps(members).encode(), self.dice.choice(
                ["text/plain", "application/x-yaml", "application/jsonx", "", "application/json; charset=latin-1", "APPLICATION/JSON", ";", "x" * 500])
        if kind == 3:
            return b"{\"app\": \"" + b"x" * (4 * 1024 * 1024 + 10) + b"\"}", "application/json"
        if kind == 4:
            members["no_such_member"] = 1
        elif kind == 8:
            for name in schema.get("required", []):
                members.pop(name, None)
        else:
            name = self.dice.choice(list(schema["properties"]))
            if name not in ("dry_run", "remove"):
                members[name] = self.wrong(schema["properties"][name])
        return json.dumps(members).encode(), "application/json"

    # --- the whole

    def begin(self):
        answer = self.ask("GET", "/v1/openapi.json")
        self.description = json.loads(answer.body) if answer and answer.status == 200 else None
        return self.description

    def stage(self):
        """The application is there, whatever was done to it."""
        if MAY[self.role] < MAY["operate"]:
            return
        body = {"blueprint": BLUEPRINTS[0], "file": "real-api.yaml", "locations": LOCATIONS[:1], "adopt": True}
        answer = self.ask("POST", "/v1/applications", json.dumps(body).encode(), {"Content-Type": "application/json"})
        self.operation_id = json.loads(answer.body).get("id", "none") if answer else "none"
        until = time.monotonic() + 30
        while time.monotonic() < until:
            answer = self.ask("GET", "/v1/operations/" + self.operation_id)
            if not answer or json.loads(answer.body).get("state") != "running":
                return
            time.sleep(0.05)

    def converse(self):
        """Input for a command that waits for it."""
        kind = {"Content-Type": "application/json"}
        body = json.dumps({"components": ["web"], "command": ["cat"], "interactive": True}).encode()
        answer = self.ask("POST", f"/v1/applications/{APP}/exec", body, kind)
        self.judge(self.description["paths"]["/v1/applications/{app}/exec"]["post"], "POST", "exec", body, answer)
        path = f"/v1/operations/{json.loads(answer.body).get('id')}/input" if answer else "/"
        for body in (b'{"bytes": "aGk="}', b'{"rows": 10, "columns": 20}', b'{"end": true}'):
            answer = self.ask("POST", path, body, kind)
            self.judge(self.description["paths"]["/v1/operations/{id}/input"]["post"], "POST", path, body, answer)

    def push(self):
        """A number for a sensor, once the application is looked after."""
        self.stage()
        template = "/v1/applications/{app}/components/{component}/sensors/{sensor}"
        path = f"/v1/applications/{APP}/components/web/sensors/load"
        for method in ("PUT", "POST"):
            until = time.monotonic() + 60
            while time.monotonic() < until:
                body = b'{"value": 12.5, "instance": 1}'
                answer = self.ask(method, path, body, {"Content-Type": "application/json"})
                self.judge(self.description["paths"][template][method.lower()], method, path, body, answer)
                if not answer or answer.status == 204:
                    break
                time.sleep(0.2)

    def cancel_all(self):
        """What is under way, and is not to fill the house."""
        answer = self.ask("GET", "/v1/operations")
        if not answer or answer.status != 200:
            return
        for one in json.loads(answer.body)["operations"]:
            self.operation_id = one["id"]
            if one["state"] == "running" and MAY[self.role] >= MAY["operate"]:
                self.ask("DELETE", "/v1/operations/" + one["id"])
                self.ask("DELETE", "/v1/operations/" + one["id"])

    def results(self):
        """What operations came to is as it is told of."""
        verbs = {}
        for methods in self.description["paths"].values():
            for operation in methods.values():
                for answer in operation["responses"].values():
                    if "x-berth-result" in answer:
                        verbs[operation["operationId"]] = answer["x-berth-result"]
        by_name = {"deploy": "postV1Applications"}
        for verb in ("destroy", "stop", "start", "restart", "scale", "exec", "wait", "rollback", "invoke", "policies"):
            by_name[verb] = "postV1ApplicationsApp" + verb.capitalize()
        by_name["policy"] = by_name["policies"]
        answer = self.ask("GET", "/v1/operations")
        for one in json.loads(answer.body)["operations"] if answer and answer.status == 200 else []:
            schema = verbs.get(by_name.get(one["verb"]))
            path = "/v1/operations/" + one["id"]
            whole = self.ask("GET", path)
            if not schema or not whole or whole.status != 200 or one.get("outcome") != 0:
                continue
            told = json.loads(whole.body)
            if "result" not in told and MAY[self.role] < MAY["operate"]:
                continue  # it is somebody else's
            wrong = self.fits(schema, told["result"])
            if wrong:
                self.fault(f"the result of {one['verb']} is not as told: {wrong}", "GET", path, None, whole)

    def one(self, template, method, rightly):
        operation = self.description["paths"][template][method.lower()]
        path = self.path_of(template) + self.query_of(operation, rightly)
        body, kind = self.body_of(operation, rightly)
        headers = self.headers_of(operation)
        if kind:
            headers["Content-Type"] = kind
        try:
            answer = self.ask(method, path, body, headers)
        except ValueError: # the client itself does not send that
            self.close()
            return
        if answer is None and body and len(body) > 4 * 1024 * 1024:
            return # refused, and not listened to any longer
        self.judge(operation, method, path, body, answer)

    def other_methods(self):
        for template, methods in self.description["paths"].items():
            for method in METHODS:
                if method.lower() in methods or (method == "HEAD" and "get" in methods):
                    continue
                answer = self.ask(method, self.path_of(template).replace("%00", "0"))
                if answer is None:
                    self.fault("no answer", method, template, None, None)
                elif MAY[self.role] and answer.status != 405 and method != "NONSENSE":
                    self.fault(f"{answer.status}, not 405", method, template, None, answer)
                elif answer.status == 405 and "GET" not in answer.headers.get("Allow", "") and "get" in methods:
                    self.fault("405 without Allow", method, template, None, answer)

    def strangers(self):
        for template, methods in self.description["paths"].items():
            for method, operation in methods.items():
                if operation.get("x-berth-role") == "nobody":
                    continue
                answer = self.ask(method.upper(), self.path_of(template).replace("%00", "0"), b"{}" if method == "post" else None)
                if answer is None or answer.status not in (401, 403):
                    self.fault("a stranger is not refused", method.upper(), template, None, answer)
                elif answer.status == 401 and "Bearer" not in answer.headers.get("WWW-Authenticate", ""):
                    self.fault("401 without WWW-Authenticate", method.upper(), template, None, answer)

    def rounds(self, rounds):
        self.operation_id = "nonsense"
        self.cancel_all()
        self.stage()
        for round_number in range(rounds):
            for template, methods in self.description["paths"].items():
                for method in methods:
                    self.one(template, method.upper(), round_number % 2 == 0)
            self.cancel_all()
            self.stage()


def tokens_of(path):
    with open(path, encoding="utf-8") as file:
        return [line.split()[:2] for line in file if line.strip() and not line.startswith("#")]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("where")
    parser.add_argument("--ca")
    parser.add_argument("--tokens")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=20)
    options = parser.parse_args()
    fuzz = Fuzz(options)
    began = time.monotonic()
    roles = tokens_of(options.tokens) if options.tokens else [(None, fuzz.role)]
    for token, role in roles:
        fuzz.token, fuzz.role = token, role
        if not fuzz.begin():
            print(f"the description cannot be had as {role}")
            sys.exit(1)
        fuzz.rounds(options.rounds)
        fuzz.other_methods()
        if MAY[role] >= MAY["operate"]:
            fuzz.converse()
            fuzz.push()
        fuzz.results()
    if options.tokens:
        for token in (None, "a-token-that-nobody-was-given", ""):
            fuzz.token, fuzz.role = token, "nobody"
            fuzz.close()
            fuzz.operation_id = "nonsense"
            fuzz.strangers()
    for words in fuzz.faults[:25]:
        print(words)
    reached = {name for name, status in fuzz.statuses if status < 400}
    all_names = {o["operationId"] for m in fuzz.description["paths"].values() for o in m.values()}
    for name in sorted(all_names - reached) if MAY[fuzz.role] == MAY["admin"] else []:
        fuzz.faults.append(name)
        print(f"never answered well: {name}")
    print(f"{fuzz.asked} requests, {len(fuzz.faults)} faults, {len(reached)} of {len(all_names)} operations answered well,"
          f" {time.monotonic() - began:.1f} s")
    sys.exit(bool(fuzz.faults))


main()
