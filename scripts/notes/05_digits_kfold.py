"""
Mini-batches by KFold
=====================

A step need not see all rows. The notes cut the shuffled rows into batches with scikit-learn's
KFold, and take a step for each. One pass over the rows is then 22 steps instead of one.
"""

import numpy as np
from sklearn.model_selection import KFold
from tqdm import tqdm

import fnet
from fnet import backends
from fnet.plots.canvas import Figure

tf = backends.import_tensorflow()  # without its start-up messages

# %%
# Folds as batches
# ----------------
# The notes ask for ``KFold(1437 // 64)``, the folds of which serve as batches.

x, x_test, y, y_test = (array.astype("float32") for array in fnet.datasets.load_digits())
folds = [held_out for _, held_out in KFold(len(x) // 64).split(x)]
print(f"{len(folds)} batches of {min(map(len, folds))} or {max(map(len, folds))} rows")
assert (len(folds), min(map(len, folds)), max(map(len, folds))) == (22, 65, 66)

# %%
# The notes call them batches of 64. They hold 65 or 66, since 22 batches share all 1,437 rows.
#
# KFold is for another purpose: it holds rows out of training. Lesson 14 compares the two.

# %%
# A plan
# ------
# ``kfold_plan`` cuts the same batches after a shuffle that depends on the seed and the epoch alone.
# (KFold also builds the list of all *other* rows for each fold, which makes it slow for many.)

plan = fnet.kfold_plan(len(x), batch_size=64, epochs=500, seed=0)
rows, weights = plan.batches(0, 1)
print(plan)
print(rows.shape, "rows of the first epoch; its first batch begins with", rows[0, 0, :4])
assert (weights.sum(axis=-1)[0] == [len(fold) for fold in folds]).all()

# %%
# Arrays have one width. A batch of 65 rows is filled up with one more row, which weighs 0.

print(weights[0, -1, -3:])
assert weights[0, -1, -1] == 0

# %%
# As in the notes
# ---------------
# Pixels from 0 to 16, a standard normal start, a new Adam in every step. TensorFlow translates the
# ``for`` loop and compiles the whole epoch.

net = fnet.Network((64, 30, 10), hidden="relu", loss="softmax_cross_entropy")
adam = fnet.adam(learning_rate=0.001)


@tf.function(jit_compile=True)
def train_epoch(params, rows, weights):
    loss = tf.constant(0.0)
    for k in tf.range(len(rows)):
        batch = tf.gather(x, rows[k]), tf.gather(y, rows[k]), weights[k]
        loss = fnet.loss(net, params, *batch)
        grads = fnet.grads(net, params, *batch)
        params, _ = fnet.update(adam, params, adam.init(params), grads)
    accuracy = fnet.accuracy(fnet.forward(net, params, x_test), y_test)
    return params, loss, accuracy


# %%
# ``tqdm`` draws a progress bar. (``disable=None`` leaves it out where there is no terminal.)

params = fnet.init_params(net, seed=0, scheme="normal")
losses, accuracies = [], []
for epoch in tqdm(range(500), unit="epoch", disable=None):
    rows, weights = plan.batches(epoch, epoch + 1)
    params, loss, accuracy = train_epoch(params, rows[0], weights[0])
    losses.append(float(loss))
    accuracies.append(float(accuracy))


def report(losses, accuracies):
    for epoch in range(0, len(losses) + 1, 100):
        last = max(epoch - 1, 0)
        print(
            f"Epoch [{epoch:03d}/{len(losses)}], Accuracy: [{accuracies[last]:.2f}], "
            f"Loss: [{losses[last]:.4f}]"
        )


report(losses, accuracies)
assert accuracies[-1] > 0.9

# %%
# What went wrong
# ---------------
# The start, the pixels and Adam, as in lesson 4. And the loss printed is that of the *last batch*
# of an epoch: 65 rows by chance, so the curve jumps.

late = np.array(losses[-100:])
print(f"last 100 epochs: loss from {late.min():.1e} to {late.max():.1e}")
assert late.max() > 10 * late.min()

# %%
# Corrected
# ---------
# ``train`` takes the plan and keeps Adam's state. The loss in its history is the mean over all
# batches of an epoch. A fifth of the epochs is enough.

start = fnet.init_params(net, seed=0, scheme="he_normal")
adam = fnet.adam(learning_rate=0.005)
plan = fnet.kfold_plan(len(x), batch_size=64, epochs=100, seed=0)
run = fnet.train(net, adam, start, x / 16, y, plan, validation=(x_test / 16, y_test))
report(run.history["loss"], run.history["validation_accuracy"])
assert run.history["validation_accuracy"][-1] > 0.96

# %%
# The accuracy on the test images, after each epoch.

figure = Figure(figsize=(6, 3.2), layout="constrained")
axes = figure.subplots()
axes.plot(accuracies, "--", label="as in the notes")
axes.plot(run.history["validation_accuracy"], label="corrected")
axes.set(xlabel="epoch", ylabel="accuracy", ylim=(0.8, 1))
axes.legend()
figure

# %%
# One epoch of mini-batches computes as much as one step of lesson 4, and gets much further.

first = run.history["validation_accuracy"][0]
print(f"accuracy after one epoch: {first:.2f}")
assert first > 0.6

# %%
# Exercises
# ---------
# 1. How many steps does the corrected run take?
# 2. Is every row in exactly one batch of an epoch? Do two epochs have the same batches?
# 3. Lesson 4 took 500 steps on all rows. Take 506 steps on mini-batches, which is 23 epochs. How
#    good is the network, and how much work is it?

# %%
# Answer 1
# --------
# 100 epochs of 22 batches: 2,200.

print(plan.epochs * plan.steps)
assert plan.epochs * plan.steps == 2200

# %%
# Answer 2
# --------
# Yes: without the rows that only fill up, the batches of an epoch are all rows once. And no, each
# epoch has a shuffle of its own.

rows, weights = plan.batches(0, 2)
for epoch in (0, 1):
    in_batches = np.sort(rows[epoch][weights[epoch] == 1])
    assert (in_batches == np.arange(1437)).all()
print((rows[0] == rows[1]).mean().round(4))
assert (rows[0] != rows[1]).any()

# %%
# Answer 3
# --------
# About as good, for a 22nd of the work: each step computes 65 rows and not 1,437.

short = fnet.kfold_plan(len(x), batch_size=64, epochs=23, seed=0)
brief = fnet.train(net, adam, start, x / 16, y, short, validation=(x_test / 16, y_test))
accuracy = brief.history["validation_accuracy"][-1]
print(f"accuracy {accuracy:.2f}")
assert accuracy > 0.95
