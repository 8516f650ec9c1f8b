"""Hostile values that `fuzz.py` puts into files."""

import json
import random
from collections.abc import Callable
from typing import Any

import numpy as np
from fuzz_parts import Parts, add, add_text, any_place, as_tensor, references

# Values.

NUMBERS = (
    0,
    1,
    2,
    3,
    7,
    -1,
    -5,
    1.5,
    0.0,
    1e300,
    1e-320,
    -1e300,
    2**31,
    2**53,
    2**63,
    -(2**63),
    10**30,
)

TEXTS = (
    *(
        "",
        " ",
        "a",
        "x" * 5000,
        "nan",
        "None",
        "0",
        "../../etc/passwd",
        "/dev/zero",
        "\x1b]52;c;eA==\x07",
    ),
    *(
        "\x00",
        "a\nb",
        "\u202eabc",
        "\ud800",
        "<script>alert(1)</script>",
        "%s%n{0}",
        "é",
        "=1+1",
        "ended",
    ),
)

KNOWN = (
    *("relu", "tanh", "identity", "softmax", "sigmoid", "exp", "sort", "softmax_cross_entropy"),
    *(
        "sigmoid_cross_entropy",
        "squared_error",
        "huber",
        "pinball",
        "poisson",
        "adam",
        "sgd",
        "lion",
    ),
    *("rmsprop", "lbfgs", "MLPClassifier", "MLPRegressor", "epochs", "patience", "running", "loss"),
    *("TabularClassifier", "TabularRegressor", "accuracy", "r2", "validation_loss"),
    *("validation_loss", "numpy", "tensorflow", "auto", "balanced", "constant", "adaptive", "bar"),
)

ATTRIBUTES = (
    *(
        "_doc_link_module",
        "_doc_link_template",
        "__class__",
        "__dict__",
        "_net",
        "coefs_",
        "classes_",
    ),
    *(
        "intercepts_",
        "n_features_in_",
        "feature_names_in_",
        "scaling_",
        "_params",
        "_fit",
        "predict_",
    ),
    *(
        "_predict_raw",
        "_repr_html_",
        "_get_doc_link",
        "_sklearn_output_config",
        "_progress",
        "_train_state",
    ),
    *(
        "out_activation_",
        "n_outputs_",
        "_sparse_labels",
        "_label_binarizer",
        "_random_state",
        "t_",
        "x_",
    ),
)

KINDS = (
    *(
        "array",
        "text",
        "dict",
        "list",
        "float",
        "objects",
        "Content",
        "Estimator",
        "Layer",
        "Network",
    ),
    *("Optimizer", "Progress", "Run", "Scaling", "Schedule", "State", "Tuning", "Watch", "Unknown"),
    *("Ensemble", "Conformity", "Importances", "Embedding", "PeriodicEmbedding", "Codes"),
    *("CodeEmbedding", "Encoding", "Pipeline"),
)

ARRAYS: tuple[Any, ...] = (
    *(
        np.nan,
        np.inf,
        -np.inf,
        1e300,
        1.5,
        -5.0,
        0.0,
        np.int64(-5),
        np.int64(2**62),
        np.uint64(2**63),
    ),
    *(np.True_, np.float32(1e38), np.zeros(0), np.zeros((0, 3)), np.zeros((3, 0)), np.arange(3)),
    *(np.full(3, np.nan), np.ones((1, 1)), np.arange(2.0), np.zeros((2, 2, 2)), np.full(2, -1)),
    *(np.array([True, False]), np.array([1, 1, 1]), np.linspace(5, 1, 5), np.float16(1)),
)

VALUES: tuple[Callable[[random.Random, Parts, Parts], Any], ...] = (
    lambda rng, parts, donor: rng.choice((None, True, False)),
    lambda rng, parts, donor: rng.choice(NUMBERS),
    lambda rng, parts, donor: rng.choice(NUMBERS),
    lambda rng, parts, donor: rng.choice(TEXTS),
    lambda rng, parts, donor: rng.choice(KNOWN),
    lambda rng, parts, donor: {"float": rng.choice(("nan", "inf", "-inf", "1", ""))},
    lambda rng, parts, donor: rng.choice(
        ([], {}, {"list": []}, {"dict": []}, {"objects": [[0], []]})
    ),
    lambda rng, parts, donor: [rng.choice(NUMBERS) for _ in range(rng.randrange(6))],
    lambda rng, parts, donor: [rng.choice(TEXTS) for _ in range(rng.randrange(1, 6))],
    lambda rng, parts, donor: {"list": [rng.choice(NUMBERS + TEXTS) for _ in range(3)]},
    lambda rng, parts, donor: {"dict": [[rng.choice(KNOWN), rng.choice(NUMBERS)]]},
    lambda rng, parts, donor: {"dict": [[1, 2], [None, 3], [{"float": "nan"}, 4], [["a"], 5]]},
    lambda rng, parts, donor: {
        "objects": [[3], [rng.choice((None, "a", 1, 1.5)) for _ in range(3)]]
    },
    lambda rng, parts, donor: {"objects": [rng.choice(([], [3, 1], [-1], [2, 2])), ["a", None, 2]]},
    lambda rng, parts, donor: add(parts, as_tensor(rng.choice(ARRAYS))),
    lambda rng, parts, donor: add(parts, as_tensor(rng.choice(ARRAYS))),
    lambda rng, parts, donor: add_text(parts, [rng.choice(KNOWN + TEXTS) for _ in range(3)]),
    lambda rng, parts, donor: {
        rng.choice(("array", "text")): rng.choice(list(parts.tensors) or [""])
    },
    lambda rng, parts, donor: {rng.choice(KINDS): rng.choice(([], {}, None, "a", 1, [1, 2]))},
    lambda rng, parts, donor: graft(rng, parts, donor),
    lambda rng, parts, donor: graft(rng, parts, donor),
    lambda rng, parts, donor: graft(rng, parts, parts),
    lambda rng, parts, donor: _amplified(rng, parts),
)
"""What makes a hostile value."""


def graft(rng: random.Random, parts: Parts, donor: Parts) -> Any:
    """A part of another description, with its arrays."""
    container, key = any_place(rng, donor.content)
    value = json.loads(json.dumps(container[key]))
    for reference in references(value):
        ((kind, name),) = reference.items()
        if isinstance(name, str) and name in donor.tensors and donor is not parts:
            reference[kind] = add(parts, donor.tensors[name])["array"]
    return value


def _amplified(rng: random.Random, parts: Parts) -> Any:
    """Little that asks for much: one long text and many short ones, or nests of lists."""
    texts = ["x" * 20_000, *("y" for _ in range(4000))]
    nest: Any = []
    for _ in range(rng.choice((20, 55, 70))):
        nest = [nest] if rng.random() < 0.5 else {"list": [nest]}
    arrays = ["array", next(iter(parts.tensors), "")]
    many = [dict([arrays]) for _ in range(5000)]
    return rng.choice((texts, {"list": texts}, {"objects": [[len(texts)], texts]}, nest, many))
