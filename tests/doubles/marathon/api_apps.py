"""/v2/apps and what is under it."""

import re

import normal
import rules
import shapes
import tree
import views
from bodies import checked, parsed, typed, typed_list
from errors import Refused, invalid_json, not_valid, unknown, unknown_to_change
from tree import absolute, parent
from wire import Answer

TIMESTAMP = re.compile(r"^\d{4}-\d\d-\d\d(T\d\d(:\d\d(:\d\d(\.\d+)?)?)?(Z|[+-]\d\d:?\d\d)?)?$")
BOTH = "You cannot use scale and wipe at the same time."


def deployed(status, plan, headers=()):
    return Answer.json(
        status, {"deploymentId": plan.id, "version": plan.version}, [*headers, ("Marathon-Deployment-Id", plan.id)]
    )


def timestamp(text):
    if not TIMESTAMP.match(text):
        raise Refused(422, f"Invalid timestamp provided '{text}'. Expecting ISO-8601 datetime string.")
    return text


class Apps:
    def __init__(self, world):
        self.world = world

    def location(self, path):
        return [("Location", f"http://{self.world.options.leader}{path}")]

    # --- reading

    def index(self, request):
        apps = list(tree.apps(self.world.root).values())
        for text in request.values("id")[:1]:
            apps = [app for app in apps if text.lower() in app["id"].lower()]
        for text in request.values("cmd")[:1]:
            apps = [app for app in apps if text.lower() in app.get("cmd", "").lower()]
        for text in request.values("label")[:1]:
            test = views.selector(text)
            if test is None:
                raise Refused(422, f"Can not parse label selector: {text}")
            apps = [app for app in apps if test(app["labels"])]
        embed = views.embeds(request.values("embed"), "counts", "deployments")
        return Answer.json(200, {"apps": [views.app_info(self.world, app, embed) for app in apps]})

    def show(self, request, path):
        if path.endswith("/*"):
            return self.below(request, absolute(path[:-2]))
        app = self.found(path)
        embed = views.embeds(request.values("embed"), "counts", "tasks", "lastTaskFailure", "deployments")
        return Answer.json(200, {"app": views.app_info(self.world, app, embed)})

    def below(self, request, path):
        group = tree.find(self.world.root, path)
        if group is None:
            raise unknown(f"Group '{path}'")
        embed = views.embeds(request.values("embed"), "counts", "tasks", "lastTaskFailure", "deployments")
        return Answer.json(200, {"*": [views.app_info(self.world, app, embed) for app in tree.apps(group).values()]})

    def found(self, path):
        app = self.world.app(absolute(path, "/"))
        if app is None:
            raise unknown(f"App '{absolute(path)}'")
        return app

    def versions(self, path):
        return Answer.json(200, {"versions": self.world.versions(self.found(path)["id"])})

    def version(self, path, version):
        path, version = absolute(path), timestamp(version)
        self.found(path)
        app = self.world.history.get(path, {}).get(version)
        if app is None:
            self.world.phantoms.setdefault(path, set()).add(version)
            raise unknown(f"App '{path}' does not exist in version '{version}'")
        return Answer.json(200, normal.emitted(app))

    # --- writing

    def create(self, request):
        raw = typed(parsed(request), shapes.APP)
        rules.check_old(raw)
        path = absolute(raw["id"])
        role, roles = self.world.role_of(path)
        app = checked(normal.definition(raw, role), roles)

        def make(root, _):
            if path in tree.apps(root):
                raise Refused(409, f"An app with id [{path}] already exists.")
            return tree.put_app(root, app)

        with self.world.lock:
            plan = self.world.change(parent(path), make, request.flag("force"))
            shown = dict(app, version=plan.version)
            self.world.announce(parent(path), plan, shown, request.client)
        body = normal.emitted(shown) | {"tasksStaged": 0, "tasksRunning": 0, "tasksHealthy": 0, "tasksUnhealthy": 0}
        body["deployments"] = [{"id": plan.id}]
        return Answer.json(201, body, [*self.location(path), ("Marathon-Deployment-Id", plan.id)])

    def replace(self, request, path, create=True):
        path = absolute(path)
        partial = request.flag("partialUpdate", True) or not create
        with self.world.lock:
            existing = self.world.app(path)
            build = self.builder(path, parsed(request), partial, existing)
            if existing is None and not create:
                raise unknown_to_change(f"App '{path}'")
            plan = self.world.change(
                parent(path), lambda root, _: tree.put_app(root, build(root)), request.flag("force")
            )
            app = self.world.app(path)
            self.world.announce(parent(path), plan, app, request.client, request.path)
        return deployed(200, plan) if existing else deployed(201, plan, self.location(path))

    def builder(self, path, value, partial, existing):
        """A function from the tree to the app that the body asks for; what is wrong with the body is raised now."""
        role, roles = self.world.role_of(path)
        if existing is None or not partial:
            raw = typed({**value, "id": path} if isinstance(value, dict) else value, shapes.APP)
            rules.check_old(raw)
            app = checked(normal.definition(raw, role), roles)
            return lambda _: app
        update = typed(value, shapes.UPDATE)
        if "version" in update:
            return self.rollback(path, update)
        rules.check_old(update)
        checked(normal.definition({**normal.merged(existing, update), "id": path}, role), roles)
        return lambda root: normal.definition({**normal.merged(tree.apps(root)[path], update), "id": path}, role)

    def rollback(self, path, update):
        if set(update) - {"version", "id"}:
            raise not_valid([("/", "The 'version' field may only be combined with the 'id' field.")])
        old = self.world.history.get(path, {}).get(update["version"])
        if old is None:
            self.world.phantoms.setdefault(path, set()).add(update["version"])
            raise unknown_to_change(f"App '{path}'")
        return lambda _: normal.strip(old)

    def replace_many(self, request, create=True):
        partial = request.flag("partialUpdate", True) or not create
        kind = shapes.UPDATE if partial else shapes.APP
        values = typed_list(parsed(request), kind)
        if any("id" not in each for each in values):
            raise Refused(422, "requirement failed: App Update must have app id set")
        with self.world.lock:
            apps = [self.one_of_many(each, partial, create) for each in values]

            def make(root, _):
                for app in apps:
                    root = tree.put_app(root, app)
                return tree.copy(root)

            plan = self.world.change("/", make, request.flag("force"))
            self.world.announce("/", plan)
        return deployed(200, plan)

    def one_of_many(self, update, partial, create):
        path = absolute(update["id"])
        existing = self.world.app(path)
        role, roles = self.world.role_of(path)
        if existing is None and not create:
            raise unknown_to_change(f"App '{path}'")
        if existing and "version" in update:
            return self.rollback(path, update)(None)
        rules.check_old(update)
        if existing and partial:
            update = normal.merged(existing, update)
        elif partial:
            update.setdefault("portDefinitions", [])  # where no app was, the pattern for one has none
        return checked(normal.definition({**update, "id": path}, role), roles)

    def restart(self, request, path):
        path = absolute(path)

        def make(root, _):
            app = tree.apps(root).get(path)
            if app is None:
                raise unknown_to_change(f"App '{path}'")
            return tree.put_app(root, dict(app, restarting=True))

        with self.world.lock:
            plan = self.world.change(parent(path), make, request.flag("force"))
            self.world.announce(parent(path), plan)
        return deployed(200, plan)

    def delete(self, request, path):
        path = absolute(path)

        def make(root, _):
            if path not in tree.apps(root):
                raise unknown_to_change(f"App '{path}'")
            return tree.remove(root, path)

        with self.world.lock:
            plan = self.world.change(parent(path), make, request.flag("force", True))
            self.world.announce(parent(path), plan)
        return deployed(200, plan)


