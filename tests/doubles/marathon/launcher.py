"""Launching, watching and killing tasks: offers are matched, containers started, ends turned into what Mesos would report."""

import random
import threading
import time
import urllib.request

from agents import REASONS, refusal
from engine import EngineError, PullError
from instances import FAILURES, REMEMBERED, TERMINAL, Instance
from tree import stamp

KEPT_SANDBOXES = 200
KEPT_BYTES = 1 << 20
# A command without an image gets its signals as the command executor gives them: all of its processes, and none is the first.
COMMAND = (
    'setsid /bin/sh -c "$0" & p=$!; trap "kill -TERM -$p" TERM; wait $p; s=$?; '
    "while kill -0 $p 2>/dev/null; do wait $p; s=$?; done; exit $s"
)


def environment(instance, containerized):
    """The variables that Marathon and Mesos give a task."""
    app = instance.app
    out = {
        "MARATHON_APP_ID": app["id"],
        "MARATHON_APP_VERSION": instance.version,
        "MARATHON_APP_RESOURCE_CPUS": str(app["cpus"]),
        "MARATHON_APP_RESOURCE_MEM": str(app["mem"]),
        "MARATHON_APP_RESOURCE_DISK": str(app["disk"]),
        "MARATHON_APP_RESOURCE_GPUS": str(app["gpus"]),
        "MARATHON_APP_LABELS": " ".join(label.upper() for label in app["labels"]),
        "MESOS_TASK_ID": instance.task_id,
        "HOST": instance.agent.host,
        "MESOS_SANDBOX": "/mnt/mesos/sandbox",
    }
    if containerized:
        out["MARATHON_APP_DOCKER_IMAGE"] = app["container"]["docker"]["image"]
    for label, value in app["labels"].items():
        if len(label) <= 255 and len(value) <= 512:
            out["MARATHON_APP_LABEL_" + "".join(c if c.isalnum() else "_" for c in label.upper())] = value
    mappings = (app.get("container") or {}).get("portMappings")
    bridged = any(each["mode"] != "host" for each in app["networks"])
    named = [each for each in mappings or () if "hostPort" in each] if bridged else app.get("portDefinitions") or []
    inside = instance.ports
    if bridged:
        inside = [each["containerPort"] or port for each, port in zip(named, instance.ports)]
    for number, port in enumerate(inside):
        out[f"PORT{number}"] = str(port)
        if named[number].get("name"):
            out["PORT_" + named[number]["name"].upper().replace("-", "_")] = str(port)
    if inside:
        out["PORT"], out["PORTS"] = str(inside[0]), ",".join(map(str, inside))
    for name, value in app.get("env", {}).items():
        out[name] = value if isinstance(value, str) else ""
    return out


def published(instance):
    """Docker's port bindings: {"80/tcp": [{"HostPort": "31000"}]}."""
    mappings = [each for each in (instance.app.get("container") or {}).get("portMappings") or () if "hostPort" in each]
    out = {}
    for mapping, port in zip(mappings, instance.ports):
        for protocol in mapping["protocol"].split(","):
            out.setdefault(f"{mapping['containerPort'] or port}/{protocol}", []).append({"HostPort": str(port)})
    return out


def container_config(instance, fallback):
    """What the engine is asked to make. A command without an image of its own gets `fallback` and this machine's network."""
    app = instance.app
    docker = (app.get("container") or {}).get("docker")
    host = all(each["mode"] == "host" for each in app["networks"])
    config = {"Image": docker["image"] if docker else fallback, "Labels": {}}
    config["Env"] = [f"{name}={value}" for name, value in environment(instance, bool(docker)).items()]
    if app.get("cmd"):
        config["Entrypoint"] = ["/bin/sh", "-c"]
        config["Cmd"] = [app["cmd"]] if docker else [COMMAND, app["cmd"]]
    elif app.get("args"):
        config["Cmd"] = app["args"]
    if app.get("user"):
        config["User"] = app["user"]
    ports = {} if host else published(instance)
    config["ExposedPorts"] = {port: {} for port in ports}
    binds = [
        f"{each['hostPath']}:/{each['containerPath'].lstrip('/')}:{each['mode'].lower()}"
        for each in (app.get("container") or {}).get("volumes", ())
        if each.get("hostPath", "").startswith("/")
    ]
    config["HostConfig"] = {
        "NetworkMode": "host" if host else network_name(app),
        "PortBindings": ports,
        "Binds": binds,
        "Memory": max(int(app["mem"]), 6) << 20,
        "CpuShares": max(int(app["cpus"] * 1024), 2),
        "Privileged": bool(docker and docker["privileged"]),
    }
    add_parameters(config, (docker or {}).get("parameters", ()))
    return config


