"""The types of what clients send: apps, updates, groups and pods."""

from schema import (
    LONG_MAX,
    Anything,
    Choice,
    Defaulted,
    Each,
    Mapping,
    Moment,
    Must,
    Number,
    Pick,
    Record,
    Text,
    Truth,
    Whole,
)

SEGMENT = r"(([a-z0-9]|[a-z0-9][a-z0-9\-]*[a-z0-9])\.)*([a-z0-9]|[a-z0-9][a-z0-9\-]*[a-z0-9])"
PATH = Text(1, pattern=rf"^(/?((\.\.)|{SEGMENT})?($|/))+$")
LOOSE_PATH = Anything()  # dependencies are read as they come and refused later
NAME = Text(1, 63, r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$")
LEGACY_NAME = Text(1, pattern=r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$")
NETWORK_NAME = Text(1, 63, r"^[a-z0-9]([-a-z0-9_]*[a-z0-9])?$")
PORT = Whole(0, 65535)
LABELS = Mapping(Text())
PROTOCOL = Choice("tcp", "udp", "udp,tcp")
MODE = Choice("RO", "RW")
SECRET = Record(secret=Must(Text(1)))
ENV_VALUE = Pick(lambda value: Text() if isinstance(value, str) else SECRET)
COUNT = Whole(0)

PORT_MAPPING = Defaulted(
    Record(
        containerPort=PORT,
        hostPort=PORT,
        labels=LABELS,
        name=LEGACY_NAME,
        protocol=PROTOCOL,
        servicePort=PORT,
        networkNames=Each(NAME),
    ),
    containerPort=0,
    labels={},
    protocol="tcp",
    servicePort=0,
)
PORT_DEFINITION = Defaulted(
    Record(port=PORT, labels=LABELS, name=LEGACY_NAME, protocol=PROTOCOL), port=0, protocol="tcp"
)
PERSISTENT = Record(
    type=Choice("root", "path", "mount"),
    size=Must(Whole(0, largest=LONG_MAX)),
    maxSize=Whole(0, largest=LONG_MAX),
    profileName=Text(),
    constraints=Each(Each(Text(), 2, 3)),
)
EXTERNAL = Defaulted(
    Record(size=Whole(0, largest=LONG_MAX), name=Text(), provider=Text(), options=LABELS, shared=Truth()), shared=False
)


def volume(value):
    value = value if isinstance(value, dict) else {}
    if "persistent" in value:
        return Record(containerPath=Must(Text(1)), persistent=Must(PERSISTENT), mode=Must(MODE))
    if "external" in value:
        return Record(containerPath=Must(Text(1)), external=Must(EXTERNAL), mode=Must(MODE))
    if "secret" in value:
        return Record(containerPath=Must(Text(1)), secret=Must(Text(1)))
    return Record(containerPath=Must(Text(1)), hostPath=Must(Text(1)), mode=Must(MODE))


DOCKER = Defaulted(
    Record(
        credential=Anything(),
        pullConfig=Record(secret=Must(Text())),
        forcePullImage=Truth(),
        image=Must(Text(1)),
        network=Choice("BRIDGE", "HOST", "NONE", "USER"),
        parameters=Each(Record(key=Must(Text(1)), value=Must(Text()))),
        portMappings=Each(PORT_MAPPING),
        privileged=Truth(),
    ),
    forcePullImage=False,
    parameters=[],
    privileged=False,
)
CONTAINER = Defaulted(
    Record(
        type=Choice("MESOS", "DOCKER"),
        docker=DOCKER,
        linuxInfo=Anything(),
        volumes=Each(Pick(volume)),
        portMappings=Each(PORT_MAPPING),
    ),
    type="DOCKER",
    volumes=[],
)
NETWORK = Defaulted(
    Record(name=NETWORK_NAME, mode=Choice("container", "container/bridge", "host"), labels=LABELS), mode="container"
)
HEALTH_CHECK = Defaulted(
    Record(
        command=Record(value=Must(Text())),
        gracePeriodSeconds=COUNT,
        ignoreHttp1xx=Truth(),
        intervalSeconds=COUNT,
        maxConsecutiveFailures=COUNT,
        path=Text(),
        port=PORT,
        portIndex=PORT,
        protocol=Choice("HTTP", "HTTPS", "TCP", "COMMAND", "MESOS_TCP", "MESOS_HTTP", "MESOS_HTTPS"),
        ipProtocol=Choice("IPv4", "IPv6"),
        timeoutSeconds=Whole(),
        delaySeconds=COUNT,
    ),
    gracePeriodSeconds=300,
    intervalSeconds=60,
    maxConsecutiveFailures=3,
    protocol="HTTP",
    ipProtocol="IPv4",
    timeoutSeconds=20,
    delaySeconds=15,
)
READINESS_CHECK = Defaulted(
    Record(
        name=Text(1),
        protocol=Choice("HTTP", "HTTPS"),
        path=Text(1, 1024),
        portName=LEGACY_NAME,
        intervalSeconds=COUNT,
        timeoutSeconds=Whole(1),
        httpStatusCodesForReady=Each(Whole(100, 999), 1),
        preserveLastResponse=Truth(),
    ),
    name="readinessCheck",
    protocol="HTTP",
    path="/",
    portName="http-api",
    intervalSeconds=30,
    timeoutSeconds=10,
    preserveLastResponse=False,
)
CHECK = Record(
    http=Record(portIndex=PORT, port=PORT, path=Text(), scheme=Choice("HTTP", "HTTPS")),
    tcp=Record(portIndex=PORT, port=PORT),
    exec=Record(command=Must(Record(shell=Text(), argv=Each(Text())))),
    intervalSeconds=COUNT,
    timeoutSeconds=COUNT,
    delaySeconds=COUNT,
)
ARTIFACT = Defaulted(
    Record(uri=Must(Text(1, 1024)), extract=Truth(), executable=Truth(), cache=Truth(), destPath=Text(1, 1024)),
    extract=True,
    executable=False,
    cache=False,
)
UNREACHABLE = Defaulted(
    Record(inactiveAfterSeconds=Whole(0, largest=LONG_MAX), expungeAfterSeconds=Whole(0, largest=LONG_MAX)),
    inactiveAfterSeconds=0,
    expungeAfterSeconds=0,
)
RESIDENCY = Defaulted(
    Record(
        relaunchEscalationTimeoutSeconds=Whole(0, largest=LONG_MAX),
        taskLostBehavior=Choice("WAIT_FOREVER", "RELAUNCH_AFTER_TIMEOUT"),
    ),
    relaunchEscalationTimeoutSeconds=3600,
    taskLostBehavior="WAIT_FOREVER",
)
LIMIT = Pick(lambda value: Text() if isinstance(value, str) else Number(0))
IP_ADDRESS = Record(
    discovery=Record(
        ports=Each(
            Defaulted(
                Record(number=PORT, name=Must(LEGACY_NAME), protocol=PROTOCOL, labels=LABELS), number=0, protocol="tcp"
            )
        )
    ),
    groups=Each(Text()),
    labels=LABELS,
    networkName=Text(1),
)
APP_FIELDS = {
    "id": PATH,
    "acceptedResourceRoles": Each(Text()),
    "args": Each(Text()),
    "backoffFactor": Number(1),
    "backoffSeconds": COUNT,
    "cmd": Text(1),
    "constraints": Each(Each(Text(), 2, 3)),
    "container": CONTAINER,
    "cpus": Number(0),
    "dependencies": Each(Text()),
    "disk": Number(0),
    "env": Mapping(ENV_VALUE),
    "executor": Text(),
    "executorResources": Record(cpus=Number(0), mem=Number(0), disk=Number(0)),
    "fetch": Each(ARTIFACT),
    "healthChecks": Each(HEALTH_CHECK),
    "check": CHECK,
    "instances": COUNT,
    "labels": LABELS,
    "maxLaunchDelaySeconds": COUNT,
    "mem": Number(0),
    "gpus": COUNT,
    "ipAddress": IP_ADDRESS,
    "networks": Each(NETWORK),
    "ports": Each(PORT),
    "portDefinitions": Each(PORT_DEFINITION),
    "readinessChecks": Each(READINESS_CHECK),
    "residency": RESIDENCY,
    "resourceLimits": Record(cpus=LIMIT, mem=LIMIT),
    "requirePorts": Truth(),
    "secrets": Mapping(Record(source=Must(Text(1)))),
    "taskKillGracePeriodSeconds": COUNT,
    "upgradeStrategy": Record(maximumOverCapacity=Must(Number(0, 1)), minimumHealthCapacity=Must(Number(0, 1))),
    "uris": Each(Text(1, 1024)),
    "user": Text(),
    "version": Moment(),
    "killSelection": Choice("YOUNGEST_FIRST", "OLDEST_FIRST"),
    "unreachableStrategy": Pick(lambda value: Anything() if isinstance(value, str) else UNREACHABLE),
    "tty": Truth(),
    "role": Text(1),
}
UPDATE = Record(**APP_FIELDS)
APP = Record(**{**APP_FIELDS, "id": Must(PATH)})
GROUP = Record(
    id=PATH, apps=Each(APP), dependencies=Each(Text()), scaleBy=Number(0), version=Moment(), enforceRole=Truth()
)
GROUP.fields["groups"] = (Each(GROUP), False)

POD_RESOURCES = Record(cpus=Must(Number(0)), mem=Must(Number(0)), disk=Number(0), gpus=COUNT)
POD_CHECK = Record(
    http=Record(endpoint=Must(NAME), path=Text(1), scheme=Choice("HTTP", "HTTPS")),
    tcp=Record(endpoint=Must(NAME)),
    exec=Record(command=Must(Record(shell=Text(), argv=Each(Text())))),
    gracePeriodSeconds=COUNT,
    intervalSeconds=COUNT,
    maxConsecutiveFailures=COUNT,
    timeoutSeconds=COUNT,
    delaySeconds=COUNT,
)
POD_CONTAINER = Record(
    name=Must(NAME),
    exec=Record(command=Must(Record(shell=Text(), argv=Each(Text()))), overrideEntrypoint=Truth()),
    resources=Must(POD_RESOURCES),
    endpoints=Each(
        Record(
            name=Must(NAME),
            containerPort=Whole(0, 65535),
            hostPort=PORT,
            protocol=Each(NAME),
            labels=LABELS,
            networkNames=Each(NAME),
        )
    ),
    image=Record(kind=Must(Choice("DOCKER", "APPC")), id=Must(Text(1)), forcePull=Truth(), labels=LABELS),
    environment=Mapping(ENV_VALUE),
    user=Text(),
    healthCheck=POD_CHECK,
    volumeMounts=Each(Record(name=Must(NAME), mountPath=Must(Text(1, 1024)), readOnly=Truth())),
    artifacts=Each(ARTIFACT),
    labels=LABELS,
    lifecycle=Record(killGracePeriodSeconds=Number(0)),
    tty=Truth(),
)
POD = Record(
    id=Must(PATH),
    labels=LABELS,
    version=Moment(),
    user=Text(),
    environment=Mapping(ENV_VALUE),
    containers=Must(Each(POD_CONTAINER, 1)),
    secrets=Mapping(Record(source=Must(Text(1)))),
    volumes=Each(Record(name=Must(NAME), host=Text(), persistent=PERSISTENT, secret=Text(1))),
    networks=Each(NETWORK),
    scaling=Record(kind=Must(Choice("fixed")), instances=COUNT, maxInstances=COUNT),
    scheduling=Record(
        backoff=Record(backoff=Number(0), backoffFactor=Number(1), maxLaunchDelay=Number(0)),
        upgrade=Record(minimumHealthCapacity=Number(0, 1), maximumOverCapacity=Number(0, 1)),
        placement=Record(
            constraints=Each(Record(fieldName=Must(Text()), operator=Must(Text()), value=Text())),
            acceptedResourceRoles=Each(Text()),
        ),
        killSelection=Choice("YOUNGEST_FIRST", "OLDEST_FIRST"),
        unreachableStrategy=Pick(lambda value: Anything() if isinstance(value, str) else UNREACHABLE),
    ),
    executorResources=Record(cpus=Number(0), mem=Number(0), disk=Number(0)),
    role=Text(1),
)
