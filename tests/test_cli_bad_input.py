"""Wrong commands and bad files: the right exit code, and one line with the problem and its place.

Each command runs in a folder whose files must be unchanged afterwards.
"""

import re
import signal
from pathlib import Path

import pytest

import fnet
from fnet import reference

IRIS = "sepal length (cm),sepal width (cm),petal length (cm),petal width (cm),species\n"
TRAIN = "fnet train {} --target y --out new.fnet"


def column(name, cell, others="%d.5"):
    """A table of 60 rows whose column has one bad cell, in row 37."""
    cells = [others % (i % 28 + 1) for i in range(60)]
    cells[36] = cell
    rows = "".join(f"{i / 3},{each},{'xz'[i % 2]}\n" for i, each in enumerate(cells))
    return f"a,{name},y\n{rows}".encode()


BAD_CELLS = {"word": "red", "infinite": "-inf", "huge": "9" * 400}

FILES = {
    "empty.csv": b"",
    "names.csv": b"a,b,y\n",
    "ragged.csv": b"a,b,y\n1,2,x\n3,4,y\n5,6\n",
    "long.csv": b"a,b,y\n1,2,x\n3,4,5,y\n",
    "text.csv": b"a,b,y\n1,2,x\n3,red,y\n5,6,x\n",
    **{f"{name}.csv": column("b", cell) for name, cell in BAD_CELLS.items()},
    "date.csv": column("b", "2024-02-30", "2024-01-%02d"),
    "equal.csv": b"a,b,y\n" + b"1,q,x\n1,q,y\n" * 9,
    "large.csv": b"a,b,y\n1e308,2,1.5\n-1e308,4,2.5\n1e308,3,7.5\n1e308,3,7.5\n5,5,8.5\n",
    "twice.csv": b"a,a,y\n1,2,x\n3,4,y\n",
    "unnamed.csv": b",,y\n1,2,x\n1,4,y\n",
    "quote.csv": b'a,b,y\n1,2,x\n3,"4,y\n5,6,x\n7,8,y\n',
    "semicolon.csv": b"a;b;y\n1;2;x\n3;4;y\n",
    "delimiters.csv": b"a;b|y\n1;2|x\n3;4|y\n",
    "comma.csv": b'a,b,y\n"1,500",2,x\n3,4,x\n5,6,y\n',
    "day.csv": b"a,b,y\n01/02/2024,2,x\n03/04/2024,4,x\n05/06/2024,6,y\n",
    "dates.csv": b"a,y\n1,2024-01-01\n2,2024-01-02\n3,2024-02-01\n",
    "page.csv": b"\n<!DOCTYPE html>\n<html><body>Log in</body></html>\n",
    "latin.csv": "a,b,y\n1,2,größe\n3,4,y\n".encode("latin1"),
    "utf16.csv": "a,b,y\n1,2,x\n".encode("utf-16"),
    "mark.csv": b"\xef\xbb\xbf" + column("b", "z"),
    "target-gap.csv": b"a,b,y\n1,2,x\n3,4,\n5,6,x\n",
    "target-text.csv": b"a,b,y\n1,2,0.5\n3,4,1.5\n5,6,oops\n",
    "one-class.csv": b"a,b,y\n1,2,x\n3,4,x\n5,6,x\n",
    "few.csv": b"a,b,y\n1,2,x\n3,4,z\n5,6,z\n7,8,x\n",
    "numbers.csv": b"a,b,y\n1,2,0.5\n3,4,1.5\n5,6,2.5\n7,8,3.5\n9,1,2.25\n",
    "only.csv": b"y\nx\nz\n",
    "cut.parquet": b"PAR1abcdef",
    "cut.fnet": b"\x10\0\0\0\0\0\0\0{}",
    "strange.csv": (IRIS + "5,3,1,0.2,setosa\n6,3,4,1.2,tulip\n").encode(),
    "other.csv": (IRIS.replace("petal width", "petal breadth") + "5,3,1,0.2,setosa\n").encode(),
    "iris-word.csv": (IRIS + "5,3,1,0.2,setosa\n6,3,long,1.2,setosa\n").encode(),
    "iris-words.csv": (IRIS + "5,3,long,0.2,setosa\n").encode(),
    "gap.csv": b"a,b\n1,\n2,NA\n",
    "weights.csv": b"a,w,g,t,one,none,first,u,y\n"
    + b"".join(
        f"{i / 3},{w},{g},{'uv'[i % 2]},1,0,{int(i == 4)},{'uv'[i % 2] * (i != 5)},{'xz'[i % 2]}\n"
        "".encode()
        for i, (w, g) in enumerate([(1, 1), (2, ""), (-1, 3), *[(1, 1)] * 9])
    ),
    "predicted.csv": (IRIS.replace("species", "prediction") + "5,3,1,0.2,setosa\n").encode(),
    "none.csv.gz": b"\x1f\x8b\x08\0none",
    "sheet.csv": b"PK\3\4 and what an archive holds",
    "beyond.csv": b"a,b\n1,2\n1e50,1\n",
    "narrow.csv": b"a,b\n1,2\n",
}

