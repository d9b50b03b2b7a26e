"""tally.py LOG - what one `ctest -V` run found: prints `PASSED FAILED`, and the tests that failed on standard error."""
import re
import sys

SYNTHESIS = re.compile(r"Synthesis: Tested: (\d+) \| Passing: (\d+) \| Failing: (\d+) \| Crashing: (\d+)")
FAILED = re.compile(r"\[(?:FAIL|CRASH)\] (\S+?):? ")
VERDICT = re.compile(r"^ *\d+/\d+ Test +#(\d+): (\S+) \.*(.*?) +[\d.]+ sec")


def main(log):
    said, verdicts = {}, {}
    for line in open(log, encoding="utf-8", errors="replace"):
        line = re.sub(r"\x1b\[[0-9;]*m", "", line)
        number, colon, text = line.partition(": ")
        if colon and number.isdigit():
            said.setdefault(number, []).append(text.rstrip("\n"))
        elif match := VERDICT.match(line):
            verdicts[match[1]] = (match[2], "Passed" in match[3], match[3].strip(" *"))
    passed = failed = 0
    for number, (name, good, how) in verdicts.items():
        lines = said.get(number, [])
        counted = [match for match in map(SYNTHESIS.search, lines) if match]
        yes, no = sum(int(m[2]) for m in counted), sum(int(m[3]) for m in counted)
        if not counted:
            yes = sum(line.startswith("ok ") for line in lines)
            no = sum(line.startswith("not ok ") for line in lines)
        # One that ended badly without naming a test, or that tried nothing, counts as one failure.
        if (not good and not no) or (counted and yes + no == 0):
            no += 1
        if yes + no == 0:
            yes = 1
        for line in lines:
            if FAILED.search(line) or line.startswith("not ok "):
                print(f"{name}: {line.strip()}", file=sys.stderr)
            elif no and ("[----]" in line or "ERROR: " in line):
                print("    " + line.strip()[:220], file=sys.stderr)
        if no:
            print(f"{name}: {no} failed ({how})", file=sys.stderr)
        passed, failed = passed + yes, failed + no
    if not verdicts:
        print("no test was run", file=sys.stderr)
        failed = 1
    print(passed, failed)


if __name__ == "__main__":
    main(sys.argv[1])
