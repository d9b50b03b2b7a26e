"""Deployments: the plan from one tree to another, and its steps, one after the other."""

import math
import time
import uuid

from normal import only_scaled
from tree import apps, depths, pods, specs

SHORTEST_STOP = 0.04  # seconds: even what never ran is seen to be stopped


def action(kind, path, pod):
    return {"action": kind + ("Pod" if pod else "Application"), ("pod" if pod else "app"): path}


def path_of(each):
    return each.get("app") or each.get("pod")


def steps(before, after):
    """The steps of a plan: what goes, what comes, and the rest by the depth of its dependencies."""
    old, new, old_pods, new_pods = specs(before), specs(after), pods(before), pods(after)
    out = [
        [action("Stop", path, path in old_pods) for path in old if path not in new],
        [action("Start", path, path in new_pods) for path in new if path not in old],
    ]
    levels = {}
    for path, depth in depths(after).items():
        levels.setdefault(depth, []).append(path)
    for depth in sorted(levels):
        level = []
        for path in sorted(levels[depth], key=list(new).index):
            was, now, pod = old.get(path), new[path], path in new_pods
            if was is now:
                continue
            if was is None or size(now) == 0 or only_scaled(scaleless(was), scaleless(now)) and not restarted(was, now):
                level.append(action("Scale", path, pod))
            elif was["version"] != now["version"]:
                level.append(action("Restart", path, pod))
        out.append(level)
    return [each for each in out if each]


def restarted(was, now):
    """Whether only its version says that it is another one: a restart."""
    return scaleless(was) == scaleless(now) and size(was) == size(now) and was["version"] != now["version"]


def size(spec):
    return spec["instances"] if "instances" in spec else spec["scaling"]["instances"]


def scaleless(spec):
    out = {key: value for key, value in spec.items() if key not in ("version", "versionInfo", "instances")}
    if "scaling" in out:
        out["scaling"] = None
    return out


def marathon_checks(spec):
    """The health checks that Marathon itself makes, not Mesos."""
    return [each for each in spec.get("healthChecks", ()) if each["protocol"] in ("HTTP", "HTTPS", "TCP")]


class Deployment:
    def __init__(self, before, after, version, kill=()):
        self.id = str(uuid.uuid4())
        self.before, self.after, self.version = before, after, version
        self.steps = steps(before, after)
        self.kill = set(kill)  # instances to die first when scaling down
        self.at = -1
        self.since = time.monotonic()  # when this step began
        self.progress = {}  # path: what an action of this step remembers
        self.recovered = False

    @property
    def affected(self):
        return list(dict.fromkeys(path_of(each) for step in self.steps for each in step))

    def plan(self):
        return {"id": self.id, "steps": [{"actions": step} for step in self.steps], "version": self.version}

    def shown(self, world):
        known = pods(self.before) | pods(self.after)
        current = self.steps[self.at] if 0 <= self.at < len(self.steps) else []
        return {
            "id": self.id,
            "steps": [{"actions": step} for step in self.steps],
            "version": self.version,
            "affectedApps": [path for path in self.affected if path not in known],
            "affectedPods": [path for path in self.affected if path in known],
            "currentActions": [
                {**each, "readinessCheckResults": world.readiness_of(path_of(each))} for each in current
            ],
            "currentStep": self.at + 1,
            "totalSteps": len(self.steps),
        }


