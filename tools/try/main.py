#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The main job, live: a site, two phones that boot, prove who they are and talk encrypted; attacks on
all of it; and a table of what was seen.

Everything happens in one temporary folder and, where the machine allows it, in a network of its own,
so that the wire can be recorded. Nothing outside is touched, no root is needed. Exit status 0 only
if everything held.
"""
import argparse
import os
import shutil
import signal
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

sys.dont_write_bytecode = True
ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests/e2e")]

import findings  # noqa: E402  (the path above comes first)
import wire  # noqa: E402
from job import Job  # noqa: E402
from programs import Failed  # noqa: E402
from screen import Screen  # noqa: E402

LAST_LINES = 20


def options():
    parser = argparse.ArgumentParser(
        prog="./try", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--keep", action="store_true",
                        help="leave the server and both phones running, and say how to look around")
    parser.add_argument("--host-network", action="store_true",
                        help="use this machine's loopback; the wire is then not recorded")
    return parser.parse_args()


def on_signal(number, _):
    raise SystemExit(128 + number)


def own_network(stack, chosen):
    """Go into a network of our own. Returns "" or why the wire cannot be recorded."""
    if chosen.host_network:
        return "--host-network was given"
    try:
        stack.enter_context(wire.Network())
    except (wire.Unavailable, OSError) as problem:
        return str(problem)
    return ""


def tell_failure(screen, job, problem):
    """Which step, why, and the last words of the program concerned."""
    text = str(problem) if isinstance(problem, Failed) else f"{type(problem).__name__}: {problem}"
    screen.say(f"\n{screen.strong('Failed')} at: {getattr(problem, 'step', 'the beginning')}")
    screen.say(f"  {text}")
    logs = {path: None for path in (getattr(problem, "log", None),
                                    job.server and job.server.log_path) if path}
    for path in logs:
        screen.say(f"\nThe last lines of {path}:")
        for line in path.read_text("utf-8", "replace").splitlines()[-LAST_LINES:]:
            screen.say(f"  {line}")
    screen.say(f"\nEverything is kept in {job.folder}, the logs in {job.logs}.")


def run(screen, chosen, folder):
    """Returns (exit status, whether the folder stays)."""
    began = time.monotonic()
    is_user = os.geteuid() != 0
    with ExitStack() as stack:
        no_wire = own_network(stack, chosen)
        job = stack.enter_context(Job(folder, screen, chosen.keep, no_wire))
        screen.say(screen.strong("ringfence: two phones boot, prove who they are, and talk "
                                 "encrypted") + "\n")
        try:
            job.run()
        except Exception as problem:  # every failure is told the same way
            tell_failure(screen, job, problem)
            return 1, True
        held = findings.show(screen, job.seen, job.attacks)
        screen.say(f"{time.monotonic() - began:.1f} s, without the build.")
        if chosen.keep:
            job.leave_running(is_user)
        return (0 if held else 1), chosen.keep


def main():
    chosen = options()
    if not os.environ.get("RINGFENCE_BUILD"):
        sys.exit("RINGFENCE_BUILD is not set: run ./try, which builds the programs and sets it")
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, on_signal)
    folder = Path(tempfile.mkdtemp(prefix="ringfence-try-"))
    screen, stays = Screen(), False
    try:
        status, stays = run(screen, chosen, folder)
        return status
    except KeyboardInterrupt:
        screen.say("\nstopped")
        return 130
    finally:
        if not stays:
            shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
