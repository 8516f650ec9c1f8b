"""The random bits: Random123's known answers, and equality of NumPy, TensorFlow and XLA."""

import functools

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import assume, example, given
from hypothesis import strategies as st
from scipy import stats
from strategies import seeds

from fnet.core import philox
from fnet.engine import rng
from fnet.reference import rng as twin

PURPOSES = st.sampled_from((philox.INIT, philox.SHUFFLE))
POSITIONS = st.tuples(seeds, PURPOSES, seeds, seeds)  # seed, purpose, epoch, step
LAST = 2**32 - 1
WORDS = philox.words(7, philox.INIT, 200_000)


def hexes(text):
    return [np.uint64(int(word, 16)) for word in text.split()]


@pytest.mark.parametrize(
    ("counter", "key", "answer"),
    [
        (
            "00000000 00000000 00000000 00000000",
            "00000000 00000000",
            "6627e8d5 e169c58d bc57ac4c 9b00dbd8",
        ),
        (
            "ffffffff ffffffff ffffffff ffffffff",
            "ffffffff ffffffff",
            "408f276d 41c83b0e a20bc7c6 6d5451fd",
        ),
        (
            "243f6a88 85a308d3 13198a2e 03707344",
            "a4093822 299f31d0",
            "d16cfe09 94fdcceb 5001e420 24126ea1",
        ),
    ],
)
def test_philox_gives_the_known_answers_of_random123(counter, key, answer):
    assert list(philox.philox4x32(hexes(counter), hexes(key))) == hexes(answer)


def test_words_start_with_the_known_answer():
    assert philox.words(0, 0, 4).tolist() == hexes("6627e8d5 e169c58d bc57ac4c 9b00dbd8")
    assert rng.words(0, 0, 4).numpy().tolist() == philox.words(0, 0, 4).tolist()


@functools.cache
def compiled(purpose, count, xla):
    def drawn(seed, epoch, step):
        return rng.words(seed, purpose, count, epoch, step)

    return tf.function(drawn, jit_compile=xla, autograph=False)


@given(POSITIONS, st.sampled_from((1, 7, 64)))
@example((LAST, philox.SHUFFLE, LAST, LAST), 7)
def test_tensorflow_and_numpy_words_are_equal(position, count):
    seed, purpose, epoch, step = position
    wanted = philox.words(seed, purpose, count, epoch, step)
    assert wanted.dtype == np.uint32
    assert np.array_equal(rng.words(seed, purpose, count, epoch, step), wanted)
    numbers = [tf.constant(v, tf.uint32) for v in (seed, epoch, step)]
    for xla in (False, True):
        assert np.array_equal(compiled(purpose, count, xla)(*numbers), wanted)


@given(POSITIONS, st.integers(0, 40), st.integers(0, 40))
def test_words_do_not_depend_on_the_count(position, some, more):
    seed, purpose, epoch, step = position
    longer = philox.words(seed, purpose, some + more, epoch, step)
    assert np.array_equal(longer[:some], philox.words(seed, purpose, some, epoch, step))


@given(st.lists(seeds, min_size=1, max_size=5), PURPOSES, seeds, seeds)
def test_an_array_of_seeds_equals_single_seeds(several, purpose, epoch, step):
    together = philox.words(several, purpose, 9, epoch, step)
    alone = [philox.words(seed, purpose, 9, epoch, step) for seed in several]
    assert np.array_equal(together, alone)


def test_seeds_epochs_and_steps_broadcast_to_the_leading_axes():
    found = philox.words([[3], [4]], philox.INIT, 5, epoch=[0, 1, 2], step=6)
    assert found.shape == (2, 3, 5)
    assert np.array_equal(found[1, 2], philox.words(4, philox.INIT, 5, epoch=2, step=6))


@given(POSITIONS, POSITIONS)
@example((0, 1, 0, 0), (1, 1, 0, 0))
@example((0, 1, 0, 0), (0, 2, 0, 0))
@example((0, 1, 1, 0), (0, 1, 0, 1))
@example((1, 2, 0, 0), (2, 1, 0, 0))
def test_each_seed_purpose_epoch_and_step_has_other_words(one, other):
    assume(one != other)
    (a, p, *at), (b, q, *to) = one, other
    assert (philox.words(a, p, 8, *at) != philox.words(b, q, 8, *to)).any()


def test_uniforms_are_equal_on_both_sides_and_inside_0_and_1():
    ends = np.array([0, 1, 2**31, LAST], np.uint32)
    wanted = [2.0**-33, 1.5 * 2**-32, 0.5 + 2.0**-33, 1 - 2.0**-33]
    assert twin.uniforms(ends).tolist() == wanted
    assert rng.uniforms(tf.constant(ends)).numpy().tolist() == wanted


def test_uniforms_are_uniformly_distributed():
    assert stats.kstest(twin.uniforms(WORDS), "uniform").pvalue > 0.01


@pytest.mark.parametrize("xla", [False, True])
def test_normals_of_both_sides_agree_within_four_ulp(xla):
    found = tf.function(rng.normals, jit_compile=xla)(tf.constant(WORDS)).numpy()
    wanted = twin.normals(WORDS)
    assert found.dtype == wanted.dtype == np.float64
    assert (np.abs(found - wanted) <= 4 * np.spacing(np.abs(wanted))).all()


def test_normals_are_standard_and_uncorrelated():
    drawn = twin.normals(WORDS)
    error = 1 / np.sqrt(len(drawn))  # of the mean; sqrt(2) times as much of the variance
    assert abs(drawn.mean()) < 3 * error
    assert abs(drawn.var() - 1) < 3 * np.sqrt(2) * error
    assert abs(np.corrcoef(drawn[::2], drawn[1::2])[0, 1]) < 3 * np.sqrt(2) * error
    assert stats.kstest(drawn, "norm").pvalue > 0.01


@pytest.mark.parametrize("word", [0, LAST])
def test_normals_of_extreme_words_are_finite(word):
    words = np.full(2, word, np.uint32)
    assert np.isfinite(twin.normals(words)).all()
    assert np.isfinite(rng.normals(tf.constant(words))).all()
