# SPDX-License-Identifier: Apache-2.0
"""What the groups of ./check share: running a program, building, counting.

A group is a function that takes the Run and returns a Result. One line a group is printed; the full
text of what failed follows it, and nothing of what passed.
"""
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree as ElementTree
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PYTHON = "/usr/bin/python3"
JOBS = str(os.cpu_count() or 2)
UNITS = str(int(JOBS) + 1)  # some of them wait
PHONES = str(int(JOBS) + 3)  # end-to-end tests at a time: for the most part they wait


class Result:
    """Counts of one group, the names of the tests (for SEC numbers), and the text of failures."""

    def __init__(self):
        self.passed, self.failed, self.skipped = [], [], []
        self.details = []
        self.note = ""

    def add(self, name, good, detail=""):
        (self.passed if good else self.failed).append(name)
        if not good:
            self.details.append(f"--- {name}\n{detail.rstrip()}")
        return good

    def skip(self, name, why=""):
        self.skipped.append(f"{name} ({why})" if why else name)

    def merge(self, other):
        self.passed += other.passed
        self.failed += other.failed
        self.skipped += other.skipped
        self.details += other.details


class Run:
    """One run of ./check: prints the line of each group, adds up, ends with the counts."""

    def __init__(self):
        self.total = Result()
        self.began = time.monotonic()
        self.broken = set()

    def group(self, name, work):
        began = time.monotonic()
        if sys.stdout.isatty():
            print(f"  ...   {name}", end="\r", flush=True)
        try:
            result = work()
        except Exception as problem:  # a group that breaks is a failure, not the end of the run
            result = Result()
            result.add(name, False, f"{type(problem).__name__}: {problem}")
        if os.geteuid() == 0:  # only what needs root may be skipped
            for one in result.skipped:
                result.add(one, False, "skipped, though root runs it")
            result.skipped = []
        seconds = time.monotonic() - began
        counts = [f"{len(result.passed)} passed"]
        if result.failed:
            counts.append(f"{len(result.failed)} FAILED")
        if result.skipped:
            counts.append(f"{len(result.skipped)} skipped")
        mark = "FAIL" if result.failed else "ok  "
        note = f"  {result.note}" if result.note else ""
        print(f"  {mark}  {name:<22} {', '.join(counts):<28} {seconds:6.1f} s{note}", flush=True)
        for one in result.skipped:
            print(f"          skipped: {one}")
        for one in result.details:
            print(one, flush=True)
        self.total.merge(result)
        if result.failed:
            self.broken.add(name)
        return result

    def end(self):
        seconds = time.monotonic() - self.began
        print(f"{int(seconds // 60)} min {int(seconds % 60)} s")
        line = f"{len(self.total.passed)} passed, {len(self.total.failed)} failed"
        if self.total.skipped:
            line += f", {len(self.total.skipped)} skipped"
        print(line)
        return 1 if self.total.failed or not self.total.passed else 0


def call(command, timeout=600, env=None, cwd=ROOT):
    """Run a program without standard input. Returns (exit status, output); its children die with it."""
    full = dict(os.environ, **(env or {}))
    with subprocess.Popen([str(word) for word in command], stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, cwd=cwd, env=full,
                          start_new_session=True) as child:
        try:
            output, _ = child.communicate(timeout=timeout)
            status = child.returncode
        except subprocess.TimeoutExpired:
            os.killpg(child.pid, signal.SIGKILL)
            output, _ = child.communicate()
            output += f"\nstopped after {timeout} s\n".encode()
            status = 124
        except BaseException:
            os.killpg(child.pid, signal.SIGKILL)
            raise
    return status, output.decode("utf-8", "replace")


def configure(folder, *options, env=None):
    """meson setup, or a change of the options of a folder set up before."""
    verb = ["meson", "configure", folder] if (ROOT / folder / "build.ninja").is_file() else \
           ["meson", "setup", folder]
    status, output = call([*verb, *options], env=env)
    if status != 0 and verb[1] == "configure":  # options moved: start again
        shutil.rmtree(ROOT / folder)
        status, output = call(["meson", "setup", folder, *options], env=env)
    if status == 0:  # a meson.build that changed since: the list of programs must be today's
        status, output = call(["ninja", "-C", folder, "build.ninja"], env=env)
    return status, output


def build(folder, *options, env=None, targets=(), timeout=1800):
    """Build a folder quietly. One test of the result: it compiles without a warning."""
    result = Result()
    name = f"build {folder}"
    status, output = configure(folder, *options, env=env)
    if status == 0:
        status, output = call(["ninja", "-C", folder, "-k", "0", *targets], env=env,
                              timeout=timeout)
        if status != 0:
            blocks = re.split(r"\n(?=\[\d+/\d+\])", output)
            output = "\n".join(b for b in blocks if "FAILED:" in b or "error:" in b) or output
    result.add(name, status == 0, output[-20000:])
    return result


def programs_named(folder, prefix):
    """The programs of a build folder whose name begins so, built or not."""
    status, output = call(["meson", "introspect", "--targets", folder])
    if status != 0:
        raise RuntimeError(output)
    return sorted(Path(target["filename"][0]) for target in json.loads(output)
                  if target["type"] == "executable" and target["name"].startswith(prefix))