CASES = {
    # Usage errors.
    "no such command": ("fnet trian iris.csv", 2, "No such command 'trian'.*See: fnet --help"),
    "no such option": ("fnet train iris.csv --targt species", 2, "No such option.*--targt"),
    "no data": ("fnet train", 2, "Missing argument 'DATA'"),
    "no target": ("fnet train iris.csv --out new.fnet", 2, "Missing option '--target'"),
    "no output": ("fnet train iris.csv --target species", 2, "Missing option '--out'"),
    "no model": ("fnet predict", 2, "Missing argument 'MODEL'"),
    "no data to predict": ("fnet predict iris.fnet", 2, "Missing argument 'DATA'"),
    "too much": ("fnet describe iris.fnet iris.csv", 2, "unexpected extra argument"),
    "no value": ("fnet train iris.csv --target", 2, "'--target' requires an argument"),
    "no task": (TRAIN.format("text.csv") + " --task clasify", 2, "'clasify' is not one of"),
    "no epochs": (TRAIN.format("few.csv") + " --epochs 0", 2, "--epochs.*0 is not in the range"),
    "half an epoch": (TRAIN.format("few.csv") + " --epochs 1.5", 2, "'1.5' is not a valid int"),
    "hidden of text": (TRAIN.format("few.csv") + " --hidden a", 2, "'a' must be integers"),
    "hidden of 0": (TRAIN.format("few.csv") + " --hidden 5,0", 2, "'5,0' must be integers"),
    "hidden left open": (TRAIN.format("few.csv") + " --hidden 5,", 2, "as 64,32, or none"),
    "a rate of 0": (TRAIN.format("few.csv") + " --learning-rate 0", 2, "0.0 is not in the range"),
    "a rate of nan": (TRAIN.format("few.csv") + " --learning-rate nan", 2, "must be finite"),
    "an infinite penalty": (TRAIN.format("few.csv") + " --l2 inf", 2, "must be finite"),
    "all held out": (TRAIN.format("few.csv") + " --validation 1", 2, "1 is not in the range"),
    "dropout of all": (TRAIN.format("few.csv") + " --dropout 1", 2, "1.0 is not in the range"),
    "a negative seed": (TRAIN.format("few.csv") + " --seed -1", 2, "-1 is not in the range"),
    "patience for nothing": (
        TRAIN.format("few.csv") + " --validation 0 --patience 3",
        *(2, "--patience needs validation rows: use a --validation above 0"),
    ),
    "one file for two": (
        TRAIN.format("few.csv") + " --checkpoint ./new.fnet",
        *(2, "--checkpoint and --out must be different files"),
    ),
    "an optional checkpoint without a path": (
        TRAIN.format("few.csv") + " --checkpoint-optional",
        *(2, "--checkpoint-optional needs --checkpoint"),
    ),
    "a long delimiter": (TRAIN.format("few.csv") + " --delimiter ab", 2, "a single ASCII char"),
    "no such engine": ("fnet digits --engine jax", 2, "'jax' is not one of"),
    "no such format": ("fnet export iris.fnet --out x --format pickle", 2, "'pickle' is not one"),
    "no such sample": ("fnet sample mnist --out new.csv", 2, "'mnist' is not one of"),
    # Invalid data, models or values.
    "no such activation": (
        TRAIN.format("few.csv") + " --activation rellu",
        *(3, "--activation must be one of.*got 'rellu'; did you mean 'relu'"),
    ),
    "an empty table": (TRAIN.format("empty.csv"), 3, "empty.csv is empty"),
    "a table of names": (TRAIN.format("names.csv"), 3, "names.csv has a header row but no data"),
    "a short row": (
        TRAIN.format("ragged.csv"),
        3,
        "ragged.csv: row 3 has 2 cells, the header has 3",
    ),
    "a long row": (TRAIN.format("long.csv"), 3, "long.csv: row 2 has 4 cells, the header has 3"),
    **{
        f"{name} in numbers": (
            TRAIN.format(f"{name}.csv"),
            *(3, rf"^Error: {name}.csv: column 'b', row 37: {shown} \(1 such cells\), but all oth"),
        )
        for name, shown in {"word": "'red'", "infinite": "'-inf'", "huge": r"'9+\.\.\.'"}.items()
    },
    "what to do about a word in numbers": (
        TRAIN.format("word.csv"),
        *(3, "correct it, give --missing red if it stands for a gap, or say --kind b=category"),
    ),
    "a word where numbers are said to be": (
        TRAIN.format("text.csv") + " --kind b=number",
        *(3, "column 'b', row 2: 'red'"),
    ),
    "a date that there is not": (
        TRAIN.format("date.csv"),
        *(3, "date.csv: column 'b', row 37: '2024-02-30' .* dates written as YYYY-MM-DD"),
    ),
    "dates that may be others": (
        TRAIN.format("day.csv") + " --validation 0",
        *(3, "'a', row 1: '01/02/2024' may be .* by --date-format MM/DD/YYYY or --date-format DD"),
    ),
    "columns of no use": (
        TRAIN.format("equal.csv"),
        *(
            3,
            "equal.csv must have a column of use; got 'a' has one value; 'b' has one value. --keep",
        ),
    ),
    "a header twice": (
        TRAIN.format("twice.csv"),
        3,
        "twice.csv has more than one column named 'a'",
    ),
    "two headers left out": (
        TRAIN.format("unnamed.csv"),
        *(3, "unnamed.csv has more than one column without a name: .*--without ''"),
    ),
    "an open quote": (TRAIN.format("quote.csv"), 3, "quote.csv.*quote"),
    "semicolons": (
        TRAIN.format("semicolon.csv") + " --delimiter ,",
        *(3, "only one column.*is its delimiter ';'"),
    ),
    "several delimiters": (TRAIN.format("delimiters.csv"), 3, "any of ';', '|'.*--delimiter"),
    "a thousand or decimals": (
        TRAIN.format("comma.csv"),
        *(
            3,
            "'a', row 1: '1,500' may be 1.5 or 1500.0, .* say which by --decimal . or --decimal ,",
        ),
    ),
    "dates as a target": (TRAIN.format("dates.csv"), 3, "'y' has 3 distinct.*neither|it has 3 dis"),
    "an HTML page": (TRAIN.format("page.csv"), 3, "page.csv is an HTML page, not a table"),
    "Parquet as JSON": (
        "fnet predict iris.fnet iris.csv --json --out new.parquet",
        *(2, "--json and --out with a Parquet file do not go together"),
    ),
    "a spreadsheet to write": (
        "fnet predict iris.fnet iris.csv --out new.xlsx",
        *(2, "--out cannot write .xlsx: use .csv, .tsv, .jsonl or .parquet"),
    ),
    "a class weighted twice": (
        TRAIN.format("few.csv") + " --validation 0 --class-weight x=2 --class-weight x=3",
        *(2, "--class-weight is given twice for the class 'x'"),
    ),
    "Latin-1": (TRAIN.format("latin.csv"), 3, "column 'y', row 1: .* is not UTF-8 text"),
    "UTF-16": (
        TRAIN.format("utf16.csv") + " --validation 0",
        *(3, "utf16.csv: column 'y' has 1 distinct"),
    ),
    "a byte-order mark": (TRAIN.format("mark.csv"), 3, "column 'b', row 37: 'z' "),
    "a Parquet that is cut": (
        TRAIN.format("cut.parquet"),
        3,
        "cut.parquet is not a readable table",
    ),
    "a model as a table": ("fnet predict iris.fnet iris.fnet", 3, "iris.fnet"),
    "no such target": (
        "fnet train iris.csv --target Species --out new.fnet",
        *(3, r"iris.csv has no column 'Species'; its columns are 'sepal length \(cm\)'"),
    ),
    "no such column to leave out": (TRAIN.format("few.csv") + " --without c", 3, "no column 'c'"),
    "nothing to learn from": (TRAIN.format("only.csv"), 3, "no feature columns"),
    "a target with a gap": (TRAIN.format("target-gap.csv"), 3, "'y', row 2: missing value"),
    "a slip in the target": (
        TRAIN.format("target-text.csv"),
        *(3, "column 'y', row 3: 'oops' is not a number"),
    ),
    "text for a regressor": (
        TRAIN.format("text.csv") + " --task regressor --without b",
        *(3, "column 'y', row 1: 'x' is not a number"),
    ),
    "fractions for a classifier": (
        TRAIN.format("numbers.csv") + " --task classifier",
        *(3, "column 'y', row 1: 0.5 is not a class; classes are integers or text"),
    ),
    "one class": (
        TRAIN.format("one-class.csv"),
        3,
        "'y' has only one class, 'x'.*needs at least two",
    ),
    "too few to hold out": (
        TRAIN.format("few.csv") + " --validation 0.1",
        *(3, "holds out 1 of 4 rows, but the training and the validation set need at least 2 each"),
    ),
    "a class that is not there": (
        TRAIN.format("few.csv") + " --validation 0 --class-weight w=2",
        *(3, r"--class-weight must be 'balanced', or CLASS=WEIGHT.*\('x', 'z'\).*got 'w=2'"),
    ),
    "a weight of text": (
        TRAIN.format("few.csv") + " --validation 0 --class-weight x=two",
        *(3, "--class-weight must be 'balanced', or CLASS=WEIGHT.*got 'x=two'"),
    ),
    "a negative weight": (
        TRAIN.format("few.csv") + " --validation 0 --class-weight x=-2",
        *(3, "--class-weight must be 'balanced', or CLASS=WEIGHT.*got 'x=-2'"),
    ),
    "weights for a regressor": (
        TRAIN.format("numbers.csv") + " --class-weight balanced",
        *(3, "--class-weight needs a classifier, but the target is numeric"),
    ),
    "too fast": (
        "fnet train diabetes.csv --target progression --out new.fnet --learning-rate 1e200",
        *(3, "finite.*learning rate|learning rate.*finite"),
    ),
    "a checkpoint of another call": (
        "fnet train iris.csv --target species --out new.fnet --checkpoint iris.fnet",
        *(3, "iris.fnet holds no checkpoint; give another path"),
    ),
    "the output over the data": (
        "fnet predict iris.fnet iris.csv --out iris.csv",
        *(3, "iris.csv is an input of this command; name another output file"),
    ),
    "the model over the data": (
        "fnet train iris.csv --target species --out ./iris.csv",
        *(3, "iris.csv is an input of this command; name another output file"),
    ),
    "a table as a model": ("fnet predict iris.csv iris.csv", 3, "iris.csv"),
    "a model that is cut": ("fnet describe cut.fnet", 3, "cut.fnet"),
    "an empty model": ("fnet describe empty.csv", 3, "empty.csv"),
    "another table's model": (
        "fnet predict diabetes.fnet iris.csv --out new.csv",
        *(3, "iris.csv has no column 'age', 'sex', 'bmi' and more"),
    ),
    "a column under another name": (
        "fnet predict iris.fnet other.csv --out new.csv",
        *(3, r"other.csv has no column 'petal width \(cm\)'"),
    ),
    "a word to predict": (
        "fnet predict iris.fnet iris-word.csv --strict --out new.csv",
        *(3, r"iris-word.csv: column 'petal length \(cm\)', row 2: 'long' is not a number"),
    ),
    "a word to evaluate": (
        "fnet evaluate iris.fnet iris-word.csv --strict",
        *(3, r"iris-word.csv: column 'petal length \(cm\)', row 2: 'long' is not a number"),
    ),
    "nothing to predict": (
        "fnet predict iris.fnet iris-words.csv --out new.csv",
        *(3, r"no row can be predicted: column 'petal length \(cm\)', row 1: 'long' is not a numb"),
    ),
    "a gap for a model without an encoding": (
        "fnet predict plain.fnet gap.csv --out new.csv",
        *(3, "gap.csv: no row can be predicted: column 'b', row 1: missing value: fill it in"),
    ),
    "a kind that is none": (
        TRAIN.format("few.csv") + " --kind a=text",
        *(2, "'a=text' must be COLUMN=VALUE, with VALUE one of number, boolean, category, date"),
    ),
    "a kind of no column": (TRAIN.format("few.csv") + " --kind c=number", 3, "no column 'c'"),
    "the kind of the target": (TRAIN.format("few.csv") + " --kind y=number", 3, "no column 'y'"),
    "two kinds": (
        TRAIN.format("few.csv") + " --kind a=number --kind a=category",
        *(2, "--kind is given twice for one column"),
    ),
    "one character for two": (
        TRAIN.format("few.csv") + " --decimal , --thousands ,",
        *(2, "--decimal and --thousands must be different characters"),
    ),
    "groups and time": (
        TRAIN.format("few.csv") + " --groups a --time b",
        *(2, "--groups and --time do not go together"),
    ),
    "groups of nothing held out": (
        TRAIN.format("few.csv") + " --groups a --validation 0",
        *(2, "--groups says which rows are held out: use a --validation between 0 and 1"),
    ),
    "one column for two": (
        TRAIN.format("few.csv") + " --weights y",
        *(2, "--target, --weights, --groups and --time must name different columns"),
    ),
    "negative weights": (
        TRAIN.format("weights.csv") + " --weights w",
        *(3, "weights.csv: column 'w', row 3: -1 must be at least 0"),
    ),
    "weights with gaps": (
        TRAIN.format("weights.csv") + " --weights g",
        *(3, "weights.csv: column 'g', row 2 is a gap"),
    ),
    "words as weights": (
        TRAIN.format("weights.csv") + " --weights t",
        *(3, "weights.csv: column 't' has text, 2 levels, but must have numbers"),
    ),
    "no weights above 0": (
        TRAIN.format("weights.csv") + " --weights none",
        *(3, "--weights must name a column with a weight above 0 in a training row; all have 0"),
    ),
    "no weights above 0 in the score": (
        TRAIN.format("weights.csv") + " --cv 0 --weights first",
        *(3, "--weights must name a column with a weight above 0 in a held-out row; all have 0"),
    ),
    "a gap among groups of text": (
        TRAIN.format("weights.csv") + " --groups u",
        *(3, "weights.csv: column 'u', row 6 is a gap: every row needs a group"),
    ),
    "a said gap among groups": (
        TRAIN.format("weights.csv") + " --groups t --missing v",
        *(3, "weights.csv: column 't', row 2 is a gap: every row needs a group"),
    ),
    "one group": (
        TRAIN.format("weights.csv") + " --cv 0 --groups one",
        *(3, "--groups must name a column with at least two groups; all rows have"),
    ),
    "one time": (
        TRAIN.format("weights.csv") + " --cv 0 --time one",
        *(3, "--time must name a column with at least two times"),
    ),
    "no such validation": (
        TRAIN.format("few.csv") + " --validation none.csv",
        *(4, "none.csv does not exist: check the path"),
    ),
    "a word to validate with": (
        "fnet train iris.csv --target species --out new.fnet --validation iris-word.csv",
        *(3, r"iris-word.csv: column 'petal length \(cm\)', row 2: 'long' is not a number"),
    ),
    "the validation as the model": (
        "fnet train iris.csv --target species --out iris-word.csv --validation iris-word.csv",
        *(3, "iris-word.csv is an input of this command"),
    ),
    "no such column to keep": (
        "fnet predict iris.fnet iris.csv --keep id --out new.csv",
        *(3, "iris.csv has no column 'id'"),
    ),
    "a column that is kept twice": (
        "fnet predict iris.fnet predicted.csv --keep prediction --out new.csv",
        *(3, "--keep prediction: the predictions have a column of that name too"),
    ),
    "probabilities of numbers": (
        "fnet predict diabetes.fnet diabetes.csv --probabilities --out new.csv",
        *(3, "diabetes.fnet has no classes: leave out --probabilities"),
    ),
    "features without names": (
        "fnet predict plain.fnet iris.csv --out new.csv",
        *(3, "iris.csv has 5 feature columns, but plain.fnet, which has no feature names, takes 2"),
    ),
    "a checkpoint": (
        "fnet predict run.fnet narrow.csv",
        *(3, "run.fnet is a training checkpoint.*use the model that the training wrote"),
    ),
    "members": ("fnet predict members.fnet narrow.csv", 3, r"members.fnet has member axes \[3\]"),
    "a class that the model does not know": (
        "fnet evaluate iris.fnet strange.csv",
        *(3, "strange.csv: column 'species': .* got 'tulip', first in row 2"),
    ),
    "no target to evaluate": (
        "fnet evaluate plain.fnet narrow.csv",
        *(3, "plain.fnet has no record of its target: use --target COLUMN"),
    ),
    "numbers for classes": (
        "fnet evaluate iris.fnet diabetes.csv --target age",
        *(3, r"diabetes.csv has no column 'sepal length \(cm\)'"),
    ),
    "the report over the model": (
        "fnet evaluate iris.fnet iris.csv --report iris.fnet",
        *(3, "iris.fnet is an input of this command"),
    ),
    "a spreadsheet": (TRAIN.format("sheet.csv"), 3, "sheet.csv is a zip archive or a spread"),
    "one file for both": (
        "fnet digits --picture new --out ./new",
        *(2, "--picture and --out must be different files"),
    ),
    "patience beyond all": (TRAIN.format("few.csv") + f" --patience {10**22}", 2, "not in the ra"),
    "more than the model can say": (
        "fnet predict plain.fnet beyond.csv --out new.csv",
        *(3, r"beyond.csv, rows 1 to 2: .* must be finite; got inf"),
    ),
    "no gzip": (TRAIN.format("none.csv.gz"), 3, "none.csv.gz cannot be read: .*Truncated"),
    # The operating system.
    "more than memory": (
        "fnet train iris.csv --target species --out new.fnet --hidden 1000000000000",
        *(4, "out of memory: "),
    ),
    "no such table": (
        "fnet train none.csv --target y --out new.fnet",
        4,
        "none.csv does not exist: check the",
    ),
    "no such model": (
        "fnet predict none.fnet iris.csv",
        4,
        "none.fnet does not exist: check the path",
    ),
    "no such data": (
        "fnet predict iris.fnet none.csv",
        4,
        "none.csv does not exist: check the path",
    ),
    "a folder as a table": ("fnet predict iris.fnet folder", 4, "folder: Is a directory"),
    "no such folder": (
        "fnet train iris.csv --target species --out none/new.fnet",
        *(4, "none/new.fnet: its folder does not exist; create it first"),
    ),
    "no such folder for predictions": (
        "fnet predict iris.fnet iris.csv --out none/new.csv",
        *(4, "none/new.csv: its folder does not exist; create it first"),
    ),
    "no such folder for a report": (
        "fnet evaluate iris.fnet iris.csv --report none/new.html",
        *(4, "none/new.html: its folder does not exist; create it first"),
    ),
    "no such folder for a checkpoint": (
        "fnet train iris.csv --target species --out new.fnet --checkpoint none/run.fnet",
        *(4, "none/run.fnet: its folder does not exist; create it first"),
    ),
    "no such folder for a picture": (
        "fnet digits --picture none/x.png",
        4,
        "its folder does not exist",
    ),
    "no such folder for a sample": (
        "fnet sample iris --out none/x.csv",
        4,
        "its folder does not exist",
    ),
    "a folder as the output": (
        "fnet train iris.csv --target species --out folder",
        *(4, "folder: is a folder; name a file in it"),
    ),
    "an export that is there": (
        "fnet export iris.fnet --out folder",
        *(4, "folder: already exists; a SavedModel needs a new folder"),
    ),
    "no such folder for an export": (
        "fnet export iris.fnet --out none/x.onnx",
        *(4, "none/x.onnx: its folder does not exist; create it first"),
    ),
}


