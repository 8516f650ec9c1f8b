"""
Over-fitting, seen and cured
============================

A network with many weights learns its training rows by heart, noise included. It then predicts
new rows badly. This lesson shows it on real data, and compares five cures.
"""

import numpy as np
from sklearn.datasets import load_diabetes

from fnet import plots
from fnet import reference as fnet
from fnet.plots.canvas import Figure

# %%
# Three kinds of rows
# -------------------
# 442 patients with diabetes, ten measurements of each, and how far the disease went in a year.
#
# - **Training** rows: the network learns from them.
# - **Validation** rows: we choose by them.
# - **Test** rows: we look at them once, at the end. What was chosen by some rows looks better on
#   those rows than it is.

features, target = load_diabetes(return_X_y=True)
order = np.random.default_rng(0).permutation(len(features))
training, validation, test = order[:200], order[200:320], order[320:]
features = (features - features[training].mean(axis=0)) / features[training].std(axis=0)
target = (target - target[training].mean()) / target[training].std()
x, y = features[training], target[training]
held_out = features[validation], target[validation]
x_test, y_test = features[test], target[test]
print(len(x), len(held_out[0]), len(x_test))

# %%
# Seen
# ----
# A network with two hidden layers of 64, five times from five starts.

net = fnet.Network((10, 64, 64, 1), hidden="relu", loss="squared_error")
weights = sum(w.size + b.size for w, b in fnet.init_params(net, seed=0))
print(f"{weights} weights and biases, {len(x)} training rows")


def train(net, x, y, epochs=120, **options):
    plan = fnet.minibatch_plan(len(x), batch_size=25, epochs=epochs, seed=0)
    start = fnet.init_params(net, seed=range(5))
    return fnet.train(net, fnet.adam(0.003), start, x, y, plan, validation=held_out, **options)


def error(net, params):  # the mean over the five networks
    return np.mean((fnet.predict(net, params, x_test)[..., 0] - y_test) ** 2)


overfitted = train(net, x, y)
plots.learning_curves(overfitted)

# %%
# The training loss goes to 0. The validation loss falls for ten epochs and then rises.

loss, validation_loss = (overfitted.history[name] for name in ("loss", "validation_loss"))
best = validation_loss.argmin(axis=0) + 1
print(f"training loss {loss[-1].mean():.3f}, validation loss {validation_loss[-1].mean():.3f}")
print(f"best epochs: {best}")
assert loss[-1].mean() < 0.02
assert validation_loss[-1].mean() > 0.6
assert best.max() < 40

# %%
# Two yardsticks on the test rows: always say the mean, and a linear model.

linear = fnet.Network((10, 1), loss="squared_error")
errors = {
    "the mean of the training rows": np.mean(y_test**2),
    "a linear model": error(linear, train(linear, x, y).params),
    "the network": error(net, overfitted.params),
}
for name, value in errors.items():
    print(f"{value:.3f}  {name}")
assert errors["the network"] > 1.3 * errors["a linear model"]

# %%
# Cured
# -----
# **Fewer weights.** Four hidden units cannot hold 200 rows.

small = fnet.Network((10, 4, 1), loss="squared_error")
fewer = train(small, x, y)
errors["4 hidden units"] = error(small, fewer.params)

# %%
# **Stop early**, when the validation loss has not improved for ten epochs, and go back to the best.

stopped = train(net, x, y, patience=10, restore_best=True)
errors["stop early"] = error(net, stopped.params)

# %%
# **A penalty** on the squares of the weights (``l2``). Large weights now add to the loss.

penalized = train(net, x, y, tuning=fnet.Tuning(l2=1.0))
errors["penalty"] = error(net, penalized.params)

# %%
# **Dropout.** In each step half of the hidden units are left out at random, so that no unit can
# rely on another one.

thinned = train(net, x, y, tuning=fnet.Tuning(dropout=0.5))
errors["dropout"] = error(net, thinned.params)

# %%
# **The mean of several networks.** Each has learnt the noise in its own way; the mean keeps what
# they agree on. Lesson 16 takes this further.

for name, run in {"mean of five": overfitted, "stop early, mean of five": stopped}.items():
    mean = fnet.mean_prediction(net, run.params, x_test)[:, 0]
    errors[name] = np.mean((mean - y_test) ** 2)

# %%
# The validation losses with and without a cure, each the mean of five.

figure = Figure(figsize=(6, 3.4), layout="constrained")
axes = figure.subplots()
for name, run in {"none": overfitted, "penalty": penalized, "dropout": thinned}.items():
    axes.plot(range(1, 121), run.history["validation_loss"].mean(axis=1), label=name)
axes.set(xlabel="epoch", ylabel="validation loss", ylim=0)
axes.legend()
figure

# %%
# And the errors on test rows, which nothing was chosen by.

for name, value in errors.items():
    print(f"{value:.3f}  {name}")
for cure in ("4 hidden units", "stop early", "penalty", "dropout", "mean of five"):
    assert errors[cure] < errors["the network"]
for cure in ("4 hidden units", "penalty", "dropout"):
    assert 0.9 * errors["a linear model"] < errors[cure] < 0.65

# %%
# Every cure helps. (More rows would, too, where they can be had.) None beats the linear model by
# much, if at all: 200 noisy rows hold no more. To know that is worth a yardstick, so always have
# one.

# %%
# Exercises
# ---------
# 1. Shuffle the targets of the training rows. Can the network still learn them?
# 2. How many weights and biases has the network of 4 hidden units, and how far does its training
#    loss fall?
# 3. Set the penalty to 100. What does the network learn?

# %%
# Answer 1
# --------
# Yes, though there is nothing to learn. A small training loss says nothing about new rows.

shuffled = train(net, x, np.random.default_rng(1).permutation(y), epochs=200)
final = shuffled.history["loss"][-1].mean()
print(f"training loss {final:.3f}, error on test rows {error(net, shuffled.params):.2f}")
assert final < 0.1
assert error(net, shuffled.params) > errors["the mean of the training rows"]

# %%
# Answer 2
# --------
# 10 * 4 + 4 and 4 + 1, in all 49: fewer than rows. Its training loss stays near its error on new
# rows.

count = sum(w.size + b.size for w, b in fnet.init_params(small, seed=0))
final = fewer.history["loss"][-1].mean()
print(
    f"{count} numbers; training loss {final:.2f}, error on test rows {errors['4 hidden units']:.2f}"
)
assert count == 49
assert 0.3 < final < errors["4 hidden units"]

# %%
# Answer 3
# --------
# Next to nothing: weights cost more than they earn, and it says the mean. That is under-fitting.

run = train(net, x, y, tuning=fnet.Tuning(l2=100.0))
predictions = fnet.predict(net, run.params, x_test)
print(f"predictions deviate by {predictions.std():.3f}, targets by {y_test.std():.3f}")
assert predictions.std() < 0.1
