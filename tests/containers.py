"""Containers of the same numbers, and of what is refused: the tables of `test_containers.py`.

A container is one line: how it holds rows `[N, D]`, how it holds a column `[N]` (None if it does
not), and the kind of its values: "f" for floats, "i" for integers, "b" for bools. The numbers are
small integers, which every dtype holds exactly; a container of bools gets zeros and ones.
"""

import decimal
import tempfile
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import tensorflow as tf
from scipy import sparse

NAMES = ["age", "height", "is ill"]
"""The names of the columns of tables."""


class Container(NamedTuple):
    """How to hold rows and a column; `eps` is above 0 where a call computes in fewer bits."""

    kind: str
    rows: Any
    column: Any
    eps: float = 0.0


def _array(dtype: Any, eps: float = 0.0) -> Container:
    def make(values: Any) -> Any:
        return values.astype(dtype)

    return Container(np.dtype(dtype).kind, make, make, eps)


def _layout(change: Any, kind: str = "f") -> Container:
    return Container(kind, change, change)


def _strided(values: Any) -> Any:
    return (
        np.repeat(np.repeat(values, 2, 0), 3, -1)[::2, ::3]
        if values.ndim > 1
        else (np.repeat(values, 2)[::2])
    )


def _read_only(values: Any) -> Any:
    values = values.copy()
    values.flags.writeable = False
    return values


def _memory_mapped(values: Any) -> Any:
    with tempfile.TemporaryFile() as file:
        found = np.memmap(file, values.dtype, "w+", shape=values.shape)
    found[:] = values
    return found


def _decimals(values: Any) -> Any:
    return np.array([decimal.Decimal(int(v)) for v in values.flat]).reshape(values.shape)


def _by_column(table: Any, column: Any, *kinds: Any) -> Container:
    """A table whose column i is `column(values, kinds[i])`; one kind is that of all columns."""

    def rows(values: Any) -> Any:
        own = kinds * len(NAMES) if len(kinds) == 1 else kinds
        return table({n: column(v, k) for n, v, k in zip(NAMES, values.T, own, strict=False)})

    def one(values: Any) -> Any:
        return column(values, kinds[0])

    first = str(kinds[0]).lower()
    kind = "f" if len(kinds) > 1 else next((k for k in ("bool", "int") if k in first), "f")[0]
    return Container(kind, rows, one if len(kinds) == 1 else None)


def _pandas(*dtypes: Any) -> Container:
    return _by_column(
        pd.DataFrame, lambda v, dtype: pd.Series(v.astype(int)).astype(dtype), *dtypes
    )


def _polars(*dtypes: Any) -> Container:
    return _by_column(pl.DataFrame, lambda v, dtype: pl.Series(v.astype(int)).cast(dtype), *dtypes)


def _arrow_column(values: Any, dtype: Any) -> Any:
    half = len(values) // 2  # two chunks
    parts = [pa.array(part.astype(int)) for part in (values[:half], values[half:])]
    parts = [p.dictionary_encode() if dtype == "dictionary" else p.cast(dtype) for p in parts]
    return pa.chunked_array(parts)


def _arrow(*dtypes: Any) -> Container:
    return _by_column(pa.table, _arrow_column, *dtypes)


def _sparse(sparse_class: Any, dtype: Any = float) -> Container:
    return Container(np.dtype(dtype).kind, lambda values: sparse_class(values.astype(dtype)), None)


def _integers(container: Container) -> Container:
    return container._replace(kind="i")


