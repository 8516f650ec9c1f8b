"""Tables in files that are read in turn: the same rows, numbers and bits as in memory."""

import dataclasses
import datetime
import itertools
import os
import re
import subprocess
import sys
import warnings
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pyarrow as pa
import pytest
import tensorflow as tf
from processes import HANG_SECONDS
from pyarrow import csv, feather, fs, parquet
from sklearn.model_selection import KFold

import fnet
from fnet import InvalidArgument, Network, cli, encoding
from fnet.core import philox, stream_order
from fnet.core.params import leaves
from fnet.streams import csv_blocks, samples, shards
from fnet.tables import feature_table
from fnet.tables.readers import Chunk

ROWS = (19, 8, 33)
"""The rows of the shards."""

SCRIPTS = Path(__file__).parents[1] / "scripts"


def words(seed, purpose, count, epoch, step):
    """Random words as signed integers, one at a time, by the counter of the rule."""
    found = []
    for element in range(count):
        counter = tuple(map(np.uint64, (element // 4, 0, step, epoch)))
        drawn = philox.philox4x32(counter, (np.uint64(seed), np.uint64(purpose)))
        word = int(drawn[element % 4])
        found.append(word - (1 << 32) if word >= 1 << 31 else word)
    return found


def by_hand(rows_per_shard, batch_size, seed, window, epoch):
    """The batches of an epoch of a stream, as lists of rows."""
    shard_words = words(seed, 6, len(rows_per_shard), epoch, 0)
    offsets = [sum(rows_per_shard[:i]) for i in range(len(rows_per_shard))]
    rows = []
    for shard in sorted(range(len(rows_per_shard)), key=shard_words.__getitem__):
        rows += range(offsets[shard], offsets[shard] + rows_per_shard[shard])
    window = -(-window // batch_size) * batch_size
    order = []
    for number, first in enumerate(range(0, len(rows), window)):
        part = rows[first : first + window]
        row_words = words(seed, 7, len(part), epoch, number)
        order += [part[i] for i in sorted(range(len(part)), key=row_words.__getitem__)]
    return [order[i : i + batch_size] for i in range(0, len(order), batch_size)]


@pytest.mark.parametrize(
    ("rows", "size", "window"),
    [((19, 8, 33), 7, 20), ((5,), 5, 1), ((4, 4, 4, 4), 3, 6), ((2, 9), 4, 1000), ((6, 6), 12, 12)],
)
def test_a_stream_plan_is_the_rule_by_hand(rows, size, window):
    plan = fnet.stream_plan(rows, size, epochs=3, seed=9, window=window)
    for epoch in range(3):
        numbers, weights = plan.batches(epoch, epoch + 1)
        found = [r[w > 0].tolist() for r, w in zip(numbers[0], weights[0], strict=True)]
        assert found == by_hand(rows, size, 9, window, epoch)
        assert sorted(itertools.chain(*found)) == list(range(sum(rows)))


def test_a_stream_plan_is_pinned():
    plan = fnet.stream_plan([5, 3, 9], 3, 2, seed=0, window=6)
    assert plan.batches(1, 2)[0][0].tolist() == [
        *([3, 4, 2], [0, 1, 8], [10, 12, 11], [14, 13, 9], [7, 5, 15], [6, 16, 6])
    ]
    assert repr(plan) == "Plan(rows=17, epochs=2, steps=6, width=3, seed=0, shards=3, window=6)"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([], 1, 1, 0), "rows_per_shard"),
        (([3, 0], 1, 1, 0), "rows_per_shard"),
        (([[3]], 1, 1, 0), "rows_per_shard"),
        (([3.0], 1, 1, 0), "rows_per_shard"),
        (([3, 4], 8, 1, 0), "batch_size"),
        (([3, 4], 0, 1, 0), "batch_size"),
        (([3, 4], 2, -1, 0), "epochs"),
        (([3, 4], 2, 1, -1), "seed"),
        (([3, 4], 2, 1, 0, 0), "window"),
    ],
)
def test_bad_stream_plans_are_refused(arguments, message):
    with pytest.raises(InvalidArgument, match=message):
        fnet.stream_plan(*arguments)


def test_folds_of_rows_depend_on_the_row_alone():
    rows = np.array([0, 1, 2, 5, 1 << 33, (1 << 33) + 1])
    found = stream_order.fold_of_rows(3, rows, 7)
    for row, fold in zip(rows.tolist(), found.tolist(), strict=True):
        block = np.uint64(row // 4)
        counter = block & np.uint64(0xFFFFFFFF), block >> np.uint64(32), np.uint64(0), np.uint64(0)
        word = int(philox.philox4x32(counter, (np.uint64(3), np.uint64(9)))[row % 4])
        assert fold == word * 7 >> 32
    many = np.bincount(stream_order.fold_of_rows(0, np.arange(70_000), 7), minlength=7)
    assert abs(many - 10_000).max() < 500
    with pytest.raises(InvalidArgument, match="rows"):
        stream_order.fold_of_rows(0, [-1], 2)


def test_words_at_elements_are_those_of_words():
    rows = np.arange(1000)
    np.testing.assert_array_equal(philox.words_at(5, 8, rows), philox.words(5, 8, 1000))


# Files


def columns(rows, kinds):
    """A table of Arrow with columns of some kinds, and a target of two classes."""
    random = np.random.default_rng(1)
    start = datetime.datetime(2024, 1, 30)
    all_of_them = {
        "numbers": lambda: random.normal(size=rows).round(3).tolist(),
        "gaps": lambda: [None if i % 5 == 2 else i / 4 for i in range(rows)],
        "whole": lambda: random.integers(-3, 9, rows).tolist(),
        "categories": lambda: random.choice(["a", "b,\nc", 'd"e', "f g"], rows).tolist(),
        "dates": lambda: [start + datetime.timedelta(days=3 * i) for i in range(rows)],
        "booleans": lambda: [bool(i % 3) for i in range(rows)],
    }
    table = {name: pa.array(all_of_them[name]()) for name in kinds}
    return pa.table(table | {"target": random.choice(["no", "yes"], rows)})


KINDS = ("numbers", "gaps", "whole", "categories", "dates", "booleans")

WRITERS = {
    "csv": csv.write_csv,
    "csv.gz": None,
    "parquet": lambda table, path: parquet.write_table(table, path, row_group_size=7),
    "arrow": lambda table, path: feather.write_feather(table, path, chunksize=6),
}


SINGLE = {pa.float64(): pa.float32()}
"""The types that TFRecord does not have, and what they become."""

FEATURES = {
    pa.int64(): lambda cell: tf.train.Feature(int64_list=tf.train.Int64List(value=[cell])),
    pa.float32(): lambda cell: tf.train.Feature(float_list=tf.train.FloatList(value=[cell])),
    pa.string(): lambda cell: tf.train.Feature(
        bytes_list=tf.train.BytesList(value=[cell.encode()])
    ),
}


def example(row, types):
    """A row as a record of TFRecord: a feature for each cell that is there."""
    feature = {name: FEATURES[types[name]](v) for name, v in row.items() if v is not None}
    return tf.train.Example(features=tf.train.Features(feature=feature)).SerializeToString()


def write_records(table, path):
    types = dict(zip(table.column_names, table.schema.types, strict=True))
    options = tf.io.TFRecordOptions("GZIP" if path.name.endswith(".gz") else "")
    with tf.io.TFRecordWriter(str(path), options) as writer:
        for row in table.to_pylist():
            writer.write(example(row, types))


def write(table, path):
    """Write a table in the format of its name."""
    kind = path.name.split(".", 1)[1]
    if kind.startswith("tfrecord"):
        write_records(table, path)
        return
    if kind != "csv.gz":
        WRITERS[kind](table, str(path))
        return
    with pa.CompressedOutputStream(str(path), "gzip") as stream:
        csv.write_csv(table, stream)


def make(folder, table, formats=("csv",), rows=ROWS):
    """The table cut into shards, in these formats in turn; their paths."""
    paths, start = [], 0
    for i, (count, kind) in enumerate(zip(rows, itertools.cycle(formats), strict=False)):
        path = Path(folder, f"part-{i}.{kind}")
        write(table.slice(start, count), path)
        paths.append(str(path))
        start += count
    return paths


def in_memory(table, encoder=None):
    """`(x, y, encoder)` by the path in memory, for a table with a target."""
    features = table.drop_columns(["target"])
    encoder = encoder or fnet.TableEncoder(dtype="float32").fit(features)
    target = table.column("target").to_pylist()
    return encoder.transform(features), np.unique(target, return_inverse=True)[1], encoder


def stream(files, size=8, epochs=2, window=16, **options):
    return fnet.table_dataset(
        files, "target", batch_size=size, epochs=epochs, window=window, **options
    )


def assert_batches(dataset, x, y):
    """That a dataset has the batches of its plan over these rows."""
    rows, weights = dataset.plan.batches(0, dataset.plan.epochs)
    pairs = zip(rows.reshape(-1, rows.shape[-1]), weights.reshape(-1, rows.shape[-1]), strict=True)
    for (own_x, own_y), (numbers, real) in zip(dataset, pairs, strict=True):
        np.testing.assert_array_equal(own_x, x[numbers[real > 0]])
        np.testing.assert_array_equal(own_y, y[numbers[real > 0]])


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 0, 1)], ids=str)
@pytest.mark.parametrize("kinds", [*((kind,) for kind in KINDS), KINDS], ids="+".join)
@pytest.mark.parametrize(
    "formats",
    [*((kind,) for kind in WRITERS), ("csv", "parquet"), ("arrow", "csv.gz", "parquet")],
    ids="+".join,
)
@pytest.mark.slow
def test_batches_are_those_of_the_table_in_memory(tmp_path, formats, kinds, order, monkeypatch):
    monkeypatch.setattr(csv_blocks, "BLOCK_BYTES", 300)
    table = columns(sum(ROWS), kinds)
    paths = make(tmp_path, table, formats)
    offsets = np.cumsum([0, *ROWS])
    parts = [table.slice(offsets[i], ROWS[i]) for i in order]
    x, y, encoder = in_memory(pa.concat_tables(parts))
    dataset = stream([paths[i] for i in order])
    assert dataset.plan.shards == tuple(ROWS[i] for i in order)
    assert dataset.classes.tolist() == ["no", "yes"]
    ours, theirs = dataset.encoder.encoding_.columns, encoder.encoding_.columns
    assert [c.statistics for c in ours] == [c.statistics for c in theirs]
    assert_batches(dataset, x, y)
    assert_batches(stream([paths[i] for i in order], encoder=encoder), x, y)


