"""Write hostile tables: each is read and encoded, or refused in one line.

A table of random columns is written in a format that fnet reads. Its names, its cells, the types of
its columns, its text and its bytes are changed at random. Then it is opened and read, each column
is taken as a target, and all of them are learnt and encoded. Every step must work, or be refused by
InvalidArgument with one line. Another exception, a warning, a number that is not finite, more than
2 seconds of processor time, and the death of the process are findings.

    python scripts/fuzz_tables.py --count 20000
    python scripts/fuzz_tables.py --only 1234

Mutant i of a seed is the same whatever else runs. `--only i` repeats it, prints its traceback, and
leaves its file in the current folder. The tables to which a line adds a kind are in
`fuzz_table_kinds.py`.
"""

import argparse
import collections
import faulthandler
import multiprocessing
import os
import random
import sys
import tempfile
import time
import traceback
import warnings
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from fuzz_table_kinds import FORMATS, make
from tqdm import tqdm

from fnet import InvalidArgument, encoding, tables

SECONDS = 2.0
"""The most processor time for a mutant."""

KILL_SECONDS = 60.0
"""Seconds after which a process that hangs is killed."""

MORE_BYTES = 2 << 30
"""The address space that a process may take while it examines mutants."""

MAX_COLUMNS = 30
"""The most columns that are used."""

MAX_LINE = 3000
"""The most characters of a message."""


class Finding(NamedTuple):
    """What is wrong with a mutant."""

    where: str
    error: str
    index: int
    traceback: str


def use(path: str, named_encoding: str | None) -> str:
    """Read, learn and encode a table: what it was refused by, or "read"."""
    with tables.open_table(path, encoding=named_encoding) as table:
        chunks = list(table.chunks)
    counts = collections.Counter(table.columns)
    names = [name for name, number in counts.items() if number == 1]
    for name in names[:MAX_COLUMNS]:
        allowing(as_text, chunks, name)
        allowing(as_target, chunks, name)
    names = [name for name in names[:MAX_COLUMNS] if allowing(as_feature, chunks, name)]
    if not names:
        return "without a column of use"
    found = tables.feature_table(chunks, names, dict.fromkeys(names, ()))
    table_encoding = encoding.learn(found, encoding.Options(min_count=1))
    values = encoding.encode(table_encoding, found)
    if not np.isfinite(values).all():
        raise AssertionError("encoded numbers are not finite")
    used = [column.name for column in encoding.records.used(table_encoding)]
    reader = tables.FeatureReader(table_encoding, used, tables.Writing())
    parts = [reader.read([chunk]).values for chunk in chunks]
    if not np.array_equal(np.concatenate(parts), values):
        raise AssertionError("chunks are encoded as other numbers than the whole")
    return "read"


def allowing(step: Any, chunks: Any, name: str) -> bool:
    """Do what may refuse a column: whether it does not."""
    try:
        step(chunks, name)
    except InvalidArgument as error:
        check_message(error)
        return False
    return True


def as_text(chunks: Any, name: str) -> None:
    for chunk in chunks:
        assert len(tables.text_column(chunk, name)) == len(chunk.columns)


def as_target(chunks: Any, name: str) -> None:
    tables.read_target(chunks, name, tables.TargetOptions(drop_missing=True), None)


def as_feature(chunks: Any, name: str) -> None:
    """Learn a column alone, from its text and from numbers."""
    for numbers in ({}, {name: ()}):
        table = tables.feature_table(chunks, [name], numbers)
        table_encoding = encoding.learn(table, encoding.Options(keep=True))
        assert np.isfinite(encoding.encode(table_encoding, table)).all()


def check_message(error: InvalidArgument) -> None:
    """A message is one line, which a person can read."""
    text = str(error)
    if "\n" in text or len(text) > MAX_LINE or not text.strip():
        raise AssertionError(f"a message of {len(text):,} characters: {text!r:.200}") from error


