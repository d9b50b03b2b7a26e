"""/v2/pods as far as it goes here: the double launches no pods; it knows how they are refused and missed."""

import shapes
from bodies import parsed, typed
from errors import Refused
from tree import absolute
from wire import Answer, compact


class Pods:
    def __init__(self, world):
        self.world = world

    def methods(self, path):
        if not path:
            return {"POST": self.create, "GET": lambda _: Answer.json(200, []), "HEAD": lambda _: Answer(200, b"")}
        if path == "::status":
            return {"GET": lambda _: Answer.json(200, [])}
        identifier, found, what = path.partition("::")
        if found and what.startswith("instances"):
            return {"DELETE": lambda r: self.kill(r, identifier, what)}
        if found:
            return {"GET": lambda _: self.missing(identifier, False)}
        return {
            "PUT": lambda r: self.update(r, identifier),
            "GET": lambda _: self.missing(identifier, True),
            "DELETE": lambda _: self.missing(identifier, False),
        }

    def missing(self, path, nested):
        path = absolute(path)
        if nested:
            raise Refused(404, compact({"message": f"pod with {path} does not exist"}).replace('":"', '": "'), [])
        raise Refused(404, f"Pod '{path}' does not exist", [])

    def kill(self, request, path, what):
        if what == "instances":
            parsed(request)
        self.missing(path, False)

    def create(self, request):
        typed(parsed(request), shapes.POD)
        raise Refused(501, "The double launches no pods")

    def update(self, request, path):
        pod = typed(parsed(request), shapes.POD)
        path = absolute(path)
        if path != absolute(pod["id"]):
            text = f"\n{{\"message\": \"'{path}' does not match definition's id ('{pod['id']}')\" }}\n          "
            return Answer(400, text.encode(), content_type="application/json")
        raise Refused(501, "The double launches no pods")