@pytest.mark.parametrize(
    "formats", [("tfrecord",), ("tfrecord.gz",), ("parquet", "tfrecord")], ids="+".join
)
def test_records_are_rows_of_the_table_in_memory(tmp_path, formats, monkeypatch):
    monkeypatch.setattr("fnet.streams.tfrecords.BATCH_ROWS", 7)
    table = columns(sum(ROWS), ("numbers", "gaps", "whole", "categories"))
    table = table.cast(
        pa.schema([(f.name, SINGLE.get(f.type, f.type)) for f in table.schema])
    ).select(sorted(table.column_names))
    x, y, _ = in_memory(table)
    assert_batches(stream(make(tmp_path, table, formats)), x, y)


def test_records_of_other_file_systems_are_refused(tmp_path):
    make(tmp_path, columns(60, ("whole",)), ("tfrecord",))
    system = fs.SubTreeFileSystem(str(tmp_path), fs.LocalFileSystem())
    with pytest.raises(InvalidArgument, match="is TFRecord, which is read from local files alone"):
        stream("/", filesystem=system)


@pytest.mark.parametrize("given", ["folder", "pattern", "path", "filesystem"])
def test_files_are_given_in_any_way(tmp_path, given):
    table = columns(60, ("numbers", "categories"))
    paths = make(tmp_path, table)
    Path(tmp_path, "_SUCCESS").touch()
    Path(tmp_path, ".hidden").touch()
    options = {}
    if given == "filesystem":
        options["filesystem"] = fs.SubTreeFileSystem(str(tmp_path), fs.LocalFileSystem())
    files = {"folder": tmp_path, "pattern": str(tmp_path / "part-?.csv"), "path": paths[0]}
    found = stream(files.get(given, "/"), **options)
    rows = ROWS[:1] if given == "path" else ROWS
    assert found.plan.shards == rows
    x, y, _ = in_memory(table.slice(0, sum(rows)))
    assert_batches(found, x, y)


