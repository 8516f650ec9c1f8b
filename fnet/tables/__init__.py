"""Tables in files, read in chunks: features of any kind, and targets.

A table is a CSV, JSON lines, Parquet, or an Arrow file or stream, which Feather 2 is. It is
recognized by its first bytes, and so is what it is compressed by: gzip, bzip2, zstd, lz4 or xz.
Text is UTF-8, or what its byte-order mark or the caller says. The first row of a CSV is the header.
Invalid cells are refused with the name of the column and the number of the row, counted from 1
without the header. Files are read by Arrow, which is fast, needs little memory and imports in a
tenth of a second.

  sources.py: a regular file with the bytes of a file, a pipe or standard input.
  formats.py: what a file is, by its first bytes, and the header of a CSV.
  streams.py: the bytes of a file, unpacked and in UTF-8.
  arrow_tables.py: Parquet, Arrow files and streams.
  json_tables.py: JSON lines.
  readers.py: opens a file as a Table, which yields its Chunks; and CSV.
  feature_columns.py: the columns of Chunks as `fnet.encoding` takes them.
  notations.py: numbers as text, and the notation that the cells of a column agree on.
  cells.py: the cells of columns in Chunks, as they come or as text.
  features.py: the rows of Chunks as numbers, by the encoding of a model.
  target_cells.py: the cells of the target, and which of them are missing.
  targets.py: the target, and the rule that decides between classes and numbers.
  columns.py: the names of columns; and a whole table as training data.
"""

from fnet.tables.cells import MAX_EXACT_INTEGER, text_column
from fnet.tables.columns import (
    TrainingData,
    feature_names,
    match_names,
    notation_note,
    read_chunks,
    read_target,
    read_training_data,
    require_columns,
)
from fnet.tables.feature_columns import feature_table
from fnet.tables.features import FeatureReader, Writing, plain_encoding
from fnet.tables.notations import Notation
from fnet.tables.readers import Chunk, Table, open_table
from fnet.tables.sources import MAX_STREAM_BYTES, as_file, is_file
from fnet.tables.target_cells import TargetOptions
from fnet.tables.targets import Target

__all__ = [
    "MAX_EXACT_INTEGER",
    "MAX_STREAM_BYTES",
    "Chunk",
    "FeatureReader",
    "Notation",
    "Table",
    "Target",
    "TargetOptions",
    "TrainingData",
    "Writing",
    "as_file",
    "feature_names",
    "feature_table",
    "is_file",
    "match_names",
    "notation_note",
    "open_table",
    "plain_encoding",
    "read_chunks",
    "read_target",
    "read_training_data",
    "require_columns",
    "text_column",
]