@pytest.fixture
def folder(shell, tmp_path):
    """Writes the bad files; returns a function for the contents of the folder, by path."""
    for name, content in FILES.items():
        (tmp_path / name).write_bytes(content)
    (tmp_path / "folder").mkdir()
    net = fnet.Network((2, 3))
    fnet.save(tmp_path / "plain.fnet", (net, reference.init_params(net, 0)))
    fnet.save(tmp_path / "members.fnet", (net, reference.init_params(net, [0, 1, 2])))
    params, plan = reference.init_params(net, 0), fnet.full_batch_plan(2, 1)
    keep = fnet.checkpoint(tmp_path / "run.fnet")
    reference.train(net, reference.sgd(0.1), params, [[1, 2], [3, 4]], [0, 1], plan, callback=keep)

    def contents():
        return {
            path: path.read_bytes() if path.is_file() else None
            for path in Path(tmp_path).rglob("*")
        }

    return contents


def one_line(err):
    assert re.fullmatch(r"Error: [^\n]+\n", err), err


@pytest.mark.parametrize("name", CASES)
def test_errors_are_one_line_and_leave_no_files(shell, folder, name):
    command, expected, message = CASES[name]
    before = folder()
    code, out, err = shell(command)
    one_line(err)
    assert re.search(message, err), err
    assert (code, out) == (expected, "")
    assert folder() == before


