"""The switches: faults that happen to requests, and the control path /double, which the real one has not."""

import json
import re
import threading
import time

import unreachable
from errors import Refused
from wire import Answer, Hangup, jetty_page

ACTIONS = ("drop", "delay", "hang", "cut", "status", "html")


def agent(text):
    """HOST;NAME:VALUE;... as (host, attributes)."""
    host, *pairs = text.split(";")
    return host, dict(pair.split(":", 1) for pair in pairs if pair)


def port_range(text):
    first, _, last = text.partition("-")
    return int(first), int(last)


def fault(text):
    """'METHOD PATH ACTION [before] [xN]': what happens to the next N requests of that kind."""
    method, path, action, *more = text.split()
    name, _, value = action.partition("=")
    if name not in ACTIONS:
        raise ValueError(f"{name}: no fault; one of {', '.join(ACTIONS)}")
    times = next((int(word[1:]) for word in more if re.fullmatch(r"x\d+", word)), 1)
    return {
        "method": method,
        "path": path,
        "action": name,
        "value": float(value or 0),
        "before": "before" in more,
        "times": times,
    }


class Faults:
    """Those that are still to happen."""

    def __init__(self, faults):
        self.lock = threading.Lock()
        self.faults = list(faults)

    def take(self, request):
        with self.lock:
            for each in self.faults:
                if (
                    each["method"] in ("*", request.method)
                    and re.fullmatch(each["path"], request.path)
                    and each["times"] > 0
                ):
                    each["times"] -= 1
                    self.faults = [other for other in self.faults if other["times"] > 0]
                    return each
        return None

    def around(self, request, respond):
        """The answer to a request with whatever is to happen to it. `before`: instead of its effect, else after it."""
        found = self.take(request)
        if found is None:
            return respond(request)
        answer = None if found["before"] else respond(request)
        action, value = found["action"], found["value"]
        if action == "drop":
            raise Hangup
        if action == "hang":
            time.sleep(value or 60)
            raise Hangup
        if action == "delay":
            time.sleep(value)
            return answer or respond(request)
        if action == "status":
            return Answer.json(int(value), {"message": "a fault that was asked for"})
        if action == "html":
            return jetty_page(request, int(value), "Server Error")
        body = answer or respond(request)
        body.cut = int(value)
        return body


def control(leader, request):
    """/double: what a test may ask for and no client of the real one can."""
    world = leader.world
    what = request.path[len("/double") :].strip("/")
    body = json.loads(request.body) if request.body.strip() else {}
    if not what:
        return Answer.json(
            200,
            {
                "faults": leader.faults.faults,
                "lose": world.bus.lose,
                "standby": world.options.standby,
                "deviations": world.options.judge.deviations,
                "agents": [
                    {"id": each.id, "host": each.host, "reachable": each.reachable, "offering": each.offering}
                    for each in world.launcher.agents
                ],
            },
        )
    if what == "faults":
        if request.method == "DELETE":
            leader.faults.faults = []
        else:
            leader.faults.faults += [fault(each) if isinstance(each, str) else each for each in body if body]
        return Answer.json(200, leader.faults.faults)
    if what == "events":
        world.bus.lose = dict(body.get("lose", {}))
        if body.get("close"):
            world.bus.close_all()
        return Answer.json(200, {"lose": world.bus.lose})
    if what == "leader":
        leader.fall(float(body.get("down", 2.0)), body.get("notice", True))
        return Answer.json(200, {"down": body.get("down", 2.0)})
    if what == "settings":
        for name in (
            "offer_delay",
            "offer_interval",
            "start_delay",
            "relaunch_delay",
            "kill_grace",
            "never_match",
            "max_deployments",
            "recovery_succeeds",
        ):
            if name in body:
                setattr(world.options, name, body[name])
        return Answer.json(200, {})
    if what.startswith("agents/"):
        return control_agent(world, int(what.split("/")[1]), body)
    raise Refused(404, "no such switch")


def control_agent(world, number, body):
    one = world.launcher.agents[number]
    with world.lock:
        if "offering" in body:
            one.offering = bool(body["offering"])
        if "reachable" in body and body["reachable"] != one.reachable:
            one.reachable = bool(body["reachable"])
            (unreachable.found if one.reachable else unreachable.lost)(world, one)
        world.wake()
    return Answer.json(200, {"offering": one.offering, "reachable": one.reachable})
