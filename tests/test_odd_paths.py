"""Devices and odd paths crossed with every command: one line that names the path, nothing written.

A row of a table is a kind of path; each is given to every command, as each of its files.
"""

import errno
import glob
import importlib.util
import io
import os
import re
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
from hostile_names import is_safe, shown
from matplotlib.figure import Figure
from processes import HANG_SECONDS

import fnet
from fnet import Layer, Network

if not hasattr(os, "mkfifo"):
    pytest.skip("needs named pipes and devices", allow_module_level=True)

LIMIT = 60
"""Seconds after which a command in this process is stopped. It does not measure speed."""

TABLES = {
    "train": "train {} --target y --out new.fnet",
    "predict": "predict m.fnet {} --out new.csv",
    "evaluate": "evaluate m.fnet {} --target y --report new.html",
    "cv": "cv {} --target y --folds 2 --epochs 1 --validation 0 --out new.csv",
    "search": "search {} --target y --folds 2 --epochs 1 --validation 0 --grid l2=0 --out new.csv",
}
"""Every command that reads a table."""

MODELS = {
    "predict": "predict {} t.csv --out new.csv",
    "evaluate": "evaluate {} t.csv --target y --report new.html",
    "describe": "describe {}",
    "export": "export {} --out new.onnx",
}
"""Every command that reads a model."""

OUTPUTS = {
    "train": "train t.csv --target y --epochs 1 --validation 0 --out {}",
    "checkpoint": "train t.csv --target y --epochs 1 --validation 0 --out new --checkpoint {}",
    "predict": "predict m.fnet t.csv --out {}",
    "evaluate": "evaluate m.fnet t.csv --target y --report {}",
    "export": "export m.fnet --format onnx --out {}",
    "picture": "digits --epochs 1 --picture {}",
    "digits": "digits --epochs 1 --picture new.png --out {}",
    "sample": "sample iris --out {}",
    "cv": "cv t.csv --target y --folds 2 --epochs 1 --validation 0 --out {}",
    "cv's picture": "cv t.csv --target y --folds 2 --epochs 1 --validation 0 --picture {}",
    **{
        f"search's {name}": "search t.csv --target y --folds 2 --epochs 1 --validation 0 "
        f"--grid l2=0 --{name} {{}}"
        for name in ("out", "model", "picture")
    },
}
"""Every file that a command writes."""

DISK = next((path for path in glob.glob("/dev/*") if Path(path).is_block_device()), "socket")
"""A disk; a machine without has a socket for it."""

NO_FILE = {
    "no such file": ("none", 4),
    "no such folder": ("none/none", 4),
    "a folder": ("folder", 4),
    "a file as a folder": ("t.csv/x", 4),
    "a loop of links": ("loop", 4),
    "a dangling link": ("dangling", 4),
    "a name that is too long": ("x" * 300, 4),
    "a path that is too long": ("x/" * 3000, 4),
    "a line break": ("no\nfile", 4),
    "a byte that is not UTF-8": ("no\udcfffile", 4),
    "a sequence of a terminal": ("no\x1b[31mfile", 4),
    "nothing": ("", 2),
    "a NUL": ("no\0file", 2),
}
"""What cannot be read by any command: the path and the exit code."""

SPECIAL = {
    "a socket": "socket",
    "a disk": DISK,
    "zeros": "/dev/zero",
    "random numbers": "/dev/urandom",
    "nothing at all": "/dev/null",
    "a full device": "/dev/full",
}
"""What is neither a file, a folder nor a pipe."""

NO_TABLE = {**NO_FILE, **{name: (path, 4) for name, path in SPECIAL.items()}}

NO_MODEL = {**NO_FILE, "standard input": ("-", 2)}
HAS_REGULAR = importlib.util.find_spec("fnet.files.regular") is not None
if HAS_REGULAR:  # it refuses them
    NO_MODEL |= {name: (path, 3) for name, path in SPECIAL.items()} | {"a pipe": ("pipe", 3)}

