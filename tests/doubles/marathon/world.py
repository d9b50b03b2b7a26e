"""All that one Marathon knows, and the one way in which its tree is changed."""

import threading
import time
import uuid

import normal
import rules
import tree
from agents import Agent
from checks import Checks
from deployments import Deployment, Manager
from dialect import Dialect
from engine import Engine
from errors import Refused, locked
from events import Bus
from launcher import Launcher

MOST_RUNNING = (
    "Max number ({0}) of running deployments is achieved. Wait for existing deployments to complete or cancel one"
    "using force=true parameter. You can increase max deployment number by using --max_running_deployments parameter. "
    "Current value: {0}."
)


class World:
    def __init__(self, options):
        self.options = options
        self.lock = threading.RLock()
        self.changes = threading.Condition(self.lock)
        self.clock = tree.Clock()
        self.bus = Bus()
        self.dialect = Dialect(options.version)
        cluster = str(uuid.uuid4())
        self.framework = f"{cluster}-0000"
        self.cluster, self.begun = cluster, time.time()
        self.engine = Engine(options.docker, options.owner)
        agents = [
            Agent(f"{cluster}-S{number}", host, attributes, options.ports, options.cpus, options.mem)
            for number, (host, attributes) in enumerate(self.hosts())
        ]
        self.root = tree.dated(tree.new_group("/"), self.clock.version())
        self.roots = {self.root["version"]: self.root}
        self.instances, self.orphans, self.failures = {}, [], {}
        self.history, self.phantoms = {}, {}
        self.launcher = Launcher(self, self.engine, agents, options)
        self.checks = Checks(self, self.engine)
        self.deployments = Manager(self)
        self.stopped = False

    def hosts(self):
        return self.options.agents or [(self.engine.gateway(), {"rack": "r1", "zone": "z1"})]

    # --- life

    def begin(self):
        self.sweep()
        threading.Thread(target=self._run, daemon=True).start()

    def sweep(self):
        """Removes the containers that this double, or one before it at this place, has left."""
        for container in self.engine.mine():
            self.engine.remove(container)

    def _run(self):
        while not self.stopped:
            with self.lock:
                self.deployments.advance()
                wait = self.launcher.offer()
                self.changes.wait(min(wait, 0.05 if self.deployments.running else 0.5))

    def wake(self):
        self.changes.notify_all()

    def end(self):
        with self.lock:
            self.stopped = True
            self.wake()
        self.bus.close_all()
        for _ in range(5):
            self.sweep()
            if not self.engine.mine():
                return

    def recover(self):
        """What a new leader makes of the deployments it finds: those that only wait count as done."""
        with self.lock:
            for plan in list(self.deployments.running):
                plan.at, plan.progress, plan.recovered = 0, {}, not self.in_motion(plan)
            self.deployments.advance()
            self.wake()

    def in_motion(self, plan):
        return any(instance.launching or instance.killing for path in plan.affected for instance in self.of(path))

    # --- looking

    def app(self, path):
        return tree.apps(self.root).get(path)

    def of(self, path):
        return [each for each in self.instances.values() if each.app_id == path]

    def runnable(self, spec):
        return spec

    def deploying(self, path):
        return bool(self.deployments.of(path))

    def readiness_of(self, path):
        return [result for each in self.of(path) if self.deploying(path) for result in each.readiness]

    def role_of(self, path):
        """The role an app gets by its place, and those it may ask for."""
        top = "/" + path.strip("/").split("/")[0]
        group = tree.find(self.root, top) if path.count("/") > 1 else None
        name = top[1:]
        existing = self.app(path)
        also = [existing["role"]] if existing else []
        if group and group["enforceRole"]:
            return name, [name, *also]
        return "*", ["*", *([name] if path.count("/") > 1 else []), *also]

    def versions(self, path):
        known = set(self.history.get(path, ())) | self.phantoms.get(path, set())
        return sorted(known, key=lambda version: hash((path, version)))

    # --- changing

    def change(self, parent, make, force=False, kill=(), version=None):
        """Deploys the tree that `make` gives for the present one; the plan, or Refused."""
        with self.lock:
            version = version or self.clock.version()
            before = self.root
            try:
                after = self.settled(before, make(before, version), version)
            except Refused as refused:
                if refused.status in (404, 409):
                    self.bus.publish(
                        "group_change_failed", groupId=parent, version=version, reason=refused.body["message"]
                    )
                raise
            plan = Deployment(before, after, version, kill)
            self.remember(after, plan)
            self.admit(plan, parent, force)
            self.root = after
            self.roots[version] = after
            for path in set(tree.apps(before)) - set(tree.apps(after)):
                self.history.pop(path, None)
                self.phantoms.pop(path, None)
            if plan.steps:
                self.deployments.start(plan)
            else:
                self.bus.publish("deployment_success", id=plan.id, plan=plan.plan())
            self.wake()
            return plan

    def settled(self, before, after, version):
        """The tree as it will be kept: checked, versioned, with its service ports."""
        tree.assign_ports(before, after)
        old = tree.apps(before)
        for group in tree.walk(after):
            for path, app in group["apps"].items():
                if app is old.get(path):
                    continue
                if path in old:
                    rules.check_change(old[path], app)
                if app.get("restarting"):
                    info = dict(old[path]["versionInfo"], lastConfigChangeAt=version)
                    kept = {key: value for key, value in app.items() if key != "restarting"}
                    group["apps"][path] = dict(kept, version=version, versionInfo=info)
                else:
                    group["apps"][path] = normal.upgraded(old.get(path), app, version)
        rules.check_root(after)
        return tree.dated(after, version)

    def remember(self, after, plan):
        for path, app in tree.apps(after).items():
            self.history.setdefault(path, {})[app["version"]] = app

    def admit(self, plan, parent, force):
        """Refuses what is locked, and what is too much."""
        running = self.deployments.running
        if plan.steps and len(running) >= self.options.max_deployments:
            self.rejected(plan, parent, Refused(403, MOST_RUNNING.format(self.options.max_deployments)))
        conflicts = self.deployments.conflicts(plan)
        if conflicts and not force:
            self.rejected(plan, parent, locked([each.id for each in conflicts]))
        for each in conflicts:
            self.deployments.cancel(each)

    def rejected(self, plan, parent, refused):
        """A request that is refused is told to everybody, with an id that nobody knows."""
        reason = refused.body["message"]
        self.bus.publish("group_change_failed", groupId=parent, version=plan.version, reason=reason)
        self.bus.publish("deployment_failed", id=plan.id, plan=plan.plan(), reason=reason)
        raise refused

    def announce(self, parent, plan, app=None, client="127.0.0.1", uri="/v2/apps"):
        """The events of an accepted change."""
        if app is not None:
            self.bus.publish("api_post_event", clientIp=client, uri=uri, appDefinition=normal.emitted(app))
        self.bus.publish("group_change_success", groupId=parent, version=plan.version)

    def revert(self, plan):
        """Deploys what was before a plan, for those it touched."""
        affected = plan.affected
        was = tree.apps(plan.before)

        def make(root, _):
            out = tree.copy(root)
            for path in affected:
                if path in was:
                    kept = {key: value for key, value in was[path].items() if key not in ("version", "versionInfo")}
                    out = tree.put_app(out, kept)
                elif path in tree.apps(out):
                    out = tree.remove(out, path)
            return out

        return self.change("/", make, True, version=plan.before["version"])
