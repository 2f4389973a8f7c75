# SPDX-License-Identifier: Apache-2.0
"""Acceptance numbers (SEC-nn of docs/acceptance.md) and the tests whose names carry them."""
import re

from run import ROOT, Result

SEC = re.compile(r"(?<![A-Za-z])sec[-_]?(\d{1,3})([a-z])?(?![A-Za-z0-9])", re.I)
NUMBERS, MAP = "docs/acceptance.md", "docs/acceptance-tests.md"
# A test in the sources: of cmocka, of pytest.
TESTS = {".c": re.compile(r"^static void\s+(\w+)\(void \*\*\w+\)", re.M),
         ".py": re.compile(r"^def (test_\w+)\(", re.M)}
HEAD = f"""# Which tests show which number
<!-- commands: none -->

Written by `./check sec` from the names of the tests; the numbers are those of [acceptance.md](acceptance.md). A test with
several values counts once here. Tests of the tools are left out: they carry numbers as examples.
"""


def sec_numbers(names):
    """The SEC numbers that test names carry: test_sec_12a_wrong_name -> SEC-12a."""
    for name in names:
        for number, letter in SEC.findall(name):
            yield (int(number), letter.lower()), name


def shown(number):
    return f"SEC-{number[0]:02}{number[1]}"


def due_numbers(page):
    """The numbers of docs/acceptance.md that are to hold now: not marked *later*, nor tried by hand."""
    for number, letter, row in re.findall(r"^\| SEC-(\d+)([a-z]?) \|(.*)$", page, re.M):
        if "*later*" not in row and "by hand" not in row:
            yield int(number), letter


def print_sec(result, page):
    tests = {}
    for good, names in ((True, result.passed), (False, result.failed)):
        for number, name in sec_numbers(names):
            tests.setdefault(number, []).append((good, name))
    for number in sorted(tests):
        bad = [name for good, name in tests[number] if not good]
        word = "failed" if bad else "passed"
        print(f"SEC-{number[0]:02}{number[1]:<2} {word}  {len(tests[number])} tests"
              + (f": {', '.join(bad)}" if bad else ""))
    held = sum(1 for found in tests.values() if all(good for good, _ in found))
    due = [number for number in due_numbers(page) if number not in tests]
    if due:
        print("no test carries " + ", ".join(map(shown, due)))
    print(f"{len(tests)} SEC numbers named by tests, {held} hold")


def of_sources(root=ROOT):
    """number -> file -> names of the tests that carry it, as the sources have them."""
    found = {}
    for path in sorted((root / "tests").rglob("*")):
        name = path.relative_to(root).as_posix()
        if path.suffix in TESTS and not name.startswith("tests/tools/"):
            text = path.read_text(encoding="utf-8")
            for number, test in sec_numbers(TESTS[path.suffix].findall(text)):
                tests = found.setdefault(number, {}).setdefault(name, [])
                if test not in tests:
                    tests.append(test)
    return found


def map_page(found):
    lines = [HEAD]
    for number in sorted(found):
        lines += [f"## {shown(number)}", ""]
        lines += [f"- `{name}`: {', '.join(tests)}" for name, tests in found[number].items()] + [""]
    return "\n".join(lines).rstrip() + "\n"


def write_map(root=ROOT):
    (root / MAP).write_text(map_page(of_sources(root)), encoding="utf-8")


def compare(root=ROOT):
    """The group of ./check: the page says what the sources do, and each number that is due has a test."""
    result = Result()
    found = of_sources(root)
    page = (root / MAP).read_text(encoding="utf-8") if (root / MAP).is_file() else ""
    result.add(MAP, page == map_page(found),
               f"{MAP} is not what the tests are named; write it: ./check sec --only acceptance")
    missing = [number for number in due_numbers((root / NUMBERS).read_text(encoding="utf-8"))
               if number not in found]
    result.add(NUMBERS, not missing, "no test carries " + ", ".join(map(shown, missing))
               + f", which {NUMBERS} does not mark *later*")
    result.note = f"{len(found)} numbers"
    return result