@pytest.mark.parametrize("task", ["classifier", "regressor", None])
def test_targets_are_those_of_a_table_in_memory(tmp_path, task):
    table = columns(60, ("numbers",)).set_column(1, "target", pa.array([i % 4 for i in range(60)]))
    found = stream(make(tmp_path, table, ("csv", "parquet")), task=task)
    x, y, _ = in_memory(table)
    if task == "regressor":
        assert found.classes is None
        y = y.astype(np.float32)
    else:
        assert found.classes.tolist() == [0, 1, 2, 3]
    assert_batches(found, x, y)
    assert next(iter(found))[1].dtype == (np.float32 if task == "regressor" else np.int64)


NOTATIONS = {
    "plus": ["+1", "2", "3.5"],
    "blanks": [" 1", "2 ", "3.5"],
    "a gap in words": ["1", "NA", "3.5"],
    "another gap": ["1", "?", "3.5"],
    "comma": ["1,5", "2", "3,5"],
    "percent": ["1%", "2%", "3.5%"],
    "true among numbers": ["1", "2", "3.5"],
    "large": ["1e30", "2", "3.5"],
}


@pytest.mark.parametrize("name", NOTATIONS)
def test_numbers_in_any_notation_are_read_as_in_memory(tmp_path, name, monkeypatch):
    monkeypatch.setattr(csv_blocks, "BLOCK_BYTES", 64)
    cells = (NOTATIONS[name] * 20)[:60]
    table = columns(60, ("whole",)).append_column("odd", pa.array(cells))
    x, y, encoder = in_memory(table)
    found = stream(make(tmp_path, table))
    assert found.encoder.encoding_.columns[1].steps == encoder.encoding_.columns[1].steps
    assert_batches(found, x, y)


QUOTED = 'a,b\n1,"x\ny"\n2,"say ""no"""\n\n3,5" pipe\n4,"z,"\n5,w'


@pytest.mark.parametrize("block", [1, 7, 10, 1000])
@pytest.mark.parametrize("line", ["\n", "\r\n", "\r"], ids=repr)
def test_a_csv_is_read_from_any_of_its_rows(tmp_path, block, line, monkeypatch):
    monkeypatch.setattr(csv_blocks, "BLOCK_BYTES", block)
    path = tmp_path / "quoted.csv"
    path.write_bytes(QUOTED.replace("\n", line).encode())
    shard = shards.open_shard(str(path), fs.LocalFileSystem())
    rows, offsets = [], []
    for chunk, place in shards.scan(shard, shards.Wanted()):
        if place >= 0:
            offsets.append((len(rows), place))
        rows += chunk.columns.to_pylist()
    assert [row["a"] for row in rows] == [b"1", b"2", b"3", b"4", b"5"]
    assert rows[0]["b"].decode() == f"x{line}y"
    assert rows[2]["b"] == b'5" pipe'
    assert len(offsets) > 1 or block == 1000
    index = shards.Index(len(rows), tuple(offsets))
    for first in range(5):
        found = list(shards.read_rows(shard, index, first, shards.Wanted()))
        assert found[0].first_row == first + 1
        assert [row for chunk in found for row in chunk.columns.to_pylist()] == rows[first:]


