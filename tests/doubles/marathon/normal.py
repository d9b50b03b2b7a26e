"""Apps as they come, in any of the ways of writing them since 1.0, become the one way in which they are kept and shown."""

import re

from errors import Refused
from tree import absolute

DEFAULTS = {
    "backoffFactor": 1.15,
    "backoffSeconds": 1,
    "cpus": 1.0,
    "disk": 0.0,
    "executor": "",
    "instances": 1,
    "labels": {},
    "maxLaunchDelaySeconds": 300,
    "mem": 128.0,
    "gpus": 0,
    "requirePorts": False,
    "killSelection": "YOUNGEST_FIRST",
}
DEFAULT_MAPPING = {"containerPort": 0, "labels": {}, "name": "default", "protocol": "tcp", "servicePort": 0}
MAPPING = {"containerPort": 0, "labels": {}, "protocol": "tcp", "servicePort": 0}
ORDER = (
    "id acceptedResourceRoles args backoffFactor backoffSeconds cmd constraints container cpus dependencies disk env "
    "executor executorResources fetch healthChecks check instances labels maxLaunchDelaySeconds mem gpus networks "
    "portDefinitions readinessChecks residency resourceLimits requirePorts secrets taskKillGracePeriodSeconds "
    "upgradeStrategy user version versionInfo killSelection unreachableStrategy tty role"
).split()
OMITTED_WHEN_EMPTY = {
    "args",
    "constraints",
    "dependencies",
    "env",
    "fetch",
    "healthChecks",
    "readinessChecks",
    "secrets",
}
NESTED_ORDER = {
    "container": "type docker linuxInfo volumes portMappings".split(),
    "docker": "credential pullConfig forcePullImage image parameters privileged".split(),
    "portMappings": "containerPort hostPort labels name protocol servicePort networkNames".split(),
    "portDefinitions": "port labels name protocol".split(),
    "networks": "name mode labels".split(),
    "healthChecks": "command gracePeriodSeconds ignoreHttp1xx intervalSeconds maxConsecutiveFailures path port portIndex "
    "protocol ipProtocol timeoutSeconds delaySeconds".split(),
    "readinessChecks": "name protocol path portName intervalSeconds timeoutSeconds httpStatusCodesForReady "
    "preserveLastResponse".split(),
    "upgradeStrategy": "maximumOverCapacity minimumHealthCapacity".split(),
    "unreachableStrategy": "inactiveAfterSeconds expungeAfterSeconds".split(),
}
ARCHIVE = re.compile(r"\.(tgz|tar\.gz|tbz2|tar\.bz2|txz|tar\.xz|zip)$")


def broken(message):
    """What the real one only finds while it rewrites: a 500, although the client is at fault."""
    return Refused(500, message)


def networks_of(app):
    """The networks of an app, of whichever generation it speaks."""
    docker = ((app.get("container") or {}).get("docker") or {}).get("network")
    address = app.get("ipAddress")
    labels = {"labels": address["labels"]} if address and address.get("labels") else {}
    if docker:
        if docker == "NONE":
            raise broken("unsupported docker network type NONE")
        if docker == "HOST":
            return [{"mode": "host"}]
        if docker == "BRIDGE":
            return [{"mode": "container/bridge", **labels}]
        name = {"name": address["networkName"]} if address and address.get("networkName") else {}
        return [{"mode": "container", **name, **labels}]
    if address is not None:
        if address.get("networkName") == "mesos-bridge":
            return [{"mode": "container/bridge", **labels}]
        name = {"name": address["networkName"]} if address.get("networkName") else {}
        return [{"mode": "container", **name, **labels}]
    return app.get("networks")


def migrated_container(app):
    """The container without what belongs elsewhere since 1.5."""
    container = app.get("container")
    if container is None:
        container = {"type": "MESOS", "volumes": []} if app.get("ipAddress") is not None else None
    if container is None:
        return None
    container = dict(container)
    if container.get("docker"):
        docker = container["docker"] = dict(container["docker"])
        docker.pop("network", None)
        old = docker.pop("portMappings", None)
        if old is not None:
            if container.get("portMappings") and old:
                raise broken("cannot specify both portMappings and docker.portMappings")
            container["portMappings"] = container.get("portMappings") or old
    discovered = ((app.get("ipAddress") or {}).get("discovery") or {}).get("ports")
    if discovered:
        if container["type"] != "MESOS":
            raise broken("ipAddress.discovery.ports do not apply for container type DOCKER")
        container["portMappings"] = [
            {
                **MAPPING,
                "containerPort": port["number"],
                "name": port["name"],
                "protocol": port["protocol"],
                "labels": port.get("labels", {}),
            }
            for port in discovered
        ]
    return container


def fetches(app):
    uris, fetch = app.get("uris"), app.get("fetch")
    if uris and fetch:
        raise broken("cannot specify both uris and fetch fields")
    if uris:
        return [{"uri": uri, "extract": bool(ARCHIVE.search(uri)), "executable": False, "cache": False} for uri in uris]
    return fetch


def canonical_fields(update):
    """An update with only the fields of today; what it leaves out stays left out."""
    out = {key: value for key, value in update.items() if key not in ("ipAddress", "uris", "ports")}
    networks, container, fetch = networks_of(update), migrated_container(update), fetches(update)
    if networks is not None:
        out["networks"] = networks
    if container is not None:
        out["container"] = container
    if fetch is not None:
        out["fetch"] = fetch
    if "portDefinitions" not in out and update.get("ports") is not None:
        out["portDefinitions"] = [{"port": port, "protocol": "tcp"} for port in update["ports"]]
        for number, definition in enumerate(out["portDefinitions"]):
            definition["name"] = "default" if len(update["ports"]) == 1 else f"default-{number}"
    for check in out.get("readinessChecks", ()):
        check.setdefault("httpStatusCodesForReady", [200])
    return out


