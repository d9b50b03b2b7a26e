"""The instances of apps: what each is meant to be, what it is, and how answers show it."""

import uuid

from tree import stamp

TASK_STATES = {
    "Provisioned": "TASK_STAGING",
    "Staging": "TASK_STAGING",
    "Starting": "TASK_STARTING",
    "Running": "TASK_RUNNING",
    "Killing": "TASK_KILLING",
    "Killed": "TASK_KILLED",
    "Failed": "TASK_FAILED",
    "Finished": "TASK_FINISHED",
    "Error": "TASK_ERROR",
    "Unreachable": "TASK_UNREACHABLE",
    "UnreachableInactive": "TASK_UNREACHABLE",
    "Gone": "TASK_GONE",
    "Dropped": "TASK_DROPPED",
}
ACTIVE = {"Provisioned", "Staging", "Starting", "Running", "Killing", "Unreachable"}
TERMINAL = {"Killed", "Failed", "Finished", "Error", "Gone", "Dropped", "UnreachableInactive"}
FAILURES = {"Failed", "Error", "Gone", "Dropped", "Finished"}  # what the backoff counts
REMEMBERED = {"Failed", "Error", "Gone", "Dropped"}  # what lastTaskFailure shows


class Instance:
    def __init__(self, app, incarnations=True):
        self.app, self.incarnations = app, incarnations
        self.id = app["id"].strip("/").replace("/", "_") + ".instance-" + str(uuid.uuid1())
        self.goal, self.condition, self.incarnation = "Running", "Scheduled", 1
        self.agent = self.container = self.staged = self.started = None
        self.ports, self.addresses, self.health, self.readiness = [], [], [], []
        self.resources = None
        self.killing = self.launching = self.wiped = False
        self.cause = None  # why a health check wants it dead
        self.statuses = []  # Mesos' history: (state, time, address)
        self.due = 0.0
        self.since = stamp()

    @property
    def task_id(self):
        return f"{self.id}._app.{self.incarnation}" if self.incarnations else f"{self.id}._app"

    @property
    def app_id(self):
        return self.app["id"]

    @property
    def version(self):
        return self.app["version"]

    def waiting(self):
        """Whether an offer is wanted for it."""
        return (
            self.goal == "Running"
            and not self.launching
            and (self.condition == "Scheduled" or self.condition in TERMINAL)
        )

    def alive(self):
        return self.condition in ACTIVE

    def consumes(self):
        return self.resources is not None

    def healthy(self):
        """True, False, or None while nothing is known."""
        if not self.app.get("healthChecks") or not self.health or self.condition != "Running":
            return None
        return all(result and result["alive"] for result in self.health)

    def ready(self):
        """As ready as the app's own checks ask for."""
        if self.condition != "Running" or self.killing:
            return False
        if self.app.get("healthChecks") and not self.healthy():
            return False
        return (
            all(result["ready"] for result in self.readiness)
            if self.app.get("readinessChecks") and self.readiness
            else (not self.app.get("readinessChecks"))
        )

    def task(self, service_ports=()):
        """As GET /v2/tasks shows it."""
        out = {"appId": self.app_id, "healthCheckResults": [result for result in self.health if result]}
        out |= {"host": self.agent.host, "id": self.task_id}
        out["ipAddresses"] = [{"ipAddress": address, "protocol": "IPv4"} for address in self.addresses]
        active = self.alive()
        out["ports"] = list(self.ports) if active else []
        out["servicePorts"] = list(service_ports)
        out |= {"slaveId": self.agent.id, "state": TASK_STATES[self.condition]}
        if active:
            out["stagedAt"] = self.staged
            if self.started:
                out["startedAt"] = self.started
            out["version"] = self.version
        out |= {"localVolumes": [], "role": self.app["role"]}
        return out

    def listed(self):
        return self.condition not in ("Scheduled", "UnreachableInactive") and self.agent is not None


def counts(instances):
    shown = [each for each in instances if each.listed()]
    return {
        "tasksStaged": sum(TASK_STATES[each.condition] == "TASK_STAGING" for each in shown),
        "tasksRunning": sum(each.condition == "Running" for each in shown),
        "tasksHealthy": sum(each.healthy() is True for each in shown),
        "tasksUnhealthy": sum(
            any(result and not result["alive"] for result in each.health) for each in shown if each.alive()
        ),
    }