def test_errors_name_standard_input(shell):
    code, out, err = shell(
        "fnet predict iris.fnet - --strict", (IRIS + "5,3,x,0.2,setosa\n").encode()
    )
    one_line(err)
    assert err.startswith("Error: standard input: column 'petal length (cm)', row 1: 'x'")
    assert (code, out) == (3, "")


def test_there_are_at_least_sixty_cases():
    assert len(CASES) >= 60


def test_an_invalid_row_in_a_late_chunk_leaves_no_file(shell, folder, monkeypatch):
    """After predictions of earlier chunks were written."""
    from fnet import tables

    monkeypatch.setattr(tables.readers, "CSV_BLOCK_BYTES", 1 << 10)
    monkeypatch.setattr(tables.readers, "MIN_BYTES_PER_COLUMN", 1)
    Path("late.csv").write_text(IRIS + "5,3,1,0.2,setosa\n" * 999 + "5,3,x,0.2,setosa\n")
    before = folder()
    code, out, err = shell("fnet predict iris.fnet late.csv --strict --out new.csv")
    one_line(err)
    assert (code, out) == (3, "")
    assert "late.csv: column 'petal length (cm)', row 1000: 'x' is not a number" in err
    assert folder() == before
    code, out, err = shell("fnet predict iris.fnet late.csv --strict")
    one_line(err)
    assert code == 3
    assert out.count("\n") > 900


