"""The lecture notes' data sets: facts about them, scikit-learn's own split, and bad CSV files."""

import numpy as np
import pandas as pd
import pytest
import sklearn.datasets
from sklearn.model_selection import train_test_split

from fnet import InvalidArgument, datasets

GOOD = "X0,X1,Y\n5.1,3.5,-1\n7.0,3.2,1\n"


@pytest.fixture
def csv(tmp_path):
    """A function that writes a text, or bytes, to a CSV and returns its path."""

    def write(content):
        path = tmp_path / "course.csv"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


def test_course_is_iris_with_setosa_against_the_rest():
    x, y = datasets.load_course()
    assert (x.shape, y.shape, x.dtype, y.dtype) == ((150, 2), (150,), np.float64, np.float64)
    assert x[[0, 50, 149]].tolist() == [[5.1, 3.5], [7.0, 3.2], [5.9, 3.0]]
    assert y.tolist() == [-1] * 50 + [1] * 100


def test_course_has_the_accuracy_of_the_published_perceptron():
    x, y = datasets.load_course()
    hits = np.sign(x @ [4.93, -6.98] - 3.3) == y
    assert round(hits.mean(), 3) == 0.987


def test_course_is_read_from_a_csv_with_columns_in_any_order(csv):
    x, y = datasets.load_course(csv("id,Y,X1,X0\na,-1,3.5,5.1\nb,1,3.2,7\n"))
    assert x.tolist() == [[5.1, 3.5], [7.0, 3.2]]
    assert y.tolist() == [-1, 1]
    assert x.dtype == y.dtype == np.float64


def test_course_survives_a_csv(tmp_path):
    x, y = datasets.load_course()
    path = tmp_path / "course.csv"
    pd.DataFrame({"X0": x[:, 0], "X1": x[:, 1], "Y": y}).to_csv(path, index=False)
    for came in (datasets.load_course(path), datasets.load_course(str(path))):
        assert np.array_equal(came[0], x)
        assert np.array_equal(came[1], y)


@pytest.mark.parametrize(
    ("content", "match"),
    [
        pytest.param("X0,Y\n1,1\n", r"it lacks X1 and has X0, Y$", id="no X1"),
        pytest.param("a,b\n1,2\n", r"it lacks X0, X1, Y and has a, b$", id="other columns"),
        pytest.param("5.1,3.5,-1\n7,3.2,1\n", "must have the columns X0, X1, Y", id="no header"),
        pytest.param(GOOD + "4.9,x,1\n", r"column X1 has 'x' in data row 2 ", id="text"),
        pytest.param(GOOD + "4.9,,1\n", r"column X1 has .*nan.* in data row 2", id="missing"),
        pytest.param(GOOD + "4.9,3,nan\n", r"column Y has .*nan.* in data row 2", id="NaN"),
        pytest.param(GOOD + "inf,3,1\n", r"column X0 has .*inf.* in data row 2", id="infinite"),
        pytest.param("X0,X1,Y\n", "at least one row of data; it has only a header", id="no rows"),
        pytest.param("", "must be a CSV with a header row", id="empty"),
        pytest.param(GOOD + "1,2,3,4\n", "must be a CSV with a header row", id="ragged"),
        pytest.param(b"X0,X1,Y\n\xff,1,1\n", "must be a CSV with a header row", id="not text"),
    ],
)
def test_course_refuses_a_bad_csv_and_names_the_file(csv, content, match):
    path = csv(content)
    with pytest.raises(InvalidArgument, match=match) as caught:
        datasets.load_course(path)
    assert str(caught.value).startswith(str(path))


def test_course_raises_file_not_found(tmp_path):
    with pytest.raises(FileNotFoundError, match="nowhere.csv"):
        datasets.load_course(tmp_path / "nowhere.csv")


@pytest.mark.parametrize("scale", [False, True])
def test_digits_are_scikit_learns_with_its_split(scale):
    pixels, labels = sklearn.datasets.load_digits(return_X_y=True)
    train, test, train_labels, test_labels = train_test_split(
        pixels, labels, test_size=0.2, random_state=1
    )
    found = datasets.load_digits(scale)
    assert [part.shape for part in found] == [(1437, 64), (360, 64), (1437, 10), (360, 10)]
    assert {part.dtype for part in found} == {np.dtype("float64")}
    for part, wanted in zip(found[:2], (train, test), strict=True):
        assert np.array_equal(part, wanted / 16 if scale else wanted)
        assert (part.min(), part.max()) == (0, 1 if scale else 16)
    for rows, wanted in zip(found[2:], (train_labels, test_labels), strict=True):
        assert np.array_equal(rows.argmax(axis=1), wanted)
        assert np.array_equal(np.sort(rows, axis=1), [[0] * 9 + [1]] * len(rows))


def test_digits_are_raw_by_default():
    assert datasets.load_digits()[0].max() == 16


def test_digits_refuse_a_scale_that_is_not_a_boolean():
    with pytest.raises(InvalidArgument, match="scale must be True or False; got 16"):
        datasets.load_digits(scale=16)
