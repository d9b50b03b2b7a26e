"""/v2/groups."""

import copy
import math

import normal
import rules
import shapes
import tree
import views
from api_apps import deployed, timestamp
from bodies import checked, parsed, typed
from deployments import Deployment
from errors import Refused, not_valid, unknown, unknown_to_change
from tree import absolute, find, parent, top_level
from wire import Answer


class Groups:
    def __init__(self, world):
        self.world = world

    # --- reading

    def show(self, request, path):
        if path == "apps" or path.endswith("/apps"):
            return self.apps(request, absolute(path[:-4]))
        if path == "versions" or path.endswith("/versions"):
            return self.versions(absolute(path[:-8]))
        head, found, version = path.rpartition("versions/")
        if found and (not head or head.endswith("/")):
            return self.at_version(request, absolute(head), timestamp(version))
        group = find(self.world.root, absolute(path))
        if group is None:
            raise unknown(f"Group '{absolute(path)}'")
        return Answer.json(200, self.info(request, group))

    def info(self, request, group):
        asked = request.values("embed") or ["group.apps", "group.pods", "group.groups"]
        embed = views.embeds([each for each in asked if each.startswith("group.apps.")])
        return views.group_info(
            self.world,
            group,
            embed,
            "group.apps" in asked or bool(embed),
            "group.groups" in asked,
            "group.pods" in asked or "group.apps" in asked,
        )

    def apps(self, request, path):
        group = find(self.world.root, path)
        if group is None:
            return Answer.json(200, [])
        embed = views.embeds(request.values("embed"))
        return Answer.json(200, [views.app_info(self.world, app, embed) for app in tree.apps(group).values()])

    def versions(self, path):
        if find(self.world.root, path) is None:
            raise unknown(f"Group '{path}'")
        return Answer.json(200, [version for version, root in self.world.roots.items() if find(root, path)])

    def at_version(self, request, path, version):
        root = self.world.roots.get(version)
        group = find(root, path) if root else None
        if group is None:
            raise unknown(f"Group '{path}'")
        return Answer.json(200, self.info(request, group))

    # --- writing

    def create(self, request, path=""):
        raw = typed(parsed(request), shapes.GROUP)
        base = absolute(path)
        at = absolute(raw["id"], base) if "id" in raw else base
        with self.world.lock:
            update = self.normalized(raw, at)
            rules.check_group_update(update, base, self.world.root, rules.touches_services(raw))
            if find(self.world.root, at):
                raise Refused(409, f"Group {at} is already created. Use PUT to change this group.")
            if self.world.app(at):
                raise Refused(409, f"An app with the path {at} already exists.")
            plan = self.deploy(request, at, update)
        return deployed(201, plan, [("Location", f"http://{self.world.options.leader}{at}")])

    def update(self, request, path=""):
        raw = typed(parsed(request), shapes.GROUP)
        base = absolute(path)
        at = absolute(raw["id"], base) if "id" in raw else base
        with self.world.lock:
            update = self.normalized(raw, at)
            rules.check_group_update(update, at, self.world.root, rules.touches_services(raw))
            if request.flag("dryRun"):
                return self.dry(at, update)
            return deployed(200, self.deploy(request, at, update))

    def dry(self, at, update):
        version = self.world.clock.version()
        root = self.world.settled(self.world.root, self.changed(self.world.root, at, update), version)
        plan = Deployment(self.world.root, root, version)
        return Answer.json(200, {"steps": [{"actions": step} for step in plan.steps]})

    def deploy(self, request, at, update):
        above = parent(at) if at != "/" else "/"
        plan = self.world.change(above, lambda root, _: self.changed(root, at, update), request.flag("force"))
        self.world.announce(above, plan)
        return plan

    def normalized(self, raw, at):
        """With its apps in their one way of writing, and with what it says of roles."""
        if "version" in raw or "scaleBy" in raw:
            return raw
        out = copy.deepcopy(raw)
        top = find(self.world.root, "/" + at.strip("/").split("/")[0]) if at != "/" else None
        if top_level(at):
            enforce = bool(out.get("enforceRole", False))
            role = at[1:] if enforce else "*"
        else:
            enforce = False if at == "/" else bool(out.get("enforceRole", False))
            role = top["id"][1:] if top and top["enforceRole"] else "*"
        self.visit(out, at, role, enforce)
        return out

    def visit(self, update, at, role, enforce):
        update["enforceRole"] = enforce
        for number, app in enumerate(update.get("apps", ())):
            update["apps"][number] = self.visit_app(app, at, role)
        for child in update.get("groups", ()):
            if "id" not in child:
                raise Refused(500, "None.get")
            path = absolute(child["id"], at)
            inner = bool(child.get("enforceRole", False))
            self.visit(child, path, path[1:] if at == "/" and inner else role, inner)

    def visit_app(self, app, at, role):
        rules.check_old(app)
        path = absolute(app["id"], at)
        existing = self.world.app(path)
        wanted = dict(app)
        if existing:
            roles = [role, "*", existing["role"]]
        else:
            roles = [role, "*", path.strip("/").split("/")[0]] if path.count("/") > 1 else [role, "*"]
        return checked(normal.definition(wanted, role, at), roles)

    def changed(self, root, at, update):
        """The tree after an update of the group at `at`."""
        if "version" in update:
            return self.rolled_back(root, at, update["version"])
        if "scaleBy" in update:
            return self.scaled(root, at, update["scaleBy"])
        existing = find(root, at)
        group = self.merged(existing or tree.new_group(at), update)
        return tree.put_group(root, group)

    def merged(self, group, update):
        """Lists that are given replace those that were; apps that are left out of one are gone."""
        out = tree.copy(group)
        if "apps" in update:
            out["apps"] = {app["id"]: app for app in update["apps"]}
        if "dependencies" in update:
            out["dependencies"] = [absolute(path, group["id"]) for path in update["dependencies"]]
        if "groups" in update:
            out["groups"] = {}
            for child in update["groups"]:
                path = absolute(child["id"], group["id"])
                out["groups"][path] = self.merged(group["groups"].get(path) or tree.new_group(path), child)
        out["enforceRole"] = update["enforceRole"] if top_level(group["id"]) else None
        return out

    def rolled_back(self, root, at, version):
        old = self.world.roots.get(version)
        group = find(old, at) if old else None
        if group is None:
            raise Refused(422, f"Group {at} not available in version {version}")
        group = tree.copy(group)
        now = tree.apps(root)
        for each in tree.walk(group):
            for path, app in each["apps"].items():
                if app is not now.get(path):
                    each["apps"][path] = normal.strip(app)
        return tree.put_group(root, group)

    def scaled(self, root, at, factor):
        out = tree.copy(root)
        for group in tree.walk(tree.ensure(out, at)):
            for path, app in group["apps"].items():
                group["apps"][path] = dict(app, instances=math.ceil(app["instances"] * factor))
        return out

    def patch(self, request, path):
        raw = typed(parsed(request), shapes.GROUP)
        at = absolute(path)
        if not top_level(at):
            raise not_valid([("/", "Path needs to be top-level")])
        with self.world.lock:
            if find(self.world.root, at) is None:
                raise unknown(f"Group '{at}'")
            root = tree.copy(self.world.root)
            find(root, at)["enforceRole"] = bool(raw.get("enforceRole", False))
            self.world.root = root
        return Answer(200, content_type="application/json")

    def delete(self, request, path=""):
        at = absolute(path)

        def make(root, _):
            if at == "/":
                return tree.new_group("/")
            if find(root, at) is None:
                raise unknown_to_change(f"Group '{at}'")
            return tree.remove_group(root, at)

        above = parent(at) if at != "/" else "/"
        with self.world.lock:
            plan = self.world.change(above, make, request.flag("force"))
            self.world.announce(above, plan)
        return deployed(200, plan)
