"""The README: its code runs and prints what it says, and its commands name what is there."""

import contextlib
import io
import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[1]
TEXT = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)


def test_every_block_is_of_a_kind_that_is_tested_here():
    kinds = [kind for kind, _ in BLOCKS]
    assert set(kinds) == {"sh", "python", "text"}
    followed = [after for kind, after in zip(kinds, kinds[1:], strict=False) if kind == "python"]
    assert set(followed) == {"text"}


def test_the_code_prints_what_stands_below_it(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    names = {}
    for (kind, code), (_, expected) in zip(BLOCKS, BLOCKS[1:], strict=False):
        if kind == "python":
            printed = io.StringIO()
            with contextlib.redirect_stdout(printed):
                exec(compile(code, "README.md", "exec"), names)
            assert printed.getvalue() == expected


def test_the_commands_of_a_shell_run(shell):
    lines = [line for kind, block in BLOCKS if kind == "sh" for line in block.splitlines()]
    assert sum("fnet digits" in line for line in lines) == 1
    for line in lines:
        setup, _, command = line.rpartition(" && ")
        if "pytest" in command:
            continue
        assert bool(setup) == (command == ".venv/bin/fnet digits")
        code, _, err = shell(command.removeprefix(".venv/bin/"))
        assert code == 0, err


def test_commands_name_files_and_extras_that_are_there():
    commands = "".join(block for kind, block in BLOCKS if kind == "sh") + TEXT
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    for path in set(re.findall(r"\bscripts/[\w/]+\.py", commands)):
        assert (ROOT / path).exists(), path
    for extra in set(re.findall(r'install "\.\[(\w+)\]"', commands)):
        assert extra in extras["optional-dependencies"]


def test_every_lesson_is_in_its_table():
    lessons = {path.name for path in (ROOT / "scripts/notes").glob("[0-9]*.py")}
    assert lessons == set(re.findall(r"scripts/notes/(\w+\.py)", TEXT))
