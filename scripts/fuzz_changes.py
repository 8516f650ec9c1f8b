"""The changes that `fuzz.py` makes to the description of a file.

A change takes a random generator, a file in parts, and a file to take parts from. It changes the
first one in place, or does nothing where it does not apply.
"""

import json
import random
from collections.abc import Callable

import numpy as np
from fuzz_arrays import own_copy
from fuzz_parts import Parts, any_place, as_array, as_tensor, pairs, places, records, references
from fuzz_values import ATTRIBUTES, KINDS, KNOWN, NUMBERS, TEXTS, VALUES

# Changes of the description.


def replace(rng: random.Random, parts: Parts, donor: Parts) -> None:
    """A hostile value at any place."""
    container, key = any_place(rng, parts.content)
    container[key] = rng.choice(VALUES)(rng, parts, donor)


def delete(rng: random.Random, parts: Parts, donor: Parts) -> None:
    """One place less."""
    container, key = any_place(rng, parts.content)
    del container[key]


def duplicate(rng: random.Random, parts: Parts, donor: Parts) -> None:
    """A value twice."""
    container, key = any_place(rng, parts.content)
    if isinstance(container, list):
        container.insert(rng.randrange(len(container) + 1), container[key])
    else:
        container[rng.choice(KINDS + KNOWN)] = container[key]


def rename(rng: random.Random, parts: Parts, donor: Parts) -> None:
    """Another key, in a JSON object or in a list of pairs."""
    new = rng.choice(rng.choice((TEXTS, KNOWN, ATTRIBUTES, KINDS, NUMBERS)))
    found = [
        pair for each in pairs(parts.content) for pair in each if isinstance(pair, list) and pair
    ]
    objects = [c for c, _ in places(parts.content) if isinstance(c, dict)]
    if found and rng.random() < 0.6:
        rng.choice(found)[0] = new
    elif objects:
        container = rng.choice(objects)
        container[str(new)] = container.pop(rng.choice(list(container)))


def swap(rng: random.Random, parts: Parts, donor: Parts) -> None:
    """Two values exchanged; a value is not put into itself."""
    all_places = list(places(parts.content))
    (first, i), (second, j) = rng.choice(all_places), rng.choice(all_places)
    if rng.random() < 0.5:
        j, second = rng.choice([key for c, key in all_places if c is first]), first
    one, other = (json.loads(json.dumps(c[k])) for c, k in ((first, i), (second, j)))
    first[i] = other
    if second is first or not any(c is second for c, _ in places(first[i])):
        second[j] = one


def nudge(rng: random.Random, parts: Parts, donor: Parts) -> None:
    """Another value of the same type at any leaf."""
    leaves = [(c, k) for c, k in places(parts.content) if not isinstance(c[k], (dict, list))]
    container, key = rng.choice(leaves)
    value = container[key]
    if isinstance(value, bool) or value is None:
        container[key] = rng.choice((True, False, None))
    elif isinstance(value, (int, float)):
        container[key] = rng.choice(
            (value + 1, value - 1, -value, value * 2, value / 2, int(value))
        )
    else:
        container[key] = rng.choice(
            (value[:-1], value.upper(), value * 2, value + "_", rng.choice(KNOWN))
        )


def nudge_list(rng: random.Random, parts: Parts, donor: Parts) -> None:
    """A list in another order, shorter or longer."""
    lists = [c[k] for c, k in places(parts.content) if isinstance(c[k], list) and c[k]]
    if lists:
        found = rng.choice(lists)
        rng.choice((found.reverse, found.clear, found.pop, lambda: found.append(found[0])))()


def wrap(rng: random.Random, parts: Parts, donor: Parts) -> None:
    """A value within another."""
    container, key = any_place(rng, parts.content)
    value = container[key]
    container[key] = rng.choice(
        ([value], {"list": [value]}, {"dict": [["a", value]]}, {"objects": [[1], [value]]})
    )


def insert(rng: random.Random, parts: Parts, donor: Parts) -> None:
    """One more entry of a dict."""
    if found := pairs(parts.content):
        chosen = rng.choice(found)
        key = rng.choice(rng.choice((ATTRIBUTES, KNOWN, TEXTS, NUMBERS)))
        chosen.insert(rng.randrange(len(chosen) + 1), [key, rng.choice(VALUES)(rng, parts, donor)])


DESCRIPTION = {
    **{"replace": replace, "replace ": replace, "delete": delete, "duplicate": duplicate},
    **{"rename": rename, "swap": swap, "nudge": nudge, "nudge ": nudge, "nudge list": nudge_list},
    **{"wrap": wrap, "insert": insert},
}


# Changes of what the parts mean, so that they contradict each other.


