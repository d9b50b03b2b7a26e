"""What a JSON value must look like before anybody asks whether it makes sense: all faults of a body at once, with their paths."""

import json
import re
from datetime import datetime

INT_MAX, LONG_MAX = 2**31 - 1, 2**63 - 1


class Faults(list):
    def add(self, path, word):
        self.append((path, word))


def compact(value):
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


class Text:
    def __init__(self, shortest=0, longest=None, pattern=None):
        self.shortest, self.longest = shortest, longest
        self.pattern = re.compile(pattern) if pattern else None

    def read(self, value, path, faults):
        if not isinstance(value, str):
            return faults.add(path, "error.expected.jsstring")
        if len(value) < self.shortest:
            faults.add(path, "error.minLength")
        elif self.longest and len(value) > self.longest:
            faults.add(path, "error.maxLength")
        elif self.pattern and not self.pattern.search(value):
            faults.add(path, "error.pattern")
        return value


class Number:
    def __init__(self, least=None, most=None):
        self.least, self.most = least, most

    def read(self, value, path, faults):
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            return faults.add(path, "error.expected.jsnumber")
        self.bounds(value, path, faults)
        return float(value)

    def bounds(self, value, path, faults):
        if self.least is not None and value < self.least:
            faults.add(path, "error.min")
        elif self.most is not None and value > self.most:
            faults.add(path, "error.max")


class Whole(Number):
    def __init__(self, least=None, most=None, largest=INT_MAX):
        super().__init__(least, most)
        self.largest = largest

    def read(self, value, path, faults):
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            return faults.add(path, "error.expected.jsnumber")
        if value != int(value) or abs(value) > self.largest:
            return faults.add(path, "error.expected.int" if self.largest == INT_MAX else "error.expected.long")
        self.bounds(value, path, faults)
        return int(value)


class Truth:
    def read(self, value, path, faults):
        if not isinstance(value, bool):
            return faults.add(path, "error.expected.jsboolean")
        return value


class Choice:
    def __init__(self, *words):
        self.words = words

    def read(self, value, path, faults):
        if not isinstance(value, str):
            return faults.add(path, "error.expected.jsstring")
        if value not in self.words:
            return faults.add(path, "error.unknown.enum.literal")
        return value


class Moment:
    def read(self, value, path, faults):
        if not isinstance(value, str):
            return faults.add(path, "error.expected.date")
        try:
            datetime.fromisoformat(value.replace("Z", "+00:00"))
        except ValueError:
            return faults.add(path, "error.expected.date.isoformat")
        return value


class Each:
    """A list; `fewest` and `most` count its elements."""

    def __init__(self, of, fewest=0, most=None):
        self.of, self.fewest, self.most = of, fewest, most

    def read(self, value, path, faults):
        if not isinstance(value, list):
            return faults.add(path, "error.expected.jsarray")
        if len(value) < self.fewest:
            faults.add(path, "error.minLength")
        elif self.most is not None and len(value) > self.most:
            faults.add(path, "error.maxLength")
        return [self.of.read(each, f"{path}({number})", faults) for number, each in enumerate(value)]


class Mapping:
    def __init__(self, of):
        self.of = of

    def read(self, value, path, faults):
        if not isinstance(value, dict):
            return faults.add(path, "error.expected.jsobject")
        return {key: self.of.read(each, f"{path}/{key}", faults) for key, each in value.items()}


class Record:
    """An object: fields that nobody knows are dropped without a word, one that says `!` must be there."""

    def __init__(self, **fields):
        self.fields = {}
        for name, kind in fields.items():
            must = isinstance(kind, Must)
            self.fields[name] = (kind.kind if must else kind, must)

    def read(self, value, path, faults):
        if not isinstance(value, dict):
            return faults.add(path, "error.expected.jsobject")
        out = {}
        for name, (kind, must) in self.fields.items():
            if value.get(name) is None:
                if must:
                    faults.add(f"{path}/{name}", f"'{name}' is undefined on object: {compact(value)}")
                continue
            out[name] = kind.read(value[name], f"{path}/{name}", faults)
        return out


class Must:
    def __init__(self, kind):
        self.kind = kind


class Pick:
    """One of several types, by a function of the value."""

    def __init__(self, which):
        self.which = which

    def read(self, value, path, faults):
        return self.which(value).read(value, path, faults)


class Anything:
    def read(self, value, path, faults):
        return value


class Defaulted:
    """A value whose absence is filled in by the reader itself."""

    def __init__(self, record, **defaults):
        self.record, self.defaults = record, defaults

    def read(self, value, path, faults):
        out = self.record.read(value, path, faults)
        if isinstance(out, dict):
            for name, default in self.defaults.items():
                out.setdefault(name, list(default) if isinstance(default, list) else default)
        return out