def test_an_encoding_is_learnt_from_counts_of_all_rows(tmp_path, monkeypatch):
    rows = 4000
    table = columns(rows, ("gaps", "categories", "booleans", "whole", "dates"))
    rare = ["usual"] * (rows - 45) + ["rare"] * 45
    table = table.append_column("rare", pa.array(rare))
    paths = make(tmp_path, table, ("csv", "parquet"), (1500, 2500))
    exact = in_memory(table)[2].encoding_
    monkeypatch.setattr(samples.Sample.__init__, "__defaults__", (500,))
    found = stream(paths, size=64).encoder.encoding_
    for ours, theirs in zip(found.columns, exact.columns, strict=True):
        mine, other = ours.statistics, theirs.statistics
        if mine.moments is not None:
            np.testing.assert_allclose(mine.moments[:4], other.moments[:4], rtol=1e-12)
            low, high = other.moments[:2]
            np.testing.assert_allclose(
                mine.moments.quantiles, other.moments.quantiles, atol=0.1 * (high - low)
            )
            assert mine.moments.quantiles != other.moments.quantiles
        assert mine._replace(moments=None) == other._replace(moments=None)
        assert [type(step) for step in ours.steps] == [type(step) for step in theirs.steps]


def test_a_sample_does_not_depend_on_the_chunks():
    def sample(sizes, size=20):
        found, start = samples.Sample(3, size), 0
        for count in sizes:
            batch = pa.record_batch({"a": np.arange(start, start + count)})
            found.add(Chunk("t", 1, batch))
            start += count
        chunks = found.chunks()
        return [value for chunk in chunks for value in chunk.columns["a"].to_pylist()], found

    words_of = philox.words_at(3, philox.SAMPLE, np.arange(300))
    wanted = sorted(np.argsort(words_of, kind="stable")[:20].tolist())
    for sizes in ([300], [7] * 42 + [6], [1] * 300, [250, 50]):
        rows, found = sample(sizes)
        assert rows == wanted
        assert [found.row(i) for i in range(20)] == wanted
    assert sample([15])[0] == list(range(15))


# Training

NET = Network((8, 5, 2))
ADAM = fnet.adam(0.03125)


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """`(dataset, x, y, params, run)` of a small stream."""
    table = columns(sum(ROWS), ("numbers", "gaps", "categories", "booleans"))
    paths = make(tmp_path_factory.mktemp("stream"), table, ("csv", "parquet"))
    x, y, _ = in_memory(table)
    dataset = stream(paths, epochs=3)
    params = fnet.init_params(NET, seed=0)
    assert x.shape[1] == 8
    run = fnet.train(NET, ADAM, params, data=dataset)
    return dataset, x, y, params, run


def same_bits(ours, theirs):
    for pair in zip(leaves(ours.params), leaves(theirs.params), strict=True):
        np.testing.assert_array_equal(*map(np.asarray, pair))
    np.testing.assert_array_equal(ours.history["loss"], theirs.history["loss"])


def test_a_stream_trains_as_the_same_rows_in_memory(trained):
    dataset, x, y, params, run = trained
    same_bits(run, fnet.train(NET, ADAM, params, x, y, dataset.plan))
    same_bits(
        fnet.train(NET, ADAM, params, x, y, dataset.plan, xla=True),
        fnet.train(NET, ADAM, params, data=dataset, xla=True),
    )


def test_a_stream_resumes_at_every_step_without_what_comes_before(trained, monkeypatch):
    dataset, _, _, params, run = trained
    read = []

    def note(shard, index, first, wanted):
        read.append(first)
        return read_rows(shard, index, first, wanted)

    read_rows = shards.read_rows
    monkeypatch.setattr(shards, "read_rows", note)
    # Chunks of one step: the callback sees each of them.
    monkeypatch.setattr("fnet.core.batch_source.MAX_PLAN_ENTRIES", 1)
    kept = []
    fnet.train(NET, ADAM, params, data=dataset, callback=kept.append)
    for now in kept[:-1]:
        epoch, step = int(now.train_state.epoch), int(now.train_state.step)
        read.clear()
        same_bits(fnet.train(NET, ADAM, now, data=dataset), run)
        position = step // 2 * 16
        for shard in stream_order.shards(0, 3, epoch):
            if position < ROWS[shard]:
                break
            position -= ROWS[shard]
        assert read[0] == position
    assert len(kept) == dataset.plan.epochs * dataset.plan.steps


def test_a_checkpoint_of_a_stream_resumes(trained, tmp_path):
    dataset, _, _, params, run = trained
    path = tmp_path / "run.fnet"

    def interrupt(now):
        keep(now)
        if int(now.train_state.epoch) >= 1:
            raise KeyboardInterrupt

    keep = fnet.checkpoint(path, every=0)
    interrupt._begin = keep._begin
    with pytest.raises(KeyboardInterrupt):
        fnet.train(NET, ADAM, params, data=dataset, callback=interrupt)
    same_bits(fnet.train(NET, ADAM, params, data=dataset, callback=fnet.checkpoint(path)), run)


@pytest.mark.slow
def test_a_killed_stream_resumes_to_the_same_bits():
    command = [sys.executable, str(SCRIPTS / "stream_kills.py"), "--kills", "1"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=HANG_SECONDS)
    assert done.returncode == 0, done.stderr
    assert done.stdout == "1 kills; the result has the same bits as without them\n"


