"""The models of `accuracy.py`: fnet's estimators and their peers, each with its own defaults.

A model is fitted on a frame of numbers and categories: text and booleans are categories, whose gaps
are a category of their own. What cannot take gaps in numbers gets the median and a column that
says where the gaps were.
"""

import warnings
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.compose import ColumnTransformer, TransformedTargetRegressor, make_column_selector
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.impute import SimpleImputer
from sklearn.model_selection import KFold
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

COVERAGE = 0.9
"""The coverage of intervals and sets."""

FOLDS = 8
"""The folds of each ensemble."""


class Task(NamedTuple):
    """What a model gets.

    Attributes:
        train: The features to fit on.
        y: Their targets.
        test: The features of fresh rows.
        classes: Whether targets are classes.
        threads: The number of threads.
        device: Where PyTorch trains: "cpu" or "cuda".
    """

    train: pd.DataFrame
    y: npt.NDArray[Any]
    test: pd.DataFrame
    classes: bool
    threads: int
    device: str = "cpu"


class Outcome(NamedTuple):
    """What a model says of fresh rows.

    Attributes:
        predictions: Probabilities `[N, K]` of the sorted classes, or numbers `[N]`.
        intervals: Prediction intervals `[N, 2]` or sets `[N, K]`, where the model has them.
        cv_score: The score that it expects on fresh rows, where it says one.
    """

    predictions: npt.NDArray[Any]
    intervals: npt.NDArray[Any] | None = None
    cv_score: float | None = None


Predict = Callable[[], Outcome]
Fit = Callable[[Task], Predict]