class Tasks:
    """Tasks of an app and of all of them."""

    def __init__(self, world, apps):
        self.world, self.apps = world, apps

    def all(self, request):
        wanted = {each.lower() for each in request.values("status", "status[]")} & {"running", "staging"}
        apps, out = tree.apps(self.world.root), []
        for each in self.world.instances.values():
            state = {"Running": "running", "Staging": "staging", "Provisioned": "provisioned"}.get(each.condition)
            if each.listed() and each.app_id in apps and (not wanted or state in wanted):
                out.append(each.task(tree.service_ports(apps[each.app_id])))
        return Answer.json(200, {"tasks": out})

    def of(self, path):
        if path.endswith("/*"):
            group = tree.find(self.world.root, absolute(path[:-2]))
            if group is None:
                raise unknown(f"Group '{absolute(path[:-2])}'")
            paths = list(tree.apps(group))
        else:
            paths = [self.apps.found(path)["id"]]
        return Answer.json(
            200,
            {
                "tasks": [
                    each.task() for each in self.world.instances.values() if each.app_id in paths and each.listed()
                ]
            },
        )

    def kill_of(self, request, path):
        app = self.apps.found(path)
        host = request.parameter("host", "*")
        mine = [each for each in self.world.of(app["id"]) if each.listed() and host in ("*", each.agent.host)]
        return self.kill(request, mine, [app["id"]], "tasks")

    def kill_one(self, request, path, task):
        if request.flag("scale") and request.flag("wipe"):
            raise Refused(400, BOTH)
        app = self.apps.found(path)
        mine = [each for each in self.world.of(app["id"]) if each.listed() and each.id == instance_of(task)]
        if not mine:
            raise unknown(f"Task '{task}'")
        return self.kill(request, mine, [app["id"]], "task")

    def kill_given(self, request):
        if request.flag("scale") and request.flag("wipe"):
            raise Refused(400, BOTH)
        body = parsed(request)
        ids = body.get("ids") if isinstance(body, dict) else None
        if not isinstance(ids, list):
            raise Refused(422, "Invalid JSON", [{"path": "/", "errors": ["error.path.missing"]}])
        wrong = [
            (f"/ids({number})", "error.expected.jsstring")
            for number, each in enumerate(ids)
            if not isinstance(each, str)
        ]
        if wrong:
            raise invalid_json(wrong)
        for each in ids:
            if instance_of(each) is None:
                raise Refused(400, f"Invalid task id '{each}'. [{each} (of class java.lang.String)]")
        wanted = {instance_of(each) for each in ids}
        mine = [each for each in self.world.instances.values() if each.listed() and each.id in wanted]
        return self.kill(request, mine, list({each.app_id for each in mine}), "tasks")

    def kill(self, request, instances, paths, name):
        scale, wipe = request.flag("scale"), request.flag("wipe")
        if scale and wipe:
            raise Refused(400, BOTH)
        if scale:
            return self.kill_and_scale(request, instances, paths)
        shown = [each.task() for each in instances]
        for each in instances:
            if wipe:
                self.world.launcher.wipe(each)
            else:
                self.world.launcher.kill(each)
        return Answer.json(200, {"task": shown[0]} if name == "task" else {"tasks": shown})

    def kill_and_scale(self, request, instances, paths):
        def make(root, _):
            for path in paths:
                app = tree.apps(root)[path]
                lost = sum(each.app_id == path for each in instances)
                root = tree.put_app(root, dict(app, instances=max(0, app["instances"] - lost)))
            return tree.copy(root)

        with self.world.lock:
            plan = self.world.change("/", make, request.flag("force"), [each.id for each in instances])
            self.world.announce("/", plan)
        return deployed(200, plan)


def instance_of(task):
    """The instance's part of a task id, of any generation; None when it is none."""
    match = re.match(r"^(.+\.(?:instance-|marathon-)[^.]+)(?:\..*)?$", task)
    if match:
        return match.group(1)
    return task if re.match(r"^.+\.[0-9a-f-]{36}(\.\d+)?$", task) else None