@pytest.mark.parametrize(
    ("command", "message"),
    [
        (
            "fnet train iris.csv --target species --out new.fnet --cv 0 --epochs 100000",
            r"interrupted after \d+ of 100,000 epochs; nothing was written",
        ),
        ("fnet digits --epochs 100000", "interrupted after .* epochs; nothing was written"),
    ],
)
def test_ctrl_c_writes_nothing(shell, folder, monkeypatch, command, message):
    press_ctrl_c_after_three_chunks(monkeypatch)
    before = folder()
    code, out, err = shell(command)
    one_line(err)
    assert re.search(message, err), err
    assert (code, out) == (130, "")
    assert folder() == before


def test_ctrl_c_while_predicting_writes_nothing(shell, folder, monkeypatch):
    from fnet.cli import predict

    def pressed(*_):
        signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(predict, "predictions", pressed)
    before = folder()
    code, out, err = shell("fnet predict iris.fnet iris.csv --out new.csv")
    assert (code, out, err) == (130, "", "Error: interrupted; nothing was written\n")
    assert folder() == before


def test_after_ctrl_c_the_same_command_resumes_from_the_checkpoint(shell, monkeypatch):
    command = "fnet train iris.csv --target species --out new.fnet --epochs 300 --checkpoint run"
    with monkeypatch.context() as patches:
        press_ctrl_c_after_three_chunks(patches)
        code, _, err = shell(command)
    one_line(err)
    assert code == 130
    (done,) = re.findall(
        r"interrupted after (\d+) of 300 epochs; the checkpoint is run; run the same command",
        err,
    )
    assert len(fnet.load("run").run.history["loss"]) == int(done) < 300
    assert shell(command)[0] == 0
    assert shell(command.replace("run", "other").replace("new", "uninterrupted"))[0] == 0
    resumed, uninterrupted = fnet.load("new.fnet"), fnet.load("uninterrupted.fnet")
    for a, b in zip(resumed.params, uninterrupted.params, strict=True):
        assert (a.w == b.w).all()
    code, _, err = shell(command.replace("--epochs", "--seed 1 --epochs"))
    one_line(err)
    assert code == 3
    assert "run is the checkpoint of a call that differs in its" in err


def press_ctrl_c_after_three_chunks(monkeypatch):
    """Ctrl-C after the third chunk of a run; chunks are short."""
    from fnet.core import batch_source

    def chunks(parts, first, max_steps, agree):
        count = 0
        for data, rows, weights in parts:
            for at in range(0, len(rows), 5):
                count += 1
                if count == 3:
                    signal.raise_signal(signal.SIGINT)
                yield data, rows[at : at + 5], weights[at : at + 5]

    monkeypatch.setattr(signal, "getsignal", lambda _: signal.default_int_handler)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    monkeypatch.setattr(batch_source, "timed_chunks", chunks)
