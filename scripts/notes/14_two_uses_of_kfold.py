"""
KFold as batches, KFold as validation
=====================================

The notes use ``KFold`` to cut batches. Elsewhere it holds rows out, to see how good a network is
on rows that it has not seen. One name, two uses: do not take one for the other.
"""

import numpy as np
from sklearn.datasets import load_iris
from sklearn.model_selection import GroupKFold, KFold, StratifiedKFold

from fnet import datasets
from fnet import reference as fnet

# %%
# One splitter
# ------------
# ``KFold(3)`` cuts the rows into three folds. Each time it hands out two lists: a fold, and all
# other rows.

for others, fold in KFold(3).split(np.arange(6)):
    print(f"fold {fold}, others {others}")
assert [fold.tolist() for _, fold in KFold(3).split(np.arange(6))] == [[0, 1], [2, 3], [4, 5]]

# %%
# As batches
# ----------
# The notes take the *fold* as the next batch, and ignore the others. After 22 batches every row has
# been trained on once. Nothing is held out.

x, x_test, y, y_test = datasets.load_digits(scale=True)
net = fnet.Network((64, 30, 10))
adam = fnet.adam(0.005)
batches = fnet.kfold_plan(len(x), batch_size=64, epochs=30, seed=0)
run = fnet.train(net, adam, fnet.init_params(net, seed=0), x, y, batches)

# %%
# So the accuracy on such a fold is that on rows which the network has learnt.

rows, weights = batches.batches(29, 30)
of_folds = [
    fnet.accuracy(fnet.predict(net, run.params, x[fold[own > 0]]), y[fold[own > 0]])
    for fold, own in zip(rows[0], weights[0], strict=True)
]
print(f"{len(of_folds)} folds, mean accuracy {np.mean(of_folds):.3f}")
assert np.mean(of_folds) > 0.985

# %%
# As validation
# -------------
# Cross-validation trains on the *others*, and predicts the fold. For each fold it trains a network
# of its own, which has never seen that fold.

splits = list(KFold(5, shuffle=True, random_state=0).split(x))
found = fnet.cross_validate(net, adam, x, y, splits, batches)
print(found.scores["accuracy"].round(3))
out_of_fold = fnet.accuracy(found.predictions, y)
test = fnet.accuracy(fnet.predict(net, run.params, x_test), y_test)
print(f"on rows not seen: {out_of_fold:.3f} by cross-validation, {test:.3f} on the test rows")
assert out_of_fold < np.mean(of_folds) - 0.01
assert abs(out_of_fold - test) < 0.02

# %%
# The two numbers answer two questions. The first says how well rows were learnt, the second what to
# expect on new ones. It needs no test rows.

# %%
# Both at once
# ------------
# The call above uses both: ``splits`` says which rows are held out, and the plan how the others are
# cut into batches. All five networks share the batches of the plan. In each network the held-out
# rows weigh 0, so it does not learn from them.

training, held_out = splits[0]
members = fnet.init_params(net, fnet.member_seeds(0, 5))
first = tuple(fnet.Layer(w[0], b[0]) for w, b in members)
own_weights = np.zeros(len(x), np.float32)
own_weights[training] = 1
plan = fnet.kfold_plan(len(x), batch_size=64, epochs=30, seed=0, weights=own_weights)
alone = fnet.train(net, adam, first, x, y, plan)
same = fnet.accuracy(fnet.predict(net, alone.params, x[held_out]), y[held_out])
print(f"{same:.3f} alone, {found.scores['accuracy'][0]:.3f} as one of five")
assert abs(same - found.scores["accuracy"][0]) < 0.01

# %%
# Shuffle first
# -------------
# As batches and as validation, ``KFold`` cuts rows in their order. The 150 flowers of iris are
# sorted by species, 50 of each, so each of three folds is one species, and no network has seen the
# species that it is asked about.

flowers, species = load_iris(return_X_y=True)
flowers = (flowers - flowers.mean(axis=0)) / flowers.std(axis=0)
small = fnet.Network((4, 8, 3))
plan = fnet.minibatch_plan(150, batch_size=16, epochs=50, seed=0)
splitters = {
    "in order": KFold(3),
    "shuffled": KFold(3, shuffle=True, random_state=0),
    "stratified": StratifiedKFold(3),
}
accuracies = {}
for name, splitter in splitters.items():
    scores = fnet.cross_validate(small, fnet.adam(0.01), flowers, species, splitter, plan).scores
    accuracies[name] = scores["accuracy"]
    print(f"{name:10} {accuracies[name].round(2)}")
assert (accuracies["in order"] == 0).all()
assert (accuracies["shuffled"] > 0.9).all()
assert (accuracies["stratified"] > 0.9).all()

# %%
# ``StratifiedKFold`` gives each fold every class in proportion. ``kfold_plan`` shuffles in each
# epoch.

# %%
# Exercises
# ---------
# 1. Use the notes' ``KFold(22)`` for validation. How many networks are trained, and on how many
#    rows each?
# 2. Give 150 digits random labels, and write each row twice. What does cross-validation say? What
#    should it say?
# 3. Mend exercise 2 with ``GroupKFold``.

# %%
# Answer 1
# --------
# 22, each on 1,371 or 1,372 rows. As batches the same folds have 66 or 65 rows.

sizes = {(len(others), len(fold)) for others, fold in KFold(22).split(x)}
print(sorted(sizes))
assert sizes == {(1371, 66), (1372, 65)}

# %%
# Answer 2
# --------
# It should say 1 in 10, since there is nothing to learn. It says far more: most rows of a fold have
# their copy among the others, and the network has learnt it by heart.

random = np.random.default_rng(0).integers(0, 10, 150)
copies, labels = np.tile(x[:150], (2, 1)), np.tile(random, 2)
long = fnet.minibatch_plan(300, batch_size=32, epochs=100, seed=0)
fooled = fnet.cross_validate(
    net, fnet.adam(0.01), copies, labels, KFold(5, shuffle=True, random_state=0), long
)
print(f"{fnet.accuracy(fooled.predictions, labels):.2f}")
assert fnet.accuracy(fooled.predictions, labels) > 0.5

# %%
# Answer 3
# --------
# Rows of one group stay on one side. A group is a digit with its copy; in real tables, a patient, a
# customer or a day.

groups = np.tile(np.arange(150), 2)
honest = fnet.cross_validate(
    net, fnet.adam(0.01), copies, labels, GroupKFold(5), long, groups=groups
)
print(f"{fnet.accuracy(honest.predictions, labels):.2f}")
assert fnet.accuracy(honest.predictions, labels) < 0.25
