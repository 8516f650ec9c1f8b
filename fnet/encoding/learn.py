"""What each column of a table is, learnt from the table without its target.

The rules, for a column with N cells:

1. `kinds` says what a column is. Otherwise it is what its container says: numbers, booleans, dates,
   categories (a categorical dtype, of whatever values), or text, which is read as `detect.py` says.
   Whole numbers are numbers, however few different ones there are, as in AutoGluon and RealMLP.
2. A column of no use is left out, unless `keep` names it: one that is empty; one whose cells are
   all equal; row names, which are a column named as in `INDEX_NAME` without gaps, whose whole
   numbers or texts are all different; and text whose levels are all rare, as where all cells
   differ.
3. Numbers: the median in place of a gap, and a column that tells where gaps are if training had
   any. `robust` scaling, as in arXiv 2407.04491: less the median, divided by the interquartile
   range, or by half the range where that is 0, then the smooth clip `x / sqrt(1 + (x / 3)**2)`.
   `standard`: less the mean, divided by the standard deviation. `none`: as they are. Whole numbers
   below 2**53 of more than `embed` values, with at least 10 rows each on average, get a column of
   codes beside: one for each value that is not rare by rule 6, in ascending order, and one for all
   others and gaps. Dates and booleans get none.
4. Booleans: -1 and 1, and 0 for a gap, with a column that tells where gaps are if training had any.
5. Dates: days since 1970 as a number of rule 3, and of the time of the day, the weekday and the
   month those that vary, as sine and cosine.
6. Categories: a level with fewer than `min_count` rows is rare, which is by default 1% of the rows,
   at least 2 and at most 10. So is a level beyond the `max_levels` most frequent ones. Rare levels
   share one code, the pool, which an unseen level has too. Gaps have a code of their own, or the
   pool's if they are rare. Two codes are one column of -1 and 1; more are one column each. Where
   training pooled nothing, an unseen level is 0 in each of them. A column of more than `embed`
   levels is one column of codes instead, all of its levels that are not rare, with a code for the
   pool.
7. A column of one value and gaps is a column that tells where the gaps are.
"""

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from fnet.encoding import cells
from fnet.encoding.apply import why_refused
from fnet.encoding.columns import to_columns
from fnet.encoding.detect import Found, Hints, detect
from fnet.encoding.options import Options, check
from fnet.encoding.problems import MAX_NAMED, Option, Problem, TableError, column_error, shown
from fnet.encoding.raw_columns import RawColumn, to_raw
from fnet.encoding.reading import KindError, cell_at, read
from fnet.encoding.records import (
    QUANTILES,
    ColumnEncoding,
    Encoding,
    Kind,
    Moments,
    Statistics,
)
from fnet.encoding.step_functions import days_of, n_codes, position
from fnet.encoding.steps import (
    Boolean,
    Clip,
    Code,
    Contrast,
    Cycle,
    CyclePart,
    Date,
    Days,
    Fill,
    Levels,
    Missing,
    Number,
    OneHot,
    Scale,
    Step,
    Text,
    Value,
)
from fnet.encoding.tallies import Tally, as_list, tally_of

INDEX_NAME = re.compile(r"(|Unnamed: 0(\.\d+)*|row[._]?names|__index_level_\d+__)")
"""What pandas and R call a column of row names, and a column without a name."""

RARE_PART = 0.01
MIN_RARE, MAX_RARE = 2, 10
"""A level is rare below 1% of the rows, at least 2 rows and at most 10."""

MIN_ROWS_PER_VALUE = 10
"""The fewest rows of a value, on average, where whole numbers have codes."""

TINY = 1e-300
"""A spread below this one scales a column to 0."""

CYCLES: tuple[CyclePart, ...] = ("hour", "weekday", "month")


