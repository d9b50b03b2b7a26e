"""What an app that is well formed must still obey, in the words of the real one."""

import re

from errors import not_valid
from tree import absolute, apps, depths, find, parent, pods, top_level, walk

SEGMENT = re.compile(r"^((([a-z0-9]|[a-z0-9][a-z0-9\-]*[a-z0-9])\.)*([a-z0-9]|[a-z0-9][a-z0-9\-]*[a-z0-9])|(\.|\.\.))$")
SEGMENT_WORD = (
    "must fully match regular expression '^(([a-z0-9]|[a-z0-9][a-z0-9\\-]*[a-z0-9])\\.)*"
    "([a-z0-9]|[a-z0-9][a-z0-9\\-]*[a-z0-9])|(\\.|\\.\\.)$'"
)
RESERVED = ("restart", "tasks", "versions", ".", "..")
RESERVED_WORD = "must not end with any of the following reserved keywords: " + ", ".join(RESERVED)
NOTHING_TO_RUN = "AppDefinition must either contain one of 'cmd' or 'args', and/or a 'container'."
ENFORCED = (
    "enforceRole cannot be modified in a request that adds, removes or modifies services; "
    "please make these changes in separate requests."
)
MARATHON_CHECKS = ("HTTP", "HTTPS", "TCP")
OPERATORS = ("UNIQUE", "CLUSTER", "GROUP_BY", "LIKE", "UNLIKE", "MAX_PER", "IS")


def unique(values):
    values = [value for value in values if value is not None]
    return len(set(values)) == len(values)


def demand(faults, path, holds, word):
    if not holds:
        faults.append((path, word))


# --- apps -----------------------------------------------------------------------------------------------------------


def check_old(app):
    """The rules of the fields of old, before they are rewritten."""
    faults, container = [], app.get("container") or {}
    docker = container.get("docker") or {}
    demand(
        faults,
        "/",
        not (docker.get("network") and app.get("networks")),
        "must not specify both container.docker.network and networks",
    )
    address = app.get("ipAddress") is not None
    demand(faults, "/", not (address and app.get("networks")), "must not specify both networks and ipAddress")
    demand(faults, "/", unique(port for port in app.get("ports", ()) if port), "ports must be unique")
    demand(
        faults,
        "/",
        not (address and (app.get("ports") or app.get("portDefinitions"))),
        "cannot specify both an IP address and port",
    )
    ports, definitions = app.get("ports"), app.get("portDefinitions")
    demand(
        faults,
        "/",
        ports is None or definitions is None or ports == [each["port"] for each in definitions],
        "cannot specify both ports and port definitions",
    )
    if docker.get("credential") is not None:
        faults.append(("/container/docker/credential", "must be empty"))
    if container.get("type") == "MESOS":
        for field in ("network", "parameters", "portMappings"):
            demand(faults, f"/container/docker/{field}", not docker.get(field), "must be empty")
    if app.get("ipAddress", {}).get("discovery", {}).get("ports") and container.get("type") == "DOCKER":
        faults.append(("/ipAddress", "ipAddress/discovery is not allowed for Docker containers"))
    if app.get("uris") and app.get("fetch"):
        faults.append(("/uris", "may not be set in conjunction with fetch"))
    if faults:
        raise not_valid(faults)


def check_app(app, roles=("*",), features=()):
    """The rules of an app in its one way of writing."""
    faults = []
    check_container(faults, app)
    check_ports(faults, app)
    container = app.get("container") or {}
    runnable = bool(container) and (container["type"] == "MESOS" or "docker" in container)
    cmd, args = bool(app.get("cmd")), bool(app.get("args"))
    demand(faults, "/", cmd != args or (not (cmd and args) and runnable), NOTHING_TO_RUN)
    check_health(faults, app)
    check_secrets(faults, app, features)
    check_scheduling(faults, app, roles)
    check_networks(faults, app)
    check_id(faults, app["id"])
    for number, path in enumerate(app.get("dependencies", ())):
        if not all(SEGMENT.match(part) for part in path.strip("/").split("/")):
            faults.append((f"/dependencies({number})", SEGMENT_WORD))
    demand(faults, "/", app["id"] != "/", "must not be root")
    demand(faults, "/", len(app.get("cmd", "  ")) > 1, "must not be an empty string")
    if faults:
        raise not_valid(faults)


def check_id(faults, path):
    parts = [part for part in path.split("/") if part]
    demand(faults, "/id", bool(parts), "Path must contain at least one path element")
    demand(faults, "/id", all(SEGMENT.match(part) for part in parts), SEGMENT_WORD)
    demand(faults, "/id", not parts or parts[-1] not in RESERVED, RESERVED_WORD)


