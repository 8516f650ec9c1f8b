"""The encoder of tables as a transformer of scikit-learn."""

import warnings
from collections.abc import Mapping, Sequence
from typing import Any, Literal, Self

import numpy as np
import numpy.typing as npt

from fnet.core.errors import InvalidArgument
from fnet.encoding.apply import Encoded, encode, encode_rows
from fnet.encoding.cells import DateFormat
from fnet.encoding.columns import Columns, to_columns
from fnet.encoding.describe import describe, notes
from fnet.encoding.json_form import from_json, to_json
from fnet.encoding.learn import learn
from fnet.encoding.options import MAX_LEVELS, Options, Scaling
from fnet.encoding.records import Encoding, Kind, feature_names
from fnet.encoding.sklearn_api import (
    BaseEstimator,
    TransformerMixin,
    check_feature_names_in,
    check_is_fitted,
)


class TableEncoder(TransformerMixin, BaseEstimator):
    """Turns the columns of a table, of any kind and with gaps, into numbers `[N, D]`.

    `fit` learns what each column is, without looking at y. Numbers are filled and scaled, booleans
    become -1 and 1, categories one column for each level, dates elapsed days and the cyclic parts
    that vary. Columns of no use are left out. The rules are those of `fnet.encoding.learn`, and
    what is learnt is plain data, `encoding_`.

    X may be a data frame of any library, an Arrow table, a dict of columns, a list of dicts, or
    rows `[N, D]`. Columns go by their names: they may come in any order, and others are ignored.

    Args:
        kinds: What columns are, by name, where it should not be found: "number", "boolean",
            "category", "date" or "ignored".
        scaling: How numbers are scaled. "robust": by the median and the interquartile range, then
            clipped smoothly to -3 to 3. "standard": by the mean and the standard deviation. "none".
        max_levels: The most levels of a category that have columns of their own; the others share
            one, the pool, with levels that training has not seen.
        min_count: The least rows of a level with a column of its own; None for 1% of the rows, at
            least 2 and at most 10.
        embed: A category of more levels than this becomes one column of integer codes, for a
            learned embedding. Whole numbers of more values than this, with 10 rows each on average,
            get such a column beside their own. None for never.
        keep: Names of columns to keep although they seem of no use, as where all cells are equal;
            True for all.
        missing: Cells that are gaps in any column, beside the usual ones.
        date_format: How dates are written in text, where two formats fit: "MM/DD/YYYY" or
            "DD/MM/YYYY", for all columns or by name.
        decimal: The decimal character of numbers in text, where two fit.
        dtype: The type of the result, float64 or float32.

    Attributes:
        encoding_: What was learnt: each column's kind, reason, statistics and steps.
        notes_: Lines that a user should read: columns left out, numbers in other notations.
        n_features_in_: The number of columns of the table.
        feature_names_in_: Their names, if the table has names.

    Raises:
        InvalidArgument: A column cannot be read, or no column is of use. `transform`: a column is
            missing or of another kind, or a cell is not what its column is.

    Example:
        >>> import fnet
        >>> table = {"age": [31, None, 45, 52], "sex": ["f", "m", "f", "m"]}
        >>> encoder = fnet.TableEncoder().fit(table)
        >>> print(encoder.describe())
        'age'  number    numbers; 31 to 52, median 45; 1 gap; 2 columns
        'sex'  category  text, 2 levels; 'f' 2, 'm' 2; 1 column
        >>> encoder.get_feature_names_out().tolist()
        ['age is missing', 'age', 'sex=m']
        >>> encoder.transform([{"sex": "m", "age": "45"}, {"sex": "f"}]).tolist()
        [[0.0, 0.0, 1.0], [1.0, 0.0, -1.0]]

    References:
        Holzmüller, Grinsztajn and Steinwart (2024), Better by Default: Strong Pre-Tuned MLPs and
        Boosted Trees on Tabular Data, arXiv 2407.04491 (the robust scaling).
    """

    encoding_: Encoding
    notes_: list[str]
    n_features_in_: int
    feature_names_in_: npt.NDArray[Any]

    def __init__(
        self,
        *,
        kinds: Mapping[str, Kind] | None = None,
        scaling: Scaling = "robust",
        max_levels: int = MAX_LEVELS,
        min_count: int | None = None,
        embed: int | None = None,
        keep: Sequence[str] | bool = (),
        missing: Sequence[str] = (),
        date_format: DateFormat | Mapping[str, DateFormat] | None = None,
        decimal: Literal[".", ","] | None = None,
        dtype: npt.DTypeLike = "float64",
    ) -> None:
        self.kinds = kinds
        self.scaling = scaling
        self.max_levels = max_levels
        self.min_count = min_count
        self.embed = embed
        self.keep = keep
        self.missing = missing
        self.date_format = date_format
        self.decimal = decimal
        self.dtype = dtype

    def fit(self, X: Any, y: Any = None) -> Self:
        """Learn what each column of a table is.

        Args:
            X: The table, `[N, D]`.
            y: Ignored.

        Returns:
            The encoder.
        """
        self._dtype()
        options = {name: getattr(self, name) for name in Options._fields}
        return self._keep_encoding(learn(X, Options(**options)))

    def _keep_encoding(self, encoding: Encoding) -> Self:
        """Become the encoder that has learnt this."""
        self.encoding_, self.notes_ = encoding, notes(encoding)
        self.n_features_in_ = len(encoding.columns)
        vars(self).pop("feature_names_in_", None)
        if encoding.named:
            self.feature_names_in_ = np.array([c.name for c in encoding.columns], object)
        return self

    def transform(self, X: Any) -> npt.NDArray[Any]:
        """The rows of a table as numbers.

        Args:
            X: The table, with the columns of `fit`.

        Returns:
            Floats `[N, D]`.
        """
        check_is_fitted(self)
        columns = to_columns(X)
        found = encode(self.encoding_, columns, self._dtype())
        self._warn_of_positions(columns, stacklevel=4)  # scikit-learn wraps this function
        return found

    def transform_rows(self, X: Any) -> Encoded:
        """The rows of a table as numbers; rows that cannot be encoded are told instead of refused.

        Args:
            X: The table, with the columns of `fit`.

        Returns:
            `values` `[N, D]` with NaN in such rows, `bad` `[N]` which rows they are, and
            `problems`.

        Example:
            >>> import fnet
            >>> encoder = fnet.TableEncoder().fit({"age": [31, 38, 45]})
            >>> encoder.transform_rows({"age": ["45", "old"]}).bad.tolist()
            [False, True]
        """
        check_is_fitted(self)
        columns = to_columns(X)
        found = encode_rows(self.encoding_, columns, self._dtype())
        self._warn_of_positions(columns, stacklevel=3)
        return found

    def _warn_of_positions(self, columns: Columns, stacklevel: int) -> None:
        """Warn, as scikit-learn does, where an array is given in place of named columns."""
        if self.encoding_.named and not columns.named:
            warnings.warn(
                "X does not have valid feature names, but TableEncoder was fitted with feature "
                "names: its columns are taken by position",
                stacklevel=stacklevel,
            )

    def get_feature_names_out(self, input_features: Any = None) -> npt.NDArray[Any]:
        """The names of the columns of the result.

        Args:
            input_features: The names of the columns of the table, where it had none.

        Returns:
            D names.
        """
        check_is_fitted(self)
        given = check_feature_names_in(self, input_features)
        return np.array(feature_names(self.encoding_, list(map(str, given))), object)

    def describe(self) -> str:
        """What was decided for each column and why, one line for each.

        Returns:
            Lines of text.
        """
        check_is_fitted(self)
        return "\n".join(describe(self.encoding_))

    def to_json(self) -> str:
        """What was learnt, as JSON, for a program that encodes rows itself.

        Returns:
            An object with `columns`, each with its `name`, `kind` and `steps`. A step has its name
            under `step` beside its fields. `fnet.encoding.steps` says what each does: nothing else
            is needed to encode a row.

        Example:
            >>> import fnet, json
            >>> encoder = fnet.TableEncoder(scaling="none").fit({"age": [31, 38, 45]})
            >>> json.loads(encoder.to_json())["columns"][0]["steps"][1:]
            [{'step': 'Fill', 'value': 38.0}, {'step': 'Value'}]
        """
        check_is_fitted(self)
        return to_json(self.encoding_)

    @classmethod
    def from_json(cls, text: str, dtype: npt.DTypeLike = "float64") -> Self:
        """The fitted encoder of a JSON.

        Args:
            text: What `to_json` returned.
            dtype: The type of the result, float64 or float32.

        Returns:
            An encoder that transforms tables as the one that was written.

        Raises:
            InvalidArgument: The text is something else.

        Example:
            >>> import fnet
            >>> encoder = fnet.TableEncoder().fit({"age": [31, 38, 45]})
            >>> again = fnet.TableEncoder.from_json(encoder.to_json())
            >>> again.encoding_ == encoder.encoding_
            True
        """
        return cls(dtype=dtype)._keep_encoding(from_json(text))

    def _dtype(self) -> np.dtype[Any]:
        """The type of the result."""
        try:
            found = np.dtype(self.dtype)
        except TypeError:
            found = np.dtype(object)
        if found not in (np.float64, np.float32):
            raise InvalidArgument(f"dtype must be float64 or float32; got {self.dtype!r:.100}")
        return found

    def __sklearn_tags__(self) -> Any:
        """scikit-learn's description of the transformer: it takes text, categories and gaps."""
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.input_tags.string = True
        tags.input_tags.categorical = True
        tags.transformer_tags.preserves_dtype = []
        return tags
