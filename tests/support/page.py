#!/usr/bin/env python3
"""page.py NAME PAGE - does what a page of the documentation says, and compares what comes with what it shows.

A block of any language whose first line is a comment that is a file's name (`# shop.yaml`) becomes that file. In a block of
`console`, what follows `$ ` is typed into one bash (`> ` goes on with the line before), and the lines below are what it answers;
a line `...` stands for any number of lines. What no two runs have in common (times, picked ports, addresses, ids) need not be
the same. Prints ok and not ok lines. With --write the page gets the answers that came.
"""
import os
import re
import subprocess
import sys
import time

END = "\x01end of the answer\x01"
NEVER_THE_SAME = [
    (r"\b20\d\d-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?(Z| UTC)?", "TIME"),
    (r"^ *\d+\.\d\d\d(?=  \S)", "MOMENT"),
    (r"\b\d+(\.\d+)? ?(s|ms|min|minutes?|seconds?)\b", "N s"),
    (r"\b(?!127\.0\.0\.1\b|0\.0\.0\.0\b)\d+\.\d+\.\d+\.\d+\b", "ADDRESS"),
    (r"\b[0-9a-f]{12,64}\b", "ID"),
    (r"(?<!\d)(2\d|30|31)\d\d\d(?!\d)", "PORT"),
    (r"\b(process|pid) \d+", r"\1 N"),
    (r"[^\s@]+@[A-Za-z0-9.-]+", "WHO@WHERE"),
    (r"Docker Engine \S+ API [\d.]+", "ENGINE"),
    (r"unix://\S+\.sock\b", "unix://SOCKET"),
    (r"(DOCKER_HOST|the docker program's default)$", "WHO CHOSE"),
    (r"(/[\w.-]+)+/(?=[\w-]+\.ya?ml\b)", "/"),
    (r"\bvisitor \d+", "visitor N"),
    (r"[-=]{4,}", "----"),
    (r"[ \t]+", " "),
]


def same_words(line):
    for pattern, word in NEVER_THE_SAME:
        line = re.sub(pattern, word, line)
    return line.strip()


def in_order(lines):
    """Lines that come in no certain order, one after the other, are sorted."""
    ordered, kind = [], None
    for line in lines:
        loose = re.match(r"(removed|kept) |\S+ +\| ", line)
        now = loose and (loose[1] or "|")
        if not now or now != kind:
            ordered.append([])
        ordered[-1].append(line)
        kind = now
    return [line for group in ordered for line in sorted(group)]


def fits(shown, came):
    """Whether the lines that came are those that are shown."""
    if not shown:
        return not came
    if shown[0].strip() == "...":
        return any(fits(shown[1:], came[i:]) for i in range(len(came) + 1))
    return bool(came) and same_words(shown[0]) == same_words(came[0]) and fits(shown[1:], came[1:])


class Shell:
    def __init__(self):
        self.bash = subprocess.Popen(["bash", "--norc"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                     text=True, encoding="utf-8", errors="replace")

    def answer(self, command):
        # Without input of its own a command would swallow the next ones.
        self.bash.stdin.write(f"{{ {command}\n}} </dev/null\nlast=$?; printf '%s\\n' '{END}'; (exit $last)\n")
        self.bash.stdin.flush()
        lines = []
        for line in self.bash.stdout:
            if line.rstrip("\n").endswith(END):
                rest = line.rstrip("\n")[: -len(END)]
                return lines + ([rest] if rest else [])
            lines.append(line.rstrip("\n"))
        return lines + ["(the shell ended)"]

    def close(self):
        self.bash.stdin.close()
        self.bash.wait()


def answered(shell, command, shown):
    """(whether it fits, what came). What programs write comes when it comes: the log is read again for a while."""
    deadline = time.monotonic() + 60
    while True:
        came = shell.answer(command)
        good = fits(in_order(shown), in_order(came))
        if good or not command.startswith("berth logs ") or time.monotonic() > deadline:
            return good, came
        time.sleep(0.2)


def blocks(lines):
    """(language, first line's index, index past the last line) of each block."""
    start = None
    for i, line in enumerate(lines):
        if line.startswith("```"):
            if start is None:
                start = (line[3:].strip(), i + 1)
            else:
                yield start[0], start[1], i
                start = None


def steps(lines, start, end):
    """(command, first line of its answer, line past it) of a block of console."""
    i = start
    while i < end:
        assert lines[i].startswith("$ "), f"line {i + 1}: no `$ `: {lines[i]}"
        command = lines[i][2:]
        i += 1
        while i < end and lines[i].startswith("> "):
            command += "\n" + lines[i][2:]
            i += 1
        first = i
        while i < end and not lines[i].startswith("$ "):
            i += 1
        yield command, first, i


def follow(name, page, write):
    with open(page, encoding="utf-8") as file:
        lines = file.read().split("\n")
    shell, failed, corrections = Shell(), 0, []
    for language, start, end in blocks(lines):
        target = re.fullmatch(r"# ([\w./-]+\.\w+)", lines[start]) if start < end else None
        if target:
            os.makedirs(os.path.dirname(target[1]) or ".", exist_ok=True)
            with open(target[1], "w", encoding="utf-8") as file:
                file.write("\n".join(lines[start:end]) + "\n")
        if language != "console":
            continue
        for command, first, last in steps(lines, start, end):
            good, came = answered(shell, command, lines[first:last])
            shown = lines[first:last]
            failed += not good
            print(f"{'ok' if good else 'not ok'} - {name}: line {first}: {command.splitlines()[0]}")
            if not good or not any(line.strip() == "..." for line in shown):
                corrections.append((first, last, came))
            if not good:
                for line in shown:
                    print(f"#   - {line}")
                for line in came:
                    print(f"#   + {line}")
            sys.stdout.flush()
    shell.close()
    if write:
        for first, last, came in reversed(corrections):
            lines[first:last] = [line.rstrip() for line in came]
        with open(page, "w", encoding="utf-8") as file:
            file.write("\n".join(lines))
    return failed > 0


if __name__ == "__main__":
    words = [word for word in sys.argv[1:] if word != "--write"]
    sys.exit(follow(words[0], words[1], "--write" in sys.argv))
