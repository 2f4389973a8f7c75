# SPDX-License-Identifier: Apache-2.0
"""The groups of ./check slow: the other compiler, threads, fleets, static checks, fuzzing, checks
switched off."""
import json
import os
import re
import shutil
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from run import (CMOCKA, JOBS, PHONES, ROOT, Result, build, call, configure, meson_tests, programs_named,
                 pytests)

CLANG = {"CC": "clang"}
WALK_ALL = {"RINGFENCE_WALK": "all"}
CLANG_BUILD, RELEASE, TSAN, FUZZ, HOOKS = ("build/clang", "build/release-check", "build/tsan",
                                           "build/fuzz", "build/hooks")
FUZZ_SECONDS = int(os.environ.get("RF_FUZZ_SECONDS", "60"))
FUZZ_RATE = 10  # runs a second; what is slower has looked at nothing


def clang_build():
    return build(CLANG_BUILD, "-Dtest_hooks=true", "-Dwerror=true", env=CLANG)


def clang_unit():
    return meson_tests(CLANG_BUILD)


def release_build():
    """What users get: optimised, no hooks, and no test could be switched off by a variable."""
    result = build(RELEASE, "--buildtype=release" if not (ROOT / RELEASE / "build.ninja").is_file()
                   else "-Dbuildtype=release", "-Dtest_hooks=false", "-Dtests=false",
                   "-Dwerror=true")
    for name in sorted((ROOT / RELEASE / "src/app").glob("*/ring*")):
        if name.is_file() and os.access(name, os.X_OK):
            found = b"RINGFENCE_SKIP_CHECKS" in name.read_bytes()
            result.add(f"no hooks in {name.name}", not found, f"{name} reads RINGFENCE_SKIP_CHECKS")
    return result


def thread_wrapper():
    """The thread sanitizer does not start where addresses are spread too widely: then setarch -R."""
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder, "a.c")
        source.write_text("int main(void) { return 0; }\n", encoding="ascii")
        status, output = call(["gcc", "-fsanitize=thread", "-o", Path(folder, "a"), source])
        if status != 0:
            raise RuntimeError(output)
        for wrapper in (None, "setarch -R"):
            words = (wrapper.split() if wrapper else []) + [Path(folder, "a")]
            if all(call(words)[0] == 0 for _ in range(5)):
                return wrapper
    raise RuntimeError("the thread sanitizer does not start on this machine")


def threads():
    """Unit and flow tests, and the end-to-end tests marked tsan, under the thread sanitizer."""
    result = build(TSAN, "-Db_sanitize=thread", "-Dtest_hooks=true")
    if result.failed:
        return result
    options = {"TSAN_OPTIONS": "halt_on_error=1:second_deadlock_stack=1"}
    wrapper = thread_wrapper()
    result.merge(meson_tests(TSAN, env=options, timeout_multiplier=4, wrapper=wrapper))
    result.merge(pytests(["tests/flow"], TSAN, env=options, name="tsan-flow", workers=PHONES))
    if wrapper is None:
        result.merge(pytests(["tests/e2e"], TSAN, extra=["-m", "tsan"], env=options,
                             name="tsan-e2e", workers=PHONES))
    return result


def fleets():
    """What ./check does with a few phones, with fifty."""
    result = build(HOOKS, "-Dtest_hooks=true")
    if not result.failed:
        result.merge(pytests(["tests/e2e"], HOOKS, extra=["-m", "fleet"],
                             env={"RINGFENCE_FLEET": "50", "RINGFENCE_BRANCH": "50"}, name="fleets", workers=PHONES))
    return result


def walks():
    """What ./check does at a few steps, at each of them."""
    result = build(HOOKS, "-Dtest_hooks=true")
    if result.failed:
        return result
    with ThreadPoolExecutor(1) as pool:  # one process, beside the programs
        units = pool.submit(meson_tests, HOOKS, names=["unit/service/setup_broken"], env=WALK_ALL)
        result.merge(pytests(["tests/e2e"], HOOKS, extra=["-m", "walk"],
                             env=WALK_ALL, name="walks", workers=PHONES, share="loadgroup"))
        result.merge(units.result())
    return result