def check_container(faults, app):
    container = app.get("container")
    if not container:
        return
    if container["type"] == "DOCKER":
        demand(faults, "/container/docker", "docker" in container, "not defined")
        demand(
            faults,
            "/container/docker/pullConfig",
            "pullConfig" not in container.get("docker", {}),
            "pullConfig is not supported with Docker containerizer",
        )
    names = [volume["external"].get("name") for volume in container["volumes"] if "external" in volume]
    demand(faults, "/container/volumes", unique(names), "Volume names must be unique")
    for number, volume in enumerate(container["volumes"]):
        check_volume(faults, f"/container/volumes({number})", volume)


def check_volume(faults, path, volume):
    if "external" in volume:
        faults.append(
            (path, "Feature external_volumes is not enabled. Enable with --enable_features external_volumes)")
        )
    elif "secret" in volume:
        faults.append((path, "volume.secret must refer to an existing secret"))
    elif "persistent" in volume:
        info = volume["persistent"]
        demand(faults, path + "/containerPath", "/" not in volume["containerPath"], 'value must not contain "/"')
        demand(faults, path + "/mode", volume["mode"] == "RW", "got RO, expected RW")
        demand(faults, path + "/persistent/size", info["size"] > 0, f"got {info['size']}, expected more than 0")
        kind = info.get("type", "root")
        demand(
            faults,
            path + "/persistent",
            kind == "mount" or "maxSize" not in info,
            "Only mount volumes can have maxSize",
        )
        demand(
            faults,
            path + "/persistent",
            kind != "root" or not info.get("constraints"),
            "Constraints on root volumes are not supported",
        )
        demand(
            faults,
            path + "/persistent",
            info.get("maxSize", info["size"] + 1) > info["size"],
            "Max size must be larger than size",
        )


def check_ports(faults, app):
    container, networks = app.get("container") or {}, app["networks"]
    mappings = container.get("portMappings")
    if mappings is not None:
        demand(
            faults,
            "/container/portMappings",
            unique(each.get("name") for each in mappings),
            "Port names must be unique.",
        )
        several = sum(each["mode"] == "container" for each in networks) > 1
        known = [each.get("name") for each in networks]
        for number, mapping in enumerate(mappings):
            path = f"/container/portMappings({number})"
            demand(
                faults,
                path,
                not several or "hostPort" not in mapping or len(mapping.get("networkNames", ())) == 1,
                "networkNames must be a single item list when hostPort is specified and more than 1 container network "
                "is defined",
            )
            for index, name in enumerate(mapping.get("networkNames", ())):
                demand(
                    faults,
                    f"{path}/networkNames({index})",
                    name in known,
                    f"got {name}, expected one of: {', '.join(filter(None, known))}",
                )
    definitions = app.get("portDefinitions")
    if definitions is not None:
        demand(
            faults, "/portDefinitions", unique(each.get("name") for each in definitions), "Port names must be unique."
        )
        demand(
            faults,
            "/portDefinitions",
            unique(each["port"] for each in definitions if each["port"]),
            "Ports must be unique.",
        )


def check_health(faults, app):
    ports = (app.get("container") or {}).get("portMappings") or app.get("portDefinitions") or []
    for number, check in enumerate(app.get("healthChecks", ())):
        if "command" not in check and check["protocol"] in MARATHON_CHECKS:
            index = check.get("portIndex")
            holds = index < len(ports) if index is not None else "port" in check or len(ports) == 1
            demand(
                faults,
                f"/healthChecks({number})",
                holds,
                "Health check port indices must address an element of the " "ports array or container port mappings.",
            )
        docker = (app.get("container") or {}).get("type") == "DOCKER"
        demand(
            faults,
            f"/healthChecks({number})",
            check["ipProtocol"] == "IPv4" or (docker and check["protocol"].startswith("MESOS_")),
            "IPv6 can only be used for container type DOCKER and Mesos http/https/tcp health checks",
        )
    checks = app.get("healthChecks", ())
    mesos = sum(
        check["protocol"].startswith("MESOS_") or (check["protocol"] == "COMMAND" and "command" not in check)
        for check in checks
        if "command" not in check
    )
    demand(faults, "/", mesos <= 1, "AppDefinition can contain at most one Mesos health check")
    names = [port.get("name") for port in ports]
    readiness = app.get("readinessChecks", ())
    if len(readiness) > 1:
        faults.append(("/readinessChecks", f"got {len(readiness)}, expected 1 or less"))
    for number, check in enumerate(readiness):
        demand(
            faults,
            f"/readinessChecks({number})/portName",
            check["portName"] in names,
            f"No port definition reference for portName {check['portName']}",
        )
        demand(
            faults,
            f"/readinessChecks({number})/timeoutSeconds",
            check["timeoutSeconds"] < check["intervalSeconds"],
            f"got {check['timeoutSeconds']}, expected less than {check['intervalSeconds']}",
        )