def replace_field(kind: str, *fields: str) -> Callable[..., None]:
    """A hostile value in a field of a record."""

    def change(rng: random.Random, parts: Parts, donor: Parts) -> None:
        if found := records(parts.content, kind):
            body = rng.choice(found)
            if isinstance(body, dict) and body:
                body[rng.choice(fields or list(body))] = rng.choice(VALUES)(rng, parts, donor)

    return change


def in_field(kind: str, field: str, *keys: str, fresh: bool = False) -> Callable[..., None]:
    """A hostile value of a key in a dict that is a field of a record; `fresh` adds the key."""

    def change(rng: random.Random, parts: Parts, donor: Parts) -> None:
        bodies = [b for b in records(parts.content, kind) if isinstance(b, dict)]
        dicts = [
            b[field]["dict"]
            for b in bodies
            if isinstance(b.get(field), dict) and "dict" in b[field]
        ]
        if not dicts or not isinstance(dicts[0], list):
            return
        found = [p for p in dicts[0] if isinstance(p, list) and p and (not keys or p[0] in keys)]
        if fresh or not found:
            found = [[rng.choice(keys or ATTRIBUTES), None]]
            dicts[0] += found
        rng.choice(found)[1:] = [rng.choice(VALUES)(rng, parts, donor)]

    return change


def other_array(rng: random.Random, parts: Parts, donor: Parts) -> None:
    """The name of another array, of the same shape if there is one."""
    if found := references(parts.content):
        reference = rng.choice(found)
        ((kind, name),) = reference.items()
        shape = parts.tensors[name].shape if name in parts.tensors else ()
        like = [n for n, t in parts.tensors.items() if t.shape == shape]
        reference[kind] = rng.choice(
            like if like and rng.random() < 0.7 else list(parts.tensors) or [""]
        )


def moments(rng: random.Random, parts: Parts, donor: Parts) -> None:
    """One moment less or more in a state, or in all states."""
    found = [b for b in records(parts.content, "State") if isinstance(b.get("moments"), list)]
    more = rng.random() < 0.5
    for body in found if rng.random() < 0.5 else found[:1]:
        if more and body["moments"]:
            body["moments"].append(body["moments"][0])
        elif body["moments"]:
            body["moments"].pop()


def history_length(rng: random.Random, parts: Parts, donor: Parts) -> None:
    """A history of other epochs than the run has."""
    for name, tensor in list(parts.tensors.items()):
        if "history" in name:
            array = as_array(tensor)
            again = rng.choice((array[:0], array[:1], np.concatenate([array, array])))
            parts.tensors[name] = as_tensor(again)
            if rng.random() < 0.3:
                return


def history_name(rng: random.Random, parts: Parts, donor: Parts) -> None:
    """A history without its loss, or with another name for it."""
    for body in records(parts.content, "Run"):
        history = body.get("history")
        if isinstance(history, dict) and isinstance(history.get("dict"), list) and history["dict"]:
            entry = rng.choice(history["dict"])
            if rng.random() < 0.5 or not isinstance(entry, list) or not entry:
                history["dict"].remove(entry)
            else:
                entry[0] = rng.choice(KNOWN + TEXTS)


RECORD = (
    "fnet",
    "command",
    "data",
    "target",
    "scores",
    "notations",
    "missing",
    "epochs",
    "sha256",
    "call",
)

MEANING = {
    "classes": replace_field("Content", "classes"),
    "features": replace_field("Content", "features"),
    "scaling": replace_field("Content", "scaling"),
    "trained": replace_field("Content", "trained"),
    "run": replace_field("Content", "run"),
    "a field of Run": replace_field("Run"),
    "a field of Progress": replace_field("Progress"),
    "epoch": replace_field("Progress", "epoch", "step", "best_epoch", "wait", "ended"),
    "a field of State": replace_field("State"),
    "a field of Scaling": replace_field("Scaling"),
    **{
        f"a field of {kind}": replace_field(kind)
        for kind in (
            *("Codes", "Conformity", "Embedding", "Ensemble", "Importances", "Moments"),
            *("CodeEmbedding", "Packed", "PeriodicEmbedding"),
        )
    },
    "curves": in_field("Ensemble", "history"),
    "a field of Estimator": replace_field("Estimator"),
    "history": in_field("Run", "history"),
    "new history": in_field("Run", "history", *KNOWN, "validation_accuracy", fresh=True),
    "trained as by fnet train": in_field("Content", "trained", *RECORD),
    "trained record": in_field("Content", "trained", *RECORD, fresh=True),
    "argument": in_field("Estimator", "arguments"),
    "fitted": in_field("Estimator", "fitted"),
    "new fitted": in_field("Estimator", "fitted", *ATTRIBUTES, fresh=True),
    "own copy": own_copy,
    "own copy ": own_copy,
    "other array": other_array,
    "moments": moments,
    "history length": history_length,
    "history name": history_name,
}
