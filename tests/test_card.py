"""Model cards, and the flag of rows unlike training."""

import datetime
import re

import numpy as np
import pytest
from hostile_names import NAMES

import fnet
from fnet import InvalidArgument, TabularClassifier, TabularRegressor, encoding
from fnet.encoding.options import Options
from fnet.files import Model, schema
from fnet.reports import card

N = 60
RANDOM = np.random.default_rng(3)
SIZE = np.linspace(10, 20, N)
DAYS = [datetime.date(2020, 1, 1) + datetime.timedelta(days=10 * i) for i in range(N)]
TABLE = {
    "size": SIZE.tolist(),
    "day": DAYS,
    "town": ["Aachen", "Bonn", "Celle"] * 20,
    "rare": ["a", "b"] * 29 + ["c", "d"],
    "grade": [1, 2, 3] * 20,
    "member": [True, False] * 30,
}
KINDS = {"grade": "category", "member": "boolean"}
ENCODING = encoding.learn(TABLE, Options(kinds=KINDS, min_count=2))
USUAL = {"size": 15, "day": DAYS[9], "town": "Bonn", "rare": "a", "grade": 2, "member": True}

CELLS = {
    "size": {10: False, 0: False, -0.001: True, 30: False, 30.001: True, -1e99: True, None: False},
    "day": {
        datetime.date(2018, 6, 1): False,
        datetime.date(2018, 5, 1): True,
        datetime.date(2023, 3, 1): False,
        datetime.date(2023, 4, 1): True,
        None: False,
    },
    "town": {"Bonn": False, " Bonn ": False, "Nowhere": True, "bonn": True, None: False, "": False},
    "rare": {"a": False, "c": False, "Nowhere": False},  # training pooled some
    "grade": {1: False, "3.0": False, 4: True, "four": False, None: False},
    "member": {True: False, "no": False, None: False},
}
"""Cells of each column, and whether they are unlike training."""


@pytest.mark.parametrize("column", CELLS)
def test_cells_unlike_training_are_found(column):
    names = [each.name for each in ENCODING.columns]
    for cell, wanted in CELLS[column].items():
        found = encoding.encode_rows(ENCODING, [USUAL, USUAL | {column: cell}], find_unlike=True)
        assert found.unlike.shape == (2, 6)
        assert not found.unlike[0].any()
        by_name = dict(zip(names, found.unlike[1].tolist(), strict=True))
        assert by_name == dict.fromkeys(names, False) | {column: wanted}, cell
    assert encoding.encode_rows(ENCODING, [USUAL]).unlike is None


def test_no_row_of_training_is_unlike_it():
    assert not encoding.encode_rows(ENCODING, TABLE, find_unlike=True).unlike.any()


OPTIONS = {"cv": 3, "epochs": 2, "hidden": (4,), "engine": "numpy"}
FITTED = {
    "numbers": lambda: TabularRegressor(**OPTIONS).fit(TABLE, SIZE),
    "quantiles": lambda: TabularRegressor(loss="pinball", quantiles=(0.1, 0.5, 0.9), **OPTIONS).fit(
        TABLE, SIZE
    ),
    "classes": lambda: TabularClassifier(**OPTIONS).fit(TABLE, TABLE["town"]),
    "labels": lambda: TabularClassifier(**OPTIONS).fit(
        TABLE, np.stack([SIZE > 12, SIZE > 16], 1).astype(int)
    ),
    "one network": lambda: TabularRegressor(**OPTIONS | {"cv": 0}).fit(TABLE, SIZE),
}


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    """What `load` returns of each estimator, fitted when it is first asked for."""
    folder, found = tmp_path_factory.mktemp("models"), {}

    def model(name):
        if name not in found:
            fnet.save(folder / name, FITTED[name]())
            found[name] = fnet.load(folder / name)
        return found[name]

    return model


def test_models_and_estimators_tell_cells_unlike_training(models):
    rows = [USUAL, USUAL | {"town": "Nowhere", "size": 99}]
    model = models("numbers")
    found = model.unlike_training(rows)
    assert [name for name, far in zip(model.features, found[1], strict=True) if far] == [
        *("size", "town"),
    ]
    np.testing.assert_array_equal(model.estimator().unlike_training(rows), found)
    net = fnet.Network((1, 1), loss="squared_error")
    plain = Model(schema.content_of((net, fnet.reference.init_params(net, 0))))
    with pytest.raises(InvalidArgument, match="unlike_training needs a model with an encoding"):
        plain.unlike_training([[1.0]])


