"""Damaged and forged files: each must be refused with FormatError, or be what it was.

Files are changed in their bytes, in the text of their header, and in the values in it. Where the
description was changed and its digest made good again it may say something else than before; then
loading and predicting must end as they do for any file, in no other error than fnet's own. No load
may take longer than a second, nor more memory than 1.2 times the file and 16 MiB.
"""

import argparse
import collections
import copy
import hashlib
import json
import tempfile
import time
import tracemalloc
import warnings
from pathlib import Path

import numpy as np
from tqdm import tqdm

import fnet
from fnet import reference
from fnet.files import schema, storage

TOKENS = [
    *("NaN", "Infinity", "-1", "1e999", "0", "true", "null", '""', "[]", "{}", "9" * 5000),
    *(str(2**31), str(2**62), str(2**64), '"F64"', '"\\ud800"', "[" * 100_000, '{"a":' * 100_000),
    *('"a":1,"a":1', "\x00", "\\", '"', ",", ":", "]", "}", "é", "0.1", '"__metadata__":{}'),
]
"""What is put into the text of a header."""


def originals(folder):
    """Files of several kinds, as `(bytes, what they hold)`."""
    random = np.random.default_rng(0)
    net = fnet.Network((3, 4, 3), "tanh")
    x, y = random.normal(size=(20, 3)), random.integers(3, size=20)
    plan = fnet.kfold_plan(20, 5, epochs=3, seed=0)
    run = reference.train(
        *(net, reference.adam(0.01), reference.init_params(net, seed=[0, 1]), x, y, plan),
        validation=(x, y),
        patience=2,
    )
    other = fnet.Network((40, 30, 2), loss="squared_error", bias=False)
    wide = other, reference.init_params(other, 0, dtype="float64")
    trained = {"with": reference.adam(0.01), "tuning": fnet.Tuning(l2=0.1), "by": ["ab", 1, None]}
    saved = [
        ((net, reference.init_params(net, 0)), {"classes": ["ä", "\ud800", "🐍"]}),
        (run, {"features": ["a", "b\0", "\u202e"], "trained": trained}),
        (wide, {"features": [f"column {i}" for i in range(40)]}),
    ]
    for what, named in saved:
        path = folder / "original.fnet"
        fnet.save(path, what, **named)
        yield path.read_bytes(), held(fnet.load(path))


def held(model):
    """All that a model holds, as one text."""
    return storage.canonical_json(schema.content_of(model))


def bits(data, random):
    """One to eight bits turned over, half of the time in the header."""
    data = bytearray(data)
    most = len(data) if random.random() < 0.5 else 8 + int.from_bytes(data[:8], "little")
    for at in random.integers(most, size=random.integers(1, 9)):
        data[at] ^= 1 << random.integers(8)
    return bytes(data)


def cut(data, random):
    """The end cut off, a part left out, put in again, or zeroed, or something added."""
    start, stop = sorted(int(i) for i in random.integers(len(data) + 1, size=2))
    return [
        lambda: data[:start],
        lambda: data[:start] + data[stop:],
        lambda: data[:stop] + data[start:],
        lambda: data[:start] + bytes(stop - start) + data[stop:],
        lambda: data + random.bytes(int(random.integers(1, 100))),
        lambda: random.bytes(8) + data[8:],
        lambda: random.bytes(len(data)),
    ][random.integers(7)]()


def joined(header, data):
    """A file with another header before the arrays of this one."""
    header = header.encode("utf-8", "surrogatepass")
    return len(header).to_bytes(8, "little") + header + data


def parted(data):
    """`(header, arrays)` of the bytes of a file."""
    end = 8 + int.from_bytes(data[:8], "little")
    return data[8:end].decode(), data[end:]


def grammar(data, random):
    """Another token somewhere in the header, in place of what was there or beside it."""
    header, arrays = parted(data)
    start = int(random.integers(len(header)))
    stop = start + int(random.integers(0, 6))
    token = TOKENS[random.integers(len(TOKENS))]
    return joined(header[:start] + token + header[stop:], arrays)