class Manager:
    """Runs the deployments. All of its methods are called with the lock held."""

    def __init__(self, world):
        self.world = world
        self.running = []

    def conflicts(self, plan):
        wanted = set(plan.affected)
        return [each for each in self.running if wanted & set(each.affected)]

    def of(self, path):
        return [each.id for each in self.running if path in each.affected]

    def find(self, identifier):
        return next((each for each in self.running if each.id == identifier), None)

    def start(self, plan):
        self.running.append(plan)
        self.next_step(plan)
        self.advance()

    def cancel(self, plan):
        self.running.remove(plan)
        self.world.bus.publish(
            "deployment_failed", id=plan.id, plan=plan.plan(), reason="The upgrade has been cancelled"
        )

    def next_step(self, plan):
        plan.at += 1
        plan.progress, plan.since = {}, time.monotonic()
        if plan.at >= len(plan.steps):
            self.running.remove(plan)
            self.world.bus.publish("deployment_success", id=plan.id, plan=plan.plan())
            return
        self.world.bus.publish("deployment_info", plan=plan.plan(), currentStep={"actions": plan.steps[plan.at]})

    def advance(self):
        """Moves every deployment as far as it goes."""
        for plan in list(self.running):
            while plan in self.running and self.step(plan):
                step = plan.steps[plan.at]
                self.world.bus.publish("deployment_step_success", plan=plan.plan(), currentStep={"actions": step})
                self.next_step(plan)

    def step(self, plan):
        """Whether all actions of the present step are done."""
        if plan.recovered and self.world.options.recovery_succeeds:
            return True
        return all([self.act(plan, each) for each in plan.steps[plan.at]])

    def act(self, plan, each):
        path, kind = path_of(each), each["action"].replace("Application", "").replace("Pod", "")
        if kind == "Start":
            return self.begin(specs(plan.after)[path])
        if kind == "Stop":
            return self.end(path, plan)
        spec = self.world.runnable(specs(plan.after)[path])
        if kind == "Scale":
            return self.scale(plan, spec)
        return self.restart(plan, spec)

    def begin(self, spec):
        for check in marathon_checks(spec):
            self.world.bus.publish(
                "add_health_check_event", appId=spec["id"], healthCheck=check, version=spec["version"]
            )
        return True

    def end(self, path, plan):
        if path not in plan.progress:
            plan.progress[path] = "ending"
            for _ in marathon_checks(specs(plan.before)[path]):
                self.world.bus.publish("remove_health_check_event", appId=path)
        for instance in self.world.of(path):
            self.world.launcher.decommission(instance)
        if self.world.of(path) or time.monotonic() < plan.since + SHORTEST_STOP:
            return False
        if plan.progress[path] == "ending":
            plan.progress[path] = "ended"
            self.world.bus.publish("app_terminated_event", appId=path)
            self.world.failures.pop(path, None)
        return True

    def scale(self, plan, spec):
        path, wanted, launcher = spec["id"], size(spec), self.world.launcher
        state = plan.progress.setdefault(path, {"started": None, "dying": None})
        mine = self.world.of(path)
        if state["started"] is None:
            wanted_ones = [each for each in mine if each.goal == "Running"]
            surplus = len(wanted_ones) - wanted
            doomed = self.doomed(wanted_ones, surplus, spec, plan.kill) if surplus > 0 else []
            state["dying"] = doomed
            for instance in doomed:
                launcher.decommission(instance)
            state["started"] = launcher.schedule(spec, -surplus) if surplus < 0 else []
        self.forget_replaced(state["started"])
        gone = not any(each.id in self.world.instances for each in state["dying"])
        return gone and all(each.ready() for each in state["started"])

    def forget_replaced(self, started):
        """One that was wiped meanwhile is not waited for."""
        started[:] = [each for each in started if not each.wiped]

    @staticmethod
    def doomed(instances, surplus, spec, first):
        """Whom a smaller scale costs: those asked for, those that do not run, then by age."""
        newest_first = spec.get("killSelection", "YOUNGEST_FIRST") == "YOUNGEST_FIRST"
        order = sorted(instances, key=lambda each: each.started or each.staged or "9", reverse=newest_first)
        return sorted(order, key=lambda each: (each.id not in first, each.condition == "Running"))[:surplus]

    def restart(self, plan, spec):
        """Rolls to the new version within the bounds of the upgrade strategy."""
        path, wanted, launcher = spec["id"], size(spec), self.world.launcher
        mine = self.world.of(path)
        new = [each for each in mine if each.version == spec["version"] and each.goal == "Running"]
        old = [each for each in mine if each not in new]
        state = plan.progress.get(path)
        if state is None:
            state = plan.progress[path] = self.strategy(spec, mine, old)
            for instance in [each for each in old if not each.alive()]:
                launcher.decommission(instance)
            old = [each for each in old if each.alive() and each.id in self.world.instances]
        dying = [each for each in old if each.goal != "Running"]
        ready = sum(each.ready() for each in new)
        allowed = state["kill"] + ready
        for instance in self.doomed(
            [each for each in old if each.goal == "Running"], max(0, allowed - state["killed"]), spec, ()
        ):
            state["killed"] += 1
            launcher.decommission(instance)
        room = min(wanted - len(new), state["most"] - len(new) - len(old))
        if room > 0:
            launcher.schedule(spec, room)
        return ready >= wanted and not [each for each in self.world.of(path) if each in old or each in dying]

    @staticmethod
    def strategy(spec, mine, old):
        """How many may die at once, and how many may be there together."""
        wanted, healthy = size(spec), sum(
            each.goal == "Running" and each.alive() and each.healthy() is not False for each in mine
        )
        bounds = spec["upgradeStrategy"]
        least = math.ceil(wanted * bounds["minimumHealthCapacity"])
        most = int(wanted * (1 + bounds["maximumOverCapacity"]))
        kill = max(0, healthy - least)
        if least == most and most <= healthy:
            most += 1
        if wanted < len(mine):
            kill = max(len(mine) - wanted, kill)
        return {"kill": min(kill, len(old)), "killed": 0, "most": max(most, 1)}