TERMS = {
    "numbers": {"Score": "r2|R²", "Intervals": "to both sides of the prediction"},
    "quantiles": {"Score": "pinball", "Intervals": "beyond the lowest and the highest quantile"},
    "classes": {"Score": "accuracy", "Calibration": "probability", "Intervals": "Sets that hold"},
    "labels": {"Score": "accuracy"},
    "one network": {},
}


@pytest.mark.parametrize("name", TERMS)
def test_a_card_has_what_is_known(name, models):
    model = models(name)
    found = dict(card.sections(model))
    always = {"Predicts", "Data", "Limits", "Made by"}
    assert set(found) == always | TERMS[name].keys()
    for term, pattern in TERMS[name].items():
        assert re.search(pattern, " ".join(found[term])), term
    if model.ensemble.cv_score is not None:
        assert f"{model.ensemble.cv_score:.4g} ± " in found["Score"][0]
        assert f"{model.ensemble.baseline_score:.4g}" in found["Score"][1]
    else:
        assert "No score is known" in " ".join(found["Limits"])
    text = card.markdown(model, name)
    assert [line for line in text.splitlines() if line.startswith("## ")] == [
        f"## {term}" for term in found
    ]
    rows = [line for line in text.splitlines() if line.startswith("| ")]
    assert len(rows) == 1 + len(model.features)
    assert "| size | number | 10 to 20, median 15 | 0 |" in rows


def test_the_width_of_intervals_is_that_of_predictions(models):
    model = models("numbers")
    sentence = dict(card.sections(model))["Intervals"][0]
    width = float(re.search("about (\\S+) to both", sentence)[1])
    ends = model.predict_interval(TABLE, 0.9)
    assert width == pytest.approx(np.median(ends[:, 1] - ends[:, 0]) / 2, rel=0.25)


def test_names_do_not_become_markup(tmp_path):
    some = [*NAMES[::7], "|", "<script>alert(1)</script>", "[a](b)", "a\nb", "n" * 10_000]
    table = {name: [str(i) for i in range(2)] * 9 for name in some}
    fitted = TabularClassifier(**OPTIONS).fit(table, [*some[:2]] * 9)
    fnet.save(tmp_path / "m.fnet", fitted, trained={"target": some[-4], "data": "*x*"})
    text = card.markdown(fnet.load(tmp_path / "m.fnet"), "<b>")
    assert not re.search(r"(?<!\\)[<>\[\]*`]", text)
    for line in text.splitlines():
        if line.startswith("| ") and line != "|---|---|---|---|":
            assert len(re.findall(r"(?<!\\)\|", line)) == 5


@pytest.mark.parametrize(
    "trained",
    [
        "by hand",
        {"rows": "many", "scores": 3, "validation_rows": None, "target": None, "fnet": [1]},
        {"scores": {"accuracy": "good", 3: float("nan")}, "validation_rows": 4, "data": 3},
    ],
)
def test_a_record_may_be_anything(trained, tmp_path):
    net = fnet.Network((1, 1), loss="squared_error")
    fnet.save(tmp_path / "m.fnet", (net, fnet.reference.init_params(net, 0)), trained=trained)
    assert "No score is known" in card.markdown(fnet.load(tmp_path / "m.fnet"), "m")


def test_commands_print_cards_and_name_rows_unlike_training(shell, models):
    fnet.save("numbers.fnet", models("numbers"))
    lines = ["size,day,town,rare,grade,member", "15,2020-03-01,Bonn,a,1,true"]
    lines += ["99,2020-03-01,Nowhere,a,1,true"] * 12
    with open("table.csv", "w") as file:
        file.write("\n".join(lines))
    code, out, err = shell("fnet predict numbers.fnet table.csv")
    assert code == 0
    assert len(out.splitlines()) == 14
    listed = "(rows 2, 3, 4, 5, 6, 7, 8, 9, 10, 11 and more)"
    assert (
        "Note: table.csv: 12 rows have values far outside what was seen in training: "
        f"'size' {listed}, 'town' {listed}\n"
    ) in err
    code, out, _ = shell("fnet describe numbers.fnet --markdown")
    assert (code, out) == (0, card.markdown(models("numbers"), "numbers"))
    code, _, err = shell("fnet describe numbers.fnet --markdown --json")
    assert code == 2
    assert "--markdown and --json" in err
