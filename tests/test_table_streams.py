"""The thread of Arrow that reads a CSV ahead ends with the table, however reading ends."""

import gc
import gzip
import hashlib
import lzma
import subprocess
import sys
import threading
import tracemalloc

import pyarrow as pa
import pytest
from processes import HANG_SECONDS

from fnet import InvalidArgument, tables
from fnet.tables import formats, readers, streams

HEADER, ROWS = "a,b,c,d\n", "1,2,3,4\n" * 50_000
INPUTS = {
    "plain": str.encode,
    "gzip": lambda text: gzip.compress(text.encode(), 1),
    "xz": lambda text: lzma.compress(text.encode(), preset=0),
    "UTF-16": lambda text: text.encode("utf-16"),
    "UTF-16 in xz": lambda text: lzma.compress(text.encode("utf-16"), preset=0),
}
ENDINGS = {
    "stopped": (HEADER + ROWS, None),
    "refused on opening": (HEADER + "1,2\n" + ROWS, "row 1 has 2 cells"),
    "refused later": (HEADER + ROWS[:80_000] + "1,2\n" + ROWS, "row 10001 has 2 cells"),
}


@pytest.fixture
def file(tmp_path):
    def write(content):
        path = tmp_path / "table"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return str(path)

    return write


@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize("name", INPUTS)
def test_no_block_is_read_once_a_table_is_closed(file, monkeypatch, name, ending):
    begun, ended, read = [], [], formats.read_block

    def read_block(stream, size):
        begun.append(threading.get_ident())
        hashlib.sha256(bytes(1 << 20))  # some work, so that a block takes longer than a row
        try:
            return read(stream, size)
        finally:
            ended.append(threading.get_ident())

    text, message = ENDINGS[ending]
    path = file(INPUTS[name](text))
    monkeypatch.setattr(formats, "read_block", read_block)
    monkeypatch.setattr(readers, "CSV_BLOCK_BYTES", 1 << 12)
    if message is None:
        with tables.open_table(path) as table:
            next(table.chunks)
    else:
        with pytest.raises(InvalidArgument, match=message), tables.open_table(path) as table:
            for _ in table.chunks:
                pass
    count = len(begun)
    assert len(ended) == count
    assert not [each for each in gc.get_objects() if type(each) is streams._File]
    assert set(begun) - {threading.get_ident()}  # Arrow did read ahead


def test_an_error_of_reading_ahead_is_the_one_that_is_raised(file, monkeypatch):
    monkeypatch.setattr(readers, "CSV_BLOCK_BYTES", 1 << 12)
    damaged = OSError(5, "Input/output error", "the disk")
    read = formats.read_block

    def read_block(stream, size):
        if stream.tell() > 300_000:  # further than Arrow reads ahead when it opens a CSV
            raise damaged
        return read(stream, size)

    monkeypatch.setattr(formats, "read_block", read_block)
    path, message = file(HEADER + ROWS), "Input/output error"
    with tables.open_table(path) as table, pytest.raises(OSError, match=message) as caught:
        list(table.chunks)
    assert caught.value is damaged


LEAVE = """if True:
    import sys, time
    from fnet import tables
    from fnet.tables import formats, readers, streams
    how, path = sys.argv[1:]
    read = formats.read_block
    formats.read_block = lambda stream, size: time.sleep(0.02) or read(stream, size)
    readers.CSV_BLOCK_BYTES = 1 << 12
    context = tables.open_table(path)
    table = context.__enter__()
    next(table.chunks)
    if how == "interrupted":
        class Interrupting:
            def sleep(self, seconds):
                streams.time = time
                raise KeyboardInterrupt
        streams.time = Interrupting()
    try:
        if how != "open":
            context.__exit__(None, None, None)
    except KeyboardInterrupt:
        assert how == "interrupted"
    print("left")
    """


@pytest.mark.parametrize("how", ["closed", "interrupted", "open"])
def test_a_process_ends_while_a_table_is_read_ahead(file, how):
    path = file(lzma.compress((HEADER + ROWS).encode(), preset=0))
    command = [sys.executable, "-c", LEAVE, how, path]
    done = subprocess.run(command, capture_output=True, text=True, timeout=HANG_SECONDS)
    assert (done.returncode, done.stdout) == (0, "left\n"), done.stderr


def test_a_block_that_cannot_be_read_leaks_no_memory(file):
    path, size = file(gzip.compress(b"x" * 1000)[:-12]), 1 << 20
    tracemalloc.start()
    try:
        for _ in range(4):
            stream = pa.CompressedInputStream(pa.OSFile(path), "gzip")
            with stream, pytest.raises(OSError, match="Truncated"):
                formats.read_block(stream, size)
        assert tracemalloc.get_traced_memory()[0] < size
    finally:
        tracemalloc.stop()
