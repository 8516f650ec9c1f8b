"""
Calibration: is 90% right in 9 of 10?
=====================================

A network gives probabilities. Of all rows to which it gives 90%, nine in ten should come true. An
over-fitted network claims more. One number, learnt on held-out rows, repairs it.
"""

import numpy as np

from fnet import plots
from fnet import reference as fnet

# %%
# Data whose truth is known
# -------------------------
# Two classes, and a rule for the probability of class 1. Labels are drawn by it, so the best
# possible prediction is known: the rule itself. 300 rows to learn from, 500 held out, 5,000 for the
# test.


def sample(rows, rng):
    x = rng.standard_normal((rows, 10))
    z = 2 * x[:, 0] - 1.5 * x[:, 1] + x[:, 2] * x[:, 3]
    p = 1 / (1 + np.exp(-z))
    return x, p, (rng.random(rows) < p).astype(int)


rng = np.random.default_rng(0)
x, _, y = sample(300, rng)
x_held_out, _, y_held_out = sample(500, rng)
x_test, p_test, y_test = sample(5000, rng)

# %%
# Overconfident
# -------------
# A network that has trained for long on few rows.

net = fnet.Network((10, 32, 2))
plan = fnet.minibatch_plan(len(x), batch_size=32, epochs=100, seed=0)
run = fnet.train(net, fnet.adam(0.005), fnet.init_params(net, seed=0), x, y, plan)
logits = fnet.forward(net, run.params, x_test)
p = fnet.softmax(logits)

sure = p.max(axis=1).mean()
right = np.mean(p.argmax(axis=1) == y_test)
print(f"it claims {sure:.0%} and is right in {right:.0%}")
assert sure > right + 0.1

# %%
# A reliability diagram groups rows by the probability they were given, and shows how often each
# group came true. On the diagonal claim and truth agree. Here the ends bend away from it: of rows
# to which it gives nearly 100%, fewer come true.

plots.calibration(y_test, p)

# %%
# One number for it
# -----------------
# The *expected calibration error* is the mean distance between what is claimed and what comes true,
# over ten groups of equal width. Here it is that of the answer; the diagram takes that of class 1.


def calibration_error(y, p):
    claimed, hit = p.max(axis=1), p.argmax(axis=1) == y
    group = np.minimum((10 * claimed).astype(int), 9)
    sums = [abs(np.sum(hit[group == g]) - np.sum(claimed[group == g])) for g in range(10)]
    return np.sum(sums) / len(y)


def log_loss(y, p):
    return -np.mean(np.log(p[np.arange(len(y)), y]))


def show(name, p):
    print(f"{name:20} error {calibration_error(y_test, p):.3f}, log loss {log_loss(y_test, p):.3f}")


truth = np.column_stack([1 - p_test, p_test])
show("network", p)
show("the rule itself", truth)
assert calibration_error(y_test, p) > 0.1
assert calibration_error(y_test, truth) < 0.02

# %%
# Log loss is the cross-entropy. It counts both: to be right, and to say how sure. The network's is
# worse than that of saying 50% always, which is log(2) = 0.69.

assert log_loss(y_test, p) > np.log(2)

# %%
# Temperature
# -----------
# Divide all logits by one number T before softmax. T above 1 makes the network less sure of
# everything, and changes no answer: the largest logit stays the largest. Choose T by the log loss
# of rows that were *held out*. On its training rows the network is right to be sure.

held_out_logits = fnet.forward(net, run.params, x_held_out)
temperatures = np.geomspace(0.5, 20, 200)
losses = [log_loss(y_held_out, fnet.softmax(held_out_logits / t)) for t in temperatures]
temperature = temperatures[np.argmin(losses)]
cooled = fnet.softmax(logits / temperature)
print(f"T = {temperature:.2f}")
show("network", p)
show("with temperature", cooled)
assert 2 < temperature < 6
assert calibration_error(y_test, cooled) < 0.03
assert (cooled.argmax(axis=1) == p.argmax(axis=1)).all()

# %%
# The same diagram, after dividing by T.

plots.calibration(y_test, cooled)

# %%
# Other cures
# -----------
# Overconfidence is over-fitting, so its cures (lesson 12) work as well. Label smoothing aims at
# 0.95 in place of 1; early stopping ends before the network is sure; the mean of five networks is
# less sure than each.

start = fnet.init_params(net, seed=range(5))
five = fnet.train(net, fnet.adam(0.005), start, x, y, plan)
short = fnet.minibatch_plan(len(x), batch_size=32, epochs=20, seed=0)
stopped = fnet.train(net, fnet.adam(0.005), start, x, y, short)
smoothing = fnet.Tuning(label_smoothing=0.1)
smoothed = fnet.train(net, fnet.adam(0.005), start, x, y, plan, tuning=smoothing)

cures = {
    "label smoothing": fnet.predict(net, smoothed.params, x_test)[0],
    "20 epochs": fnet.predict(net, stopped.params, x_test)[0],
    "mean of five": fnet.mean_prediction(net, five.params, x_test),
    "both": fnet.mean_prediction(net, stopped.params, x_test),
}
show("network", p)
for name, probabilities in cures.items():
    show(name, probabilities)
    assert log_loss(y_test, probabilities) < log_loss(y_test, p)
assert calibration_error(y_test, cures["both"]) < 0.5 * calibration_error(y_test, p)

# %%
# Exercises
# ---------
# 1. What is the calibration error of a model that always gives class 1 the share that it has in the
#    training rows? Is it a good model?
# 2. Choose T on the training rows. What goes wrong?
# 3. Divide the logits of the five networks after 20 epochs by the T above, and then take their
#    mean. Is it better?

# %%
# Answer 1
# --------
# Small: what it claims comes true. But it tells no row from another, so its log loss is large.
# Calibration alone is not enough.

share = y.mean()
constant = np.tile([1 - share, share], (len(y_test), 1))
show("constant", constant)
assert calibration_error(y_test, constant) < 0.08
assert log_loss(y_test, constant) > 0.68

# %%
# Answer 2
# --------
# On rows that it has learnt by heart the network is right, so T makes it surer still.

own_logits = fnet.forward(net, run.params, x)
own = temperatures[np.argmin([log_loss(y, fnet.softmax(own_logits / t)) for t in temperatures])]
print(f"T = {own:.2f}")
show("T of training rows", fnet.softmax(logits / own))
assert own < 1

# %%
# Answer 3
# --------
# No. They were less sure to begin with, and their mean is less sure again. Now they claim too
# little. A temperature belongs to the predictions that it was learnt on.

z = fnet.forward(net, stopped.params, x_test)
too_cool = fnet.softmax(z / temperature).mean(axis=0)
show("both", cures["both"])
show("both, with T", too_cool)
assert log_loss(y_test, too_cool) > log_loss(y_test, cures["both"])
assert too_cool.max(axis=1).mean() < np.mean(too_cool.argmax(axis=1) == y_test) - 0.05
