"""A Mesos master with its agents, as far as a client of Marathon looks: who leads, what runs where, and what tasks have written."""

import time
import urllib.parse

from instances import TASK_STATES
from wire import Answer, Server, compact, http_date

BUILD = {
    "version": "1.12.0",
    "git_sha": "double",
    "git_branch": "refs/heads/master",
    "build_date": "2026-11-21 01:00:32",
    "build_time": 1795222832.0,
    "build_user": "",
}
MASTER_CAPABILITIES = ["AGENT_UPDATE", "AGENT_DRAINING", "QUOTA_V2"]
AGENT_FLAGS = {"flags": {"containerizers": "docker,mesos", "work_dir": "/var/lib/mesos"}}
AGENT_CAPABILITIES = [
    "MULTI_ROLE",
    "HIERARCHICAL_ROLE",
    "RESERVATION_REFINEMENT",
    "RESOURCE_PROVIDER",
    "RESIZE_VOLUME",
    "AGENT_OPERATION_FEEDBACK",
    "AGENT_DRAINING",
    "TASK_RESOURCE_LIMITS",
]
COUNTED = ("STAGING", "STARTING", "RUNNING", "KILLING", "FINISHED", "KILLED", "FAILED", "LOST", "ERROR", "UNREACHABLE")
LARGEST_READ = 65536


def scalars(cpus=0.0, mem=0.0, disk=0.0, ports=None):
    out = {"disk": float(disk), "mem": float(mem), "gpus": 0.0, "cpus": float(cpus)}
    if ports:
        out["ports"] = ports
    return out


def port_text(ports):
    return "[" + ", ".join(f"{port}-{port}" for port in sorted(ports)) + "]" if ports else None


