"""The tree of groups with their apps and pods. A tree is never changed: each change makes a new one, and the old ones stay as history."""

from datetime import datetime, timedelta, timezone

FIRST_PORT, LAST_PORT = 10000, 20000


def stamp(moment=None):
    moment = moment or datetime.now(timezone.utc)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"


class Clock:
    """Stamps that never repeat: versions are told apart by them."""

    def __init__(self):
        self.last = datetime.now(timezone.utc)

    def version(self):
        now = datetime.now(timezone.utc)
        self.last = max(now, self.last + timedelta(milliseconds=1))
        return stamp(self.last)


def absolute(path, base="/"):
    """`path` as an absolute one: relative to `base`, with dots resolved and doubled slashes gone."""
    parts = [] if path.startswith("/") else [part for part in base.split("/") if part]
    for part in path.split("/"):
        if part == "..":
            parts = parts[:-1]
        elif part not in ("", "."):
            parts.append(part)
    return "/" + "/".join(parts)


def parent(path):
    return path.rsplit("/", 1)[0] or "/"


def top_level(path):
    return path != "/" and path.count("/") == 1


def under(path, group):
    return group == "/" or path == group or path.startswith(group + "/")


def new_group(path, enforce=None):
    if not top_level(path):
        enforce = None
    elif enforce is None:
        enforce = False
    return {
        "id": path,
        "apps": {},
        "pods": {},
        "groups": {},
        "dependencies": [],
        "version": None,
        "enforceRole": enforce,
    }


def copy(group):
    """A tree of its own that shares the apps, which nobody changes."""
    out = dict(group, apps=dict(group["apps"]), pods=dict(group["pods"]), dependencies=list(group["dependencies"]))
    out["groups"] = {path: copy(each) for path, each in group["groups"].items()}
    return out


def walk(group):
    yield group
    for each in group["groups"].values():
        yield from walk(each)


def find(root, path):
    return next((group for group in walk(root) if group["id"] == path), None)


def ensure(root, path):
    """The group at `path` in a tree of one's own, made with all above it where missing."""
    group, at = root, ""
    for part in [part for part in path.split("/") if part]:
        at += "/" + part
        group = group["groups"].setdefault(at, new_group(at))
    return group


def apps(root):
    return {path: app for group in walk(root) for path, app in group["apps"].items()}


def pods(root):
    return {path: pod for group in walk(root) for path, pod in group["pods"].items()}


def specs(root):
    return {**apps(root), **pods(root)}


def dated(root, version):
    for group in walk(root):
        group["version"] = version
    return root


def put_app(root, app):
    out = copy(root)
    ensure(out, parent(app["id"]))["apps"][app["id"]] = app
    return out


def put_pod(root, pod):
    out = copy(root)
    ensure(out, parent(pod["id"]))["pods"][pod["id"]] = pod
    return out


def remove(root, path):
    """Without the app or pod at `path`; its groups stay, empty."""
    out = copy(root)
    group = find(out, parent(path))
    group["apps"].pop(path, None)
    group["pods"].pop(path, None)
    return out


def put_group(root, group):
    if group["id"] == "/":
        return copy(group)
    out = copy(root)
    ensure(out, parent(group["id"]))["groups"][group["id"]] = copy(group)
    return out


def remove_group(root, path):
    out = copy(root)
    find(out, parent(path))["groups"].pop(path, None)
    return out


# --- dependencies ---------------------------------------------------------------------------------------------------


def edges(root):
    """{app: the apps it waits for}, those of its groups' dependencies included."""
    known = specs(root)
    out = {path: set() for path in known}
    for group in walk(root):
        for path in known:
            if under(path, group["id"]):
                for on in group["dependencies"]:
                    out[path] |= {each for each in known if under(each, on)}
    for path, spec in known.items():
        for on in spec.get("dependencies", ()):
            out[path] |= {each for each in known if under(each, on)}
    return out


def depths(root):
    """{app: how long the longest chain of those it waits for is}; None when they wait in a circle."""
    graph, out = edges(root), {}

    def depth(path, above):
        if path in above:
            raise RecursionError
        if path not in out:
            out[path] = 1 + max((depth(on, above | {path}) for on in graph[path]), default=0)
        return out[path]

    try:
        for path in graph:
            depth(path, frozenset())
    except RecursionError:
        return None
    return out


# --- service ports --------------------------------------------------------------------------------------------------


def service_ports(app):
    mappings = (app.get("container") or {}).get("portMappings")
    if mappings:
        return [mapping["servicePort"] for mapping in mappings]
    return [definition["port"] for definition in app.get("portDefinitions") or ()]


def with_service_ports(app, ports):
    out, container = dict(app), app.get("container")
    if container and container.get("portMappings"):
        mappings = [dict(mapping, servicePort=port) for mapping, port in zip(container["portMappings"], ports)]
        out["container"] = dict(container, portMappings=mappings)
    elif app.get("portDefinitions"):
        out["portDefinitions"] = [dict(each, port=port) for each, port in zip(app["portDefinitions"], ports)]
    return out


def assign_ports(before, after):
    """Every port 0 of a changed app becomes one that is unique in the cluster; what the app had before comes first."""
    old = apps(before)
    used = {port for app in [*old.values(), *apps(after).values()] for port in service_ports(app)}
    free = iter(port for port in range(FIRST_PORT, LAST_PORT + 1) if port not in used)
    for group in walk(after):
        for path, app in group["apps"].items():
            ports = service_ports(app)
            if app is old.get(path) or 0 not in ports:
                continue
            had = iter([port for port in service_ports(old.get(path, {})) if port not in ports and port >= FIRST_PORT])
            group["apps"][path] = with_service_ports(app, [port or next(had, None) or next(free) for port in ports])
