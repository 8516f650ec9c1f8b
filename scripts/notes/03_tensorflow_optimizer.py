"""
An optimizer, and a whole run in one call
=========================================

An optimizer is a rule that turns gradients into new weights. Some rules remember earlier
gradients. Then training becomes one call.
"""

import numpy as np

import fnet
from fnet import backends

tf = backends.import_tensorflow()  # without its start-up messages

# %%
# A rule and its state
# --------------------
# ``sgd`` (stochastic gradient descent) is the rule ``w - learning_rate * gradient``. ``init`` gives
# the state before the first step, and ``update`` returns new params and a new state.

x, y = fnet.datasets.load_course()
net = fnet.Network((2, 3, 1), "sigmoid", "sigmoid", bias=False, loss="squared_error")
ones = fnet.init_params(net, seed=0, scheme="ones", dtype="float64")

sgd = fnet.sgd(learning_rate=0.1)
state = sgd.init(ones)
params, state = fnet.update(sgd, ones, state, fnet.grads(net, ones, x, y))
print(f"loss {fnet.loss(net, ones, x, y):.6f}, after a step {fnet.loss(net, params, x, y):.6f}")
assert fnet.loss(net, params, x, y) < fnet.loss(net, ones, x, y)

# %%
# The notes make a new SGD in every step. That is harmless: this rule remembers nothing, so its
# state has only the number of steps, and no moments, which are the arrays that a rule remembers.
#
# The notes also say that TensorFlow lacks plain gradient descent. SGD on all rows is just that.

print(f"{int(state.step)} step, {len(state.moments)} moments")
assert state.moments == ()

# %%
# A run
# -----
# ``train`` takes all steps. A plan says which rows each step takes; here it is always all of them.

plan = fnet.full_batch_plan(len(x), epochs=200)
notes = fnet.train(net, sgd, ones, x, y, plan)


def report(losses):
    for epoch in range(0, len(losses) + 1, 100):
        print(f"Epoch [{epoch:03d}/{len(losses)}], Loss: [{losses[max(epoch - 1, 0)]:.4f}]")


report(notes.history["loss"])
assert notes.history["loss"][[0, 99, 199]].round(6).tolist() == [1.272302, 0.905149, 0.888928]

# %%
# These are the numbers of the tape in lesson 2. ``notes`` is a ``Run``: the params at the end,
# the history, and all that is needed to go on. It prints its optimizer, how many epochs it ran,
# and why it ended: here because all epochs of the plan were done.

print(notes)

# %%
# Standardize
# -----------
# Lesson 2 had to take small steps, because the features are large and far from 0. Subtract the mean
# of each feature and divide by its standard deviation: now both have mean 0 and deviation 1.

mean, deviation = x.mean(axis=0), x.std(axis=0)
standardized = (x - mean) / deviation
print(f"means {mean.round(2)}, deviations {deviation.round(2)}")
assert np.allclose(standardized.mean(axis=0), 0)
assert np.allclose(standardized.std(axis=0), 1)

# %%
# Momentum
# --------
# Momentum adds earlier steps to each step, the older the less: the last one times 0.9, and so on.
# It needs one moment, the last step.

momentum = fnet.sgd(learning_rate=0.1, momentum=0.9)
print(f"{len(momentum.init(ones).moments)} moment")
assert len(momentum.init(ones).moments) == 1

# %%
# A network that learns
# ---------------------
# tanh, biases, a random start, standardized features, momentum.

net = fnet.Network((2, 3, 1), "tanh", "tanh", loss="squared_error")
start = fnet.init_params(net, seed=0, dtype="float64")
run = fnet.train(net, momentum, start, standardized, y, plan)
report(run.history["loss"])
assert run.history["loss"][-1] < 0.03

correct = (fnet.predict(net, run.params, standardized).numpy()[:, 0] > 0) == (y > 0)
print(f"{correct.sum()} of {len(x)} flowers correct")
assert correct.sum() >= 149

# %%
# The network says 1 on one side of the line and -1 on the other.

names = ("sepal length, standardized", "sepal width, standardized")
fnet.plots.decision_regions(run, standardized, y, features=names)

# %%
# Exercises
# ---------
# 1. Train the same start without momentum. How far does it come in 200 steps?
# 2. Start each step from a new state, as the notes do, but with momentum. What is lost?
# 3. A new flower has a sepal of 5.0 by 3.5 cm. What does the network say?

# %%
# Answer 1
# --------
# Less far.

plain = fnet.train(net, fnet.sgd(learning_rate=0.1), start, standardized, y, plan)
print(f"{plain.history['loss'][-1]:.4f} without, {run.history['loss'][-1]:.4f} with momentum")
assert plain.history["loss"][-1] > run.history["loss"][-1]

# %%
# Answer 2
# --------
# All of the momentum. A new state is zero, so each step is one of plain SGD.

params = start
for _ in range(10):
    grads = fnet.grads(net, params, standardized, y)
    params, _ = fnet.update(momentum, params, momentum.init(params), grads)
loss = fnet.loss(net, params, standardized, y)
print(f"after 10 steps {loss:.6f}, and plain SGD {plain.history['loss'][10]:.6f}")
assert np.isclose(loss, plain.history["loss"][10])

# %%
# Answer 3
# --------
# It says -1. The flower is standardized with the mean and the deviation of the *training* rows,
# since that is what the network knows.

flower = (np.array([[5.0, 3.5]]) - mean) / deviation
output = float(fnet.predict(net, run.params, flower)[0, 0])
print(f"{output:.2f}")
assert output < -0.9