NO_OUTPUT = {
    "no such folder": ("none/none", 4),
    "a folder": ("folder", 4),
    "a file as a folder": ("t.csv/x", 4),
    "a socket": ("socket", 4),
    "a loop of links": ("loop", 4),
    "a link into no folder": ("dangling", 4),
    "a name that is too long": ("x" * 300, 4),
    "a path that is too long": ("x/" * 3000, 4),
    "a folder with a line break": ("no\nfolder/x", 4),
    "nothing": ("", 2),
    "standard output": ("-", 2),
    "a NUL": ("no\0file", 2),
    "a folder that cannot be written": ("readonly/x", 4),
    "a disk": (DISK, 4),
}
"""What no command can write, known before it does any work."""

FULL = {
    "a full device": ("/dev/full", 4),
    "a full disk": ("new.csv", 4),
    "a pipe without a reader": ("pipe", 4),
}
"""What is found out on writing."""


@pytest.fixture
def run(tmp_path, monkeypatch, capfd):
    """Runs a command in a folder with a model, a table and odd files: `(exit code, out, err)`."""
    from fnet.cli import main

    monkeypatch.chdir(tmp_path)
    fnet.save("m.fnet", (Network((2, 2)), (Layer(np.eye(2), np.zeros(2)),)), features=["a", "b"])
    Path("t.csv").write_text("a,b,y\n" + "1,2,1\n2,1,0\n" * 4)
    Path("folder").mkdir()
    Path("readonly").mkdir()
    os.mkfifo("pipe")
    Path("loop").symlink_to("loop")
    Path("dangling").symlink_to("none/none")
    bound = socket.socket(socket.AF_UNIX)
    bound.bind("socket")
    access = os.access
    monkeypatch.setattr(  # root may write anywhere
        "os.access", lambda path, mode: not str(path).endswith("readonly") and access(path, mode)
    )

    def stop(*_):
        pytest.fail("it hangs")

    before = signal.signal(signal.SIGALRM, stop)

    def run(line, path="", stdin=None):
        if stdin is not None:
            monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(stdin)))
        capfd.readouterr()
        signal.alarm(LIMIT)
        code = main([path if word == "{}" else word for word in line.split()])
        signal.alarm(0)
        return code, *capfd.readouterr()

    yield run
    signal.signal(signal.SIGALRM, before)
    bound.close()


def full(*_):
    """What the system says of a full disk."""
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def everything():
    """The paths in the folder, with what they contain."""
    return {
        path: path.read_bytes() if path.is_file() else None for path in sorted(Path(".").rglob("*"))
    }


def refused(run, line, path, expected):
    """A command that must fail by one line which names the path, and leave nothing behind."""
    before = everything()
    code, out, err = run(line, path)
    assert re.fullmatch(r"Error: [^\n]+\n", err), err
    assert is_safe(err)
    assert shown(path) in err or expected == 2
    assert (code, out) == (expected, ""), err
    assert everything() == before


@pytest.mark.parametrize("kind", NO_TABLE)
def test_what_is_no_table_is_refused_by_every_command(run, kind):
    for line in TABLES.values():
        path, expected = NO_TABLE[kind]
        takes_folders = line.startswith("train")
        refused(run, line, path, 3 if kind == "a folder" and takes_folders else expected)


@pytest.mark.parametrize("kind", NO_MODEL)
def test_what_is_no_model_is_refused_by_every_command(run, kind):
    for line in MODELS.values():
        refused(run, line, *NO_MODEL[kind])


@pytest.mark.parametrize("kind", NO_OUTPUT)
def test_what_cannot_be_written_is_refused_by_every_command(run, kind):
    for line in OUTPUTS.values():
        refused(run, line, *NO_OUTPUT[kind])


@pytest.mark.skipif(not HAS_REGULAR, reason="needs errors that name the file")
@pytest.mark.parametrize("kind", FULL)
def test_what_cannot_be_written_in_the_end_is_named(run, monkeypatch, kind):
    """A checkpoint is read first; the digits take long, so they draw nothing."""
    monkeypatch.setattr("fnet.files.atomic.READER_SECONDS", 0.01, raising=False)
    monkeypatch.setattr("fnet.cli.digits.draw", lambda *_: Figure())
    monkeypatch.setattr("os.fsync", full if kind == "a full disk" else os.fsync)
    Figure().savefig("new.png", format="png")  # what `fnet digits` has drawn before it saves
    for name in OUTPUTS.keys() - {"checkpoint", "digits" if kind == "a full disk" else ""}:
        refused(run, OUTPUTS[name], *FULL[kind])


