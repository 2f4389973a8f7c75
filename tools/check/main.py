#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The work behind ./check: runs the groups of quick.py or slow.py, one line each, and counts.

Called by ./check, which installs the packages first. The last line printed is
"N passed, N failed[, N skipped]".
"""
import argparse
import sys

import quick
import sec
import slow
from run import ROOT, Run

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
    if chosen.mode == "sec":
        sec.write_map()
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
        sec.print_sec(run.total, (ROOT / sec.NUMBERS).read_text(encoding="utf-8"))
    return run.end()


if __name__ == "__main__":
    sys.exit(main())
