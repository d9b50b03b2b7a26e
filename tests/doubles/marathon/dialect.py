"""How older Marathons wrote what the newest knows: answers are rewritten on their way out, by the version that /v2/info says.

Known from Marathon's own sources and its list of changes; of these versions there were no recordings to compare with.
"""

import json

from wire import compact

NULLS_OF_APPS = (
    "args",
    "cmd",
    "container",
    "user",
    "ipAddress",
    "residency",
    "secrets",
    "taskKillGracePeriodSeconds",
    "acceptedResourceRoles",
)
EMPTY_OF_APPS = {
    "constraints": [],
    "dependencies": [],
    "env": {},
    "fetch": [],
    "healthChecks": [],
    "readinessChecks": [],
    "storeUrls": [],
    "uris": [],
}
NETWORKS = {"host": "HOST", "container/bridge": "BRIDGE", "container": "USER"}


def number(version):
    return tuple(int(part) for part in version.split(".")[:2])


class Dialect:
    def __init__(self, version):
        self.at = number(version)

    @property
    def newest(self):
        return self.at >= (1, 9)

    @property
    def incarnations(self):
        """Whether instances outlive their tasks."""
        return self.at >= (1, 8)

    def answer(self, answer, path):
        """An answer of the newest, in the words of this one."""
        if self.newest or answer.content_type != "application/json" or not answer.body:
            return answer
        try:
            value = json.loads(answer.body)
        except ValueError:
            return answer
        if self.at < (1, 7) and answer.status == 500 and value == {"message": "URI not found"}:
            answer.status, answer.reason, value = 404, "Not Found", {"message": f"URI not found: {path}"}
        if self.at < (1, 5) and answer.status == 422 and value.get("message") == "Invalid JSON":
            answer.status, answer.reason = 400, "Bad Request"
        answer.body = compact(self.value(value)).encode()
        return answer

    def value(self, value):
        if isinstance(value, list):
            return [self.value(each) for each in value]
        if not isinstance(value, dict):
            return value
        out = {key: self.value(each) for key, each in value.items() if key not in ("enforceRole", "resourceLimits")}
        if "role" in out and ("backoffFactor" in out or "slaveId" in out or "processedOffersSummary" in out):
            del out["role"]
        if "tasksStats" in out:
            out["taskStats"] = out.pop("tasksStats")
        if "backoffFactor" in out and self.at < (1, 5):
            out = self.app(out)
        return out

    def app(self, app):
        """With the network inside the container, every field that was, and nulls."""
        networks = app.pop("networks")
        container = app.get("container")
        mappings = container.pop("portMappings", None) if container else None
        ports = [each["servicePort"] for each in mappings or ()] or [
            each["port"] for each in app.get("portDefinitions") or ()
        ]
        if container and container.get("docker"):
            container["docker"] |= {"network": NETWORKS[networks[0]["mode"]], "portMappings": mappings}
        elif networks[0]["mode"] != "host":
            app["ipAddress"] = {
                "groups": [],
                "labels": {},
                "discovery": {"ports": []},
                "networkName": networks[0].get("name"),
            }
        app["ports"] = ports
        app.setdefault("portDefinitions", [{"port": port, "protocol": "tcp", "labels": {}} for port in ports])
        app["uris"] = [each["uri"] for each in app.get("fetch", ())]
        return {**dict.fromkeys(NULLS_OF_APPS), **EMPTY_OF_APPS, **app}