def check_secrets(faults, app, features):
    refers = [name for name, value in app.get("env", {}).items() if isinstance(value, dict)]
    demand(faults, "/env", "" not in app.get("env", {}), "must not be empty")
    if "secrets" not in features:
        demand(
            faults,
            "/env",
            not refers,
            "use of secret-references in the environment requires the secrets feature to be enabled",
        )
        demand(
            faults,
            "/secrets",
            not app.get("secrets"),
            "Feature secrets is not enabled. Enable with --enable_features secrets)",
        )
    for name in refers:
        secret = app["env"][name]["secret"]
        demand(
            faults,
            f"/env({name})/secret",
            secret in app.get("secrets", {}),
            f"references an undefined secret named '{secret}'",
        )


def check_scheduling(faults, app, roles):
    if "acceptedResourceRoles" in app:
        wanted = app["acceptedResourceRoles"]
        allowed = {"*", app["role"]}
        demand(faults, "/acceptedResourceRoles", bool(wanted), "must not be empty")
        demand(
            faults,
            "/acceptedResourceRoles",
            set(wanted) <= allowed,
            "acceptedResourceRoles can only contain " + (f"* and {app['role']}" if app["role"] != "*" else "*"),
        )
    demand(faults, "/role", app["role"] in roles, f"got {app['role']}, expected one of: [{', '.join(roles)}]")
    for name, limit in app.get("resourceLimits", {}).items():
        if isinstance(limit, str):
            demand(
                faults,
                f"/resourceLimits/{name}",
                limit == "unlimited",
                f"'{limit}' is an invalid resource limit. It must be 'unlimited' or a number",
            )
        else:
            demand(
                faults,
                f"/resourceLimits/{name}",
                limit >= app[name],
                f"resource limit must be greater than or equal to requested resource ({app[name]})",
            )
    if app["gpus"]:
        demand(
            faults,
            "/",
            (app.get("container") or {}).get("type") != "DOCKER",
            "GPU resources only work with the Mesos containerizer",
        )
        faults.append(("/", "Feature gpu_resources is not enabled. Enable with --enable_features gpu_resources)"))
    single = app["labels"].get("MARATHON_SINGLE_INSTANCE_APP") == "true"
    demand(faults, "/", not single or app["instances"] <= 1, "Single instance app may only have one instance")
    strategy = app["upgradeStrategy"]
    if single and (strategy["minimumHealthCapacity"] or strategy["maximumOverCapacity"]):
        faults.append(("/isSingleInstance", "must conform to the rules of single instance apps"))
        for field in ("maximumOverCapacity", "minimumHealthCapacity"):
            demand(faults, "/upgradeStrategy/" + field, strategy[field] == 0, f"got {strategy[field]}, expected 0.0")
    resident = any("persistent" in volume for volume in (app.get("container") or {}).get("volumes", ()))
    if resident:
        demand(
            faults,
            "/upgradeStrategy/maximumOverCapacity",
            strategy["maximumOverCapacity"] == 0,
            f"got {strategy['maximumOverCapacity']}, expected 0.0",
        )
        demand(
            faults,
            "/",
            app["unreachableStrategy"] == "disabled",
            "unreachableStrategy must be disabled for resident tasks",
        )
        demand(faults, "/role", app["role"] != "*", "Resident apps cannot have the role *")
    elif isinstance(app["unreachableStrategy"], dict):
        inactive, expunge = (app["unreachableStrategy"][key] for key in ("inactiveAfterSeconds", "expungeAfterSeconds"))
        demand(
            faults,
            "/unreachableStrategy/inactiveAfterSeconds",
            inactive <= expunge,
            f"got {inactive}, expected {expunge} or less",
        )
    if app["backoffSeconds"] > app["maxLaunchDelaySeconds"]:
        pass  # taken: the delay is capped
    for number, constraint in enumerate(app.get("constraints", ())):
        word = constraint_fault(constraint)
        demand(faults, "/constraints", word is None, word)