CONTAINERS = {
    "float64": _array("float64"),
    "float32": _array("float32", eps=2.0**-23),
    "float16": _array("float16", eps=2.0**-10),
    "longdouble": _array("longdouble"),
    **{f"int{bits}": _array(f"int{bits}") for bits in (8, 16, 32, 64)},
    **{f"uint{bits}": _array(f"uint{bits}") for bits in (8, 16, 32, 64)},
    "bool": _array("bool"),
    "big-endian float64": _array(">f8"),
    "big-endian float32": _array(">f4", eps=2.0**-23),
    "big-endian int32": _array(">i4"),
    "Fortran order": _layout(np.asfortranarray),
    "not contiguous": _layout(_strided),
    "negative strides": _layout(lambda v: np.ascontiguousarray(v[::-1])[::-1]),
    "read-only": _layout(_read_only),
    "memory-mapped": _layout(_memory_mapped),
    "mask of nothing": _layout(lambda v: np.ma.masked_array(v)),
    "objects": _layout(lambda v: v.astype(int).astype(object), "i"),
    "objects of bools": _layout(lambda v: v.astype(bool).astype(object), "b"),
    "decimals": _layout(_decimals),
    "list": _layout(lambda v: v.tolist()),
    "list of integers": _layout(lambda v: v.astype(int).tolist(), "i"),
    "tuple of NumPy's numbers": _layout(tuple),
    "tensor": _layout(tf.constant),
    "tensor of integers": _layout(lambda v: tf.constant(v, tf.int32), "i"),
    "variable": _layout(tf.Variable),
    "pandas float64": _pandas("float64"),
    "pandas float32": _pandas("float32")._replace(eps=2.0**-23),
    "pandas int64": _pandas("int64"),
    "pandas uint8": _pandas("uint8"),
    "pandas bool": _pandas("bool"),
    "pandas Float64": _pandas("Float64"),
    "pandas Int64": _pandas("Int64"),
    "pandas UInt8": _pandas("UInt8"),
    "pandas boolean": _pandas("boolean"),
    "pandas double[pyarrow]": _pandas("double[pyarrow]"),
    "pandas int16[pyarrow]": _pandas("int16[pyarrow]"),
    "pandas bool[pyarrow]": _pandas("bool[pyarrow]"),
    "pandas object": _integers(_pandas("object")),
    "pandas category": _integers(_pandas("category")),
    "pandas Sparse": _pandas(pd.SparseDtype("float64", 0.0)),
    "pandas mixed": _pandas("int64", "float64", "bool"),
    "pandas mixed nullable": _pandas("Int64", "object", "boolean"),
    "pandas mixed Arrow": _pandas("double[pyarrow]", "category", "bool[pyarrow]"),
    "polars Float64": _polars(pl.Float64),
    "polars Int32": _polars(pl.Int32),
    "polars UInt8": _polars(pl.UInt8),
    "polars Boolean": _polars(pl.Boolean),
    "polars mixed": _polars(pl.Int64, pl.Float32, pl.Boolean),
    "polars Decimal": _polars(pl.Decimal(10, 2)),
    "Arrow double": _arrow(pa.float64()),
    "Arrow float32": _arrow(pa.float32())._replace(eps=2.0**-23),
    "Arrow int8": _arrow(pa.int8()),
    "Arrow bool": _arrow(pa.bool_()),
    "Arrow dictionary": _integers(_arrow("dictionary")),
    "Arrow decimal": _arrow(pa.decimal128(24, 2)),
    "Arrow mixed": _arrow(pa.int64(), pa.float64(), pa.bool_()),
    "Arrow record batch": _arrow(pa.float64())._replace(
        rows=lambda v: pa.record_batch(list(v.T), NAMES[: v.shape[1]]), column=pa.array
    ),
    "sparse csr": _sparse(sparse.csr_array),
    "sparse csc of integers": _sparse(sparse.csc_array, int),
    "sparse coo of bools": _sparse(sparse.coo_array, bool),
    "sparse csr matrix": _sparse(sparse.csr_matrix),
}

FEW = (
    "float32",
    "uint8",
    "bool",
    "big-endian float64",
    "list of integers",
    "pandas mixed nullable",
    "pandas Int64",
    "polars mixed",
    "Arrow mixed",
    "Arrow int8",
    "sparse csr",
)
"""One container of each kind, for calls that take long."""

X = np.array([[3.0, 7, 1], [0, 5, 0], [9, 1, 1], [4, 4, 0], [1, 8, 1], [6, 0, 0]])

_FRAME = pd.DataFrame(X, columns=NAMES)
_MISSING = _FRAME.mask((_FRAME == 9) | (_FRAME == 8))
_TEXT = _FRAME.assign(height=list("uvwuvw"))

REFUSED = {
    "text in pandas": (_TEXT, r"text \('u'\), first in row 0, column 'height'. Encode text"),
    "two columns of text": (_TEXT.assign(age="x"), "column 'age'.* no numbers: 'height'"),
    "text categories": (_TEXT.astype({"height": "category"}), "text .*column 'height'"),
    "text in Arrow": (pa.Table.from_pandas(_TEXT), "text .*column 'height'"),
    "text in polars": (pl.DataFrame(dict(_TEXT.items())), "text .*column 'height'"),
    "numbers as text": (_FRAME.astype({"age": str}), r"text \('3.0'\).*column 'age'"),
    "an array of text": (np.full(X.shape, "a"), "text .*first in row 0, column 0"),
    "dates": (_FRAME.assign(age=pd.Timestamp("2026-01-01")), "dates or times .*column 'age'.*days"),
    "times in Arrow": (
        pa.table({n: pa.array([1] * 6, pa.timestamp("s")) for n in NAMES}),
        "dates or times .*column 'age'",
    ),
    "complex numbers": (_FRAME.assign(age=1j), "complex numbers .*column 'age'"),
    "lists in cells": (_FRAME.assign(age=[[1]] * 6), "a list .*column 'age'"),
    "missing in pandas": (_MISSING, r"nan, first in row 2, column 'age' .*: 'height'\)"),
    "missing in Int64": (_MISSING.astype("Int64"), "nan, first in row 2, column 'age'"),
    "missing in Arrow": (pa.Table.from_pandas(_MISSING), "nan, first in row 2, column 'age'"),
    "missing in polars": (pl.DataFrame(dict(_MISSING.items())), "row 2, column 'age'"),
    "missing in objects": (_MISSING.astype(object), "nan, first in row 2, column 'age'"),
    "missing categories": (_MISSING.astype("category"), "nan, first in row 2, column 'age'"),
    "missing in bools": (
        _FRAME.assign(age=pd.array([True, None] * 3, "boolean")),
        "nan, first in row 1, column 'age'",
    ),
    "infinity": (_FRAME.replace(9, np.inf), "inf.* first in row 2, column 'age'"),
    "masked": (np.ma.masked_equal(X, 9.0), "masked entries; got one, first in row 2, column 0"),
    "lazy": (pl.LazyFrame(dict(_FRAME.items())), r"not computed yet. Call its collect\(\)"),
}
"""Values that are not numbers, and the messages."""