def definition(app, role="*", base="/"):
    """A whole app out of what was sent: defaults filled in, ports where its network wants them."""
    app = canonical_fields(app)
    out = {**{key: (dict(value) if isinstance(value, dict) else value) for key, value in DEFAULTS.items()}, **app}
    out["id"] = absolute(app["id"], base)
    out["dependencies"] = [absolute(path, parent_of(out["id"])) for path in app.get("dependencies", ())]
    networks = out.get("networks") or [{"mode": "host"}]
    if any(each["mode"] == "container" and "name" not in each for each in networks):
        pass  # refused by the rules: there is no default network
    host = any(each["mode"] == "host" for each in networks)
    out["container"] = with_ports(out.get("container"), networks, host, out.get("portDefinitions"))
    if host:
        out.setdefault("portDefinitions", [{"port": 0, "name": "default", "protocol": "tcp"}])
    else:
        out.pop("portDefinitions", None)
        out["requirePorts"] = False
    out["networks"] = networks
    out["healthChecks"] = [with_port_index(check, out) for check in out.get("healthChecks", ())]
    resident = any("persistent" in volume for volume in (out.get("container") or {}).get("volumes", ()))
    external = any("external" in volume for volume in (out.get("container") or {}).get("volumes", ()))
    capacities = (0.5, 0.0) if resident or external else (1.0, 1.0)
    out.setdefault("upgradeStrategy", {"minimumHealthCapacity": capacities[0], "maximumOverCapacity": capacities[1]})
    if resident:
        out.setdefault("residency", {"relaunchEscalationTimeoutSeconds": 3600, "taskLostBehavior": "WAIT_FOREVER"})
    out["unreachableStrategy"] = unreachable(out.get("unreachableStrategy"), resident)
    out["role"] = out.get("role") or role
    out.pop("version", None)
    out.pop("versionInfo", None)
    return {key: value for key, value in out.items() if value is not None}


def parent_of(path):
    return path.rsplit("/", 1)[0] or "/"


def unreachable(strategy, resident):
    if strategy == "disabled" or (strategy is None and resident):
        return "disabled"
    return strategy if isinstance(strategy, dict) else {"inactiveAfterSeconds": 0, "expungeAfterSeconds": 0}


def with_ports(container, networks, host, definitions):
    if container is None:
        return None if host else {"type": "MESOS", "volumes": [], "portMappings": [dict(DEFAULT_MAPPING)]}
    container = dict(container)
    if host:
        container.pop("portMappings", None)
        return container
    mappings = container.get("portMappings")
    if mappings is None:
        mappings = [dict(DEFAULT_MAPPING)]
    mappings = mappings + [dict(MAPPING) for _ in range(len(definitions or ()) - len(mappings))]
    if any(each["mode"] == "container/bridge" for each in networks):
        mappings = [{"hostPort": 0, **mapping} for mapping in mappings]
    container["portMappings"] = mappings
    return container


def with_port_index(check, app):
    ports = (app.get("container") or {}).get("portMappings") or app.get("portDefinitions")
    out = dict(check)
    if out["protocol"] in ("HTTP", "HTTPS", "TCP", "MESOS_HTTP", "MESOS_HTTPS", "MESOS_TCP") and ports:
        if "port" not in out and "portIndex" not in out:
            out["portIndex"] = 0
    if out["protocol"] in ("HTTP", "HTTPS"):
        out.setdefault("ignoreHttp1xx", False)
    return out


def merged(existing, update):
    """An update over the app that is there: each field as a whole."""
    return {
        **{key: value for key, value in existing.items() if key not in ("version", "versionInfo")},
        **canonical_fields(update),
    }


def ordered(value, name):
    """Nested objects in the order in which the real one writes them."""
    if isinstance(value, list):
        return [ordered(each, name) for each in value]
    if not isinstance(value, dict):
        return value
    keys = NESTED_ORDER.get(name)
    if keys is None:
        return value
    return {key: ordered(value[key], key) for key in keys if value.get(key) is not None}


def emitted(app):
    """An app as answers show it."""
    out = {}
    for key in ORDER:
        value = app.get(key)
        if value is None or (key in OMITTED_WHEN_EMPTY and not value):
            continue
        out[key] = ordered(value, key)
    for mapping in (out.get("container") or {}).get("portMappings", ()):
        if mapping.get("networkNames") == []:
            del mapping["networkNames"]
    for network in out.get("networks", ()):
        if network.get("labels") == {}:
            del network["labels"]
    for port in out.get("portDefinitions", ()):
        if port.get("labels") == {}:
            del port["labels"]
    return out


def numbers_of_events(value):
    """In events a whole number has no fraction."""
    if isinstance(value, dict):
        return {key: numbers_of_events(each) for key, each in value.items()}
    if isinstance(value, list):
        return [numbers_of_events(each) for each in value]
    return int(value) if isinstance(value, float) and value == int(value) else value


def only_scaled(old, new):
    return {**strip(old), "instances": 0} == {**strip(new), "instances": 0}


def same(old, new):
    return strip(old) == strip(new)


def strip(app):
    return {key: value for key, value in app.items() if key not in ("version", "versionInfo")}


def upgraded(old, new, version):
    """`new` with the version and the history of its kind of change; the old one itself when nothing changed."""
    if old is None:
        return dict(new, version=version, versionInfo={"lastScalingAt": version, "lastConfigChangeAt": version})
    if same(old, new):
        return old
    info = dict(old["versionInfo"], lastScalingAt=version)
    if not only_scaled(old, new):
        info["lastConfigChangeAt"] = version
    return dict(new, version=version, versionInfo=info)