def test_class_weights_and_epochs_go_with_a_stream(trained):
    dataset, x, y, params, _ = trained
    weights = {0: 1.0, 1: 3.0}
    ours = fnet.train(NET, ADAM, params, data=dataset, class_weight=weights, epochs=3)
    theirs = fnet.train(NET, ADAM, params, x, y, dataset.plan, class_weight=weights)
    same_bits(ours, theirs)
    with pytest.raises(InvalidArgument, match="epochs=2"):
        fnet.train(NET, ADAM, params, data=dataset, epochs=2)


def test_folds_of_a_stream_are_members(trained):
    dataset, x, y, _, _ = trained
    folds = stream_order.Folds((0, 5), 3)
    held_out = folds.held_out(np.arange(60))
    for draw, seed in enumerate(folds.seeds):
        own = stream_order.fold_of_rows(seed, np.arange(60), 3)
        for fold in range(3):
            np.testing.assert_array_equal(held_out[3 * draw + fold], own == fold)
    params = fnet.init_params(NET, fnet.member_seeds(0, 6))
    data = SimpleNamespace(stream=dataset.stream._replace(folds=folds))
    plan = dataclasses.replace(dataset.plan, weights=(~held_out).astype(np.float32))
    for weights in (None, {0: 1.0, 1: 3.0}):
        ours = fnet.train(NET, ADAM, params, data=data, class_weight=weights)
        same_bits(ours, fnet.train(NET, ADAM, params, x, y, plan, class_weight=weights))
        assert ours.history["loss"].shape == (3, 6)


# Bad input


@pytest.fixture
def good(tmp_path):
    """`(folder, paths)` of shards of CSV."""
    return tmp_path, make(tmp_path, columns(60, ("numbers", "categories")))


def edit(change):
    """A fault in the second shard."""

    def fault(folder, paths):
        path = Path(paths[1])
        path.write_text(change(path.read_text()))
        return paths

    return fault


def replaced(kind, change):
    """A second shard in another format, of a table that was changed."""

    def fault(folder, paths):
        table = columns(60, ("numbers", "categories")).slice(19, 8)
        path = folder / f"part-1.{kind}"
        write(change(table), path)
        return [paths[0], str(path), paths[2]]

    return fault


def cut(paths):
    """The paths, without the last bytes of the second."""
    path = Path(paths[1])
    path.write_bytes(path.read_bytes()[:-20])
    return paths


def emptied(paths):
    """The paths, of which the second has no bytes."""
    Path(paths[1]).write_bytes(b"")
    return paths


def truncated(kind):
    return lambda folder, paths: cut(replaced(kind, lambda table: table)(folder, paths))


def record(change):
    """A second shard of TFRecord whose fourth record was changed."""

    def fault(folder, paths):
        table = columns(60, ("numbers", "categories")).slice(19, 8)
        table = table.set_column(0, "numbers", table["numbers"].cast(pa.float32()))
        path = folder / "part-1.tfrecord"
        write(table, path)
        dataset = tf.data.TFRecordDataset(str(path))
        records = [each.numpy() for each in dataset]
        records[3] = change(records[3], table)
        with tf.io.TFRecordWriter(str(path)) as writer:
            for each in records:
                writer.write(each)
        return [paths[0], str(path), paths[2]]

    return fault


def two_values(data, table):
    found = tf.train.Example.FromString(data)
    found.features.feature["numbers"].float_list.value.append(1.0)
    return found.SerializeToString()


def as_text(data, table):
    types = {"numbers": pa.string(), "categories": pa.string(), "target": pa.string()}
    return example({"numbers": "x", "categories": "a", "target": "no"}, types)


def damaged(position):
    """A second shard of TFRecord with one byte changed."""

    def fault(folder, paths):
        found = record(lambda data, table: data)(folder, paths)
        path = Path(found[1])
        content = bytearray(path.read_bytes())
        content[position] ^= 1
        path.write_bytes(content)
        return found

    return fault


def instead(name):
    """Another file in place of the second shard."""
    return lambda folder, paths: [paths[0], str(folder / name), paths[2]]


def replaced_text(old, new):
    return edit(lambda text: re.sub(old, new, text))


BAD_SHARDS = {
    "missing": (instead("none.csv"), "none.csv is missing"),
    "a folder": (instead("."), "is a folder"),
    "empty": (edit(lambda text: ""), r"part-1.csv is empty"),
    "no rows": (
        edit(lambda text: text.split("\n")[0] + "\n"),
        "part-1.csv has a header row but no",
    ),
    "truncated csv": (edit(lambda text: text.rsplit(",", 2)[0]), r"part-1.csv: row \d+ has"),
    "truncated gzip": (truncated("csv.gz"), "part-1.csv.gz cannot be read"),
    "truncated parquet": (truncated("parquet"), "part-1.parquet is not a readable table"),
    "truncated arrow": (truncated("arrow"), "part-1.arrow"),
    "truncated records": (
        lambda folder, paths: cut(record(lambda data, table: data)(folder, paths)),
        "part-1.tfrecord: row 8 cannot be read",
    ),
    "no records": (
        lambda folder, paths: emptied(record(lambda data, table: data)(folder, paths)),
        "part-1.tfrecord has no rows",
    ),
    "damaged records": (damaged(20), "part-1.tfrecord: row 1 cannot be read"),
    "records of anything": (record(lambda *_: b"\xff"), "part-1.tfrecord: row 4 cannot be read"),
    "a record of two values": (
        record(two_values),
        "part-1.tfrecord: column 'numbers', row 4 has several values",
    ),
    "a record of text": (record(as_text), "part-1.tfrecord: row 4 cannot be read"),
    "an open quote": (edit(lambda text: text + '1,"a'), "part-1.csv"),
    "a ragged row": (edit(lambda text: text + "1,a\n"), "part-1.csv: row 9 has 2 cells"),
    "another column": (replaced_text("numbers", "n"), "part-1.csv has no column 'numbers'"),
    "no target": (replaced_text("target", "t"), "part-1.csv has no column 'target'"),
    "twice a column": (replaced_text("numbers", "target"), "more than one column"),
    "a gap of the target": (
        replaced_text(r'"(no|yes)"\n$', '""\n'),
        "part-1.csv: column 'target', row 8: missing value",
    ),
    "json": (edit(lambda text: '{"numbers": 1}\n'), "json lines"),
    "no table": (edit(lambda text: "%PDF-1.4"), "is a PDF"),
}
"""Faults of a shard, each with the message."""