INPUTS = [
    ("train {} --target y --out {}", "t.csv"),
    ("train {} --target y --out new --checkpoint {}", "t.csv"),
    ("cv {} --target y --out {}", "t.csv"),
    ("search {} --target y --grid l2=0 --model {}", "t.csv"),
    ("predict m.fnet {} --out {}", "t.csv"),
    ("predict {} t.csv --out {}", "model"),
    ("evaluate m.fnet {} --target y --report {}", "t.csv"),
    ("evaluate {} t.csv --target y --report {}", "m.fnet"),
    ("export {} --format onnx --out {}", "m.fnet"),
]


@pytest.mark.parametrize(("line", "path"), INPUTS)
def test_an_input_is_not_an_output_under_any_of_its_names(run, line, path):
    Path("model").write_bytes(Path("m.fnet").read_bytes())  # predict writes no table `m.fnet`
    Path("link").symlink_to(path)
    Path("hard").hardlink_to(path)
    before = everything()
    for other in (path, "link", "hard", f"folder/../{path}", os.path.abspath(path)):
        code, out, err = run(line.replace("{}", path, 1), other)
        assert (code, out) == (3, "")
        assert err == f"Error: {other} is an input of this command; name another output file\n"
    assert everything() == before


GOOD_NAMES = ["two\nlines.csv", "\udcff.csv", "\x1b[31m.csv", " ", "--help", "a,b.csv", "x" * 200]


@pytest.mark.parametrize("name", GOOD_NAMES)
def test_a_table_may_have_any_name(run, name):
    path = f"./{name}"
    Path(path).write_bytes(Path("t.csv").read_bytes())
    expected = run("predict m.fnet t.csv")[1]
    assert run("predict m.fnet {}", path)[:2] == (0, expected)
    code, out, err = run("predict m.fnet t.csv --out {}", path + "2")
    assert (code, out) == (0, "")
    assert f"predictions in {shown(path)}2, " in err
    assert is_safe(err)
    assert Path(path + "2").read_text() == expected


# Pipes.


def write_to(path, content):
    """A thread that writes to a pipe, once or for ever, until its reader has gone."""

    def write():
        try:
            with open(path, "wb") as pipe:
                for part in content:
                    pipe.write(part)
        except BrokenPipeError:
            pass

    thread = threading.Thread(target=write, daemon=True)
    thread.start()
    return thread


def test_a_pipe_is_a_table_for_every_command(run):
    for line in TABLES.values():
        writer = write_to("pipe", [Path("t.csv").read_bytes()])
        code, _, err = run(line + (" --validation 0 --epochs 1" * line.startswith("train")), "pipe")
        assert code == 0, err
        writer.join(HANG_SECONDS)


@pytest.mark.parametrize("path", ["pipe", "-"])
def test_of_a_stream_no_more_is_copied_than_the_limit(run, monkeypatch, tmp_path, path):
    from fnet.tables import sources

    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(temporary))
    monkeypatch.setattr(sources, "MAX_STREAM_BYTES", 3 << 20)

    def rows():
        yield b"a,b\n"
        while True:
            yield b"1,2\n" * 1000

    writer = write_to("pipe", rows()) if path == "pipe" else None
    code, out, err = run("predict m.fnet {}", path, stdin=b"a,b\n" + b"1,2\n" * (1 << 20))
    assert (code, out) == (3, "")
    name = "standard input" if path == "-" else path
    assert err.startswith(f"Error: {name} gives more than 0.00292969 GiB, the most that is copied")
    assert os.listdir(temporary) == []
    if writer:
        writer.join(HANG_SECONDS)
        assert not writer.is_alive()


def test_of_a_stream_that_is_no_table_nothing_is_copied(run, monkeypatch):
    from fnet.tables import sources

    monkeypatch.setattr(sources, "COPIED_BYTES", 1 << 12)
    writer = write_to("pipe", iter(lambda: bytes(1 << 12), None))
    code, out, err = run("predict m.fnet {}", "pipe")
    assert (code, out) == (3, "")
    assert err == (
        "Error: pipe is not UTF-8 text: name the table's encoding with --encoding, such as "
        "cp1252, or save it in UTF-8\n"
    )
    writer.join(HANG_SECONDS)
    assert not writer.is_alive()