def script(name, command, **more):
    """A check tool as one test: status 0 passes; its last line is the note."""
    result = Result()
    status, output = call(command, **more)
    if result.add(name, status == 0, output):
        result.note = output.strip().splitlines()[-1][:60] if output.strip() else ""
    return result


CMOCKA = re.compile(r"^\[\s*(OK|FAILED|SKIPPED)\s*\] (\w+)\s*$", re.M)


def of_cmocka(result, program, status, output):
    """Count the cmocka tests of one executable; one that dies before it says so fails as a whole."""
    lines = CMOCKA.findall(output)
    failed = sorted({name for what, name in lines if what == "FAILED"})
    for what, name in lines:
        if what == "OK":
            result.add(f"{program}:{name}", True)
        elif what == "SKIPPED":
            result.skip(f"{program}:{name}")
    for name in failed:
        result.failed.append(f"{program}:{name}")
    if status == 0 and not lines:
        result.add(program, True)
    if status != 0 and not failed:
        result.failed.append(program)
    if status != 0 or failed:
        result.details.append(f"--- {program}\n{quiet_cmocka(output)}")


def quiet_cmocka(output):
    """The output without the lines of the tests that passed."""
    lines = [line for line in output.splitlines()
             if not re.match(r"^\[\s*(RUN|OK|=+)\s*\]", line)]
    return "\n".join(lines[-400:])


def meson_tests(folder, suites=(), env=None, timeout_multiplier=1, wrapper=None, timeout=1800,
                names=()):
    """Run meson's tests and read its log: every cmocka test counts for one."""
    result = Result()
    log = ROOT / folder / "meson-logs" / "testlog.json"
    log.unlink(missing_ok=True)
    command = ["meson", "test", "-C", folder, "--no-rebuild", "--num-processes", UNITS,
               "--timeout-multiplier", str(timeout_multiplier), "--quiet"]
    for suite in suites:
        command += ["--suite", suite]
    if wrapper:
        command += ["--wrapper", wrapper]
    command += names
    status, output = call(command, env=env, timeout=timeout)
    if not log.is_file():
        result.add(f"meson test {folder}", False, output)
        return result
    for line in log.read_text(encoding="utf-8").splitlines():
        test = json.loads(line)
        name = test["name"].split(" / ")[-1]
        text = (test.get("stdout") or "") + (test.get("stderr") or "")
        if test["result"] == "SKIP":
            result.skip(name)
        else:
            bad = test["result"] not in ("OK", "EXPECTEDFAIL")
            if test["result"] not in ("OK", "FAIL"):
                text += f"\n[{test['result']} after {test['duration']:.1f} s]"
            of_cmocka(result, name, 1 if bad else 0, text)
    if status != 0 and not result.failed:
        result.add(f"meson test {folder}", False, output)
    if not result.passed and not result.failed:
        result.add(f"meson test {folder}", False, "no tests ran")
    return result


def pytests(folders, build_folder, extra=(), env=None, timeout=1800, name=None, workers=1,
            share="loadfile"):
    """Run pytest with the distribution's Python and read its junit file. Several workers share the
    files of tests among them, or with `share` "loadgroup" the tests, each to who is free: "load" gives
    them out in heaps, and the long ones lie side by side."""
    result = Result()
    folders = [f for f in folders if (ROOT / f.split("::")[0]).is_file()
               or any((ROOT / f).rglob("test_*.py"))]
    if not folders:
        result.note = "no tests there yet"
        return result
    name = name or folders[0]
    junit = ROOT / "build" / f"junit-{re.sub(r'[^A-Za-z0-9]+', '-', name)}.xml"
    junit.parent.mkdir(exist_ok=True)
    junit.unlink(missing_ok=True)
    full = {"RINGFENCE_BUILD": str(ROOT / build_folder), "PYTHONDONTWRITEBYTECODE": "1",
            "CI": "true",  # then pytest shows all of what was compared
            **(env or {})}
    if int(workers) > 1:
        extra = [*extra, "-n", str(workers), "--dist", share]
    with tempfile.TemporaryDirectory(prefix="rf-", ignore_cleanup_errors=True) as folder:
        os.chmod(folder, 0o755)  # the signer may be another user
        # A short path: the name of a socket has 107 bytes.
        status, output = call([PYTHON, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-o",
                               "junit_family=xunit2", f"--junitxml={junit}", "--tb=short",
                               f"--basetemp={folder}/t", *extra, *folders], env=full,
                              timeout=timeout)
    if not junit.is_file():
        if status == 5 and extra:  # nothing selected
            result.note = "no tests there yet"
        else:
            result.add(f"pytest {name}", False, output)
        return result
    for case in ElementTree.parse(junit).iter("testcase"):
        test = f"{case.get('classname', '').split('.')[-1]}:{case.get('name')}"
        bad = [c for c in case if c.tag in ("failure", "error")]
        skipped = [c for c in case if c.tag == "skipped"]
        if bad:
            result.add(test, False, "\n".join((c.text or c.get("message") or "") for c in bad))
        elif skipped:
            result.skip(test, (skipped[0].get("message") or "")[:100])
        else:
            result.add(test, True)
    if status not in (0, 1, 5) or (status == 1 and not result.failed):
        result.add(f"pytest {name}", False, output[-20000:])
    return result
