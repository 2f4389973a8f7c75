# SPDX-License-Identifier: Apache-2.0
"""./check counts what ran: a failed test, a crash, a test that never ran are never counted as passed."""
import importlib.util
import sys
from pathlib import Path

import pytest

CHECK = Path(__file__).resolve().parents[2] / "tools" / "check"
sys.path.insert(0, str(CHECK))


def load(name):
    spec = importlib.util.spec_from_file_location(name, CHECK / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


run = load("run")
sec = load("sec")
quick = load("quick")
slow = load("slow")

RAN = "[==========] Running 2 test(s).\n[ RUN      ] one\n[       OK ] one\n[ RUN      ] two\n"


@pytest.mark.parametrize("status,output,passed,failed,skipped", [
    (0, RAN + "[       OK ] two\n", 2, 0, 0),
    (1, RAN + "[  ERROR   ] --- 1 != 2\n[  FAILED  ] two\n[  FAILED  ] 1 test(s), listed below:\n"
     "[  FAILED  ] two\n", 1, 1, 0),
    (0, RAN + "[  SKIPPED ] two\n", 1, 0, 1),
    (139, RAN, 1, 1, 0),                 # died in the second test
    (1, "ERROR: AddressSanitizer\n", 0, 1, 0),
    (1, RAN + "[       OK ] two\nERROR: LeakSanitizer\n", 2, 1, 0),
    (0, "12 inputs replayed\n", 1, 0, 0),  # not a cmocka program
])
def test_cmocka_output(status, output, passed, failed, skipped):
    result = run.Result()
    run.of_cmocka(result, "unit/x", status, output)
    assert (len(result.passed), len(result.failed), len(result.skipped)) == (passed, failed, skipped)
    assert bool(result.details) == bool(failed)


def test_exit_status_follows_the_failures(capsys, monkeypatch):
    monkeypatch.setattr(run.os, "geteuid", lambda: 1000)
    good = run.Run()
    good.group("a", lambda: _result(passed=["x"]))
    assert good.end() == 0
    assert capsys.readouterr().out.splitlines()[-1] == "1 passed, 0 failed"
    bad = run.Run()
    bad.group("a", lambda: _result(passed=["x"], failed=["y"], skipped=["z"]))
    assert bad.end() == 1
    assert capsys.readouterr().out.splitlines()[-1] == "1 passed, 1 failed, 1 skipped"
    assert run.Run().end() == 1  # nothing ran at all


def test_root_skips_nothing(capsys, monkeypatch):
    monkeypatch.setattr(run.os, "geteuid", lambda: 0)
    one = run.Run()
    one.group("a", lambda: _result(passed=["x"], skipped=["z"]))
    assert one.end() == 1
    assert capsys.readouterr().out.splitlines()[-1] == "1 passed, 1 failed"


def test_a_group_that_breaks_is_a_failure(capsys):
    def breaks():
        raise OSError("no such program")
    one = run.Run()
    one.group("a", breaks)
    assert one.end() == 1
    assert "no such program" in capsys.readouterr().out


def test_a_program_that_hangs_is_stopped():
    status, output = run.call(["sh", "-c", "echo begun; sleep 60"], timeout=1)
    assert status == 124 and "begun" in output


def _result(passed=(), failed=(), skipped=()):
    result = run.Result()
    result.passed, result.failed, result.skipped = list(passed), list(failed), list(skipped)
    return result


@pytest.mark.parametrize("name,numbers", [
    ("unit/trust/list:sec_12_wrong_role", [(12, "")]),
    ("test_attacks:test_sec_07b_and_sec_8", [(7, "b"), (8, "")]),
    ("test_x:test_y[SEC-41a]", [(41, "a")]),
    ("test_x:waits_10_sec_30", [(30, "")]),
    ("test_x:parsec_12", []),
    ("test_x:section_12", []),
])
def test_sec_numbers(name, numbers):
    assert [number for number, _ in sec.sec_numbers([name])] == numbers


def test_sec_list_tells_failed_from_passed(capsys):
    page = "| SEC-01 | + | a | b |\n| SEC-03a | + | a | b |\n| SEC-04 | + | a. *later* | b |\n" \
        "| SEC-05 | + | a, by hand | b |\n"
    sec.print_sec(_result(passed=["a:sec_01_x", "a:sec_02_y"], failed=["b:sec_02_z"]), page)
    said = capsys.readouterr().out
    assert "SEC-01   passed  1 tests" in said
    assert "SEC-02   failed  2 tests: b:sec_02_z" in said
    assert "no test carries SEC-03a\n" in said
    assert "2 SEC numbers named by tests, 1 hold" in said


def test_the_map_is_what_the_tests_are_named(tmp_path):
    """And a number that is due has a test. Each fault, and without it."""
    (tmp_path / "docs").mkdir()
    (tmp_path / "tests/tools").mkdir(parents=True)
    (tmp_path / sec.NUMBERS).write_text("| SEC-01 | + | a | b |\n| SEC-02a | + | a | b |\n")
    unit, e2e = tmp_path / "tests/unit.c", tmp_path / "tests/test_e2e.py"
    unit.write_text("static void sec_01_a(void **state)\n{\n}\n\nstatic void\nlong_sec_02a(void **state)\n"
                    "{\n}\nstatic void sec_04_helper(int n)\n")
    e2e.write_text("def test_sec_01_b(site):\n    pass\n\ndef sec_05():\n    pass\n")
    (tmp_path / "tests/tools/test_x.py").write_text("def test_sec_09_x():\n    pass\n")
    assert sec.compare(tmp_path).failed == [sec.MAP]
    sec.write_map(tmp_path)
    assert sec.compare(tmp_path).failed == []
    page = (tmp_path / sec.MAP).read_text()
    assert page.endswith("## SEC-01\n\n- `tests/test_e2e.py`: test_sec_01_b\n- `tests/unit.c`: sec_01_a\n\n"
                         "## SEC-02a\n\n- `tests/unit.c`: long_sec_02a\n")
    unit.write_text(unit.read_text().replace("sec_02a", "sec_01"))
    assert sec.compare(tmp_path).failed == [sec.MAP, sec.NUMBERS]
    sec.write_map(tmp_path)
    assert sec.compare(tmp_path).failed == [sec.NUMBERS]