def examine(index: int, seed: int, path: str) -> tuple[str, Finding | None]:
    """The outcome of a mutant, and what is wrong with it."""
    content, named_encoding, kind = make(random.Random(f"{seed} {index}"))
    Path(path).write_bytes(content)
    began = time.process_time()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            try:
                outcome = use(path, named_encoding)
            except InvalidArgument as error:
                check_message(error)
                outcome = "refused"
        if (seconds := time.process_time() - began) > SECONDS:
            raise TimeoutError(f"{seconds:.1f} s of processor time")
    except Exception as error:
        frames = traceback.extract_tb(error.__traceback__)
        inner = [frame for frame in frames if "fnet" in frame.filename] or frames
        where = f"{Path(inner[-1].filename).name}:{inner[-1].lineno}, {kind}"
        message = f"{type(error).__name__}: {' '.join(str(error).split()):.200}"
        return "wrong", Finding(where, message, index, traceback.format_exc())
    return f"{outcome}: {kind}", None


def work(count: int, seed: int, first: int, current: Any, results: Any) -> None:
    """Examine mutants from the first one on; `current` is the one at work."""
    limit_memory()
    with tempfile.TemporaryDirectory() as folder:
        for index in range(first, count):
            current.value = index
            faulthandler.dump_traceback_later(KILL_SECONDS, exit=True)
            results.send(examine(index, seed, os.path.join(folder, "table")))
    faulthandler.cancel_dump_traceback_later()
    results.send(None)


def limit_memory() -> None:
    """Let this process take no more than MORE_BYTES beyond what it has, where systems can."""
    try:
        import resource

        pages = int(Path("/proc/self/statm").read_text().split()[0])
        hard = resource.getrlimit(resource.RLIMIT_AS)[1]
        resource.setrlimit(resource.RLIMIT_AS, (pages * resource.getpagesize() + MORE_BYTES, hard))
    except (ImportError, OSError, ValueError):
        pass


def run(count: int, seed: int) -> tuple[collections.Counter[str], list[Finding]]:
    """Examine mutants in another process; where it dies, that is a finding, and one goes on."""
    context = multiprocessing.get_context("spawn")
    counts: collections.Counter[str] = collections.Counter()
    findings: list[Finding] = []
    first, done = 0, False
    with tqdm(total=count, unit=" mutants", mininterval=1) as bar:
        while not done:
            current, (ours, theirs) = context.Value("q", first, lock=False), context.Pipe(False)
            arguments = (count, seed, first, current, theirs)
            process = context.Process(target=work, args=arguments, daemon=True)
            process.start()
            theirs.close()
            try:
                while (result := ours.recv()) is not None:
                    counts[result[0]] += 1
                    findings += [] if result[1] is None else [result[1]]
                    bar.update()
                done = True
            except EOFError:
                process.join()
                message = f"the process died with exit code {process.exitcode}"
                findings.append(Finding("", message, current.value, message))
                first = current.value + 1
            process.join()
    return counts, findings


def main() -> int:
    """Examine mutants and print the findings: 1 if there are any."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--count", type=int, default=20_000, help="how many mutants")
    parser.add_argument("--seed", type=int, default=0, help="of the mutants")
    parser.add_argument("--only", type=int, metavar="INDEX", help="repeat this mutant")
    options = parser.parse_args()
    if options.only is not None:
        outcome, finding = examine(options.only, options.seed, "mutant.table")
        print(finding.traceback if finding else outcome, "mutant.table", sep="\n")
        return 1 if finding else 0
    began = time.monotonic()
    counts, findings = run(options.count, options.seed)
    for outcome in ("read", "without a column of use", "refused", "wrong"):
        number = sum(n for name, n in counts.items() if name.startswith(outcome))
        print(f"{outcome:25}{number:>8,}")
    print(
        f"{counts.total():,} mutants of {len(FORMATS)} formats in {time.monotonic() - began:.0f} s"
    )
    by_place: dict[Any, list[Finding]] = {}
    for finding in findings:
        by_place.setdefault((finding.where.partition(",")[0], finding.error[:40]), []).append(
            finding
        )
    for those in sorted(by_place.values(), key=len, reverse=True):
        where, error, _, _ = those[0]
        indices = " ".join(str(each.index) for each in those[:5])
        print(f"{len(those)} x {error} at {where}; --seed {options.seed} --only {indices}")
    print(f"{len(by_place)} findings")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