@pytest.mark.parametrize("name", BAD_SHARDS)
def test_a_bad_shard_is_refused_or_left_out(good, name):
    folder, paths = good
    fault, message = BAD_SHARDS[name]
    bad = fault(folder, paths)
    with pytest.raises(InvalidArgument, match=message):
        stream(bad)
    with pytest.warns(UserWarning, match=message) as caught:
        found = stream(bad, skip_bad_shards=True)
    assert len(caught) == 1
    assert caught[0].filename == __file__
    assert found.plan.shards == (19, 33)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        again = stream([bad[0], bad[2]])
    for ours, theirs in zip(found, again, strict=True):
        np.testing.assert_array_equal(ours[0], theirs[0])


def test_columns_of_other_types_are_refused(tmp_path):
    table = columns(60, ("numbers",))
    paths = make(tmp_path, table, ("parquet",))
    text = table.slice(0, 9).set_column(0, "numbers", pa.array(["x"] * 9))
    write(text, tmp_path / "other.parquet")
    with pytest.raises(
        InvalidArgument, match=r"other.parquet: column 'numbers' has text, and numb"
    ):
        stream([*paths, str(tmp_path / "other.parquet")])
    write(text, tmp_path / "other.csv")
    with pytest.raises(InvalidArgument, match=r"other.csv: column 'numbers' has text, and numbers"):
        stream([*paths, str(tmp_path / "other.csv")])


def test_a_bad_cell_is_named_by_file_and_row(good):
    _, paths = good
    encoder = stream(paths).encoder
    path = Path(paths[1])
    lines = path.read_text().split("\n")
    lines[5] = "x" + lines[5]
    path.write_text("\n".join(lines))
    with pytest.raises(InvalidArgument, match=r"part-1.csv: column 'numbers', row \d"):
        stream(paths)
    with pytest.raises(InvalidArgument, match=r"part-1.csv: column 'numbers', row \d"):
        list(stream(paths, encoder=encoder).stream.windows(0, 0))


def test_a_class_that_the_model_lacks_is_named_by_file_and_row(good):
    _, paths = good
    found = stream(paths)
    chunk = Chunk("file", 11, pa.record_batch({"target": ["no", "yes", "maybe"]}))
    windows = found.stream.windows.__self__
    with pytest.raises(InvalidArgument, match=r"file: column 'target', row 13: 'maybe' is none"):
        windows.found.target.read(chunk)


@pytest.mark.parametrize("change", ["longer", "shorter", "gone", "touched"])
def test_a_shard_that_has_changed_is_refused(good, change):
    _, paths = good
    found, path = stream(paths), Path(paths[1])
    text = path.read_text()
    if change == "gone":
        path.unlink()
    elif change == "touched":
        os.utime(path, ns=(0, 12345))
    else:
        state = path.stat()
        lines = text.split("\n")
        lines = [*lines[:2], *lines[1:]] if change == "longer" else [lines[0], *lines[2:]]
        path.write_text("\n".join(lines))
        os.utime(path, ns=(state.st_atime_ns, state.st_mtime_ns))
    with pytest.raises(InvalidArgument, match="part-1.csv (has changed|is missing)"):
        list(found.stream.windows(0, 0))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"files": []}, "at least one file"),
        ({"files": "empty"}, "folder without files"),
        ({"files": "nothing-*.csv"}, "matches no file"),
        ({"size": 61}, "batch_size must be .*60"),
        ({"window": 0}, "window"),
        ({"task": "both"}, "task"),
        ({"skip_bad_shards": 1}, "skip_bad_shards"),
        ({"encoder": fnet.TableEncoder().fit(np.arange(6.0).reshape(3, 2))}, "without names"),
        ({"encoder": fnet.TableEncoder().fit({"other": [1, 2, 3]})}, "no column 'other'"),
    ],
    ids=str,
)
def test_bad_arguments_are_refused(good, options, message):
    folder, paths = good
    (folder / "empty").mkdir()
    files = options.pop("files", paths) if isinstance(options, dict) else paths
    files = str(folder / files) if isinstance(files, str) else files
    with pytest.raises(InvalidArgument, match=message):
        stream(files, **options)


