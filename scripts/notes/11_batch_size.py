"""
Batch sizes
===========

A step may see one row or all. Small batches give many rough steps, large ones few exact steps.
This lesson measures how rough, and which learning rate goes with which size.
"""

import time

import numpy as np

from fnet import datasets
from fnet import reference as fnet
from fnet.plots.canvas import Figure

x, x_test, y, y_test = datasets.load_digits(scale=True)
net = fnet.Network((64, 30, 10))
params = fnet.init_params(net, seed=0, dtype="float64")

# %%
# A batch estimates the gradient
# ------------------------------
# The gradient of a batch is the mean over its rows. Over all batches of an epoch its mean is the
# gradient of all rows; each batch is off by chance. How far?


def flat(grads):
    return np.concatenate([array.ravel() for layer in grads for array in layer])


exact = flat(fnet.grads(net, params, x, y))
print(f"length of the gradient of all rows: {np.linalg.norm(exact):.2f}")

roughness = {}
for size in (4, 16, 64, 256):
    plan = fnet.minibatch_plan(len(x), size, epochs=1, seed=0, drop_remainder=True)
    batches = plan.batches(0, 1)[0][0][:100]
    errors = [flat(fnet.grads(net, params, x[rows], y[rows])) - exact for rows in batches]
    roughness[size] = np.sqrt(np.mean([error @ error for error in errors]))
    print(f"batches of {size:3}: typical error {roughness[size]:.2f}")
assert np.allclose([error * size**0.5 for size, error in roughness.items()], 5.3, rtol=0.05)

# %%
# Four times the rows, half the error, as for any mean: it falls with the square root. At 4 rows the
# error is larger than the gradient itself. Training still works, because errors of many steps
# cancel and the gradient does not.

# %%
# The same number of epochs
# -------------------------
# One learning rate for all sizes, ten epochs. Large batches get less far, since they take fewer
# steps: one an epoch in the last case.


def final_losses(rate_of):
    found = {}
    for size in (4, 16, 64, 256, 1437):
        plan = fnet.minibatch_plan(len(x), size, epochs=10, seed=0)
        run = fnet.train(net, fnet.sgd(rate_of(size)), params, x, y, plan)
        found[size] = run.history["loss"][-1]
        print(f"{size:4} rows, {plan.steps:3} steps an epoch: loss {found[size]:.3f}")
    return found


same_rate = final_losses(lambda size: 0.1)
assert same_rate[4] < same_rate[64] < same_rate[256] < same_rate[1437]

# %%
# A rate in proportion
# --------------------
# A batch of twice the size takes half as many steps. Let each be twice as long. Up to 256 rows the
# loss is then nearly the same, whatever the size.

in_proportion = final_losses(lambda size: 0.1 * size / 64)
up_to_256 = [in_proportion[size] for size in (4, 16, 64, 256)]
assert max(up_to_256) < 1.1 * min(up_to_256)
assert in_proportion[1437] > 2

# %%
# At 1,437 rows the rate would be 2.2, beyond the border of lesson 10, and the rule ends. Beyond
# some size larger batches are a waste.

# %%
# What a row costs
# ----------------
# Why not always 4 rows, then? A step has a fixed cost, whatever its size: calling functions,
# reading weights, the update. (Times are those of your machine, so nothing is asserted.)

microseconds = {}
for size in (4, 16, 64, 256):
    plan = fnet.minibatch_plan(len(x), size, epochs=2, seed=0)
    begin = time.perf_counter()
    fnet.train(net, fnet.sgd(0.01), params, x, y, plan)
    microseconds[size] = (time.perf_counter() - begin) / (2 * len(x)) * 1e6
    print(f"batches of {size:3}: {microseconds[size]:5.1f} microseconds a row")

# %%
# Both sides in one picture.

figure = Figure(figsize=(7, 3.2), layout="constrained")
left, right = figure.subplots(1, 2)
left.plot(same_rate.keys(), same_rate.values(), "o--", label="rate 0.1")
left.plot(roughness.keys(), up_to_256, "s-", label="rate 0.1 * size / 64")
left.set(xlabel="rows in a batch", ylabel="loss after 10 epochs", xscale="log")
left.legend()
right.plot(microseconds.keys(), microseconds.values(), "o-")
right.set(xlabel="rows in a batch", ylabel="microseconds a row", xscale="log", ylim=0)
figure

# %%
# So take batches large enough that the machine is busy, and small enough that the rate still
# scales: for a network of this size 32 to 256.

# %%
# Exercises
# ---------
# 1. How many batches of 100 does ``minibatch_plan`` make of 1,437 rows, and how many
#    ``kfold_plan``?
# 2. Show that the gradient of all rows is the mean of the gradients of the batches. The last batch
#    is smaller; what follows?
# 3. Train one epoch with batches of a single row. Which rate does the rule give, and how good is
#    the network?

# %%
# Answer 1
# --------
# 15, the last of 37 rows; and 14 of 102 or 103 rows.

fixed = fnet.minibatch_plan(len(x), 100, epochs=1, seed=0)
folds = fnet.kfold_plan(len(x), 100, epochs=1, seed=0)
print(fixed.steps, fixed.short, folds.steps, folds.short, folds.width)
assert (fixed.steps, fixed.short, folds.steps, folds.short, folds.width) == (15, 37, 14, 102, 103)

# %%
# Answer 2
# --------
# Each batch counts by its number of rows. The last row of a smaller batch is filled up at weight 0,
# so use the weights of the plan.

rows, weights = fixed.batches(0, 1)
total = sum(
    flat(fnet.grads(net, params, x[r], y[r], w)) * w.sum()
    for r, w in zip(rows[0], weights[0], strict=True)
)
print(f"{abs(total / len(x) - exact).max():.0e} apart")
assert abs(total / len(x) - exact).max() < 1e-12

# %%
# Answer 3
# --------
# 0.1 / 64. After 1,437 tiny steps it reads more than half of the digits.

single = fnet.minibatch_plan(len(x), 1, epochs=1, seed=0)
run = fnet.train(net, fnet.sgd(0.1 / 64), params, x, y, single)
accuracy = fnet.accuracy(fnet.predict(net, run.params, x_test), y_test)
print(f"accuracy {accuracy:.2f}")
assert accuracy > 0.5
