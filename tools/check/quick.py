# SPDX-License-Identifier: Apache-2.0
"""The groups of ./check: the tools that read, then everything that runs, under two sanitizers."""
import re

import sec
from run import JOBS, PHONES, ROOT, Result, build, call, meson_tests, pytests, script

ASAN = "build/asan"
# -O1 with lines alone for the debugger: built in two thirds of the time, and the tests take as
# long (units 116 s, with -O2 114 s). gcc itself says that its warnings about truncation are guesses
# under sanitizers.
OPTIONS = ["-Db_sanitize=address,undefined", "-Dtest_hooks=true", "-Dwerror=true",
           "-Doptimization=1", "-Dc_args=-g1 -Wno-error=format-truncation"]
# Leaks are findings; UBSan stops at its first; a SEGV in a child must not look like a clean exit.
SANITIZERS = {
    "ASAN_OPTIONS": "detect_leaks=1:abort_on_error=0:detect_stack_use_after_return=1",
    "UBSAN_OPTIONS": "halt_on_error=1:print_stacktrace=1",
}


def tracked(*patterns):
    """Files that git knows, and that are still there."""
    status, output = call(["git", "ls-files", "-z", "--", *patterns])
    if status != 0:
        raise RuntimeError(output)
    return [name for name in output.split("\0") if name and (ROOT / name).is_file()]


def layers():
    return script("layers", ["tools/check-layers"])


def bytes_():
    return script("bytes", ["tools/check-bytes"])


def citations():
    return script("citations", ["tools/check-citations"])


def formatter():
    """One test a file."""
    result = Result()
    files = tracked("*.c", "*.h")
    status, output = call(["clang-format", "--dry-run", "-Werror", *files])
    bad = set(re.findall(r"^(\S+?):\d+:\d+: error:", output, re.M))
    if status != 0 and not bad:
        result.add("format", False, output)
    else:
        for one in sorted(bad):
            result.details.append(f"--- {one}: clang-format -i {one}")
        result.failed += [f"format {one}" for one in sorted(bad)]
        if files and not bad:
            result.passed.append("format")
    result.note = f"{len(files)} files"
    return result


def scripts():
    """shellcheck over every script that git knows by its first line."""
    result = Result()
    shells = []
    for name in tracked():
        with open(ROOT / name, "rb") as file:
            first = file.readline(64)
        if re.match(rb"#!\s*/\S*/(env\s+)?(ba)?sh\b", first):
            shells.append(name)
    status, output = call(["shellcheck", *shells])
    result.add("shellcheck", status == 0, output)
    result.note = f"{len(shells)} scripts"
    return result


def documents():
    """The commands that the documents show."""
    return script("documents", ["tools/check-docs"], env={"RINGFENCE_BUILD": str(ROOT / ASAN)})


def compile_all():
    return build(ASAN, *OPTIONS)


def unit():
    return meson_tests(ASAN, env=SANITIZERS)


def tool_tests():
    return pytests(["tests/tools"], ASAN, env=SANITIZERS, workers=PHONES, share="loadgroup")


def end_to_end():
    """One process of the product at a time, and all of them together."""
    return pytests(["tests/e2e", "tests/flow"], ASAN, env=SANITIZERS, name="end to end",
                   workers=PHONES)


def coverage():
    result = Result()
    if not (ROOT / "tests/fuzz/coverage").is_file():
        result.note = "no tests/fuzz/coverage yet"
        return result
    status, output = call(["tests/fuzz/coverage"])
    for decoder, percent in re.findall(r"^\s+(\S+)\s+(\d+\.\d) %", output, re.M):
        low = re.search(rf"^\s+{re.escape(decoder)}\s.*BELOW", output, re.M)
        result.add(f"coverage {decoder}", not low, f"{percent} % of lines")
    if status != 0 and not result.failed:
        result.add("coverage", False, output)
    elif not result.failed:
        result.note = ", ".join(f"{d} {p} %" for d, p in
                                re.findall(r"^\s+(\S+)\s+(\d+)\.\d %", output, re.M))
    else:
        result.details.append(output)
    return result


# name, function, needs (a group that must not have failed)
GROUPS = [
    ("layers", layers, None),
    ("bytes", bytes_, None),
    ("citations", citations, None),
    ("acceptance", sec.compare, None),
    ("format", formatter, None),
    ("scripts", scripts, None),
    ("build", compile_all, None),
    ("tools", tool_tests, "build"),  # benches among them
    ("unit and corpus", unit, "build"),
    ("end to end", end_to_end, "build"),
    ("documents", documents, "build"),
    ("coverage", coverage, None),
]