def prepared(train: pd.DataFrame, test: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Frames of numbers and categories, with the categories of both."""
    both = pd.concat([train, test], keys=[0, 1])
    for name in both.columns:
        if both[name].dtype == bool or not pd.api.types.is_numeric_dtype(both[name]):
            both[name] = both[name].astype(str).where(both[name].notna(), "missing")
            both[name] = both[name].astype("category")
        else:
            both[name] = both[name].astype(float)
    return both.loc[0], both.loc[1]


def without_gaps(train: pd.DataFrame, test: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Frames whose numbers have no gaps."""
    train, test = train.copy(), test.copy()
    for name in train.select_dtypes("number").columns:
        middle = train[name].median()
        if train[name].isna().any():
            for frame in (train, test):
                frame[f"{name} is missing"] = frame[name].isna().astype(float)
        for frame in (train, test):
            frame[name] = frame[name].fillna(0.0 if np.isnan(middle) else middle)
    return train, test


def outcome_of(model: Any, test: pd.DataFrame, classes: bool) -> Predict:
    """The predictions of a fitted model with scikit-learn's interface."""

    def predict() -> Outcome:
        found = model.predict_proba(test) if classes else np.asarray(model.predict(test)).ravel()
        return Outcome(np.asarray(found))

    return predict


def sklearn_mlp(task: Task) -> Predict:
    """scikit-learn's MLP behind scaled numbers and one-hot categories."""
    numbers = make_pipeline(SimpleImputer(strategy="median", add_indicator=True), StandardScaler())
    one_hot = OneHotEncoder(handle_unknown="ignore", sparse_output=False, max_categories=255)
    encoder = ColumnTransformer(
        [
            ("numbers", numbers, make_column_selector(dtype_include="number")),
            ("categories", one_hot, make_column_selector(dtype_exclude="number")),
        ]
    )
    train, test = prepared(task.train, task.test)
    if task.classes:
        model: Any = MLPClassifier(random_state=0)
    else:
        model = TransformedTargetRegressor(
            regressor=MLPRegressor(random_state=0), transformer=StandardScaler()
        )
    return outcome_of(
        Pipeline([("e", encoder), ("m", model)]).fit(train, task.y), test, task.classes
    )


def hist_boosting(task: Task) -> Predict:
    """scikit-learn's histogram boosting, with its own categories where it can take them."""
    train, test = _few_categories(*prepared(task.train, task.test))
    kind = HistGradientBoostingClassifier if task.classes else HistGradientBoostingRegressor
    model = kind(random_state=0, categorical_features="from_dtype")
    return outcome_of(model.fit(train, task.y), test, task.classes)


def _few_categories(train: pd.DataFrame, test: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Frames in which a column of more than 255 categories is left out."""
    kept = [c for c in train if train[c].dtype != "category" or len(train[c].cat.categories) < 255]
    return train[kept], test[kept]


def hist_quantiles(task: Task) -> Predict:
    """Quantiles of histogram boosting, conformalised by eight folds (CV+)."""
    train, test = _few_categories(*prepared(task.train, task.test))
    tail = (1 - COVERAGE) / 2
    lower, upper = [], []
    for fit_rows, held_out in KFold(FOLDS, shuffle=True, random_state=0).split(train):
        models = [
            HistGradientBoostingRegressor(
                loss="quantile", quantile=q, random_state=0, categorical_features="from_dtype"
            ).fit(train.iloc[fit_rows], task.y[fit_rows])
            for q in (tail, 1 - tail)
        ]
        own = [model.predict(train.iloc[held_out]) for model in models]
        scores = np.maximum(own[0] - task.y[held_out], task.y[held_out] - own[1])
        new = [model.predict(test) for model in models]
        lower.append(new[0][:, None] - scores)
        upper.append(new[1][:, None] + scores)
    rows = len(train)
    below = np.sort(np.concatenate(lower, axis=1), axis=1)
    above = np.sort(np.concatenate(upper, axis=1), axis=1)
    low = max(0, int(np.floor((1 - COVERAGE) * (rows + 1))) - 1)
    high = min(rows - 1, int(np.ceil(COVERAGE * (rows + 1))) - 1)
    ends = np.stack([below[:, low], above[:, high]], axis=1)
    return lambda: Outcome(ends.mean(axis=1), ends)


def catboost(task: Task) -> Predict:
    """CatBoost, told which columns are categories."""
    from catboost import CatBoostClassifier, CatBoostRegressor

    train, test = prepared(task.train, task.test)
    categories = list(train.select_dtypes("category").columns)
    kind = CatBoostClassifier if task.classes else CatBoostRegressor
    model = kind(
        random_seed=0,
        verbose=False,
        thread_count=task.threads,
        cat_features=categories,
        allow_writing_files=False,
    )
    return outcome_of(model.fit(train, task.y), test, task.classes)


def lightgbm(task: Task) -> Predict:
    """LightGBM with the categories of the frame."""
    from lightgbm import LGBMClassifier, LGBMRegressor

    train, test = prepared(task.train, task.test)
    kind = LGBMClassifier if task.classes else LGBMRegressor
    model = kind(random_state=0, n_jobs=task.threads, verbose=-1)
    return outcome_of(model.fit(train, task.y), test, task.classes)


def pytabkit(name: str, **arguments: Any) -> Fit:
    """An estimator of pytabkit."""

    def fit(task: Task) -> Predict:
        import pytabkit

        train, test = without_gaps(*prepared(task.train, task.test))
        kind = getattr(pytabkit, f"{name}_{'Classifier' if task.classes else 'Regressor'}")
        model = kind(device=task.device, random_state=0, n_threads=task.threads, **arguments)
        return outcome_of(model.fit(train, task.y), test, task.classes)

    return fit


def fnet_tabular(task: Task) -> Predict:
    """fnet's estimators, whose rule chooses the engine."""
    import fnet

    kind = fnet.TabularClassifier if task.classes else fnet.TabularRegressor
    model: Any = kind(random_state=0).fit(task.train, task.y)

    def predict() -> Outcome:
        if task.classes:
            sets = model.predict_set(task.test, COVERAGE)
            return Outcome(model.predict_proba(task.test), sets, model.cv_score_)
        ends = model.predict_interval(task.test, COVERAGE)
        return Outcome(model.predict(task.test), ends, model.cv_score_)

    return predict


MODELS: dict[str, Fit] = {
    "fnet": fnet_tabular,
    "MLP": sklearn_mlp,
    "hist": hist_boosting,
    "CatBoost": catboost,
    "LightGBM": lightgbm,
    "RealMLP-TD-S": pytabkit("RealMLP_TD_S"),
    "RealMLP-TD": pytabkit("RealMLP_TD"),
    "RealMLP-TD-S x8": pytabkit("RealMLP_TD_S", n_cv=FOLDS),
    "RealMLP-TD x8": pytabkit("RealMLP_TD", n_cv=FOLDS),
    "TabM-D": pytabkit("TabM_D"),
}
"""The models that are ranked."""

OTHERS: dict[str, Fit] = {"hist quantiles": hist_quantiles}
"""The models that only their intervals are compared with; they take numbers alone."""


def hide_warnings() -> None:
    """Keep the warnings and notes of all models from the terminal."""
    import logging

    warnings.simplefilter("ignore")
    for name in ("lightning", "lightning.pytorch", "pytorch_lightning"):
        logging.getLogger(name).setLevel(logging.ERROR)
