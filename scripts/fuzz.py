"""Change files of fnet at random: each is refused when it is loaded, or every use of it works.

A file of every kind that fnet loads is changed: its bytes, its description or its arrays, the
latter two with every sum made right again. After each load the model is used in every public way:
printed, described, evaluated, drawn, saved, trained further. Each mutant must be refused by
FormatError with one line that names the file, or all uses must work. Another exception, a warning,
text on standard error, more than 2 seconds of processor time, and memory of more than three times
the file are findings.

    python scripts/fuzz.py --count 50000 --processes 2
    python scripts/fuzz.py --only 1234

Mutant i of a seed is the same whatever else runs. `--only i` repeats it, prints its tracebacks, and
leaves its file in the current folder. The script needs Linux or another Unix.

Tables say what there is, and a line adds to them: the kinds of files are in `fuzz_files.py`, the
changes in `fuzz_changes.py`, `fuzz_arrays.py` and `fuzz_mutations.py`, the hostile values in
`fuzz_values.py`, the uses in `fuzz_uses.py`, and what a use may refuse in `fuzz_refusals.py`.
"""

import argparse
import collections
import contextlib
import faulthandler
import multiprocessing
import multiprocessing.connection
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from fuzz_files import KINDS
from fuzz_verdicts import SECONDS, Finding, examine, examine_unchanged, make_originals
from tqdm import tqdm

KILL_SECONDS = 120.0
"""Seconds after which a process that hangs is killed."""

MORE_BYTES = 2 << 30
"""The address space that a process may take while it examines mutants."""


def work(options: Any, first: int, current: Any, results: Any) -> None:
    """Examine mutants in a folder of this process; `current` is the one at work."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    os.fsync = lambda _: None  # type: ignore[assignment]  # the disk need not keep anything
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
        originals = make_originals(options.kinds)
        results.send(("unchanged", examine_unchanged(originals, options.groups)))
        limit_memory()
        end = time.monotonic() + options.seconds
        for index in range(first, options.count, options.processes):
            if time.monotonic() > end:
                break
            current.value = index
            faulthandler.dump_traceback_later(KILL_SECONDS, exit=True)
            results.send(examine(index, options.seed, originals, options.groups))
        faulthandler.cancel_dump_traceback_later()
    results.send(None)


def limit_memory() -> None:
    """Let this process take no more than MORE_BYTES beyond what it has, where that can be said."""
    with contextlib.suppress(ImportError, OSError, ValueError):
        import resource

        pages = int(Path("/proc/self/statm").read_text().split()[0])
        hard = resource.getrlimit(resource.RLIMIT_AS)[1]
        resource.setrlimit(resource.RLIMIT_AS, (pages * resource.getpagesize() + MORE_BYTES, hard))


def run(options: Any) -> tuple[collections.Counter[str], list[Finding]]:
    """Examine mutants in processes of their own; one that dies is a finding, and is replaced."""
    context = multiprocessing.get_context("spawn")
    counts: collections.Counter[str] = collections.Counter()
    findings: list[Finding] = []
    workers: dict[Any, tuple[Any, Any]] = {}

    def start(first: int) -> None:
        current, (ours, theirs) = context.Value("q", -1, lock=False), context.Pipe(False)
        process = context.Process(target=work, args=(options, first, current, theirs), daemon=True)
        process.start()
        theirs.close()
        workers[ours] = process, current

    for i in range(options.processes):
        start(i)
    with tqdm(total=options.count, unit=" mutants", smoothing=0.05, mininterval=1) as bar:
        while workers:
            for connection in multiprocessing.connection.wait(list(workers)):
                process, current = workers[connection]
                try:
                    result = connection.recv()
                except EOFError:
                    process.join()
                    del workers[connection]
                    if current.value < 0:
                        raise SystemExit("a process died before its first mutant") from None
                    died = f"the process died with exit code {process.exitcode}"
                    findings.append(Finding(current.value, "", "", "", "Died", died, died))
                    start(current.value + options.processes)
                    continue
                if result is None:
                    process.join()
                    del workers[connection]
                    continue
                name, found = result
                for new in (f for f in found if f.key not in {known.key for known in findings}):
                    bar.write(f"--only {new.index}: {new.use}: {new.where}", sys.stderr)
                findings += found
                if name != "unchanged":
                    counts[name] += 1
                    bar.update()
                bar.set_postfix_str(f"{len({f.key for f in findings})} findings", refresh=False)
    return counts, findings


def repeat(options: Any) -> list[Finding]:
    """Examine one mutant, print the tracebacks, and leave its file in the current folder."""
    home = Path.cwd()
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
        originals = make_originals(options.kinds)
        SECONDS.update(dict.fromkeys(SECONDS, 60.0))  # this process has yet to import much
        name, findings = examine(options.only, options.seed, originals, options.groups)
        shutil.copy("mutant.fnet", home)
    print(*(finding.traceback for finding in findings), f"mutant.fnet, {name}", sep="\n")
    return findings


def summary(findings: Sequence[Finding], seed: int) -> str:
    """Each finding once, the most frequent first, with the mutants that repeat it."""
    by_key: dict[Any, list[Finding]] = {}
    for finding in sorted(findings):
        by_key.setdefault(finding.key, []).append(finding)
    lines = []
    for each in sorted(by_key.values(), key=len, reverse=True):
        first = each[0]
        indices = " ".join(str(f.index) for f in each[:5])
        lines += [
            f"{len(each)} x {first.use}: {first.error} at {first.where}",
            f"    {' '.join(first.message.split()):.200}",
            f"    {first.kind!r}, {first.changes}; --seed {seed} --only {indices}",
        ]
    return "\n".join([*lines, f"{len(by_key)} findings"])


def main() -> int:
    """Examine mutants and print the findings: 1 if there are any."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--count", type=int, default=50_000, help="how many mutants")
    parser.add_argument("--seed", type=int, default=0, help="of the mutants")
    parser.add_argument("--kinds", nargs="+", default=list(KINDS), choices=KINDS, metavar="KIND")
    parser.add_argument(
        "--groups",
        nargs="+",
        default=list(SECONDS),
        choices=SECONDS,
        help="of uses: those that draw and those of TensorFlow are slow, and made of few mutants",
    )
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument(
        "--seconds", type=float, default=float("inf"), help="stop after this time of mutants"
    )
    parser.add_argument("--only", type=int, metavar="INDEX", help="repeat this mutant")
    options = parser.parse_args()
    if options.only is not None:
        findings = repeat(options)
    else:
        began = time.monotonic()
        counts, findings = run(options)
        seconds = time.monotonic() - began
        print(*(f"{name} {count:,}" for name, count in sorted(counts.items())), sep="\n")
        rate = counts.total() / seconds
        print(f"{counts.total():,} mutants in {seconds:.0f} s, {rate:.0f} a second")
    print(summary(findings, options.seed))
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
