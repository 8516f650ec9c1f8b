"""Files on the disk: their temporary files, odd paths, and errors that name the path."""

import contextlib
import errno
import os
import socket
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

import pytest
from processes import HANG_SECONDS

import fnet
from fnet import FormatError, Network, reference
from fnet.files import atomic

fcntl = pytest.importorskip("fcntl", reason="needs locks on files")
resource = pytest.importorskip("resource", reason="needs limits of a process")

NET = Network((2, 3))
PARAMS = reference.init_params(NET, 0)
ROOT = Path(__file__).parents[1]


@pytest.fixture
def path(tmp_path):
    """A model file, alone in its folder."""
    fnet.save(tmp_path / "m.fnet", (NET, PARAMS))
    return tmp_path / "m.fnet"


def names(path):
    return sorted(entry.name for entry in path.parent.iterdir())


def save(path):
    fnet.save(path, (NET, PARAMS))


@contextlib.contextmanager
def alive(slot):
    """A slot that a process writes to."""
    with open(slot, "wb") as file:
        file.write(b"half")
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


USES = pytest.mark.parametrize("use", [save, fnet.load], ids=["save", "load"])


# What is left and what stays.


@USES
def test_what_dead_processes_left_is_removed_and_nothing_else(use, path):
    others = [".m.fnet.my-notes.tmp", ".m.fnet.0.tmp", "m.fnet.tmp", ".fnet-notes-0.tmp"]
    first, second, *_ = atomic._slots(path)
    others.append(atomic._slots(path.with_name("other.fnet"))[0].name)
    others.append(f"{first.name}.txt")
    for other in others:
        path.with_name(other).write_bytes(b"mine")
        os.utime(path.with_name(other), (0, 0))
    for slot in (first, second):
        slot.write_bytes(b"half")
        slot.chmod(0o400)
    use(path)
    assert names(path) == sorted(["m.fnet", *others])


@USES
def test_what_another_process_writes_is_not_removed(use, path):
    slot = atomic._slots(path)[0]
    with alive(slot):
        os.utime(slot, (0, 0))
        use(path)
        assert names(path) == sorted([slot.name, "m.fnet"])
    use(path)
    assert names(path) == ["m.fnet"]


@USES
def test_a_link_and_a_folder_with_the_name_of_a_slot_are_left_alone(use, path):
    first, second, third, *_ = atomic._slots(path)
    first.symlink_to(path)
    second.mkdir()
    os.mkfifo(third)
    before = names(path)
    use(path)
    assert names(path) == before
    assert path.read_bytes()


def test_a_writer_waits_for_a_slot_and_then_gives_up(path, monkeypatch):
    monkeypatch.setattr(atomic, "WAIT_SECONDS", 0.0)
    with contextlib.ExitStack() as stack:
        for slot in atomic._slots(path):
            stack.enter_context(alive(slot))
        with pytest.raises(OSError, match="8 processes are writing this file") as caught:
            save(path)
        assert caught.value.filename == str(path)
        monkeypatch.setattr(atomic, "WAIT_SECONDS", HANG_SECONDS)
        waits = threading.Event()
        monkeypatch.setattr(atomic.time, "sleep", lambda seconds: waits.set())
        done = threading.Thread(target=save, args=(path,))
        done.start()
        assert waits.wait(HANG_SECONDS)
        assert set(names(path)) >= {slot.name for slot in atomic._slots(path)}
    done.join(HANG_SECONDS)
    assert names(path) == ["m.fnet"]


def test_many_writers_of_one_file_leave_one_file(path):
    errors = []

    def work():
        try:
            for _ in range(10):
                save(path)
        except BaseException as error:
            errors.append(error)

    writers = [threading.Thread(target=work) for _ in range(2 * atomic.SLOTS)]
    for writer in writers:
        writer.start()
    while any(writer.is_alive() for writer in writers):
        fnet.load(path)
    assert errors == []
    assert names(path) == ["m.fnet"]


@pytest.mark.parametrize("kind", ["no fcntl", "no locks"])
def test_without_locks_the_time_of_the_last_change_counts(kind, path, monkeypatch):
    if kind == "no fcntl":
        monkeypatch.setattr(atomic, "fcntl", None)
    else:
        monkeypatch.setattr(atomic, "_lock", lambda _: None)
    old, new, *_ = atomic._slots(path)
    for slot in (old, new):
        slot.write_bytes(b"half")
    os.utime(old, (0, 0))
    save(path)
    fnet.load(path)
    assert names(path) == sorted([new.name, "m.fnet"])


def test_a_file_that_was_removed_by_another_writer_is_created_again(path, monkeypatch):
    """Between the creation of a slot and its lock it looks like that of a dead process."""
    lock, in_use = atomic._lock, []

    def late(descriptor):
        if not in_use:
            in_use.append(descriptor)
            os.unlink(atomic._slots(path)[0])
        return lock(descriptor)

    monkeypatch.setattr(atomic, "_lock", late)
    save(path)
    assert in_use
    assert names(path) == ["m.fnet"]


def test_a_killed_process_leaves_nothing_after_the_next_load(path):
    code = """
import os, sys
from fnet.files import atomic
with atomic.replacing(sys.argv[1]) as file:
    file.write(b"half")
    file.flush()
    os.kill(os.getpid(), 9)
"""
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    subprocess.run([sys.executable, "-c", code, path], env=env, check=False)
    assert len(names(path)) == 2
    fnet.load(path)
    assert names(path) == ["m.fnet"]