def test_a_stream_that_cannot_be_copied_names_the_folder(run, monkeypatch, tmp_path):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "folder"))
    monkeypatch.setattr("fnet.tables.formats.refuse_other_formats", full)
    code, out, err = run("predict m.fnet {}", "-", stdin=b"a,b\n1,2\n")
    assert (code, out) == (4, "")
    where = re.escape(str(tmp_path / "folder"))
    assert re.fullmatch(f"Error: standard input: cannot be copied to {where}/.*: No space.*\n", err)
    assert os.listdir("folder") == []


@pytest.mark.parametrize("line", ["predict m.fnet t.csv --out {}", "sample iris --out {}"])
def test_a_pipe_is_an_output(run, line):
    assert run(line, "file.csv")[0] == 0
    os.mkfifo("pipe.csv")
    found = []
    reader = threading.Thread(target=lambda: found.append(Path("pipe.csv").read_bytes()))
    reader.start()
    assert run(line, "pipe.csv")[0] == 0
    reader.join(HANG_SECONDS)
    assert found == [Path("file.csv").read_bytes()]


def start(words, **streams):
    """A process of the command line."""
    return subprocess.Popen([sys.executable, "-m", "fnet", *words], **streams)


def test_ctrl_c_ends_the_wait_for_a_pipe(run):
    """The pipe has a reader as soon as the command waits: to open it for writing succeeds then."""
    with start(["predict", "m.fnet", "pipe"], stderr=subprocess.PIPE, text=True) as process:
        while process.poll() is None:
            try:
                writer = os.open("pipe", os.O_WRONLY | os.O_NONBLOCK)
                break
            except OSError:  # no reader yet
                continue
        process.send_signal(signal.SIGINT)
        assert process.wait(HANG_SECONDS) == 130
        assert process.stderr.read() == "Error: interrupted; nothing was written\n"
        os.close(writer)


# Standard streams of a real process.


@pytest.mark.parametrize("device", ["/dev/zero", "/dev/urandom", "/dev/null"])
def test_a_device_is_no_standard_input(run, device):
    with open(device, "rb") as stdin:
        streams = {"stdin": stdin, "stderr": subprocess.PIPE, "text": True}
        with start(["predict", "m.fnet", "-"], **streams) as process:
            assert process.wait(HANG_SECONDS) == 4
            assert re.fullmatch("Error: standard input: is a device .*\n", process.stderr.read())


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_standard_output_is_named(run):
    for words in (["describe", "m.fnet"], ["predict", "m.fnet", "t.csv"]):
        with (
            open("/dev/full", "wb") as full,
            start(words, stdout=full, stderr=subprocess.PIPE, text=True) as process,
        ):
            assert process.wait(HANG_SECONDS) == 4
            assert "Error: standard output: No space left on device\n" in process.stderr.read()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_standard_error_changes_no_exit_code(run):
    with open("/dev/full", "wb") as full, start(["describe", "none"], stderr=full) as process:
        assert process.wait(HANG_SECONDS) == 4


def test_predictions_on_a_terminal_are_safe_and_in_a_pipe_exact(run):
    import pty

    names = ["\x1b]52;c;ZQ==\x07", "\u202ea"]
    net, params = Network((2, 2)), (Layer(np.eye(2), np.zeros(2)),)
    fnet.save("n.fnet", (net, params), features=["a", "b"], classes=names)
    exact = "prediction\n" + f"{names[1]}\n{names[0]}\n" * 4
    assert run("predict n.fnet t.csv")[1] == exact
    ours, theirs = pty.openpty()
    with start(["predict", "n.fnet", "t.csv"], stdout=theirs, stderr=subprocess.DEVNULL) as process:
        assert process.wait(HANG_SECONDS) == 0
    os.close(theirs)
    found = os.read(ours, 1 << 16).decode().replace("\r\n", "\n")
    os.close(ours)
    assert found == "prediction\n" + f"{shown(names[1])}\n{shown(names[0])}\n" * 4


def test_a_closed_standard_input_is_named(run, monkeypatch):
    monkeypatch.setattr("sys.stdin", None)
    code, out, err = run("predict m.fnet -")
    assert (code, out, err) == (4, "", "Error: standard input: is closed; name a table\n")
