"""Virtual agents: how much each has to offer, and which instances it may take."""

import random
import re

REASONS = (
    "UnfulfilledRole",
    "UnfulfilledConstraint",
    "NoCorrespondingReservationFound",
    "AgentMaintenance",
    "InsufficientCpus",
    "InsufficientMemory",
    "InsufficientDisk",
    "InsufficientGpus",
    "InsufficientPorts",
    "DeclinedScarceResources",
)


class Agent:
    def __init__(self, identifier, host, attributes, ports, cpus=8.0, mem=8192.0, disk=20000.0):
        self.id, self.host, self.attributes = identifier, host, attributes
        self.first, self.last = ports
        self.total = {"cpus": cpus, "mem": mem, "disk": disk}
        self.reachable = self.offering = True

    def free(self, instances):
        left = dict(self.total)
        taken = set()
        for each in instances:
            if each.agent is self and each.consumes():
                taken |= set(each.resources["ports"])
                for name in left:
                    left[name] -= each.resources[name]
        return left, taken

    def offer(self, number, framework, instances):
        left, taken = self.free(instances)
        return {
            "id": f"{framework.rsplit('-', 1)[0]}-O{number}",
            "hostname": self.host,
            "agentId": self.id,
            "resources": [
                {"name": "ports", "role": "*", "ranges": ranges(self.first, self.last, taken)},
                *({"name": name, "role": "*", "scalar": round(left[name], 3)} for name in ("cpus", "mem", "disk")),
            ],
            "attributes": [{"name": name, "text": value} for name, value in self.attributes.items()],
        }


def ranges(first, last, taken):
    out, begin = [], first
    for port in [*sorted(taken), last + 1]:
        if begin <= port - 1 and first <= port <= last + 1:
            out.append({"begin": begin, "end": port - 1})
        begin = max(begin, port + 1)
    return out


def host_ports(app):
    """Which host ports an instance wants: numbers, 0 for any; one entry a port that is allocated."""
    mappings = (app.get("container") or {}).get("portMappings")
    if any(each["mode"] != "host" for each in app["networks"]):
        return [mapping["hostPort"] for mapping in mappings or () if "hostPort" in mapping]
    wanted = [each["port"] for each in app.get("portDefinitions") or ()]
    return wanted if app["requirePorts"] else [0] * len(wanted)


def value_of(agent, field):
    if field in ("hostname", "@hostname"):
        return agent.host
    return agent.attributes.get(field.lstrip("@"))


def fits_constraint(constraint, agent, peers, agents):
    """Whether `agent` may take one more, where `peers` are the instances of the app that already have a place."""
    field, operator, wanted = (*constraint, None)[:3]
    operator, value = operator.upper(), value_of(agent, field)
    if operator == "UNLIKE":
        return value is None or not re.fullmatch(wanted, value)
    if value is None:
        return False
    there = [value_of(peer.agent, field) for peer in peers]
    if operator == "UNIQUE":
        return value not in there
    if operator == "CLUSTER":
        return value == wanted if wanted else not there or value == there[0]
    if operator in ("LIKE", "IS"):
        return bool(re.fullmatch(wanted, value)) if operator == "LIKE" else value == (wanted or "")
    if operator == "MAX_PER":
        return there.count(value) < int(wanted)
    values = {value_of(each, field) for each in agents} - {None}  # GROUP_BY
    return there.count(value) <= min(there.count(each) for each in values)


def refusal(app, agent, instances, agents):
    """Why an agent cannot take an instance of the app: a reason, or None with the ports it would get."""
    peers = [each for each in instances if each.app_id == app["id"] and each.alive() and not each.killing]
    if not all(fits_constraint(constraint, agent, peers, agents) for constraint in app.get("constraints", ())):
        return "UnfulfilledConstraint", None
    left, taken = agent.free(instances)
    for name, reason in (("cpus", "InsufficientCpus"), ("mem", "InsufficientMemory"), ("disk", "InsufficientDisk")):
        if app[name] > left[name] + 1e-9:
            return reason, None
    if app["gpus"]:
        return "InsufficientGpus", None
    ports = choose_ports(host_ports(app), agent, taken)
    return (None, ports) if ports is not None else ("InsufficientPorts", None)


def choose_ports(wanted, agent, taken):
    fixed = [port for port in wanted if port]
    if any(port in taken or not agent.first <= port <= agent.last for port in fixed):
        return None
    free = [port for port in range(agent.first, agent.last + 1) if port not in taken and port not in fixed]
    dynamic = wanted.count(0)
    if len(free) < dynamic:
        return None
    start = random.randrange(len(free) - dynamic + 1) if dynamic else 0
    chosen = iter(free[start : start + dynamic])
    return [port or next(chosen) for port in wanted]
