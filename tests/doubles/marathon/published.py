"""What Marathon's published schemas say of the bodies that clients send, from 1.1 to 1.11: a table of facts, and what a body has against it.

The real one drops members that it does not know without a word; who is strict about its own client has them told (`--published`).
"""

import json
import os
import re

from dialect import number
from errors import not_valid

SEGMENT = r"(([a-z0-9]|[a-z0-9][a-z0-9\-]*[a-z0-9])\.)*([a-z0-9]|[a-z0-9][a-z0-9\-]*[a-z0-9])"
PATH = re.compile(rf"^(/?((\.\.)|{SEGMENT})?($|/))+$")
NAME = re.compile(r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$")
OLD_NAME = re.compile(r"^[a-z][a-z0-9-]*$")
TEXT, FLAG = str, bool


class Number:
    def __init__(self, least=0, most=None, whole=False):
        self.least, self.most, self.whole = least, most, whole


class Named:
    """An object whose members have any name."""

    def __init__(self, of):
        self.of = of


class Either:
    def __init__(self, *kinds):
        self.kinds = kinds


class Between:
    """A member of those versions alone; of the last one too."""

    def __init__(self, since, kind, until=(9, 9)):
        self.since, self.kind, self.until = since, kind, until


class By:
    """Another kind up to a version and after it."""

    def __init__(self, until, before, after):
        self.until, self.before, self.after = until, before, after


class Must:
    def __init__(self, kind):
        self.kind = kind


WHOLE, SHARE, PORT = Number(whole=True), Number(0, 1), Number(0, 65535, whole=True)
LABELS = Named(TEXT)
PORT_NAME = By((1, 5), OLD_NAME, NAME)
MAPPING = {
    "containerPort": PORT,
    "hostPort": PORT,
    "servicePort": PORT,
    "labels": LABELS,
    "name": PORT_NAME,
    "protocol": ("tcp", "udp", "udp,tcp"),
    "networkNames": Between((1, 5), [NAME]),
}
VOLUME = {
    "containerPath": Must(TEXT),
    "hostPath": TEXT,
    "mode": ("RO", "RW"),
    "persistent": {
        "size": Must(WHOLE),
        "type": Between((1, 4), ("root", "path", "mount")),
        "maxSize": Between((1, 4), WHOLE),
        "profileName": Between((1, 8), TEXT),
        "constraints": Between((1, 4), [[TEXT]]),
    },
    "external": {
        "name": TEXT,
        "provider": TEXT,
        "size": WHOLE,
        "options": Named(object),
        "shared": Between((1, 9), FLAG),
    },
    "secret": Between((1, 5), TEXT),
}
CONTAINER = {
    "type": ("DOCKER", "MESOS"),
    "docker": {
        "image": Must(TEXT),
        "forcePullImage": FLAG,
        "privileged": FLAG,
        "parameters": [{"key": Must(TEXT), "value": Must(TEXT)}],
        "credential": Between((1, 3), {"principal": Must(TEXT), "secret": TEXT}),
        "pullConfig": Between((1, 5), {"secret": Must(TEXT)}),
        "network": By((1, 1), ("BRIDGE", "HOST", "NONE"), ("BRIDGE", "HOST", "NONE", "USER")),
        "portMappings": [MAPPING],
    },
    "appc": Between((1, 3), {"image": Must(TEXT), "id": TEXT, "labels": LABELS, "forcePullImage": FLAG}, (1, 5)),
    "volumes": [VOLUME],
    "portMappings": Between((1, 5), [MAPPING]),
    "linuxInfo": Between((1, 8), {"seccomp": object, "ipcInfo": object}),
}
HEALTH = {
    "protocol": By(
        (1, 3),
        ("HTTP", "HTTPS", "TCP", "COMMAND"),
        ("HTTP", "HTTPS", "TCP", "COMMAND", "MESOS_HTTP", "MESOS_HTTPS", "MESOS_TCP"),
    ),
    "command": {"value": Must(TEXT)},
    "path": TEXT,
    "port": PORT,
    "portIndex": WHOLE,
    "gracePeriodSeconds": WHOLE,
    "intervalSeconds": WHOLE,
    "timeoutSeconds": WHOLE,
    "maxConsecutiveFailures": WHOLE,
    "delaySeconds": Between((1, 4), WHOLE),
    "ignoreHttp1xx": FLAG,
    "ipProtocol": Between((1, 6), ("IPv4", "IPv6")),
}
READINESS = {
    "name": TEXT,
    "protocol": ("HTTP", "HTTPS"),
    "path": TEXT,
    "portName": TEXT,
    "intervalSeconds": WHOLE,
    "timeoutSeconds": WHOLE,
    "httpStatusCodesForReady": [Number(100, 999, whole=True)],
    "preserveLastResponse": FLAG,
}
ARTIFACT = {
    "uri": Must(TEXT),
    "extract": FLAG,
    "executable": FLAG,
    "cache": FLAG,
    "outputFile": Between((1, 2), TEXT, (1, 3)),
    "destPath": Between((1, 4), TEXT),
}
UPDATE = {
    "id": PATH,
    "cmd": TEXT,
    "args": [TEXT],
    "user": TEXT,
    "env": By((1, 1), Named(TEXT), Named(Either(TEXT, {"secret": Must(TEXT)}))),
    "secrets": Between((1, 3), Named({"source": Must(TEXT)})),
    "instances": WHOLE,
    "cpus": Number(),
    "mem": Number(),
    "disk": Number(),
    "gpus": Between((1, 3), WHOLE),
    "executor": TEXT,
    "executorResources": Between((1, 9), {"cpus": Number(), "mem": Number(), "disk": Number()}),
    "resourceLimits": Between(
        (1, 10), {"cpus": Either(Number(), ("unlimited",)), "mem": Either(Number(), ("unlimited",))}
    ),
    "constraints": [[TEXT]],
    "acceptedResourceRoles": [TEXT],
    "role": Between((1, 9), TEXT),
    "uris": [TEXT],
    "storeUrls": Between((1, 0), [TEXT], (1, 4)),
    "fetch": [ARTIFACT],
    "ports": [PORT],
    "portDefinitions": [
        {
            "port": PORT,
            "labels": LABELS,
            "name": PORT_NAME,
            "protocol": By((1, 4), ("tcp", "udp"), ("tcp", "udp", "udp,tcp")),
        }
    ],
    "requirePorts": FLAG,
    "networks": Between(
        (1, 5), [{"mode": ("container", "container/bridge", "host"), "name": TEXT, "labels": LABELS}]
    ),
    "ipAddress": {
        "networkName": Between((1, 2), TEXT),
        "groups": [TEXT],
        "labels": LABELS,
        "discovery": {"ports": [{"number": PORT, "name": PORT_NAME, "protocol": TEXT, "labels": LABELS}]},
    },
    "container": CONTAINER,
    "healthChecks": [HEALTH],
    "check": Between((1, 5), object),
    "readinessChecks": [READINESS],
    "dependencies": [PATH],
    "labels": LABELS,
    "backoffSeconds": Number(),
    "backoffFactor": Number(1),
    "maxLaunchDelaySeconds": Number(),
    "taskKillGracePeriodSeconds": Between((1, 2), WHOLE),
    "upgradeStrategy": {"minimumHealthCapacity": SHARE, "maximumOverCapacity": SHARE},
    "residency": {
        "relaunchEscalationTimeoutSeconds": WHOLE,
        "taskLostBehavior": ("WAIT_FOREVER", "RELAUNCH_AFTER_TIMEOUT"),
    },
    "killSelection": Between((1, 4), ("YOUNGEST_FIRST", "OLDEST_FIRST")),
    "unreachableStrategy": Between(
        (1, 4), Either(("disabled",), {"inactiveAfterSeconds": WHOLE, "expungeAfterSeconds": WHOLE})
    ),
    "tty": Between((1, 5), FLAG),
    "version": TEXT,
}
APP = {**UPDATE, "id": Must(PATH)}
GROUP = {
    "id": PATH,
    "apps": [APP],
    "dependencies": [PATH],
    "version": TEXT,
    "scaleBy": Number(),
    "enforceRole": Between((1, 9), FLAG),
}
GROUP["groups"] = [GROUP]
BODIES = (
    ("POST", r"/v2/apps", APP),
    ("PUT|PATCH", r"/v2/apps", [{**UPDATE, "id": Must(PATH)}]),
    ("PUT|PATCH", r"/v2/apps/.+", UPDATE),
    ("POST|PUT|PATCH", r"/v2/groups(/.*)?", GROUP),
    ("POST", r"/v2/tasks/delete", {"ids": Must([TEXT])}),
)


def faults_of_number(value, kind, path):
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        yield path, "no number"
    elif kind.whole and value != int(value):
        yield path, "no whole number"
    elif value < kind.least or (kind.most is not None and value > kind.most):
        yield path, "out of range"


def faults_of_object(value, members, version, path):
    if not isinstance(value, dict):
        yield path, "no object"
        return
    for name, each in value.items():
        if name not in members:
            yield f"{path}/{name}", "no such member"
        else:
            yield from faults(each, members[name], version, f"{path}/{name}")
    for name, kind in members.items():
        if isinstance(kind, Must) and value.get(name) is None:
            yield f"{path}/{name}", "must be there"


def faults(value, kind, version, path=""):
    """(path, words) of each place where the value is not what that version was told of."""
    if isinstance(kind, Must):
        kind = kind.kind
    if isinstance(kind, Between):
        if not kind.since <= version <= kind.until:
            yield path, "no member of this version"
            return
        kind = kind.kind
    if isinstance(kind, By):
        kind = kind.before if version <= kind.until else kind.after
    if value is None or kind is object:
        return
    if isinstance(kind, Either):
        tried = [list(faults(value, each, version, path)) for each in kind.kinds]
        if all(tried):
            yield from tried[-1]
    elif isinstance(kind, Number):
        yield from faults_of_number(value, kind, path)
    elif isinstance(kind, tuple):
        if value not in kind:
            yield path, "none of " + ", ".join(kind)
    elif isinstance(kind, list):
        if not isinstance(value, list):
            yield path, "no array"
            return
        for at, each in enumerate(value):
            yield from faults(each, kind[0], version, f"{path}({at})")
    elif isinstance(kind, Named):
        if not isinstance(value, dict):
            yield path, "no object"
            return
        for name, each in value.items():
            yield from faults(each, kind.of, version, f"{path}/{name}")
    elif isinstance(kind, dict):
        yield from faults_of_object(value, kind, version, path)
    elif isinstance(kind, re.Pattern):
        if not isinstance(value, str) or not kind.match(value):
            yield path, "no name of that form"
    elif not isinstance(value, kind):
        yield path, f"no {'text' if kind is str else 'truth'}"


def check(method, path, value, version):
    """The deviations of a request's body; none where nothing is published."""
    for methods, form, kind in BODIES:
        if re.fullmatch(methods, method) and re.fullmatch(form, path):
            return list(faults(value, kind, version))
    return []


def schema_of(folder, version):
    """A validator by FOLDER/VERSION/AppDefinition.json, as Marathon publishes it; None: there is none."""
    path = os.path.join(folder or "", version, "AppDefinition.json")
    if not folder or not os.path.exists(path):
        return None
    import jsonschema

    with open(path, encoding="utf-8") as file:
        return jsonschema.Draft4Validator(json.load(file))


def schema_faults(validator, request, value):
    """Of apps alone; a part of one may lack its id."""
    apps = value if isinstance(value, list) else [value]
    if validator is None or not request.path.startswith("/v2/apps"):
        return
    for app in apps:
        whole = {"id": "/x", **app} if isinstance(app, dict) else app
        for error in validator.iter_errors(whole):
            yield "/" + "/".join(str(part) for part in error.absolute_path), error.message


class Judge:
    """Refuses bodies that deviate, and remembers them. BERTH_MARATHON_SCHEMAS names a folder of published ones."""

    def __init__(self, version, note):
        self.version, self.note, self.deviations = number(version), note, []
        self.schema = schema_of(os.environ.get("BERTH_MARATHON_SCHEMAS"), version)

    def look(self, request, value):
        found = check(request.method, request.path, value, self.version)
        found += schema_faults(self.schema, request, value)
        for path, words in found:
            self.deviations.append(f"{request.method} {request.path}: {path or '/'}: {words}")
            self.note(self.deviations[-1])
        if found:
            raise not_valid(found)
