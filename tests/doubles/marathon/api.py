"""The front of the API: which resource a request means, what it may be asked, and the headers of every answer."""

import base64
import urllib.parse

import info
from api_apps import Apps, Tasks, deployed
from api_groups import Groups
from api_pods import Pods
from errors import Refused, unknown
from tree import absolute
from views import queue
from wire import Answer, http_date, jetty_page

JSON = "application/json"
NO_CACHE = [("Cache-Control", "no-cache, no-store, must-revalidate"), ("Pragma", "no-cache"), ("Expires", "0")]


class Resource:
    """What a path names: its methods, and how strict it is about types."""

    def __init__(self, methods, consumes=None, produces=JSON):
        self.methods, self.consumes, self.produces = methods, consumes, produces


class Api:
    def __init__(self, world, leader):
        self.world, self.leader = world, leader
        self.apps = Apps(world)
        self.tasks = Tasks(world, self.apps)
        self.groups = Groups(world)
        self.pods = Pods(world)
        self.counted = {}  # answers by class of status, for the metrics

    # --- one request

    def respond(self, request):
        denied = self.denied(request)
        if denied:
            return denied
        if request.path == "/v2/events":
            answer = self.events(request)
        else:
            answer = self.resource_answer(request)
        kind = f"{answer.status // 100}xx"
        self.counted[kind] = self.counted.get(kind, 0) + 1
        self.world.options.note_request(request, answer)
        return answer

    def resource_answer(self, request):
        try:
            answer = self.dispatch(request)
        except Refused as refused:
            answer = Answer.json(refused.status, refused.body)
        except Exception as error:  # as the real one: whatever goes wrong inside is a 500 with its text
            self.world.options.note(f"{request.method} {request.target}: {error!r}")
            answer = Answer.json(500, {"message": str(error) or type(error).__name__})
        return self.dressed(self.world.dialect.answer(answer, request.path))

    def dressed(self, answer):
        """With the headers that everything from a leader has."""
        named = {name for name, _ in answer.headers}
        cache = [] if "Cache-Control" in named else NO_CACHE
        answer.headers = [*self.first_headers(), *cache, *answer.headers]
        return answer

    def first_headers(self):
        return [
            ("Date", http_date()),
            ("X-Marathon-Leader", f"http://{self.world.options.leader}"),
            ("X-Frame-Options", "DENY"),
            ("X-XSS-Protection", "1; mode=block"),
        ]

    def denied(self, request):
        """401 for who does not say the password; Jetty asks, before Marathon sees anything."""
        wanted = self.world.options.credentials
        if not wanted:
            return None
        scheme, _, text = (request.header("authorization") or "").partition(" ")
        if scheme.lower() == "basic":
            try:
                if base64.b64decode(text, validate=True).decode() == wanted:
                    return None
            except (ValueError, UnicodeDecodeError):
                return jetty_page(request, 500, "Server Error")
        answer = jetty_page(request, 401, "Unauthorized")
        answer.headers = [
            ("Date", http_date()),
            ("WWW-Authenticate", 'basic realm="null"'),
            ("Pragma", "no-cache"),
            ("Cache-Control", "must-revalidate,no-cache,no-store"),
        ]
        return answer

    def jetty(self, request, status, reason):
        answer = jetty_page(request, status, reason)
        answer.headers = [
            *self.first_headers(),
            ("Pragma", "no-cache"),
            ("Cache-Control", "must-revalidate,no-cache,no-store"),
        ]
        return answer

    def dispatch(self, request):
        if request.path == "/":
            return Answer(302, headers=[("Location", f"http://{self.world.options.leader}/ui/")])
        if request.path.startswith("/ui"):
            return self.jetty(request, 404, "Not Found")
        if request.path.startswith("/public/"):
            return info.public(request)
        resource = self.resource(urllib.parse.unquote(request.path))
        if resource is None:
            raise Refused(500, "URI not found")
        return self.negotiated(request, resource)

    def negotiated(self, request, resource):
        method = "GET" if request.method == "HEAD" and "GET" in resource.methods else request.method
        if method == "OPTIONS":
            names = [*(["HEAD"] if "GET" in resource.methods else []), *resource.methods, "OPTIONS"]
            return Answer(200, b"", [("Allow", ",".join(names))], content_type=JSON)
        if method not in resource.methods:
            raise Refused(405, "Method Not Allowed")
        kind = (request.header("content-type") or JSON).split(";")[0].strip().lower()
        if resource.consumes and method in ("POST", "PUT", "PATCH") and kind not in (resource.consumes, "*/*"):
            raise Refused(415, "Unsupported Media Type")
        accepts = request.accepts
        if (
            accepts is not None
            and resource.produces
            and not {resource.produces, "*/*", "application/*", ""} & set(accepts)
        ):
            raise Refused(406, "Not Acceptable")
        with self.world.lock:  # nothing of this waits for the engine
            answer = resource.methods[method](request)
        if request.method == "HEAD":
            answer.counted = False
        return answer

    # --- which resource

    def resource(self, path):
        if path.startswith("//"):
            return None
        single = self.singles().get(path.rstrip("/") or "/")
        if single:
            return single
        for prefix, find in (
            ("/v2/apps", self.app_resource),
            ("/v2/groups", self.group_resource),
            ("/v2/pods", self.pod_resource),
            ("/v2/deployments", self.deployment_resource),
            ("/v2/queue", self.queue_resource),
        ):
            if path == prefix or path.startswith(prefix + "/"):
                return find(path[len(prefix) :].lstrip("/").rstrip("/"))
        return None

    def singles(self):
        world, get = self.world, lambda make: {"GET": lambda request: Answer.json(200, make(request))}
        return {
            "/ping": Resource({"GET": info.ping}, produces=None),
            "/metrics": Resource({"GET": lambda _: self.metrics()}),
            "/metrics/prometheus": Resource({"GET": lambda _: info.prometheus(self)}, produces="text/plain"),
            "/logging": Resource(get(lambda _: {"ROOT": "INFO"})),
            "/config": Resource(get(lambda _: {})),
            "/v2/info": Resource(get(lambda _: info.info(world))),
            "/v2/plugins": Resource(get(lambda _: {"plugins": []})),
            "/v2/leader": Resource(
                {
                    "DELETE": lambda _: self.leader.abdicate(),
                    "GET": lambda _: Answer.json(200, {"leader": world.options.leader}),
                }
            ),
            "/v2/tasks": Resource({"GET": self.tasks.all}),
            "/v2/tasks/delete": Resource({"POST": self.tasks.kill_given}, consumes=JSON),
        }

    def metrics(self):
        answer = Answer.json(200, info.metrics(self))
        answer.late = True
        return answer

    def app_resource(self, path):
        apps = self.apps
        if not path:
            return Resource(
                {
                    "POST": apps.create,
                    "GET": apps.index,
                    "PATCH": lambda r: apps.replace_many(r, False),
                    "PUT": apps.replace_many,
                },
                JSON,
            )
        for word, methods in (
            (
                "/restart",
                lambda head: {
                    "POST": lambda r: apps.restart(r, head),
                    "DELETE": lambda r: apps.delete(r, head + "/restart"),
                },
            ),
            (
                "/tasks",
                lambda head: {"DELETE": lambda r: self.tasks.kill_of(r, head), "GET": lambda _: self.tasks.of(head)},
            ),
            ("/versions", lambda head: {"GET": lambda _: apps.versions(head)}),
        ):
            if path.endswith(word):
                return Resource(methods(path[: -len(word)]), JSON)
        head, found, tail = path.rpartition("/tasks/")
        if found and "/" not in tail:
            return Resource({"DELETE": lambda r: self.tasks.kill_one(r, head, tail)}, JSON)
        head, found, tail = path.rpartition("/versions/")
        if found and "/" not in tail:
            return Resource({"GET": lambda _: apps.version(head, tail)}, JSON)
        return Resource(
            {
                "DELETE": lambda r: apps.delete(r, path),
                "GET": lambda r: apps.show(r, path),
                "PATCH": lambda r: apps.replace(r, path, False),
                "PUT": lambda r: apps.replace(r, path),
            },
            JSON,
        )

    def group_resource(self, path):
        groups = self.groups
        methods = {
            "DELETE": lambda r: groups.delete(r, path),
            "POST": lambda r: groups.create(r, path),
            "GET": lambda r: groups.show(r, path),
            "PUT": lambda r: groups.update(r, path),
        }
        if path:
            methods["PATCH"] = lambda r: groups.patch(r, path)
        return Resource(methods)

    def pod_resource(self, path):
        return Resource(self.pods.methods(path), JSON)

    def deployment_resource(self, path):
        if not path:
            return Resource(
                {"GET": lambda _: Answer.json(200, [each.shown(self.world) for each in self.world.deployments.running])}
            )
        return Resource({"DELETE": lambda r: self.cancel(r, path)}) if "/" not in path else None

    def cancel(self, request, identifier):
        with self.world.lock:
            plan = self.world.deployments.find(identifier)
            if plan is None:
                raise unknown(f"DeploymentPlan {identifier}")
            if request.flag("force"):
                self.world.deployments.cancel(plan)
                return Answer(202)
            made = self.world.revert(plan)
            self.world.announce("/", made)
            return deployed(200, made)

    def queue_resource(self, path):
        if not path:
            return Resource(
                {"GET": lambda r: Answer.json(200, queue(self.world, "lastUnusedOffers" in r.values("embed")))}
            )
        return Resource({"DELETE": lambda _: self.reset_delay(path[:-6])}) if path.endswith("/delay") else None

    def reset_delay(self, path):
        path = absolute(path)
        with self.world.lock:
            waiting = [each for each in self.world.of(path) if each.waiting()]
            if not waiting:
                raise Refused(404, f"Application {path} not found in tasks queue.", [])
            self.world.launcher.reset_delay(waiting[0].app)
        return Answer(204)

    # --- events

    def events(self, request):
        if request.method != "GET" or request.header("accept") != "text/event-stream":
            return self.jetty(request, 405, f"HTTP method {request.method} is not supported by this URL")
        lines = ["HTTP/1.1 200 OK"]
        for name, value in [
            *self.first_headers(),
            *NO_CACHE,
            ("Content-Type", "text/event-stream;charset=utf-8"),
            ("Connection", "close"),
        ]:
            lines.append(f"{name}: {value}")
        head = ("\r\n".join(lines) + "\r\n\r\n").encode()
        kinds = set(request.values("event_type"))
        return StreamAnswer(lambda sock: self.world.bus.serve(sock, request.client, kinds, head))


class StreamAnswer(Answer):
    """An answer that writes its own head, as it comes before the first event."""

    def __init__(self, stream):
        super().__init__(200, stream=stream)
