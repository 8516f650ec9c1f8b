"""Many records as a few arrays: packed and unpacked, and what of a file is refused."""

import json
import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_encoded_models import WHOLE
from test_file_content import refuse

import fnet
from fnet import InvalidArgument
from fnet.encoding import learn, records, steps
from fnet.files import codec, packing
from fnet.files.packing import Packed, pack, unpack

texts = st.text(st.integers(0, 0x10FFFF).map(chr), max_size=5)  # surrogates and all
leaves = (
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False)
    | texts
    | st.sampled_from(["text", "integer", "floats", "texts", "YYYY-MM-DD"])
)
values = st.recursive(
    leaves,
    lambda parts: (
        st.lists(parts, max_size=4).map(tuple)
        | st.builds(steps.Levels, parts, parts, parts)
        | st.builds(steps.Number, parts, gaps=parts)
        | st.builds(steps.Clip, parts)
        | st.builds(steps.Code, parts)
        | st.sampled_from([steps.Days(), steps.Value(), steps.Missing()])
    ),
    max_leaves=10,
)


def is_equal(one, other):
    """Whether two trees are equal, the types of all parts too."""
    if isinstance(one, tuple):
        pairs = zip(one, other, strict=False)
        same = len(one) == len(other) and all(is_equal(*pair) for pair in pairs)
    else:
        same = one == other
    return type(one) is type(other) and same


@settings(max_examples=200, deadline=None)
@given(st.lists(values, max_size=4).map(tuple))
def test_records_are_unpacked_as_they_were(records):
    packed = pack(records)
    assert is_equal(unpack(packed), records)
    value, arrays = codec.encode(packed)
    assert is_equal(unpack(codec.decode(json.loads(json.dumps(value)), arrays)), records)


def test_records_of_one_form_share_it():
    records = tuple(steps.Scale(float(i), 1.0 / (i + 1)) for i in range(100))
    packed = pack(records)
    assert packed.templates == (steps.Scale("float", "float"),)
    assert packed.which.tolist() == [0] * 100
    assert packed.floats.tolist() == [number for record in records for number in record]
    assert packed.integers.size == packed.letters.size == 0
    assert pack((steps.Number(unit="%"), steps.Number())).templates == (
        steps.Number(unit="text"),
        steps.Number(),
    )


def wide(columns):
    rng = np.random.default_rng(0)
    return learn({f"column {i}": column for i, column in enumerate(rng.normal(size=(columns, 8)))})


def test_a_wide_table_takes_little_room():
    """The header of a file would end at 1,600 columns of numbers if each were JSON."""
    sizes = [len(json.dumps(codec.encode(wide(columns))[0])) for columns in (10, 5000)]
    assert sizes[0] == sizes[1] < 1000


def test_a_wide_table_is_saved_with_its_network(tmp_path):
    encoding = wide(5000)
    net = fnet.Network((5000, 1), loss="squared_error")
    content = WHOLE._replace(
        **{"net": net, "params": (fnet.Layer(np.ones((5000, 1)), np.zeros(1)),)},
        **{"encoding": encoding, "estimator": None, "pipeline": None},
    )
    fnet.save(tmp_path / "a.fnet", fnet.files.Model(content))
    model = fnet.load(tmp_path / "a.fnet")
    assert model.encoding == encoding
    assert model.predict(np.zeros((2, 5000))).shape == (2, 1)


def test_what_would_take_too_much_memory_is_refused_when_it_is_saved(monkeypatch):
    records = wide(20).columns
    size = len(pack(records).letters)
    monkeypatch.setattr(packing, "MAX_LETTERS", size)
    pack(records)
    monkeypatch.setattr(packing, "MAX_LETTERS", size - 1)
    with pytest.raises(InvalidArgument, match="20 columns of a table must have at most"):
        pack(records)
    monkeypatch.undo()
    for limit in range(1200):  # the least that saves is the least that loads
        monkeypatch.setattr(packing, "MAX_VALUES", limit)
        try:
            packed = pack(records)
        except InvalidArgument:
            continue
        break
    assert unpack(packed) == records
    monkeypatch.setattr(packing, "MAX_VALUES", limit - 1)
    with pytest.raises(ValueError, match="fewer"):
        unpack(packed)


def array(*values, dtype=np.int64):
    return np.array(values, dtype)


BYTES = array(*b"abc", dtype=np.uint8)
NONE = np.empty(0)
MANY = packing.MAX_VALUES
BAD = {
    "no such template": Packed((None,), array(1, dtype=np.int32), array(), NONE, BYTES[:0]),
    "too few numbers": Packed(("float",), array(0), array(), NONE, BYTES[:0]),
    "too many numbers": Packed(("float",), array(0), array(), np.ones(2), BYTES[:0]),
    "too many letters": Packed(("text",), array(0), array(2), NONE, BYTES),
    "too few letters": Packed(("text",), array(0), array(4), NONE, BYTES),
    "a negative length": Packed(("text",) * 2, array(0, 1), array(2, -1), NONE, BYTES),
    "no text": Packed(("text",), array(0), array(1), NONE, array(255, dtype=np.uint8)),
    "a length that is no integer": Packed(("texts",), array(0), np.ones(1), NONE, BYTES[:0]),
    "an endless list": Packed(("integers",), array(0), array(2**62, 1), NONE, BYTES[:0]),
    "a list of lists": Packed((("integers",) * 999,), array(*[0] * 999), array(), NONE, BYTES),
    "many records": Packed((steps.Days(),), np.zeros(MANY + 1, int), array(), NONE, BYTES[:0]),
    "large records": Packed(((((),) * 1000),), np.zeros(MANY, int), array(), NONE, BYTES[:0]),
    "many letters": Packed(("text",), array(0), array(1 << 21), NONE, np.ones(1 << 21, np.uint8)),
    "no records": Packed((3, "x"), array(0, 1), array(), NONE, BYTES[:0]),
    "lists": Packed([1], [0], [], [], []),
    "nothing": None,
}


@pytest.mark.parametrize("case", BAD)
def test_packed_records_that_are_none_are_refused(case, tmp_path):
    encoding = records.Encoding(BAD[case])
    refuse(tmp_path / "a.fnet", WHOLE._replace(encoding=encoding))


FULL = {
    "floats": Packed(("floats",), array(0), array(MANY - 2), np.ones(MANY - 2), BYTES[:0]),
    "texts": Packed(
        ("texts",), array(0), array(MANY - 2, *[3] * (MANY - 2)), NONE, np.full(3 * MANY - 6, 97)
    ),
    "a text": Packed(("text",), array(0), array(1 << 20), NONE, np.full(1 << 20, 97, np.uint8)),
    "records": Packed((steps.Days(),), np.zeros(MANY, np.int32), array(), NONE, BYTES[:0]),
}


@pytest.mark.parametrize("case", FULL)
def test_what_is_unpacked_has_bounded_memory(case):
    packed = FULL[case]._replace(letters=FULL[case].letters.astype(np.uint8)[: 1 << 20])
    on_disk = sum(array.nbytes for array in packed[1:])
    tracemalloc.start()
    try:
        unpack(packed)
    except ValueError:
        assert case == "texts"  # which end with the letters
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 3 * on_disk + (16 << 20)
