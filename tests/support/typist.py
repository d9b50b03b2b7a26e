#!/usr/bin/env python3
"""typist.py - somebody at a terminal, with a shell that knows jobs: runs a program there and takes the steps it is told.

    typist.py ROWSxCOLUMNS STEP... -- PROGRAM ARGUMENT...

    see:TEXT     wait until that was shown, after what was seen before
    type:TEXT    \\n, \\x03 and the like are one key each
    size:RxC     the window is another size
    kill:NAME    send the program a signal
    raw, cooked  the terminal is in that mode by now
    stopped      the program has stopped, and the terminal is the shell's
    fg           it goes on, in front
    hang-up      the terminal goes away
    end          the program has ended

Everything that was shown goes to standard output, then "exit CODE" (or "signal N"). Ends with 0, or 1 when a step could not be taken in time.
"""
import codecs, contextlib, fcntl, os, pty, select, signal, struct, sys, termios, time

PATIENCE = 30


def set_size(fd, text):
    rows, columns = map(int, text.split("x"))
    fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))


def in_front(group):
    """A shell that puts another in front is behind by then: not to be stopped for that."""
    signal.signal(signal.SIGTTOU, signal.SIG_IGN)
    os.tcsetpgrp(0, group)


def be_shell(words, news, orders):
    """The session's first process: one job, told of through `news`, moved on by a byte in `orders`."""
    mode = termios.tcgetattr(0)
    job = os.fork()
    if job == 0:
        os.setpgid(0, 0)
        in_front(os.getpid())
        signal.signal(signal.SIGTTOU, signal.SIG_DFL)
        os.execvp(words[0], words)

    def pass_on(number, _):
        with contextlib.suppress(ProcessLookupError):
            os.kill(-job, number)

    signal.signal(signal.SIGHUP, pass_on)
    os.write(news, b"pid %d\n" % job)
    while True:
        _, status = os.waitpid(job, os.WUNTRACED)
        if os.WIFSTOPPED(status):
            in_front(os.getpgrp())
            os.write(news, b"stopped\n")
            os.read(orders, 1)
            termios.tcsetattr(0, termios.TCSANOW, mode)
            in_front(job)
            os.kill(-job, signal.SIGCONT)
            continue
        left = mode == termios.tcgetattr(0) if os.isatty(0) else True
        how = "signal %d" % os.WTERMSIG(status) if os.WIFSIGNALED(status) else "exit %d" % os.WEXITSTATUS(status)
        os.write(news, ("%s\n%s\n" % ("mode kept" if left else "MODE CHANGED", how)).encode())
        os._exit(0)


class Typist:
    def __init__(self, size, words):
        news, tell = os.pipe()
        wait, self.orders = os.pipe()
        pid, self.terminal = pty.fork()
        if pid == 0:
            set_size(0, size)
            be_shell(words, tell, wait)
        os.close(tell)
        self.fds = [self.terminal, news]
        self.news, self.told, self.shown, self.seen = news, "", b"", 0

    def turn(self):
        for fd in select.select(self.fds, [], [], 0.1)[0]:
            try:
                data = os.read(fd, 65536)
            except OSError:
                data = b""
            if not data:
                self.fds.remove(fd)
            elif fd == self.news:
                self.told += data.decode()
            else:
                self.shown += data
                sys.stdout.buffer.write(data)
                sys.stdout.buffer.flush()

    def until(self, what, condition):
        end = time.monotonic() + PATIENCE
        while not condition():
            if time.monotonic() > end:
                sys.exit("typist: in vain: %s" % what)
            self.turn()

    def is_raw(self):
        return not termios.tcgetattr(self.terminal)[3] & (termios.ICANON | termios.ISIG | termios.ECHO)

    def saw(self, text):
        at = self.shown.find(text, self.seen)
        if at >= 0:
            self.seen = at + len(text)
        return at >= 0

    def job(self):
        self.until("a program", lambda: "pid " in self.told)
        return int(self.told.split("pid ")[1].split()[0])

    def take(self, step):
        kind, _, text = step.partition(":")
        if kind == "see":
            self.until(step, lambda: self.saw(text.encode()))
        elif kind == "type":
            os.write(self.terminal, codecs.decode(text, "unicode_escape").encode("latin-1"))
        elif kind == "size":
            set_size(self.terminal, text)
        elif kind == "kill":
            os.kill(self.job(), getattr(signal, "SIG" + text))
        elif kind in ("raw", "cooked"):
            self.until(step, lambda: self.is_raw() == (kind == "raw"))
        elif kind == "stopped":
            self.until(step, lambda: "stopped\n" in self.told)
            self.told = self.told.replace("stopped\n", "", 1)
        elif kind == "fg":
            os.write(self.orders, b"x")
        elif kind == "hang-up":
            self.fds.remove(self.terminal)
            os.close(self.terminal)
        elif kind == "end":
            self.until(step, lambda: "exit " in self.told or "signal " in self.told)
        else:
            sys.exit("typist: what is `%s`?" % step)


def main(arguments):
    split = arguments.index("--")
    typist = Typist(arguments[0], arguments[split + 1 :])
    for step in arguments[1:split]:
        typist.take(step)
    typist.take("end")
    while typist.fds and typist.fds != [typist.news]:
        typist.turn()
    print("\n" + typist.told.split("\n", 1)[1].strip())
    if "MODE CHANGED" in typist.told:
        sys.exit("typist: the terminal's mode was left changed")


main(sys.argv[1:])