def fetch(instance):
    """What the agent fetches before the start: {name: content}."""
    out = {}
    for each in instance.app.get("fetch", ()):
        try:
            with urllib.request.urlopen(each["uri"], timeout=30) as answer:
                out[each.get("destPath") or each["uri"].rsplit("/", 1)[-1]] = answer.read()
        except (OSError, ValueError) as error:
            raise EngineError(
                500, f"Failed to fetch all URIs for container '{instance.id[-36:]}': exited with status 1"
            ) from error
    return out


def network_name(app):
    name = app["networks"][0].get("name")
    return name if app["networks"][0]["mode"] == "container" and name else "bridge"


def add_parameters(config, parameters):
    """The options of `docker run` that tests use."""
    for each in parameters:
        key, value = each["key"], each["value"]
        if key == "label":
            name, _, text = value.partition("=")
            config["Labels"][name] = text
        elif key == "env":
            config["Env"].append(value)
        elif key in ("hostname", "workdir", "user", "entrypoint"):
            field = {"hostname": "Hostname", "workdir": "WorkingDir", "user": "User", "entrypoint": "Entrypoint"}[key]
            config[field] = [value] if key == "entrypoint" else value
        elif key == "network":
            config["HostConfig"]["NetworkMode"] = value


class Launcher:
    """The launch queue with the agents under it. Methods that begin with an underscore run in threads of their own."""

    def __init__(self, world, engine, agents, options):
        self.world, self.engine, self.agents, self.options = world, engine, agents, options
        self.delays = {}  # (app, config version): [seconds, until, forgotten at]
        self.stats = {}  # app: what happened to its offers
        self.sandboxes = {}  # task id: (stdout, stderr) of one that ended
        self.offers = 0
        self.used = {}

    # --- the queue

    def schedule(self, app, number):
        made = []
        for _ in range(number):
            instance = Instance(app, self.world.dialect.incarnations)
            instance.due = time.monotonic() + self.options.offer_delay
            self.world.instances[instance.id] = instance
            self.changed(instance)
            made.append(instance)
        if number:
            self.stats.setdefault(app["id"], self.fresh_stats())
        self.world.wake()
        return made

    def fresh_stats(self):
        zero = dict.fromkeys(REASONS, 0)
        return {
            "since": stamp(),
            "processed": 0,
            "unused": 0,
            "at": None,
            "used_at": None,
            "refused": dict(zero),
            "seen": dict(zero),
            "last_refused": dict(zero),
            "last_seen": dict(zero),
            "offers": {},
        }

    def offer(self):
        """One round of offers; the seconds until the next one is due."""
        now, soonest = time.monotonic(), 1.0
        for instance in list(self.world.instances.values()):
            if not instance.waiting():
                continue
            held = self.delays.get(self.key(instance.app), [0, 0, 0])[1]
            due = max(instance.due, held)
            if due > now:
                soonest = min(soonest, due - now)
            elif not self.match(instance):
                instance.due = now + self.options.offer_interval
        if not any(each.waiting() for each in self.world.instances.values()):
            self.stats.clear()
        return max(soonest, 0.01)

    def match(self, instance):
        stats = self.stats.setdefault(instance.app_id, self.fresh_stats())
        agents = [agent for agent in self.agents if agent.offering and agent.reachable]
        if not self.world.options.never_match:
            random.shuffle(agents)
        last = {}
        for agent in agents:
            everyone = list(self.world.instances.values()) + self.world.orphans
            reason, ports = refusal(instance.app, agent, everyone, agents)
            reason = "UnfulfilledConstraint" if self.world.options.never_match else reason
            self.count(stats, agent, reason, everyone)
            last[agent.id] = reason
            if reason is None:
                self.provision(instance, agent, ports)
                return True
        stats["last_seen"], stats["last_refused"] = funnel(last.values())
        return False

    def count(self, stats, agent, reason, everyone):
        stats["processed"] += 1
        seen, refused = funnel([reason])
        for each in REASONS:
            stats["seen"][each] += seen[each]
            stats["refused"][each] += refused[each]
        if reason is None:
            stats["used_at"] = stamp()
            return
        stats["unused"] += 1
        stats["at"] = stamp()
        self.offers += 1
        offer = agent.offer(self.offers, self.world.framework, everyone)
        stats["offers"][agent.id] = {"offer": offer, "reason": [reason], "timestamp": stats["at"]}

    # --- launching

    def provision(self, instance, agent, ports):
        if instance.condition != "Scheduled":
            instance.incarnation += 1
        app = instance.app
        instance.agent, instance.ports, instance.condition = agent, ports, "Provisioned"
        instance.resources = {"cpus": app["cpus"], "mem": app["mem"], "disk": app["disk"], "ports": ports}
        instance.addresses, instance.health, instance.readiness, instance.statuses = [], [], [], []
        instance.staged, instance.started, instance.container = stamp(), None, None
        instance.launching, instance.killing, instance.cause = True, False, None
        self.changed(instance)
        self.used[app["id"]] = self.used.get(app["id"], 0) + 1
        threading.Thread(target=self._launch, args=(instance, instance.incarnation), daemon=True).start()

    def _launch(self, instance, incarnation):
        try:
            container = self._start(instance)
        except (EngineError, OSError) as error:
            with self.world.lock:
                instance.launching = False
                message = self.launch_fault(instance, error)
                self.ended(instance, "Killed" if instance.killing else "Failed", message)
            return
        address = self._address(instance, container)
        with self.world.lock:
            instance.launching = False
            instance.started = stamp()
            self.status(instance, "Running", address)
            kill = instance.killing
            self.world.checks.watch(instance)
        if kill:
            threading.Thread(target=self._kill, args=(instance, container), daemon=True).start()
        self._wait(instance, incarnation, container)

    def launch_fault(self, instance, error):
        image = ((instance.app.get("container") or {}).get("docker") or {}).get("image", self.options.command_image)
        if str(error).startswith("Failed to fetch"):
            return f"Failed to launch container: {error}"
        if isinstance(error, PullError):
            return (
                f"Failed to launch container: Failed to run 'docker -H unix:///var/run/docker.sock pull {image}': "
                f"exited with status 1; stderr='{error}'"
            )
        self.world.options.note(f"{instance.task_id}: {error}")
        return "Container exited with status 125"

    def _start(self, instance):
        config = container_config(instance, self.options.command_image)
        fetched = fetch(instance)
        if not self.engine.has_image(config["Image"]):
            try:
                self.engine.pull(config["Image"])
            except EngineError as error:
                raise PullError(404, f"Error response from daemon: {error}") from error
        container = self.engine.create(f"mesos-{instance.id[-36:]}-{instance.incarnation}", config)
        instance.container = container
        if fetched:
            self.engine.put(container, fetched)
        with self.world.lock:
            self.status(instance, "Starting", instance.agent.host)
        if (instance.app.get("container") or {}).get("docker"):
            time.sleep(self.options.start_delay)
        try:
            self.engine.start(container)
        except EngineError:
            self.engine.remove(container)
            raise
        return container

    def _address(self, instance, container):
        try:
            networks = self.engine.inspect(container)["NetworkSettings"]["Networks"].values()
        except (EngineError, OSError, KeyError):
            networks = ()
        return next((each["IPAddress"] for each in networks if each.get("IPAddress")), instance.agent.host)

    def _wait(self, instance, incarnation, container):
        code = self.engine.wait(container)
        self._keep_sandbox(instance.task_id, container)
        with self.world.lock:
            if instance.incarnation == incarnation:
                self.exited(instance, code)
        try:
            self.engine.remove(container)
        except (EngineError, OSError):
            pass

    def _keep_sandbox(self, task, container):
        out, err = self.engine.logs(container)
        self.sandboxes[task] = (out[-KEPT_BYTES:], err[-KEPT_BYTES:])
        while len(self.sandboxes) > KEPT_SANDBOXES:
            self.sandboxes.pop(next(iter(self.sandboxes)))

    # --- ends

    def exited(self, instance, code):
        docker = bool((instance.app.get("container") or {}).get("docker"))
        if instance.killing:
            message = f"Container exited with status {code}" if docker else "Command terminated with signal Terminated"
            self.ended(instance, "Killed", message)
        elif code == 0:
            self.ended(
                instance, "Finished", "Container exited with status 0" if docker else "Command exited with status 0"
            )
        else:
            self.ended(instance, "Failed", f"{'Container' if docker else 'Command'} exited with status {code}")

    def ended(self, instance, condition, message):
        instance.resources = None
        if instance.wiped:
            if instance in self.world.orphans:
                self.world.orphans.remove(instance)
            self.world.bus.publish(
                "unknown_instance_terminated_event",
                instanceId=instance.id,
                runSpecId=instance.app_id,
                condition=condition,
            )
            self.world.wake()
            return
        self.status(instance, condition, None, message)
        if condition in FAILURES and not instance.killing:
            self.back_off(instance.app)
        if condition in REMEMBERED:
            self.remember(instance, f"TASK_{condition.upper()}", message)
        instance.health, instance.readiness = [], []
        instance.killing = False
        if instance.goal != "Running" or not instance.incarnations:
            self.world.instances.pop(instance.id, None)
            if instance.goal == "Running":  # before 1.8 another one takes its place
                self.schedule(instance.app, 1)
        else:
            instance.due = time.monotonic() + self.options.relaunch_delay
        self.world.wake()

    def remember(self, instance, state, message):
        self.world.failures[instance.app_id] = {
            "appId": instance.app_id,
            "host": instance.agent.host,
            "message": message,
            "state": state,
            "taskId": instance.task_id,
            "timestamp": stamp(),
            "version": instance.version,
            "slaveId": instance.agent.id,
        }

    def kill(self, instance):
        """Towards its end, by its grace period; one that was never launched just goes."""
        if instance.killing:
            return
        if instance.condition == "Scheduled" or instance.condition in TERMINAL:
            if instance.goal != "Running":
                self.world.instances.pop(instance.id, None)
                if instance.condition == "Scheduled":
                    self.changed(instance)
            self.world.wake()
            return
        instance.killing = True
        if instance.condition == "Running" and instance.container:
            threading.Thread(target=self._kill, args=(instance, instance.container), daemon=True).start()

    def decommission(self, instance):
        """Not wanted any more: dies and does not come back."""
        if instance.goal == "Running":
            instance.goal = "Decommissioned"
            if instance.condition == "Running":
                self.changed(instance)
        self.kill(instance)

    def wipe(self, instance):
        """Forgotten at once, dying behind the scenes; another one takes its place."""
        self.changed(instance)
        instance.goal, instance.wiped = "Decommissioned", True
        self.world.instances.pop(instance.id, None)
        self.changed(instance, "Killed")
        if instance.condition in ("Provisioned", "Starting", "Running"):
            self.world.orphans.append(instance)
            self.kill(instance)
        current = self.world.app(instance.app_id)
        if current:
            self.schedule(current, 1)

    def _kill(self, instance, container):
        grace = instance.app.get("taskKillGracePeriodSeconds", self.options.kill_grace)
        try:
            self.engine.stop(container, grace)
        except (EngineError, OSError):
            pass

    # --- what others are told

    def changed(self, instance, condition=None):
        placed = instance.condition != "Scheduled" and instance.agent
        self.world.bus.publish(
            "instance_changed_event",
            instanceId=instance.id,
            condition=condition or instance.condition,
            runSpecId=instance.app_id,
            agentId=instance.agent.id if placed else None,
            host=instance.agent.host if placed else None,
            runSpecVersion=instance.version,
        )

    def status(self, instance, condition, address=None, message=""):
        instance.condition = condition
        if address:
            instance.addresses = [address]
        state = {
            "Starting": "TASK_STARTING",
            "Running": "TASK_RUNNING",
            "Killed": "TASK_KILLED",
            "Failed": "TASK_FAILED",
            "Finished": "TASK_FINISHED",
        }.get(condition, f"TASK_{condition.upper()}")
        instance.statuses.append(
            (state, time.time(), instance.addresses[0] if instance.addresses else instance.agent.host)
        )
        self.world.bus.publish(
            "status_update_event",
            slaveId=instance.agent.id,
            taskId=instance.task_id,
            taskStatus=state,
            message=message,
            appId=instance.app_id,
            host=instance.agent.host,
            ipAddresses=[{"ipAddress": each, "protocol": "IPv4"} for each in instance.addresses],
            ports=list(instance.ports),
            version=instance.version,
        )
        self.changed(instance)
        self.world.wake()

    # --- backoff

    @staticmethod
    def key(app):
        return app["id"], app["versionInfo"]["lastConfigChangeAt"]

    def back_off(self, app):
        now = time.monotonic()
        seconds, _, forgotten = self.delays.get(self.key(app), (0, 0, 0))
        if seconds and now < forgotten:
            seconds = min(seconds * app["backoffFactor"], app["maxLaunchDelaySeconds"])
        else:
            seconds = min(app["backoffSeconds"], app["maxLaunchDelaySeconds"])
        self.delays[self.key(app)] = [seconds, now + seconds, now + seconds + app["maxLaunchDelaySeconds"]]

    def reset_delay(self, app):
        self.delays.pop(self.key(app), None)
        for instance in self.world.instances.values():
            if instance.app_id == app["id"]:
                instance.due = 0
        self.world.wake()


def funnel(reasons):
    """How many offers came to each step, and how many ended there."""
    seen, refused = dict.fromkeys(REASONS, 0), dict.fromkeys(REASONS, 0)
    for reason in reasons:
        for step in REASONS:
            seen[step] += 1
            if step == reason:
                refused[step] += 1
                break
    return seen, refused
