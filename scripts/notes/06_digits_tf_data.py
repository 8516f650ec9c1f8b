"""
Mini-batches by tf.data
=======================

``tf.data`` is TensorFlow's way to feed rows: shuffle, batch, prefetch. It suits data that do not
fit in memory.
"""

import numpy as np

import fnet
from fnet import backends

tf = backends.import_tensorflow()  # without its start-up messages

# %%
# A pipeline
# ----------
# A dataset describes how batches are made. Nothing is computed until one is asked for.

numbers = tf.data.Dataset.range(10).shuffle(10, seed=1).batch(4).prefetch(1)
for batch in numbers:
    print(batch.numpy())
assert [len(batch) for batch in numbers] == [4, 4, 2]

# %%
# ``shuffle`` keeps rows in a buffer and draws from it; with a buffer smaller than the data, rows
# stay near their place. ``prefetch`` prepares the next batch while the current one is trained on.

# %%
# An epoch
# --------
# Batches have 64 rows, and the last one has what is left: 22 of 64 and one of 29. KFold made 22 of
# 65 or 66.

x, x_test, y, y_test = (array.astype("float32") for array in fnet.datasets.load_digits())
one_epoch = fnet.pipeline(x, y, batch_size=64, epochs=1, seed=0)
sizes = [len(batch_x) for batch_x, _ in one_epoch]
print(f"{len(sizes)} batches, the last of {sizes[-1]} rows")
assert sizes == [64] * 22 + [29]

# %%
# ``fnet.pipeline`` shuffles by the seed and the epoch. A dataset that is iterated twice gives the
# same batches twice, so a run can be repeated. (One seeded ``shuffle`` of TensorFlow goes on to
# another order in the second pass.)

first, again = ([labels.numpy() for _, labels in one_epoch] for _ in range(2))
assert all(np.array_equal(a, b) for a, b in zip(first, again, strict=True))

# %%
# As in the notes
# ---------------
# Their start, their pixels, their new Adam in every step. An iterator hands out one batch after
# another, for all 500 epochs.

net = fnet.Network((64, 30, 10), hidden="relu", loss="softmax_cross_entropy")
adam = fnet.adam(learning_rate=0.001)
batches = iter(fnet.pipeline(x, y, batch_size=64, epochs=500, seed=0))


@tf.function
def train_epoch(params):
    loss = tf.constant(0.0)
    for _ in tf.range(23):
        batch = next(batches)
        loss = fnet.loss(net, params, *batch)
        grads = fnet.grads(net, params, *batch)
        params, _ = fnet.update(adam, params, adam.init(params), grads)
    accuracy = fnet.accuracy(fnet.forward(net, params, x_test), y_test)
    return params, loss, accuracy


params = fnet.init_params(net, seed=0, scheme="normal")
losses, accuracies = [], []
for _ in range(500):
    params, loss, accuracy = train_epoch(params)
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
# Corrected
# ---------
# ``train`` takes a dataset in place of x, y and a plan. Scaled pixels, the start of He et al., an
# Adam that keeps its state.

adam = fnet.adam(learning_rate=0.005)
start = fnet.init_params(net, seed=0, scheme="he_normal")
data = fnet.pipeline(x / 16, y, batch_size=64, epochs=100, seed=0)
run = fnet.train(net, adam, start, data=data, validation=(x_test / 16, y_test))
report(run.history["loss"], run.history["validation_accuracy"])
assert run.history["validation_accuracy"][-1] > 0.96

# %%
# Which digits does it take for which?

predicted = fnet.predict(net, run.params, x_test / 16).numpy().argmax(axis=1)
fnet.plots.confusion_matrix(y_test.argmax(axis=1), predicted)

# %%
# When to use which
# -----------------
# Rows that fit in memory need no pipeline. A plan only says *which* rows; the compiled program
# takes them from the array, and no Python runs between the steps. With the same seed both have the
# same batches.

plan = fnet.minibatch_plan(len(x), batch_size=64, epochs=1, seed=0)
rows, weights = plan.batches(0, 1)
first_batch, _ = next(iter(one_epoch))
same = np.array_equal(first_batch, x[rows[0, 0]])
print(same)
assert same

# %%
# Exercises
# ---------
# 1. Write the pipeline of one epoch with ``tf.data`` alone: shuffle all rows, batches of 64.
# 2. Shuffle ten numbers with a buffer of 2. Which numbers can come first?
# 3. Train for one epoch on the plan, from the start and with the Adam of the corrected run. Is the
#    loss that of its first epoch?

# %%
# Answer 1
# --------
# ``from_tensor_slices`` makes a dataset of rows.

dataset = tf.data.Dataset.from_tensor_slices((x, y)).shuffle(len(x), seed=0).batch(64).prefetch(1)
sizes = [len(batch_x) for batch_x, _ in dataset]
print(sizes[0], sizes[-1])
assert sizes == [64] * 22 + [29]

# %%
# Answer 2
# --------
# 0 or 1: the buffer holds the first two numbers, and one of them is drawn. So shuffle with a buffer
# as large as the data, or rows sorted by class stay sorted.

orders = [[int(n) for n in tf.data.Dataset.range(10).shuffle(2, seed=s)] for s in range(8)]
print(orders[0])
assert {order[0] for order in orders} == {0, 1}

# %%
# Answer 3
# --------
# Yes, within the rounding of sums: the batches are the same.

by_plan = fnet.train(net, adam, start, x / 16, y, plan).history["loss"][0]
print(f"{by_plan:.5f} {run.history['loss'][0]:.5f}")
assert np.isclose(by_plan, run.history["loss"][0], rtol=1e-4)
