"""Plans and pipelines: the rows of each batch, against scikit-learn's KFold and by hand."""

import hashlib
import pickle
import subprocess
import sys
import tracemalloc

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from sklearn.model_selection import KFold
from strategies import fewer, seeds

import fnet
from fnet.core import batches, philox

MILLION = 1_000_000


@st.composite
def cuts(draw, least=1):
    """`(n, batch_size)`: a number of rows and a batch size of at most this number."""
    n = draw(st.integers(least, 60))
    return n, draw(st.integers(1, n // least))


@st.composite
def plans(draw):
    """A plan of any kind that takes every row once per epoch."""
    n, size = draw(cuts())
    epochs, seed = draw(st.integers(0, 5)), draw(seeds)
    weights = draw(st.none() | st.just(np.arange(1.0, n + 1)))
    return draw(
        st.sampled_from(
            (
                fnet.kfold_plan(n, size, epochs, seed, weights),
                fnet.minibatch_plan(n, size, epochs, seed, weights),
                fnet.minibatch_plan(n, size, epochs, None, weights),
                fnet.full_batch_plan(n, epochs, weights),
            )
        )
    )


def lists(plan, epoch=0):
    """The batches of an epoch as lists of rows, without padding."""
    rows, weights = plan.batches(epoch, epoch + 1)
    return [list(r[w > 0]) for r, w in zip(rows[0], weights[0], strict=True)]


def shuffled(n, seed, epoch):
    """The rows in the order of an epoch, as one batch."""
    return fnet.minibatch_plan(n, n, epoch + 1, seed).batches(epoch, epoch + 1)[0].ravel()


def data(n):
    """x and y from which the number of a row can be read."""
    return np.arange(2.0 * n).reshape(n, 2), np.arange(n)


def columns(dataset):
    return [[column.numpy().tolist() for column in batch] for batch in dataset]


def labels(dataset):
    """The rows of each batch of a pipeline over `data`."""
    return [batch[1].numpy().tolist() for batch in dataset]


def test_kfold_plan_of_the_digits_has_22_batches_of_65_or_66():
    plan = fnet.kfold_plan(1437, batch_size=64, epochs=500, seed=0)
    assert (plan.epochs, plan.steps, plan.width) == (500, 22, 66)
    assert plan.batches(0, 2)[0].shape == plan.batches(0, 2)[1].shape == (2, 22, 66)
    assert [len(batch) for batch in lists(plan, 499)] == [66] * 7 + [65] * 15  # 7 * 66 + 15 * 65


@given(cuts(least=2), seeds, st.integers(0, 9))
def test_kfold_plan_cuts_the_shuffled_rows_as_scikit_learn_does(cut, seed, epoch):
    n, size = cut
    order = shuffled(n, seed, epoch)
    folds = [order[test].tolist() for _, test in KFold(n // size).split(order)]
    assert lists(fnet.kfold_plan(n, size, 10, seed), epoch) == folds


@pytest.mark.parametrize(("n", "size"), [(1, 1), (5, 3), (5, 5), (60, 31)])
def test_kfold_plan_with_one_fold_has_one_batch(n, size):
    (batch,) = lists(fnet.kfold_plan(n, size, epochs=1, seed=3))
    assert batch == shuffled(n, 3, 0).tolist()


@given(cuts(), seeds)
def test_minibatch_plan_takes_batch_size_rows_at_a_time(cut, seed):
    n, size = cut
    order = shuffled(n, seed, 0).tolist()
    wanted = [order[at : at + size] for at in range(0, n, size)]
    assert lists(fnet.minibatch_plan(n, size, 1, seed)) == wanted
    full_batches = [batch for batch in wanted if len(batch) == size]
    assert lists(fnet.minibatch_plan(n, size, 1, seed, drop_remainder=True)) == full_batches


def test_plans_without_a_shuffle_keep_the_order():
    assert lists(fnet.full_batch_plan(4, epochs=3), 2) == [[0, 1, 2, 3]]
    assert lists(fnet.minibatch_plan(5, 2, 3, seed=None), 2) == [[0, 1], [2, 3], [4]]


@given(plans())
def test_a_plan_takes_every_row_once_per_epoch(plan):
    rows, weights = plan.batches(0, plan.epochs)
    assert rows.shape == weights.shape == (plan.epochs, plan.steps, plan.width)
    assert rows.dtype == np.int32
    for row_numbers, weight in zip(rows, weights, strict=True):
        assert np.array_equal(np.sort(row_numbers[weight > 0]), np.arange(plan.rows))


@given(plans(), st.data())
def test_batches_do_not_depend_on_how_epochs_are_requested(plan, drawn):
    cut = drawn.draw(st.integers(0, plan.epochs))
    parts = zip(plan.batches(0, cut), plan.batches(cut, plan.epochs), strict=True)
    for full_batches, part in zip(plan.batches(0, plan.epochs), parts, strict=True):
        assert np.array_equal(full_batches, np.concatenate(part))


@given(cuts(), seeds, st.sampled_from((None, np.float32, np.float64, np.int64)))
def test_weights_follow_the_rows_and_are_0_for_padding(cut, seed, dtype):
    n, size = cut
    given_ = None if dtype is None else np.arange(1, n + 1).astype(dtype)
    plan = fnet.kfold_plan(n, size, 2, seed, given_)
    rows, weights = plan.batches(0, 2)
    sizes = [len(fold) for fold in np.array_split(np.arange(n), n // size)]
    real = np.arange(plan.width) < np.array(sizes)[:, None]
    of_row = np.ones(n) if dtype is None else np.arange(1, n + 1)
    assert np.array_equal(weights, np.where(real, of_row[rows], 0))
    assert weights.dtype == (np.float64 if dtype is np.float64 else np.float32)
    assert 0 <= rows.min() <= rows.max() < n


def test_a_row_of_weight_0_keeps_its_place():
    weights = np.array([1, 0, 2, 0.5])
    rows, carried = fnet.full_batch_plan(4, 1, weights).batches(0, 1)
    assert rows.tolist() == [[[0, 1, 2, 3]]]
    assert carried.tolist() == [[[1, 0, 2, 0.5]]]


def test_a_shuffle_sorts_the_rows_by_their_random_words_read_as_signed():
    words = philox.words(6, philox.SHUFFLE, 1000, epoch=3).view(np.int32)
    assert np.array_equal(shuffled(1000, 6, 3), np.argsort(words, kind="stable"))


def test_rows_with_the_same_word_keep_their_order(monkeypatch):
    words = np.array([[7, 3, 7, 3, 7]], np.uint32)
    monkeypatch.setattr(philox, "words", lambda *args, **kwargs: words)
    assert shuffled(5, 0, 0).tolist() == [1, 3, 0, 2, 4]


def test_epochs_shuffled_in_chunks_are_the_same(monkeypatch):
    plan = fnet.kfold_plan(23, 5, 50, seed=2)
    full_batches = plan.batches(3, 50)
    for some in (1, 100, 23 * 47):
        monkeypatch.setattr(batches, "SHUFFLE_CHUNK_ROWS", some)
        assert all(map(np.array_equal, full_batches, plan.batches(3, 50)))


def test_every_order_is_equally_likely():
    orders = fnet.minibatch_plan(4, 4, 4800, seed=1).batches(0, 4800)[0].reshape(4800, 4)
    kinds, counts = np.unique(orders, axis=0, return_counts=True)
    assert len(kinds) == 24  # 4!
    assert stats.chisquare(counts).pvalue > 0.01


@pytest.mark.parametrize("make", [fnet.kfold_plan, fnet.minibatch_plan])
def test_every_epoch_and_every_seed_has_another_order(make):
    rows = [make(50, 10, 20, seed).batches(0, 20)[0].reshape(20, 50) for seed in range(3)]
    assert len({order.tobytes() for order in np.concatenate(rows)}) == 60


@pytest.mark.parametrize("make", [fnet.kfold_plan, fnet.minibatch_plan])
def test_the_order_of_an_epoch_depends_on_seed_and_epoch_alone(make):
    np.random.seed(1)  # noqa: NPY002, a global generator that must not be read
    short, long = (make(50, 10, epochs, seed=4) for epochs in (3, 1000))
    np.random.seed(2)  # noqa: NPY002, the same
    assert np.array_equal(short.batches(2, 3)[0], long.batches(2, 3)[0])


def test_a_plan_of_a_million_rows_holds_no_rows():
    tracemalloc.start()
    plan = fnet.kfold_plan(MILLION, batch_size=64, epochs=10**9, seed=0)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 10_000
    assert len(pickle.dumps(plan)) < 1_000


def test_an_epoch_of_a_million_rows_is_one_block():
    plan = fnet.kfold_plan(MILLION, batch_size=64, epochs=10**9, seed=0)
    rows, weights = plan.batches(10**9 - 1, 10**9)
    assert rows.shape == weights.shape == (1, MILLION // 64, 64)
    assert np.array_equal(np.bincount(rows.ravel()), np.ones(MILLION))


def test_a_plan_is_the_same_in_another_process():
    program = (
        "import hashlib, fnet\n"
        "pieces = (make(1437, 64, 5, seed=9).batches(0, 5) for make in"
        " (fnet.kfold_plan, fnet.minibatch_plan))\n"
        "print(hashlib.sha256(b''.join(c.tobytes() for p in pieces for c in p)).hexdigest())\n"
    )
    ran = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    blocks = (
        make(1437, 64, 5, seed=9).batches(0, 5) for make in (fnet.kfold_plan, fnet.minibatch_plan)
    )
    ours = hashlib.sha256(b"".join(column.tobytes() for p in blocks for column in p))
    assert ran.stdout.strip() == ours.hexdigest()


def test_a_plan_can_be_pickled():
    plan = fnet.kfold_plan(10, 3, 2, seed=1, weights=np.arange(10.0))
    for ours, theirs in zip(
        plan.batches(0, 2), pickle.loads(pickle.dumps(plan)).batches(0, 2), strict=True
    ):
        assert np.array_equal(ours, theirs)


@given(cuts(), st.integers(0, 3), st.none() | seeds, st.booleans(), st.booleans())
@fewer(16)
def test_pipeline_gives_the_batches_of_minibatch_plan(cut, epochs, seed, weighted, drop):
    n, size = cut
    x, y = data(n)
    weights = np.arange(1.0, n + 1) if weighted else None
    given_ = (x, y, weights) if weighted else (x, y)
    plan = fnet.minibatch_plan(n, size, epochs, seed, weights, drop)
    pipeline = fnet.pipeline(x, y, size, epochs, seed, weights, drop)
    wanted = [
        [column[rows].tolist() for column in given_]
        for epoch in range(epochs)
        for rows in lists(plan, epoch)
    ]
    assert columns(pipeline) == wanted
    assert (pipeline.epochs, int(pipeline.cardinality())) == (epochs, len(wanted))


def test_pipeline_iterated_again_gives_the_same_batches():
    pipeline = fnet.pipeline(*data(30), batch_size=4, epochs=3, seed=5)
    assert columns(pipeline) == columns(pipeline)


def test_pipeline_shuffles_each_epoch_differently():
    rows = np.concatenate(labels(fnet.pipeline(*data(30), batch_size=4, epochs=3, seed=5)))
    assert len({order.tobytes() for order in rows.reshape(3, 30)}) == 3


def test_pipeline_in_order_and_without_a_remainder():
    x, y = data(5)
    assert labels(fnet.pipeline(x, y, 2, seed=None)) == [[0, 1], [2, 3], [4]]
    assert labels(fnet.pipeline(x, y, 2, seed=None, drop_remainder=True)) == [[0, 1], [2, 3]]


def test_pipeline_reads_no_global_seed():
    found = []
    for seed in (1, 2):
        tf.random.set_seed(seed)
        found.append(labels(fnet.pipeline(*data(30), batch_size=4, epochs=2, seed=5)))
    assert found[0] == found[1]


def test_pipeline_keeps_the_dtypes_and_the_ranks_of_its_data():
    x, y = np.ones((4, 2), np.float32), np.eye(4)
    batch = next(iter(fnet.pipeline(x, y, 3, weights=np.ones(4, np.float32))))
    assert [(column.dtype, column.shape) for column in batch] == [
        (tf.float32, (3, 2)),
        (tf.float64, (3, 4)),
        (tf.float32, (3,)),
    ]


def test_a_plan_keeps_its_own_weights():
    weights = np.ones(4)
    plan = fnet.full_batch_plan(4, 1, weights)
    weights[:] = 0
    assert plan.batches(0, 1)[1].sum() == 4
