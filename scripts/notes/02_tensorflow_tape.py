"""
The gradient from a tape
========================

The same network in TensorFlow. A gradient tape records what is computed, and goes back through it
by the chain rule. Nobody derives a formula.
"""

import numpy as np

import fnet
from fnet import backends
from fnet.plots.canvas import Figure

tf = backends.import_tensorflow()  # without its start-up messages

# %%
# A tape
# ------
# Inside ``with`` the tape records every operation on what it watches. Afterwards it gives the
# derivative of a result: that of ``w * w`` is ``2 w``, so 6 at w = 3.
#
# A tensor is TensorFlow's array; ``.numpy()`` makes it one of NumPy.

w = tf.constant(3.0)
with tf.GradientTape() as tape:
    tape.watch(w)
    square = w * w
slope = tape.gradient(square, w)
print(float(slope))
assert slope == 6

# %%
# A step
# ------
# One step of gradient descent is a function: weights and data go in, the loss and new weights come
# out. Nothing else is read, and nothing is changed.
#
# The notes slip here: their network reads the variable ``X`` of the script, whatever argument ``x``
# it receives. It works until someone predicts other rows.


def step(net, params, x, y, learning_rate):
    weights = [layer.w for layer in params]
    with tf.GradientTape() as tape:
        tape.watch(weights)
        loss = fnet.loss(net, params, x, y)
    grads = tape.gradient(loss, weights)
    pairs = zip(weights, grads, strict=True)
    return loss, tuple(fnet.Layer(w - learning_rate * grad) for w, grad in pairs)


# %%
# The tape agrees with the gradient by hand of lesson 1.

x, y = fnet.datasets.load_course()
net = fnet.Network((2, 3, 1), "sigmoid", "sigmoid", bias=False, loss="squared_error")
ones = fnet.init_params(net, seed=0, scheme="ones", dtype="float64")

loss, after = step(net, ones, x, y, 1.0)
by_hand = fnet.reference.grads(net, ones, x, y)
difference = abs(ones[0].w - after[0].w - by_hand[0].w).numpy().max()
print(f"loss {loss:.6f}; the gradients differ by {difference:.0e}")
assert difference < 1e-12

# %%
# Compiled
# --------
# ``tf.function`` runs the Python code once, to find the operations, and then runs these alone. The
# learning rate is a tensor: for each new Python number it would run the Python code again.

compiled_step = tf.function(step, autograph=False)  # no loop in it depends on tensors


def descend(net, params, x, y, learning_rate, steps):
    rate = tf.constant(learning_rate, tf.float64)
    losses = []
    for _ in range(steps):
        loss, params = compiled_step(net, params, x, y, rate)
        losses.append(float(loss))
    return losses


# %%
# As in the notes
# ---------------
# 200 steps at 0.1. The notes call the loss a sum of squares; their code takes the mean, and so does
# this. (Their ``tf.losses.mean_squared_error`` is ``tf.losses.MSE`` today.) Each loss is that
# before its step, so the line of epoch 100 has the loss of step 100, which 99 steps came before.


def report(losses):
    for epoch in range(0, len(losses) + 1, 100):
        print(f"Epoch [{epoch:03d}/{len(losses)}], Loss: [{losses[max(epoch - 1, 0)]:.4f}]")


notes = descend(net, ones, x, y, learning_rate=0.1, steps=200)
report(notes)
assert np.round(notes[99], 4) == 0.9051
assert np.round(notes[199], 4) == 0.8889

# %%
# As in lesson 1 it ends at 0.8889: equal weights and a sigmoid that cannot reach -1.

# %%
# A network that learns
# ---------------------
# This time the labels stay, and the output changes: tanh goes from -1 to 1. The start is random,
# and the rate smaller.

net = fnet.Network((2, 3, 1), "tanh", "tanh", bias=False, loss="squared_error")
params = fnet.init_params(net, seed=1, dtype="float64")
corrected = descend(net, params, x, y, learning_rate=0.04, steps=400)
report(corrected)
assert corrected[-1] < 0.05

rises = np.sum(np.diff(corrected) > 0)
print(f"the loss rises in {rises} of {len(corrected)} steps")
assert rises == 0

# %%
# Both curves in one picture.

figure = Figure(figsize=(6, 3.2), layout="constrained")
axes = figure.subplots()
axes.plot(notes, "--", label="as in the notes")
axes.plot(corrected, label="tanh, a random start")
axes.set(xlabel="step", ylabel="loss", ylim=0)
axes.legend()
figure

# %%
# Exercises
# ---------
# 1. What is the slope of the sigmoid at 0? Ask a tape (``tf.sigmoid``).
# 2. What does the tape give for a tensor that it does not watch?
# 3. Train the tanh network at the notes' learning rate of 0.1. Does the loss still fall in every
#    step?

# %%
# Answer 1
# --------
# A quarter. This is its steepest slope: a gradient becomes at least four times smaller on its way
# through a sigmoid.

z = tf.constant(0.0)
with tf.GradientTape() as tape:
    tape.watch(z)
    a = tf.sigmoid(z)
slope = tape.gradient(a, z)
print(float(slope))
assert slope == 0.25

# %%
# Answer 2
# --------
# None. (Only variables, ``tf.Variable``, are watched without being asked for.)

unwatched = tf.constant(3.0)
with tf.GradientTape() as tape:
    square = unwatched * unwatched
slope = tape.gradient(square, unwatched)
print(slope)
assert slope is None

# %%
# Answer 3
# --------
# No. It jumps up and down. Sepals of 2 to 8 cm make ``z`` large, and where tanh is flat the
# gradient is nearly 0; where it is steep, a step of this length goes too far. Lesson 3 standardizes
# the features: then ``z`` stays where tanh is neither flat nor too steep for the step.

losses = descend(net, params, x, y, learning_rate=0.1, steps=400)
rises = np.sum(np.diff(losses) > 0)
print(f"the loss rises in {rises} of {len(losses)} steps")
assert rises > 10