def learn(
    table: Any,
    options: Options | None = None,
    rows: npt.NDArray[np.int64] | None = None,
    tallies: Mapping[str, Tally] | None = None,
) -> Encoding:
    """What each column of a table is, and how it becomes numbers.

    Args:
        table: A table in any container, see `columns.to_columns`.
        options: How it is read and encoded.
        rows: The indices of the rows to learn from; None for all. How the cells of a column are
            written is found from all rows, so that all can be encoded.
        tallies: What all rows hold, by the name of the column, where the table is a sample of them:
            quantiles and the cycles of dates are those of the sample.

    Returns:
        The Encoding.

    Raises:
        InvalidArgument: A column cannot be read, or no column is of use.

    Example:
        >>> from fnet import encoding
        >>> found = encoding.learn({"age": [31, None, 45], "sex": ["f", "m", "f"]})
        >>> [(column.name, column.kind) for column in found.columns]
        [('age', 'number'), ('sex', 'category')]
        >>> encoding.encode(found, [{"sex": "f", "age": 45}]).shape
        (1, 3)
    """
    options = Options() if options is None else options
    columns = to_columns(table)
    check(options, columns)
    found: list[ColumnEncoding] = []
    problems: list[Problem] = []
    for name, own in zip(columns.names, columns.cells, strict=True):
        try:
            found.append(_learn_column(name, own, options, rows, (tallies or {}).get(name)))
        except TableError as error:
            problems += error.problems
    if problems:
        raise TableError(problems)
    if not any(column.steps for column in found):
        why = "; ".join(f"{shown(c.name)} {c.reason}" for c in found[:MAX_NAMED])
        text = f"must have a column of use; got {why}{'; ...' if len(found) > MAX_NAMED else ''}. "
        keeps = Option("keep", (True,)), " keeps all columns that are not empty"
        raise TableError([Problem(None, -1, (text, *keeps))])
    return Encoding(tuple(found), columns.named)


class _Task(NamedTuple):
    """A column that is read: its name, why it is what it is, its value and its first step."""

    name: str
    reason: str
    first: Any
    value: Any
    tally: Tally
    options: Options
    keep: bool

    def statistics(self, **others: Any) -> Statistics:
        tally = self.tally
        return Statistics(tally.rows, tally.gaps, distinct=tally.distinct, **others)

    def ignored(self, why: str, statistics: Statistics) -> ColumnEncoding:
        return ColumnEncoding(self.name, "ignored", why, statistics._replace(levels=(), counts=()))


def _learn_column(
    name: str,
    own: Any,
    options: Options,
    of: npt.NDArray[np.int64] | None,
    tally: Tally | None,
) -> ColumnEncoding:
    """What one column is."""
    raw, kind = to_raw(name, own), (options.kinds or {}).get(name)
    rows = len(raw.values.codes if raw.kind == "text" else raw.values)
    count = tally.rows if tally else rows if of is None else len(of)
    if kind == "ignored":
        return ColumnEncoding(name, "ignored", "left out by kinds", Statistics(count))
    if raw.kind == "gaps":
        return ColumnEncoding(name, "ignored", "is empty", Statistics(count, count))
    found, reason = _first_step(name, raw, kind, options)
    as_levels = kind == "category" or (kind is None and raw.categorical)
    steps: tuple[Step, ...] = (found.step, Levels(())) if as_levels else (found.step,)
    try:
        reading = read(steps, raw)
    except KindError as error:
        text = f"has {error}, which cannot be read as said: "
        raise column_error(name, -1, text, Option("kinds", (kind,), name)) from None
    if reading.bad is not None:
        row = int(reading.bad.argmax())
        raise column_error(name, row, f"{cell_at(raw, row)} {why_refused(steps, raw)}")
    keep = options.keep is True or name in (options.keep or ())
    value = reading.value if of is None else _taken(reading.value, of)
    tally = tally_of(value) if tally is None else tally
    task = _Task(name, reason, found.step, value, tally, options, keep)
    learn_kind = {Number: _number, Boolean: _boolean, Date: _date, Text: _category}[
        type(found.step)
    ]
    if as_levels and isinstance(found.step, Number):
        learn_kind = _category
    return learn_kind(task)._replace(remark=found.remark)


def _taken(value: Any, rows: npt.NDArray[np.int64]) -> Any:
    """Some rows of what a first step has read."""
    if isinstance(value, cells.Texts):
        return value._replace(codes=value.codes[rows])
    return value[rows]


