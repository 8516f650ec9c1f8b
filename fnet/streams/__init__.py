"""Training from tables in files that need not fit in memory.

csv_blocks.py: blocks of whole rows of a CSV.
shards.py: the files, read from any row on.
tfrecords.py: those of TFRecord, read by TensorFlow.
samples.py: a random sample of the rows, as one table.
targets.py: what the target is, and its values.
survey.py: the first pass over all rows.
encoders.py: rows as numbers, and the encoding that is learnt from all rows.
dataset.py: `table_dataset`, whose windows `train` reads.
"""

from fnet.streams.dataset import table_dataset

__all__ = ["table_dataset"]