def tidy():
    """clang-tidy over every source of the programs; one test a file."""
    result = Result()
    status, output = configure(CLANG_BUILD, "-Dtest_hooks=true", "-Dwerror=true", env=CLANG)
    if status != 0:
        result.add("clang-tidy", False, output)
        return result
    commands = json.loads((ROOT / CLANG_BUILD / "compile_commands.json").read_text("utf-8"))
    files = sorted({os.path.relpath(os.path.join(c["directory"], c["file"]), ROOT)
                    for c in commands})
    files = [name for name in files if name.startswith("src/")]

    def one(name):
        return name, call(["clang-tidy", "--quiet", "-p", CLANG_BUILD, name])

    with ThreadPoolExecutor(int(JOBS)) as pool:
        for name, (status, output) in pool.map(one, files):
            lines = [line for line in output.splitlines()
                     if not re.match(r"^\d+ warnings? (generated|treated)|^Suppressed ", line)]
            result.add(f"clang-tidy {name}", status == 0, "\n".join(lines[:200]))
    return result


def fuzz():
    """Each target for a while, two at a time, on a copy of its corpus. A finding is kept in build/."""
    options = ("-Dfuzz=true", "-Db_sanitize=address,undefined", "-Db_lundef=false")
    result = Result()
    status, output = configure(FUZZ, *options, env=CLANG)
    if not result.add("fuzz set-up", status == 0, output):
        return result
    targets = programs_named(FUZZ, "fuzz_")
    if not targets:
        result.note = "no targets yet"
        return result
    result = build(FUZZ, *options, env=CLANG,
                   targets=[str(path.relative_to(ROOT / FUZZ)) for path in targets])
    if result.failed:
        return result
    found = ROOT / "build/fuzz-findings"
    found.mkdir(exist_ok=True)
    runs = {}

    def one(target):
        codec = target.name[len("fuzz_"):]
        corpus = ROOT / "tests/fuzz/corpus" / codec
        with tempfile.TemporaryDirectory(prefix="rf-fuzz-") as folder:
            start = Path(folder, "corpus")
            shutil.copytree(corpus, start) if corpus.is_dir() else start.mkdir()
            command = [target, start, f"-max_total_time={FUZZ_SECONDS}", "-timeout=10",
                       "-rss_limit_mb=2048", "-print_final_stats=1", "-verbosity=1",
                       f"-artifact_prefix={found}/{codec}-"]
            dictionary = ROOT / "tests/fuzz" / f"{codec}.dict"
            if dictionary.is_file():
                command.append(f"-dict={dictionary}")
            status, output = call(command, timeout=FUZZ_SECONDS + 120,
                                  env={"UBSAN_OPTIONS": "halt_on_error=1:print_stacktrace=1"})
        executed = re.search(r"number_of_executed_units:\s*(\d+)", output)
        runs[codec] = int(executed.group(1)) if executed else 0
        return codec, status == 0 and runs[codec] >= FUZZ_SECONDS * FUZZ_RATE, output

    with ThreadPoolExecutor(2) as pool:
        for codec, good, output in pool.map(one, targets):
            result.add(f"fuzz {codec}", good, output[-6000:])
    result.note = f"{FUZZ_SECONDS} s each; " + ", ".join(
        f"{c} {n / 1000:.{0 if n >= 10000 else 1}f}k" for c, n in sorted(runs.items()))
    return result


NOTICED = ROOT / "tests/support/checks-noticed.txt"
NOTICED_IS = f"""\
# Which test notices when a check is switched off; `./check slow` asks it first, and looks further when
# it does not. Written by that command to build/{NOTICED.name}: copy it here when much has changed."""
CHECK_NAME = re.compile(r'\brf_fault_skips\(\s*"([^"]+)"\s*\)')


def check_names():
    """Every check that the sources let a test switch off, with the file it stands in."""
    names = {}
    for path in sorted((ROOT / "src").rglob("*.[ch]")):
        if path.parent.name == "base" and path.stem == "faults":
            continue
        for name in CHECK_NAME.findall(path.read_text("utf-8")):
            names.setdefault(name, path.relative_to(ROOT / "src"))
    return names


def likeness(test, check, source):
    """How likely this test notices: it is named after the check's file, folder or area."""
    words = re.split(r"[/._-]", test)
    return sum(3 if word == source.stem else 2 if word in source.parts else 1
               for word in set(words) & ({source.stem, *source.parts, *re.split(r"[.-]", check)}))