def test_the_features_of_a_stream_are_those_of_feature_table(tmp_path):
    """What the sample of one format becomes is what a table in one file becomes."""
    table = columns(60, KINDS).drop_columns(["target"])
    parquet.write_table(table, tmp_path / "t.parquet")
    shard = shards.open_shard(str(tmp_path / "t.parquet"), fs.LocalFileSystem())
    chunks = [chunk for chunk, _ in shards.scan(shard, shards.Wanted())]
    names = table.column_names
    ours = samples.to_table(chunks, names, {})
    assert ours.equals(feature_table(chunks, names, {}))
    assert encoding.learn(ours) == encoding.learn(table)


# Estimators


@pytest.mark.parametrize("task", ["classifier", "regressor"])
def test_an_estimator_is_fitted_to_a_stream_as_by_train(tmp_path, task):
    table = columns(60, ("numbers", "categories"))
    table = table.set_column(2, "target", pa.array([i % 3 for i in range(60)]))
    found = stream(make(tmp_path, table), task=task, epochs=4)
    x, y, _ = in_memory(table)
    arguments = {"random_state": 0, "n_iter_no_change": np.inf, "hidden_layer_sizes": (5,)}
    if task == "classifier":
        model = fnet.MLPClassifier(**arguments)
    else:
        model = fnet.MLPRegressor(standardize="target", **arguments)
        y = (y - y.mean()) / y.std()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.fit(found)
    assert (model.n_iter_, model.n_features_in_, model.engine_) == (4, x.shape[1], "tensorflow")
    assert model.t_ == 240
    if task == "classifier":
        assert model.classes_.tolist() == [0, 1, 2]
    other = type(model)(**arguments, max_iter=1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        net = other.fit(x, y).functional()[0]
    start = fnet.estimators.translation.initial_params(
        other, net, np.random.RandomState(0), np.float32
    )
    tuning = other._make_tuning(net, None)
    adam = fnet.adam(0.001, epsilon=1e-8)
    run = fnet.train(net, adam, start, x, y, found.plan, tuning=tuning)
    unit = model._reported_loss(net, None)[0]
    np.testing.assert_array_equal(model.loss_curve_, (unit * run.history["loss"]).tolist())


@pytest.mark.parametrize(
    ("arguments", "fit", "message"),
    [
        ({"solver": "lbfgs"}, {}, "lbfgs"),
        ({"engine": "numpy"}, {}, "numpy"),
        ({"early_stopping": True}, {}, "early_stopping"),
        ({"standardize": True}, {}, "standardize"),
        ({"class_weight": "balanced"}, {}, "balanced"),
        ({}, {"y": [0, 1]}, "y and sample_weight"),
    ],
    ids=str,
)
def test_fits_to_a_stream_refuse_what_needs_all_rows(good, arguments, fit, message):
    with pytest.raises(InvalidArgument, match=message):
        fnet.MLPClassifier(**arguments).fit(stream(good[1]), **fit)
    with pytest.raises(InvalidArgument, match="task='regressor'"):
        fnet.MLPRegressor().fit(stream(good[1]))


TABULAR = {
    "classes": (fnet.TabularClassifier, {"class_weight": {0: 2.0}}, "classifier"),
    "numbers": (fnet.TabularRegressor, {}, "regressor"),
    "quantiles": (fnet.TabularRegressor, {"quantiles": [0.2, 0.8]}, "regressor"),
    "no folds": (fnet.TabularRegressor, {"cv": 0}, "regressor"),
}
"""Estimators of tables: the class, its arguments, and what the target is."""


def numbered(tmp_path, **options):
    """A stream of 60 rows whose target is a number from 0 to 2, and its table."""
    table = columns(60, ("numbers", "categories"))
    table = table.set_column(2, "target", pa.array([i % 3 for i in range(60)]))
    return stream(make(tmp_path, table), **options), table


@pytest.mark.parametrize("name", TABULAR)
@pytest.mark.slow
def test_an_ensemble_is_fitted_to_a_stream_as_by_train(tmp_path, name):
    kind, more, task = TABULAR[name]
    found, table = numbered(tmp_path, task=task, epochs=4)
    x, y, _ = in_memory(table)
    model = kind(**{"cv": 3, "repeats": 2, "hidden": (5,), "importance": True} | more).fit(found)
    y = y if task == "classifier" else y[:, None].astype(float)
    if (scaling := model._scaling) is not None:
        y = (y - scaling.y_mean[:1]) / scaling.y_scale[:1]
    seed = int(np.random.RandomState(0).randint(2**32, dtype=np.uint32))
    cv = model.cv
    plan, validation = found.plan, None
    if cv:
        held_out = stream_order.Folds((seed, (seed + 1) % 2**32), cv).held_out(np.arange(60))
        for own, (train, out) in zip(held_out, model.splits_, strict=True):
            np.testing.assert_array_equal(np.flatnonzero(own), out)
            np.testing.assert_array_equal(np.flatnonzero(~own), train)
        plan = dataclasses.replace(plan, weights=(~held_out).astype(np.float32))
        every = np.broadcast_to(np.arange(60), (len(held_out), 60))
        validation = x[every], y[every], held_out.astype(np.float32)
    net = model.functional()[0]
    quantiles = [0.2, 0.8] if name == "quantiles" else None
    tuning = fnet.Tuning(quantiles=quantiles, dropout=0.1, seed=seed)
    run = fnet.train(
        net,
        fnet.adam(fnet.schedules.log_cosine(0.008, plan.epochs * plan.steps, cycles=4)),
        fnet.init_params(net, fnet.member_seeds(seed, 2 * max(cv, 1))),
        *(x, y, plan),
        validation=validation,
        tuning=tuning,
        class_weight=more.get("class_weight"),
        **({"monitor": "mean_validation_loss", "restore_best": True} if cv else {}),
    )
    for ours, theirs in zip(leaves(model._params), leaves(run.params), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-5, atol=1e-6)
    assert (model.n_epochs_, model.engine_, model.n_features_in_) == (4, "tensorflow", 2)
    new = {"numbers": [0.5, None], "categories": ["a", "f g"]}
    assert len(model.predict(new)) == 2
    assert (model.cv_score_ is None) == (cv == 0)
    path = tmp_path / "model.fnet"
    fnet.save(path, model)
    np.testing.assert_array_equal(fnet.load(path).predict(new), model.predict(new))


def test_what_an_ensemble_holds_out_is_scored_on_a_sample(tmp_path, monkeypatch):
    monkeypatch.setattr("fnet.streams.dataset.SAMPLE_ROWS", 30)
    found, table = numbered(tmp_path, task="classifier", seed=3)
    x, y, _ = in_memory(table)
    rows, own_x, own_y = found.random_rows()
    drawn = np.flatnonzero(philox.words(3, philox.SAMPLE, 60) < 1 << 31)
    np.testing.assert_array_equal(rows, drawn)
    np.testing.assert_array_equal(own_x, x[drawn])
    np.testing.assert_array_equal(own_y, y[drawn])
    model = fnet.TabularClassifier(cv=2, hidden=(5,)).fit(found)
    assert model.oof_predictions_.shape == (len(drawn), 3)
    right = model.oof_predictions_.argmax(axis=1) == y[drawn]
    assert model.cv_score_ == right.mean()


@pytest.mark.parametrize(
    ("arguments", "fit", "message"),
    [
        ({}, {"y": [0, 1]}, "y, which needs all rows"),
        ({}, {"groups": [0, 1]}, "groups, which needs all rows"),
        ({"cv": KFold(2)}, {}, "a splitter"),
        ({"cv": 1}, {}, "at least 2; got 1"),
        ({"cv": 50}, {}, "cv=50 leaves a fold without rows of 60"),
        ({"epochs": 2}, {}, "epochs, which the dataset has"),
        ({"encoder": fnet.TableEncoder()}, {}, "encoder, which the dataset has"),
        ({"time_limit": 2.0}, {}, "time_limit"),
        ({"engine": "numpy"}, {}, "engine='numpy'"),
        ({"class_weight": "balanced"}, {}, "balanced"),
    ],
    ids=str,
)
def test_ensembles_of_a_stream_refuse_what_needs_all_rows(good, arguments, fit, message):
    with pytest.raises(InvalidArgument, match=message):
        fnet.TabularClassifier(**arguments).fit(stream(good[1]), **fit)
    with pytest.raises(InvalidArgument, match="task='regressor'"):
        fnet.TabularRegressor().fit(stream(good[1]))


# The command


@pytest.fixture
def train(capsys):
    """Runs `fnet train` in this process, and returns what it prints."""

    def run(*words):
        code = cli.main(["train", *map(str, words)])
        printed = capsys.readouterr()
        assert code == 0, printed.err
        return printed.out + printed.err

    return run


def test_a_folder_is_trained_from_memory_or_in_turn(good, monkeypatch, train):
    folder, paths = good
    shards_folder = folder / "shards"
    shards_folder.mkdir()
    for path in paths:
        Path(path).rename(shards_folder / Path(path).name)
    joined = folder / "joined.csv"
    write(columns(60, ("numbers", "categories")), joined)
    options = ["--target", "target", "--cv", "0", "--epochs", "3", "--out"]
    train(shards_folder, *options, folder / "shards.fnet")
    train(joined, *options, folder / "joined.fnet")
    models = [fnet.load(folder / name) for name in ("shards.fnet", "joined.fnet")]
    for pair in zip(*(leaves(model.params) for model in models), strict=True):
        np.testing.assert_array_equal(*pair)
    monkeypatch.setattr("fnet.cli.folders.MAX_ROWS", 59)
    printed = train(
        shards_folder,
        "--target",
        "target",
        *("--epochs", 2, "--batch-size", 16),
        "--out",
        folder / "large.fnet",
    )
    assert "more than 59 rows, which are read in turn: trains one network (as --cv 0)" in printed
    assert "on 60 rows for 2 epochs by TensorFlow" in printed
    x = {"numbers": [0.5, None], "categories": ["a", "f g"]}
    assert fnet.load(folder / "large.fnet").predict(x).shape == (2,)
    monkeypatch.setattr("fnet.cli.folders.BATCH_ROWS", 16)
    options = ["--target", "target", "--epochs", 2, "--out", folder / "folds.fnet"]
    printed = train(shards_folder, *options, "--cv", 3, "--hidden", 5)
    assert "Trained 3 networks 5-5-2 on 60 rows, each without a fold, for up to 2 epochs" in printed
    assert "Expect on new rows: accuracy" in printed
    model = fnet.load(folder / "folds.fnet")
    assert model.predict(x).shape == (2,)
    assert model.trained["validation_rows"] == 60
    with pytest.raises(AssertionError, match="--report needs all rows in memory"):
        train(shards_folder, *options, "--report", folder / "page.html")
    with pytest.raises(AssertionError, match="--groups needs all rows in memory"):
        train(shards_folder, *options, "--groups", "categories")
