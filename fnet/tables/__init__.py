"""Tables in CSV and Parquet files, read in chunks: numeric feature columns, and targets.

A CSV is UTF-8 text, with or without a byte-order mark; its first row is the header. A Parquet file
is recognized by its first bytes. Invalid cells are refused with the name of the column and the
number of the row, counted from 1 without the header. Files are read by Arrow, which is fast, needs
little memory and imports in a tenth of a second.

  readers.py: opens a file as a Table, which yields its Chunks.
  cells.py: the cells of a column in a Chunk, as numbers, text or targets.
  columns.py: the names of columns; and a whole table as training data.
"""

from fnet.tables.cells import MAX_EXACT_INTEGER, numeric_columns, text_column
from fnet.tables.columns import feature_names, read_training_data, require_columns
from fnet.tables.readers import Chunk, Table, open_table

__all__ = [
    "MAX_EXACT_INTEGER",
    "Chunk",
    "Table",
    "feature_names",
    "numeric_columns",
    "open_table",
    "read_training_data",
    "require_columns",
    "text_column",
]