def unit_programs(folder):
    """name -> command line of the unit tests that meson knows."""
    status, output = call(["meson", "introspect", "--tests", folder])
    if status != 0:
        raise RuntimeError(output)
    return {test["name"]: (test["cmd"], test.get("env") or {}, test.get("timeout") or 120)
            for test in json.loads(output) if "corpus" not in test["suite"][0].split(":")[-1]}


def run_unit(program, more):
    """One that fails does not clear up: what it leaves goes with its folder."""
    command, env, timeout = program
    with tempfile.TemporaryDirectory(prefix="rf-", ignore_cleanup_errors=True) as folder:
        os.chmod(folder, 0o1777)  # the signer may be another user
        return call(command, timeout=timeout, env={**env, "TMPDIR": folder, **more})


def asked_by_unit(programs, result):
    """name -> the checks that this unit test asks for. All of them pass, or result says which do not."""
    def one(name):
        with tempfile.TemporaryDirectory(prefix="rf-asked-") as folder:
            os.chmod(folder, 0o777)  # the signer may be another user
            status, output = run_unit(programs[name], {"RINGFENCE_CHECKS_ASKED": folder})
            return name, set(os.listdir(folder)), status, output

    asked = {}
    with ThreadPoolExecutor(int(JOBS)) as pool:
        for name, checks, status, output in pool.map(one, sorted(programs)):
            asked[name] = checks
            if status != 0:  # else every check would seem to be noticed
                result.add(f"checks-on {name}", False, output[-6000:])
    return asked


def asked_by_pytest(result):
    """The flow and end-to-end tests with the checks that they ask for; likewise."""
    with tempfile.TemporaryDirectory(prefix="rf-asked-") as folder:
        checks, out = Path(folder, "checks"), Path(folder, "asked")
        checks.mkdir()
        out.mkdir()
        os.chmod(folder, 0o755)
        healthy = pytests(["tests/flow", "tests/e2e"], HOOKS, name="checks-on", workers=PHONES,
                          extra=["-p", "asked_plugin", "-m", "not fleet"],
                          env={"RINGFENCE_CHECKS_ASKED": str(checks), "RF_ASKED_OUT": str(out),
                               "PYTHONPATH": str(ROOT / "tools/check")})
        healthy.passed = []
        result.merge(healthy)
        asked = {}
        for path in out.iterdir():
            asked.update(json.loads(path.read_text("utf-8")))
    return {f"tests/{test}": set(names) for test, names in asked.items()}


def unit_with(check, programs, test):
    """The first test of this program that fails with the check off, as PROGRAM:TEST, or None. `test`
    may be of that form itself: no other is run then."""
    program, _, only = test.partition(":")
    if program not in programs:
        return None
    status, output = run_unit(programs[program], {"RINGFENCE_SKIP_CHECKS": check,
                                                  **({"RINGFENCE_TEST": only} if only else {})})
    if status == 0:
        return None
    failed = [name for what, name in CMOCKA.findall(output) if what == "FAILED"]
    return f"{program}:{failed[0]}" if failed else test


def noticed_by_unit(programs, asked, check, source):
    """The same of the programs that ask for it, the likeliest first."""
    for name in sorted((name for name in programs if check in asked[name]),
                       key=lambda name: -likeness(name, check, source)):
        noticed = unit_with(check, programs, name)
        if noticed:
            return noticed
    return None


def healthy_units(programs, tests, result):
    """Those of these tests, PROGRAM or PROGRAM:TEST, that pass with every check on and by themselves;
    result has the rest."""
    def one(test):
        program, _, only = test.partition(":")
        return test, run_unit(programs[program], {"RINGFENCE_TEST": only} if only else {})

    healthy = set()
    with ThreadPoolExecutor(int(PHONES)) as pool:
        tests = sorted({test for test in tests if test.partition(":")[0] in programs})
        for test, (status, output) in pool.map(one, tests):
            if status == 0:
                healthy.add(test)
            else:
                result.add(f"checks-on {test}", False, output[-6000:])
    return healthy