def constraint_fault(constraint):
    field, operator, value = (*constraint, None)[:3]
    operator = operator.upper()
    if not field:
        return "illegal constraint specification"
    if operator not in OPERATORS:
        return "operator must be one of the following UNIQUE, CLUSTER, GROUP_BY, LIKE, MAX_PER, UNLIKE or IS"
    if operator == "UNIQUE" and value is not None:
        return "UNIQUE does not accept a value"
    if operator == "GROUP_BY" and value is not None and not re.fullmatch(r"[+-]?\d+", value):
        return "GROUP BY must define an integer value or else no value at all"
    if operator == "MAX_PER" and not re.fullmatch(r"[+-]?\d+", value or ""):
        return "MAX_PER requires an integer value"
    if operator in ("LIKE", "UNLIKE"):
        if value is None:
            return "LIKE and UNLIKE require a non-empty, regular expression value"
        try:
            re.compile(value)
        except re.error:
            return "is not a valid regular expression"
    if operator == "IS" and not re.fullmatch(r"[a-zA-Z0-9_/.-]*", value or ""):
        return "IS only supports Mesos text and float values (see http://mesos.apache.org/documentation/latest/attributes-resources/)"
    return None


def check_networks(faults, app):
    networks = app["networks"]
    modes = [each["mode"] for each in networks]
    host = [each for each in networks if each["mode"] == "host"]
    if any(each.get("name") or each.get("labels") for each in host):
        word = "Host networks may not have names or labels"
    elif any(each.get("name") for each in networks if each["mode"] == "container/bridge"):
        word = "Bridge networks may not have names"
    elif sum(each["mode"] == "container" and "name" not in each for each in networks) > 1 or not unique(
        each.get("name") for each in networks
    ):
        word = "Duplicate networks are not allowed"
    elif len(set(modes)) > 1 or (len(modes) > 1 and modes[0] != "container"):
        word = "May specify a single host network, single bridge network, or else 1-to-n container networks"
    elif any(each["mode"] == "container" and "name" not in each for each in networks):
        word = "Network name must be specified when container network is selected."
    else:
        word = None
    demand(faults, "/networks", word is None, word)
    if (app.get("container") or {}).get("type") == "DOCKER":
        demand(
            faults,
            "/",
            modes.count("container") <= 1,
            "may only specify a single container network when using the Docker container engine",
        )


# --- groups ---------------------------------------------------------------------------------------------------------


def check_group_update(update, base, root, changes, path=""):
    """The rules of a group as it is sent; `changes` says whether the whole request touches any service."""
    faults = []
    group_faults(faults, update, base, root, changes, path)
    if faults:
        raise not_valid(faults)


def group_faults(faults, update, base, root, changes, path):
    at = absolute(update["id"], base) if "id" in update else base
    if update.get("enforceRole") and not top_level(at):
        faults.append(
            (path + "/enforceRole", f"enforceRole can only be set for top-level groups, and {at} is not top-level")
        )
    for field in ("version", "scaleBy"):
        if field in update and len(update.keys() - {"wasGiven"}) > 1:
            faults.append((f"{path}/{field}", "not allowed in conjunction with other properties."))
    for number, app in enumerate(update.get("apps", ())):
        if parent(app["id"]) != at:
            faults.append((f"{path}/apps({number})/id", f"Identifier is not child of '{at}'"))
    for number, child in enumerate(update.get("groups", ())):
        group_faults(faults, child, at, root, changes, f"{path}/groups({number})")
    existing = find(root, at) if "id" in update else None
    if changes and existing and update.get("enforceRole") != existing["enforceRole"]:
        faults.append((path + "/enforceRole", ENFORCED))


def touches_services(update):
    return bool(
        "version" in update
        or "scaleBy" in update
        or "apps" in update
        or any(touches_services(each) for each in update.get("groups", ()))
    )


def check_root(root):
    """The rules of the tree as a whole."""
    faults = []
    known = {**apps(root), **pods(root)}
    for group in walk(root):
        clash = [path for path in group["groups"] if path in known]
        demand(faults, "/", not clash, "Groups and Applications may not have the same identifier.")
        both = set(group["apps"]) & set(group["pods"])
        demand(faults, "/", not both, "Applications and Pods may not share the same id")
    demand(faults, "/", depths(root) is not None, "Dependency graph has cyclic dependencies.")
    if faults:
        raise not_valid(faults)


def check_change(old, new):
    """What an app with a volume of its own may not change."""
    volumes = [volume for volume in (old.get("container") or {}).get("volumes", ()) if "persistent" in volume]
    if not volumes:
        return
    now = [volume for volume in (new.get("container") or {}).get("volumes", ()) if "persistent" in volume]
    faults = []
    demand(faults, "/", volumes == now, "Persistent volumes can not be changed!")
    for field in ("cpus", "mem", "disk", "gpus"):
        demand(faults, "/", old[field] == new[field], "Resident Tasks may not change resource requirements!")
    if faults:
        raise not_valid(faults)
