"""The life of a leader: it listens, falls, comes back; and a standby beside it."""

import threading
import time

from api import Api
from mesos import Mesos
from standby import Standby
from switches import Faults, control
from wire import Answer, Server


def place(text):
    host, _, port = text.rpartition(":")
    return host, int(port)


class Leader:
    def __init__(self, world):
        self.world = world
        self.api = Api(world, self)
        self.faults = Faults(world.options.faults)
        for each in world.options.lose_event:
            kind, _, times = each.partition(":")
            world.bus.lose[kind] = int(times or 1)
        self.server = Server(place(world.options.listen), self.respond)
        self.up = False
        self.standby = Standby(self, world.options.standby) if world.options.standby else None
        self.mesos = Mesos(world, world.options.mesos) if world.options.mesos else None

    def respond(self, request):
        if request.path == "/double" or request.path.startswith("/double/"):
            return control(self, request)
        return self.faults.around(request, self.api.respond)

    def start(self):
        self.world.begin()
        self.server.start()
        self.up = True
        for other in (self.standby, self.mesos):
            if other:
                other.start()

    def end(self):
        self.up = False
        self.server.stop()
        for other in (self.standby, self.mesos):
            if other:
                other.stop()
        self.world.end()

    def abdicate(self):
        """DELETE /v2/leader: the process ends half a second later, and its supervisor starts it again."""
        self.fall(self.world.options.restart_takes, True)
        return Answer.json(200, {"message": "Leadership abdicated", "details": []})

    def fall(self, down, notice):
        """Gone for `down` seconds: at once as by SIGKILL, or with half a second's notice."""
        threading.Thread(target=self._fall, args=(down, notice), daemon=True).start()

    def _fall(self, down, notice):
        time.sleep(0.5 if notice else 0.05)
        self.up = False
        self.server.stop()
        self.world.bus.close_all()
        time.sleep(down)
        self.world.recover()
        self.server.start()
        self.up = True