def _first_step(name: str, raw: RawColumn, kind: Any, options: Options) -> tuple[Found, str]:
    """How a column is read, and why."""
    missing, prefix = tuple(options.missing), "" if kind is None else "said by kinds: "
    if raw.kind == "text":
        forms = options.date_format
        date_format = forms.get(name) if isinstance(forms, Mapping) else forms
        found = detect(
            name, raw.values, Hints(_text_kind(raw, kind), missing, options.decimal, date_format)
        )
        step = found.step
        what = {Number: "numbers", Boolean: "true and false", Text: "text"}.get(type(step), "dates")
        written = f" written as {step.format}" if isinstance(step, Date) else ""
        return found, f"{prefix}{what}{written}"
    steps: dict[str, type[Number | Boolean | Date]] = {
        "numbers": Number,
        "booleans": Boolean,
        "dates": Date,
    }
    wanted = {"number": Number, "boolean": Boolean, "date": Date}.get(kind, steps[raw.kind])
    found = Found(wanted(gaps=missing))
    if kind == "category" and raw.kind == "dates":
        text = "has dates, which cannot be read as said: "
        raise column_error(
            name, -1, text, Option("kinds", ("category",), name), "; give them as text"
        )
    what = "true and false" if raw.kind == "booleans" else raw.kind
    return found, f"{prefix}{'categories' if raw.categorical else what}"


def _text_kind(raw: RawColumn, kind: str | None) -> str | None:
    """What a column of text is said to be; by its container where nothing else says so."""
    return "category" if kind is None and raw.categorical else kind


def _number(task: _Task) -> ColumnEncoding:
    """A column of numbers."""
    tally = task.tally
    if not tally.distinct:
        return task.ignored("is empty", task.statistics())
    is_whole = bool((tally.values == np.rint(tally.values)).all())
    counts_rows = tally.distinct == tally.rows and is_whole
    if counts_rows and INDEX_NAME.fullmatch(task.name) and not task.keep:
        return task.ignored("has row names", task.statistics())
    present = task.value[~np.isnan(task.value)]
    return _scaled(task, "number", present, _code(task) if is_whole else (), ())


def _code(task: _Task) -> tuple[Step, ...]:
    """The step that writes codes of whole numbers, or none."""
    tally, embed = task.tally, task.options.embed
    if embed is None or tally.distinct <= embed or len(tally.values) < tally.distinct:
        return ()
    if tally.counts.sum() < MIN_ROWS_PER_VALUE * tally.distinct:
        return ()
    if np.abs(tally.values).max() > cells.MAX_LEVEL:  # not told apart
        return ()
    levels = tally.values[tally.counts >= _min_count(task)] + 0.0  # -0.0 is 0
    return (Code(tuple(levels.tolist())),) if len(levels) else ()


def _scaled(
    task: _Task,
    kind: Kind,
    present: npt.NDArray[np.float64],
    beside: tuple[Step, ...],
    change: tuple[Step, ...],
) -> ColumnEncoding:
    """A column of numbers, or of dates that are changed to numbers, scaled; and what is beside.

    The quantiles are those of the numbers that are present.
    """
    quantiles = np.quantile(present, QUANTILES).tolist()
    low, high, mean, deviation = task.tally.spread or (np.nan,) * 4  # there is one
    moments = Moments(low, high, mean, deviation, tuple(quantiles))
    gaps, distinct = task.tally.gaps, task.tally.distinct
    found = task.statistics(moments=moments)
    indicator: tuple[Step, ...] = (Missing(),) if gaps else ()
    first = (task.first, *indicator)
    if distinct == 1 and not task.keep:
        if not gaps:
            return task.ignored("has one value", found)
        return ColumnEncoding(task.name, kind, f"{task.reason}; one value, or a gap", found, first)
    median = moments.quantiles[QUANTILES.index(0.5)]
    last = (*change, Fill(median), *_scaling(task.options.scaling, moments), Value())
    return ColumnEncoding(task.name, kind, task.reason, found, (*first, *beside, *last))