def test_a_new_file_is_refused_where_one_came_into_being(path, monkeypatch):
    for link in (os.link, None):
        if link is None:
            monkeypatch.setattr(os, "link", lambda *_: os.rename("none", "none"))
        with pytest.raises(FileExistsError) as caught, atomic.replacing(path, new=True) as file:
            file.write(b"another")
        assert caught.value.filename == str(path)
        assert fnet.load(path).net == NET
        other = path.with_name(f"{link}.fnet".replace("<", "").replace(">", ""))
        atomic.write(other, path.read_bytes(), new=True)
        assert fnet.load(other).net == NET
        other.unlink()
        assert names(path) == ["m.fnet"]


# Paths.


def test_the_longest_name_works_and_a_longer_one_is_named(tmp_path):
    longest = tmp_path / ("é" * 127 + "x")
    save(longest)
    assert fnet.load(longest).net == NET
    assert os.listdir(tmp_path) == [longest.name]
    for use in (save, fnet.load):
        with pytest.raises(OSError, match="name too long") as caught:
            use(tmp_path / ("x" * 256))
        assert caught.value.filename == str(tmp_path / ("x" * 256))


@pytest.fixture
def odd(path):
    """Odd paths by kind, in a folder with a short name, since the path of a socket is short."""
    with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as stack:
        found = {name: Path(folder) / name for name in ("pipe", "socket", "loop", "dangling")}
        os.mkfifo(found["pipe"])
        server = stack.enter_context(socket.socket(socket.AF_UNIX))
        server.bind(str(found["socket"]))
        found["loop"].symlink_to(found["loop"])
        found["dangling"].symlink_to(Path(folder) / "none" / "m.fnet")
        found["folder"] = Path(folder)
        found["in no folder"] = Path(folder) / "none" / "m.fnet"
        found["in a file"] = path / "m.fnet"
        found |= {"zero": Path("/dev/zero"), "full": Path("/dev/full"), "null": Path("/dev/null")}
        yield found


ODD = {
    "pipe": (FormatError, errno.ENXIO),
    "socket": (FormatError, errno.ENXIO),
    "loop": (errno.ELOOP, errno.ELOOP),
    "dangling": (errno.ENOENT, errno.ENOENT),
    "folder": (errno.EISDIR, errno.EISDIR),
    "in no folder": (errno.ENOENT, errno.ENOENT),
    "in a file": (errno.ENOTDIR, errno.ENOTDIR),
    "zero": (FormatError, None),
    "full": (FormatError, errno.ENOSPC),
    "null": (FormatError, None),
}


@pytest.mark.parametrize("which", [0, 1], ids=["load", "save"])
@pytest.mark.parametrize("kind", ODD)
def test_odd_paths_are_refused_at_once_by_their_names(kind, which, odd, path, monkeypatch):
    monkeypatch.setattr(atomic, "READER_SECONDS", 0.05)
    expected, given = ODD[kind][which], odd[kind]
    use = (fnet.load, save)[which]
    before = names(path), sorted(os.listdir(odd["folder"]))
    if expected is None:
        use(given)
    elif expected is FormatError:
        with pytest.raises(FormatError, match="a model must be a regular file; this is a "):
            use(given)
    else:
        with pytest.raises(OSError, match=os.strerror(expected)) as caught:
            use(given)
        assert caught.value.errno == expected
        assert caught.value.filename == str(given)
    assert (names(path), sorted(os.listdir(odd["folder"]))) == before


def test_a_pipe_that_replaces_the_file_while_it_is_opened_is_refused(path, monkeypatch):
    found = os.stat(path)
    path.unlink()
    os.mkfifo(path)
    monkeypatch.setattr(os, "stat", lambda *_, **__: found)
    with pytest.raises(FormatError, match="this is a pipe"):
        fnet.load(path)


@pytest.mark.parametrize("step", ["fsync", "replace"])
def test_an_error_of_the_disk_names_the_file(step, path, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "another", None, "name")

    monkeypatch.setattr(os, step, full)
    before = path.read_bytes()
    with pytest.raises(OSError, match="No space left") as caught:
        save(path)
    assert (caught.value.filename, caught.value.filename2) == (str(path), None)
    assert path.read_bytes() == before
    assert names(path) == ["m.fnet"]


@pytest.mark.parametrize("size", [10, 1 << 20], ids=["at the end", "at once"])
def test_an_error_of_writing_names_the_file(size, path):
    before, limits = path.read_bytes(), resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (5, limits[1]))  # as a full disk
    try:
        with pytest.raises(OSError, match="File too large") as caught:
            atomic.write(path, bytes(size))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert caught.value.filename == str(path)
    assert path.read_bytes() == before
    assert names(path) == ["m.fnet"]


def test_an_error_of_what_is_written_keeps_its_own_name(path):
    with pytest.raises(FileNotFoundError) as caught, atomic.replacing(path) as file:
        file.write(Path("none").read_bytes())
    assert caught.value.filename == "none"
    assert names(path) == ["m.fnet"]


WATCH = """
import json, os, sys
import fnet
path = sys.argv[1]
events, watching = [], False
def note(event, arguments):
    if watching:
        events.append([event, str(arguments[0]) if arguments else ""])
load = fnet.load
sys.addaudithook(note)
watching = True
model = load(path)
model.predict([[0.0] * 2])
repr(model)
watching = False
print(json.dumps(events))
"""


def test_loading_and_predicting_touch_nothing_but_the_file(path):
    """Audit events, in a folder that holds temporary files of others, and that is read-only."""
    path.with_name(".fnet-notes-0.tmp").write_bytes(b"mine")
    path.parent.chmod(0o555)
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-W", "error", "-c", WATCH, path]
    try:
        done = subprocess.run(command, capture_output=True, text=True, env=env, check=True)
    finally:
        path.parent.chmod(0o755)
    assert done.stdout.strip() == f'[["open", "{path}"]]'
