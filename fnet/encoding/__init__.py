"""The encoding of tables: what each column is, and how its cells become numbers.

`learn` finds the Encoding of a table, and `encode` applies it. Both need NumPy alone.
`fnet.TableEncoder` is the two as a transformer of scikit-learn.
"""

from fnet.encoding.apply import Encoded, encode, encode_rows, prepare
from fnet.encoding.describe import describe, notes
from fnet.encoding.json_form import plain, plain_column
from fnet.encoding.learn import learn
from fnet.encoding.options import Options
from fnet.encoding.problems import Option, Problem, TableError, shown
from fnet.encoding.records import (
    ColumnEncoding,
    Encoding,
    Statistics,
    code_features,
    feature_names,
    feature_slices,
    find_encoding,
    number_features,
)

__all__ = [
    "ColumnEncoding",
    "Encoded",
    "Encoding",
    "Option",
    "Options",
    "Problem",
    "Statistics",
    "TableError",
    "code_features",
    "describe",
    "encode",
    "encode_rows",
    "feature_names",
    "feature_slices",
    "find_encoding",
    "learn",
    "notes",
    "number_features",
    "plain",
    "plain_column",
    "prepare",
    "shown",
]
