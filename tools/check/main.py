#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The work behind ./check: runs the groups of quick.py or slow.py, one line each, and counts.

Called by ./check, which installs the packages first. The last line printed is
"N passed, N failed[, N skipped]".
"""
import argparse
import re
import sys

import quick
import slow
from run import ROOT, Run

SEC = re.compile(r"(?<![A-Za-z])sec[-_]?(\d{1,3})([a-z])?(?![A-Za-z0-9])", re.I)


def sec_numbers(names):
    """The SEC numbers that test names carry: test_sec_12a_wrong_name -> SEC-12a."""
    for name in names:
        for number, letter in SEC.findall(name):
            yield (int(number), letter.lower()), name


def due_numbers(page):
    """The numbers of docs/acceptance.md that are not marked *later*."""
    for number, letter, row in re.findall(r"^\| SEC-(\d+)([a-z]?) \|(.*)$", page, re.M):
        if "*later*" not in row:
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
        print("no test carries " + ", ".join(f"SEC-{number:02}{letter}" for number, letter in due))
    print(f"{len(tests)} SEC numbers named by tests, {held} hold")


def main():
    options = argparse.ArgumentParser(description=__doc__,
                                      formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("mode", nargs="?", choices=["slow", "sec"])
    options.add_argument("--only", default="", help="names of groups, separated by commas")
    options.add_argument("--list", action="store_true", help="name the groups and stop")
    chosen = options.parse_args()
    groups = slow.GROUPS if chosen.mode == "slow" else quick.GROUPS
    names = [name for name, _, _ in groups]
    if chosen.list:
        print("\n".join(names))
        return 0
    only = [name.strip() for name in chosen.only.split(",") if name.strip()]
    unknown = [name for name in only if name not in names]
    if unknown:
        options.error(f"no group {unknown[0]}: there are {', '.join(names)}")
    run = Run()
    for name, work, needs in groups:
        if only and name not in only:
            continue
        if needs in run.broken:
            run.total.failed.append(name)
            print(f"  FAIL  {name:<22} not run: {needs} failed", flush=True)
            continue
        run.group(name, work)
    if chosen.mode == "sec":
        print_sec(run.total, (ROOT / "docs/acceptance.md").read_text(encoding="utf-8"))
    return run.end()


if __name__ == "__main__":
    sys.exit(main())