class Mesos:
    def __init__(self, world, listen):
        self.world, self.listen = world, listen
        self.host, _, port = listen.rpartition(":")
        self.port = int(port)
        self.server = Server((self.host, self.port), self.respond)

    def start(self):
        self.server.start()

    def stop(self):
        self.server.stop()

    # --- requests

    def respond(self, request):
        path = urllib.parse.unquote(request.path).rstrip("/")
        files = {"/files/read": self.read, "/files/browse": self.browse}.get(path.removesuffix(".json"))
        if files:  # outside the lock: they ask the engine
            answer = files(request)
        else:
            with self.world.lock:
                answer = self.answer(request, path)
        answer.headers = [("Date", http_date()), *answer.headers]
        answer.counted = False
        return answer

    def answer(self, request, path):
        short = path.removeprefix("/master")
        if short == "/redirect":
            return Answer(307, b"", [("Location", f"//{self.listen}")])
        if short == "/health":
            return Answer(200, b"")
        whole = {
            "/state": self.state,
            "/state-summary": self.summary,
            "/slaves": self.slaves_answer,
            "/frameworks": self.frameworks_answer,
            "/tasks": lambda: self.tasks_answer(request),
            "/version": lambda: BUILD,
        }
        if short in whole:
            return self.told(request, whole[short]())
        agent = self.agent_of(path)
        if agent is not None:
            return self.told(request, AGENT_FLAGS if path.endswith("/flags") else self.agent_state(agent))
        return Answer(404, b"404 Not Found.", content_type="text/plain; charset=utf-8")

    @staticmethod
    def told(request, value):
        text = compact(value)
        if request.parameter("jsonp"):
            return Answer(200, f"{request.parameter('jsonp')}({text})".encode(), content_type="text/javascript")
        return Answer(200, text.encode(), content_type="application/json")

    # --- the master

    def state(self):
        pid = f"master@{self.listen}"
        leader = {"id": self.world.cluster, "pid": pid, "port": self.port, "hostname": self.host}
        agents = self.world.launcher.agents
        return {
            **BUILD,
            "start_time": self.world.begun,
            "elected_time": self.world.begun,
            "id": self.world.cluster,
            "pid": pid,
            "hostname": self.host,
            "capabilities": MASTER_CAPABILITIES,
            "activated_slaves": float(sum(each.reachable for each in agents)),
            "deactivated_slaves": 0.0,
            "unreachable_slaves": float(sum(not each.reachable for each in agents)),
            "leader": pid,
            "leader_info": leader,
            "cluster": "double",
            "flags": {"port": str(self.port), "ip": self.host, "hostname": self.host, "cluster": "double"},
            "slaves": self.slaves(),
            "recovered_slaves": [],
            "frameworks": [self.framework()],
            "completed_frameworks": [],
            "orphan_tasks": [],
            "unregistered_frameworks": [],
        }

    def summary(self):
        mine = [each for each in self.everything() if each.listed()]
        slaves = [
            {
                **self.slave(agent),
                **self.counts([each for each in mine if each.agent is agent]),
                "framework_ids": [self.world.framework],
            }
            for agent in self.world.launcher.agents
            if agent.reachable
        ]
        framework = {
            key: value
            for key, value in self.framework().items()
            if key
            in (
                "id",
                "name",
                "used_resources",
                "offered_resources",
                "capabilities",
                "hostname",
                "webui_url",
                "active",
                "connected",
                "recovered",
                "pid",
            )
        }
        framework |= {**self.counts(mine), "slave_ids": [each["id"] for each in slaves]}
        return {"hostname": self.host, "cluster": "double", "slaves": slaves, "frameworks": [framework]}

    @staticmethod
    def counts(instances):
        return {
            f"TASK_{name}": sum(TASK_STATES[each.condition] == f"TASK_{name}" for each in instances) for name in COUNTED
        }

    def everything(self):
        return [*self.world.instances.values(), *self.world.orphans]

    def used(self, instances):
        mine = [each.resources for each in instances if each.consumes()]
        ports = [port for each in mine for port in each["ports"]]
        return scalars(
            sum(each["cpus"] for each in mine),
            sum(each["mem"] for each in mine),
            sum(each["disk"] for each in mine),
            port_text(ports),
        )

    def slave(self, agent):
        number = self.world.launcher.agents.index(agent) + 1
        total = scalars(agent.total["cpus"], agent.total["mem"], agent.total["disk"], f"[{agent.first}-{agent.last}]")
        return {
            "id": agent.id,
            "hostname": agent.host,
            "port": self.port,
            "attributes": agent.attributes,
            "pid": f"slave({number})@{self.listen}",
            "registered_time": self.world.begun,
            "resources": total,
            "used_resources": self.used([each for each in self.everything() if each.agent is agent]),
            "offered_resources": scalars(),
            "reserved_resources": {},
            "unreserved_resources": total,
            "active": True,
            "deactivated": False,
            "version": BUILD["version"],
            "capabilities": AGENT_CAPABILITIES,
        }

    def slaves(self):
        return [self.slave(agent) for agent in self.world.launcher.agents if agent.reachable]

    def slaves_answer(self):
        return {"slaves": self.slaves(), "recovered_slaves": []}

    def framework(self):
        mine = [each for each in self.everything() if each.listed()]
        leader = self.world.options.leader
        return {
            "id": self.world.framework,
            "name": "marathon",
            "pid": f"scheduler-{self.world.cluster}@{leader}",
            "used_resources": self.used(mine),
            "offered_resources": scalars(),
            "capabilities": ["MULTI_ROLE", "PARTITION_AWARE", "REGION_AWARE"],
            "hostname": leader.split(":")[0],
            "webui_url": f"http://{leader}",
            "active": True,
            "connected": True,
            "recovered": False,
            "user": "root",
            "failover_timeout": 604800.0,
            "checkpoint": True,
            "registered_time": self.world.begun,
            "unregistered_time": 0.0,
            "resources": self.used(mine),
            "roles": ["*"],
            "tasks": [self.task(each) for each in mine if each.alive() and each.condition != "Unreachable"],
            "unreachable_tasks": [self.task(each) for each in mine if each.condition.startswith("Unreachable")],
            "completed_tasks": [self.task(each) for each in mine if not each.alive()],
            "offers": [],
            "executors": [],
            "offer_constraints": {},
        }

    def frameworks_answer(self):
        return {"frameworks": [self.framework()], "completed_frameworks": [], "unregistered_frameworks": []}

    def tasks_answer(self, request):
        mine = [self.task(each) for each in self.everything() if each.listed()]
        wanted = request.parameter("task_id")
        limit, offset = int(request.parameter("limit") or 100), int(request.parameter("offset") or 0)
        return {
            "tasks": [each for each in reversed(mine) if not wanted or each["id"] == wanted][offset : offset + limit]
        }

    def task(self, instance):
        docker = (instance.app.get("container") or {}).get("docker")
        app = instance.app
        out = {
            "id": instance.task_id,
            "name": ".".join(reversed(app["id"].strip("/").split("/"))),
            "framework_id": self.world.framework,
            "executor_id": "",
            "slave_id": instance.agent.id,
            "state": TASK_STATES[instance.condition],
            "resources": scalars(app["cpus"], app["mem"], app["disk"], port_text(instance.ports)),
            "role": app["role"],
            "statuses": [self.status(instance, *each) for each in instance.statuses],
            "discovery": {
                "visibility": "FRAMEWORK",
                "name": ".".join(reversed(app["id"].strip("/").split("/"))),
                "ports": {"ports": [{"number": port, "protocol": "tcp"} for port in instance.ports]},
            },
        }
        if app["labels"]:
            out["labels"] = [{"key": key, "value": value} for key, value in app["labels"].items()]
        if docker:
            out["container"] = {
                "type": "DOCKER",
                "docker": {
                    "image": docker["image"],
                    "network": "HOST" if app["networks"][0]["mode"] == "host" else "BRIDGE",
                    "privileged": docker["privileged"],
                    "force_pull_image": docker["forcePullImage"],
                },
            }
        return out

    @staticmethod
    def status(instance, state, at, address):
        return {
            "state": state,
            "timestamp": at,
            "container_status": {
                "container_id": {"value": instance.id[-36:]},
                "network_infos": [{"ip_addresses": [{"protocol": "IPv4", "ip_address": address}]}],
            },
        }

    # --- the agents

    def agent_of(self, path):
        """The agent that a path means: /slave(1)/state and so on, all behind one port."""
        for number, agent in enumerate(self.world.launcher.agents, 1):
            if path in (f"/slave({number})/state", f"/slave({number})/state.json", f"/slave({number})/flags"):
                return agent
        return None

    def directory(self, instance):
        return (
            f"/var/lib/mesos/slaves/{instance.agent.id}/frameworks/{self.world.framework}/executors/{instance.task_id}"
            f"/runs/{instance.id[-36:]}"
        )

    def agent_state(self, agent):
        mine = [each for each in self.everything() if each.agent is agent and each.listed()]

        def executor(each):
            return {
                "id": each.task_id,
                "name": f"Command Executor (Task: {each.task_id})",
                "source": each.task_id,
                "container": each.id[-36:],
                "directory": self.directory(each),
                "resources": self.used([each]),
                "tasks": [self.task(each)] if each.alive() else [],
                "queued_tasks": [],
                "completed_tasks": [] if each.alive() else [self.task(each)],
                "role": each.app["role"],
                "type": "DEFAULT",
            }

        slave = self.slave(agent)
        framework = {
            "id": self.world.framework,
            "name": "marathon",
            "user": "root",
            "failover_timeout": 604800.0,
            "checkpoint": True,
            "hostname": self.world.options.leader.split(":")[0],
            "roles": ["*"],
            "executors": [executor(each) for each in mine if each.alive()],
            "completed_executors": [executor(each) for each in mine if not each.alive()],
        }
        return {
            **BUILD,
            "start_time": self.world.begun,
            "id": agent.id,
            "pid": slave["pid"],
            "hostname": agent.host,
            "capabilities": AGENT_CAPABILITIES,
            "resources": slave["resources"],
            "reserved_resources": {},
            "unreserved_resources": slave["unreserved_resources"],
            "attributes": agent.attributes,
            "master_hostname": self.host,
            "flags": {"work_dir": "/var/lib/mesos"},
            "frameworks": [framework],
            "completed_frameworks": [],
        }

    def written(self, path):
        """What a task has written, by the path of a file in its sandbox: bytes, or None."""
        parts = path.strip("/").split("/")
        if "executors" not in parts or parts[-1] not in ("stdout", "stderr"):
            return None
        task = parts[parts.index("executors") + 1]
        number = ("stdout", "stderr").index(parts[-1])
        for instance in self.everything():
            if instance.task_id == task and instance.alive() and instance.container:
                return self.world.engine.logs(instance.container)[number]
        kept = self.world.launcher.sandboxes.get(task)
        return kept[number] if kept else None

    def read(self, request):
        path = request.parameter("path")
        if not path:
            return self.plain(400, "Expecting 'path=value' in query.\n")
        data = self.written(path)
        if data is None:
            return self.plain(404, f"Failed to find file '{path}'.\n")
        try:
            offset, length = int(request.parameter("offset") or -1), int(request.parameter("length") or LARGEST_READ)
        except ValueError:
            return self.plain(400, "Failed to parse offset.\n")
        if offset == -1:  # how long it is
            return self.told(request, {"data": "", "offset": len(data)})
        piece = data[offset : offset + min(length if length >= 0 else LARGEST_READ, LARGEST_READ)]
        return self.told(request, {"data": piece.decode("utf-8", "replace"), "offset": offset})

    def browse(self, request):
        path = request.parameter("path").rstrip("/")
        if not path:
            return self.plain(400, "Expecting 'path=value' in query.\n")
        found = []
        for name in ("stderr", "stdout"):
            data = self.written(f"{path}/{name}")
            if data is not None:
                found.append(
                    {
                        "path": f"{path}/{name}",
                        "size": len(data),
                        "mode": "-rw-r--r--",
                        "mtime": time.time(),
                        "nlink": 1,
                        "uid": "root",
                        "gid": "root",
                    }
                )
        return self.told(request, found) if found else self.plain(404, f"Failed to find directory '{path}'.\n")

    @staticmethod
    def plain(status, text):
        return Answer(status, text.encode(), content_type="text/plain; charset=utf-8")