def _scaling(scaling: str, found: Moments) -> tuple[Step, ...]:
    """The steps that scale numbers."""
    if scaling == "none":
        return ()
    if scaling == "standard":
        return (Scale(found.mean, _inverse(found.deviation)),)
    lower, median, upper = (found.quantiles[QUANTILES.index(q)] for q in (0.25, 0.5, 0.75))
    spread = upper - lower
    if spread == 0:
        spread = 0.5 * (found.maximum - found.minimum)
    return Scale(median, _inverse(spread)), Clip()


def _inverse(spread: float) -> float:
    return 1 / spread if spread > TINY else 0.0


def _boolean(task: _Task) -> ColumnEncoding:
    """A column of booleans."""
    gaps, distinct = task.tally.gaps, task.tally.distinct
    levels = tuple(("false", "true")[int(value)] for value in task.tally.values)
    found = task.statistics(levels=levels, counts=tuple(map(int, task.tally.counts)))
    indicator: tuple[Step, ...] = (Missing(),) if gaps else ()
    if distinct < 2 and not task.keep:
        if not (gaps and distinct):
            return task.ignored("has one value" if distinct else "is empty", found)
        return ColumnEncoding(
            task.name,
            "boolean",
            f"{task.reason}; one value, or a gap",
            found,
            (task.first, *indicator),
        )
    steps = (task.first, *indicator, Contrast())
    return ColumnEncoding(task.name, "boolean", task.reason, found, steps)


def _date(task: _Task) -> ColumnEncoding:
    """A column of dates."""
    present = task.value[~np.isnat(task.value)]
    if not len(present):
        return task.ignored("is empty", task.statistics())
    days = days_of(present)
    varying = [part for part in CYCLES if len(np.unique(position(part, present))) > 1]
    return _scaled(task, "date", days, tuple(map(Cycle, varying)), (Days(),))


def _min_count(task: _Task) -> int:
    """The fewest rows of a level that is not rare."""
    if task.options.min_count is not None:
        return task.options.min_count
    return min(MAX_RARE, max(MIN_RARE, int(RARE_PART * task.tally.rows)))


def _category(task: _Task) -> ColumnEncoding:
    """A column of categories."""
    tally, options = task.tally, task.options
    gaps, distinct = tally.gaps, tally.distinct
    pairs = zip(*map(as_list, (tally.values, tally.counts)), strict=True)
    counts = sorted(pairs, key=lambda pair: (-pair[1], pair[0]))
    least = 1 if task.keep else _min_count(task)
    frequent = [pair for pair in counts if pair[1] >= least]
    embedded = options.embed is not None and len(frequent) > options.embed
    kept = frequent if embedded else frequent[: options.max_levels]
    pooled = tally.rows - gaps - sum(count for _, count in kept)
    rare_gaps = 0 < gaps < least
    pool = len(kept) if pooled or rare_gaps or embedded else -1
    gap = max(len(kept), pool + 1) if gaps >= least else pool
    levels = tuple(level for level, _ in kept)
    step = Levels(levels, gap, pool)
    codes = n_codes(step)
    found = task.statistics(levels=levels, counts=tuple(c for _, c in kept), pooled=pooled)
    if not distinct:
        return task.ignored("is empty", found)
    if not task.keep and INDEX_NAME.fullmatch(task.name) and distinct == tally.rows:
        return task.ignored("has row names", found)
    if codes < 2 and not task.keep:
        why = "has one value" if distinct == 1 else "has texts that are all rare"
        return task.ignored("has texts that all differ" if distinct == tally.rows else why, found)
    last: tuple[Step, ...] = (Contrast(),) if codes == 2 else (OneHot(codes),)
    steps = (task.first, step, *((Value(),) if embedded else last))
    pool_note = f", {distinct - len(kept):,} of them pooled" if distinct > len(kept) else ""
    reason = f"{task.reason}, {distinct:,} levels{pool_note}"
    return ColumnEncoding(task.name, "category", reason, found, steps)