def pytest_with(check, tests):
    """The first of these flow or end-to-end tests that fails with the check off, or None."""
    result = pytests(tests, HOOKS, extra=["-x"], env={"RINGFENCE_SKIP_CHECKS": check},
                     name=f"checks-off-{check}", timeout=420)
    if not result.failed:
        return None
    module, _, name = result.failed[0].partition(":")
    return next((test for test in tests if test.endswith(f"/{module}.py::{name}")), tests[0])


def noticed_by_pytest(asked, check):
    """The same of those that ask for it; those of files that name it go first."""
    tests = [test for test in asked if check in asked[test]]
    names_it = {file: check in (ROOT / file).read_text("utf-8")
                for file in {test.split("::")[0] for test in tests}}
    for first in (True, False):
        group = [test for test in tests if names_it[test.split("::")[0]] == first]
        noticed = pytest_with(check, group) if group else None
        if noticed:
            return noticed
    return None


def noticed_before(names):
    """check -> the test that noticed it when somebody last wrote that down: it is asked first."""
    lines = NOTICED.read_text("utf-8").splitlines() if NOTICED.is_file() else []
    found = dict(line.split(" ", 1) for line in lines if line and not line.startswith("#"))
    return {check: test for check, test in found.items() if check in names}


def healthy_pytests(tests, result):
    """Those of these tests that are still there and pass with every check on; result has the rest."""
    tests = [test for test in sorted(set(tests)) if is_there(test)]
    healthy = pytests(tests, HOOKS, name="checks-on", workers=PHONES) if tests else Result()
    healthy.passed = []
    result.merge(healthy)
    return set(tests)


def is_there(test):
    """Does the file of a test have its function?"""
    file, name = test.split("::")
    path = ROOT / file
    return path.is_file() and f"def {name.split('[')[0]}(" in path.read_text("utf-8")


def each(checks, notice, noticed):
    """noticed[check] = notice(check), for those that nobody noticed yet, several at a time."""
    left = [check for check in sorted(checks) if not noticed.get(check)]
    with ThreadPoolExecutor(int(PHONES)) as pool:
        noticed.update(zip(left, pool.map(notice, left)))


def checks_off():
    """Switch each security check off in turn: a test must notice. First the test that noticed last
    time, then all that ask for the check; whoever is asked passes with every check on."""
    result = build(HOOKS, "-Dtest_hooks=true")
    if result.failed:
        return result
    names = check_names()
    if not names:
        result.note = "no check can be switched off yet"
        return result
    programs = unit_programs(HOOKS)
    before = noticed_before(names)
    told = healthy_units(programs, before.values(), result) | healthy_pytests(
        [test for test in before.values() if "::" in test], result)
    if result.failed:
        return result
    noticed = {}

    def as_before(check):
        test = before.get(check, "")
        if test not in told:
            return None
        return pytest_with(check, [test]) if "::" in test else unit_with(check, programs, test)

    each(names, as_before, noticed)
    known = sum(1 for test in noticed.values() if test)
    if not all(noticed.values()):
        asked = asked_by_unit(programs, result)
        if result.failed:
            return result
        each(names, lambda check: noticed_by_unit(programs, asked, check, names[check]), noticed)
    if not all(noticed.values()):
        by_test = asked_by_pytest(result)
        if result.failed:
            return result
        each(names, lambda check: noticed_by_pytest(by_test, check), noticed)
    with open(ROOT / "build" / NOTICED.name, "w", encoding="utf-8") as file:
        print(NOTICED_IS, file=file)
        for check in sorted(names):
            result.add(f"checks-off {check}", bool(noticed[check]),
                       f"src/{names[check]}: no test notices when \"{check}\" is switched off")
            print(check, noticed[check] or "not at all", file=file)
    end_to_end = sum(1 for test in noticed.values() if test and "::" in test)
    result.note = (f"{len(names)} checks, {end_to_end} of them end to end, {known} noticed as "
                   f"{NOTICED.relative_to(ROOT)} says")
    return result


GROUPS = [
    ("clang build", clang_build, None),
    ("clang unit", clang_unit, "clang build"),
    ("release build", release_build, None),
    ("threads", threads, None),
    ("fleets", fleets, None),
    ("walks", walks, None),
    ("clang-tidy", tidy, None),
    ("fuzz", fuzz, None),
    ("checks off", checks_off, None),
]
