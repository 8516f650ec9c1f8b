"""Tables in files, CSV and Parquet, a part at a time: columns of numbers, and targets.

A CSV is UTF-8 (with a byte-order mark or without), its first row the names of its columns; a
Parquet file is told by its first bytes. What cannot be a number is refused by the name of its
column and by its row, counted from 1, the row of names left out. By Arrow: it reads both, quickly
and in little memory, and takes a tenth of a second to import.

  files.py: a file that is open as a Table, and its Parts.
  cells.py: the cells of a column in a Part, as numbers, texts or targets.
  columns.py: which columns; and a table as a whole, to learn from.
"""

from fnet.tables.cells import EXACT, numbers, texts
from fnet.tables.columns import features, present, whole
from fnet.tables.readers import opened

__all__ = ["EXACT", "features", "numbers", "opened", "present", "texts", "whole"]