def values(data, random):
    """Another value, another key or one less, in the header as it reads."""
    header, arrays = parted(data)
    entries = json.loads(header)
    change(entries, random)
    return joined(json.dumps(entries), arrays)


def forged(data, random):
    """The same in the description, with its digest made good."""
    header, arrays = parted(data)
    entries = json.loads(header)
    version, _, text = entries["__metadata__"]["fnet"].split(" ", 2)
    found = json.loads(text)
    for _ in range(random.integers(1, 4)):
        change(found, random)
    text = json.dumps(found)
    digest = hashlib.sha256(text.encode()).hexdigest()
    entries["__metadata__"]["fnet"] = f"{version} {digest} {text}"
    return joined(json.dumps(entries), arrays)


def change(tree, random):
    """Change one place in a tree of dicts and lists."""
    nodes = [tree]
    for node in nodes:
        parts = node.values() if isinstance(node, dict) else node
        nodes += [part for part in parts if isinstance(part, (dict, list)) and part]
    node = nodes[random.integers(len(nodes))]
    key = list(node)[random.integers(len(node))] if isinstance(node, dict) else None
    key = int(random.integers(len(node))) if key is None else key
    other = nodes[random.integers(len(nodes))]
    other = copy.deepcopy(list(other.values() if isinstance(other, dict) else other))
    strange = [None, True, -1, 0, 0.5, 2**62, 10**30, "", "x", "F32", [], {}, [[]], {"a": 1}]
    what = random.integers(4)
    if what == 0:
        del node[key]
    elif what == 1:
        node[key] = strange[random.integers(len(strange))]
    elif what == 2:
        node[key] = other[random.integers(len(other))]
    elif isinstance(node, dict):
        node[f"{key}_"] = node.pop(key)
    else:
        node.append(other[random.integers(len(other))])


MUTATIONS = (bits, cut, grammar, values, forged)


def loaded(path):
    """The model in a file, or None where it is refused."""
    try:
        return fnet.load(path)
    except fnet.FormatError:
        return None


def outcome(path, data, before, forgery):
    """What came of a mutated file, its seconds and the bytes beyond its allowance."""
    path.write_bytes(data)
    began = time.perf_counter()
    loaded(path)
    seconds = time.perf_counter() - began
    tracemalloc.start()
    model = loaded(path)
    beyond = tracemalloc.get_traced_memory()[1] - 1.2 * len(data) - (16 << 20)
    tracemalloc.stop()
    if model is None:
        return "refused", seconds, beyond
    if forgery:
        repr(model)
        model.predict(np.zeros((2, model.net.sizes[0])))
        return "another", seconds, beyond
    return "as it was" if held(model) == before else "OTHER", seconds, beyond


def mutated(count, seed, folder):
    """How often each mutation had which outcome, and the most seconds and bytes."""
    random = np.random.default_rng(seed)
    files = list(originals(folder))
    counts, seconds, beyond = collections.Counter(), 0.0, -np.inf
    for i in tqdm(range(count), desc="mutations"):
        data, before = files[random.integers(len(files))]
        mutation = MUTATIONS[i % len(MUTATIONS)]
        changed = mutation(data, random)
        found, *measured = outcome(folder / "mutated.fnet", changed, before, mutation is forged)
        counts[mutation.__name__, found] += 1
        seconds, beyond = max(seconds, measured[0]), max(beyond, measured[1])
    return counts, seconds, beyond


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    warnings.simplefilter("error")
    with tempfile.TemporaryDirectory() as folder:
        counts, seconds, beyond = mutated(options.count, options.seed, Path(folder))
    for (mutation, found), number in sorted(counts.items()):
        print(f"{mutation:10} {found:10} {number:6}")
    print(f"longest load {seconds:.3f} s; most memory {beyond / 2**20:+.1f} MiB of what is allowed")


if __name__ == "__main__":
    main()
