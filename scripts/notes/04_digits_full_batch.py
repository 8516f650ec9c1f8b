"""
Handwritten digits, all rows in each step
=========================================

From 2 inputs to 64, from one output to 10. The notes' network reads digits well; a better start
and an optimizer that remembers read them better.
"""

import numpy as np

import fnet
from fnet import backends
from fnet.plots.canvas import Figure

tf = backends.import_tensorflow()  # without its start-up messages

# %%
# The data
# --------
# 1,797 images of 8 x 8 pixels, each from 0 to 16. A fifth is kept for the test: the network never
# learns from it.

x, x_test, y, y_test = (array.astype("float32") for array in fnet.datasets.load_digits())
print(x.shape, x_test.shape)
assert (len(x), len(x_test)) == (1437, 360)

figure = Figure(figsize=(6, 1.4), layout="constrained")
for axes, image, row in zip(figure.subplots(1, 6), x, y, strict=False):
    axes.imshow(image.reshape(8, 8), cmap="gray_r")
    axes.set(title=row.argmax(), xticks=[], yticks=[])
figure

# %%
# A label is a row of ten numbers, 1 at its digit and 0 elsewhere (one-hot).

print(y[0].astype(int), "is a", y[0].argmax())
assert y[0].sum() == 1

# %%
# The network
# -----------
# 64 pixels, 30 hidden units, 10 outputs, one for each digit. The hidden units apply
# ``relu(z) = max(z, 0)``.
#
# The notes speak of three layers, two of them hidden. There is one hidden layer: they count the
# input.

net = fnet.Network((64, 30, 10), hidden="relu", loss="softmax_cross_entropy")
params = fnet.init_params(net, seed=0)
print([layer.w.shape.as_list() for layer in params])
assert len(params) == 2

# %%
# Softmax turns the ten outputs into probabilities. The loss is the mean of
# ``-log(probability of the true digit)``. Lesson 13 says why.
#
# Who knows nothing gives each digit 1/10, and has a loss of log(10).

print(f"{np.log(10):.4f}")

# %%
# As in the notes
# ---------------
# Pixels from 0 to 16, weights and biases from the standard normal distribution, and a new Adam in
# every step. Adam is an optimizer with two moments; lesson 15 takes it apart.

adam = fnet.adam(learning_rate=0.01)


def step(params, x, y):
    loss, grads = fnet.loss(net, params, x, y), fnet.grads(net, params, x, y)
    params, _ = fnet.update(adam, params, adam.init(params), grads)
    return params, loss, fnet.accuracy(fnet.forward(net, params, x_test), y_test)


compiled_step = tf.function(step, autograph=False)  # it has no loops to translate
normal = fnet.init_params(net, seed=0, scheme="normal")
params = normal
losses, accuracies = [], []
for _ in range(500):
    params, loss, accuracy = compiled_step(params, x, y)
    losses.append(float(loss))
    accuracies.append(float(accuracy))

# %%
# The notes train for 200 epochs and print the loss, then for 500 and print the accuracy on the test
# rows, too. (An epoch is one pass over the training rows, here one step.)


def report(losses, accuracies=None):
    for epoch in range(0, len(losses) + 1, 100):
        last = max(epoch - 1, 0)
        accuracy = f"Accuracy: [{accuracies[last]:.2f}], " if accuracies else ""
        print(f"Epoch [{epoch:03d}/{len(losses)}], {accuracy}Loss: [{losses[last]:.4f}]")


report(losses[:200])
print()
report(losses, accuracies)
assert round(losses[0], 2) == 450.41
assert accuracies[-1] > 0.85

# %%
# What went wrong
# ---------------
# **The start is far off.** A loss of 450 is not ignorance, which costs 2.3. It is certainty in the
# wrong digit: sums of 64 pixels of up to 16 make outputs of several hundred.

outputs = fnet.forward(net, normal, x).numpy()
print(f"outputs from {outputs.min():.0f} to {outputs.max():.0f}")
assert np.ptp(outputs) > 1000

# %%
# **Some units are dead.** A unit that is 0 for all rows has no gradient, and stays 0.

hidden = np.maximum(x @ normal[0].w + normal[0].b, 0)
dead = (hidden.max(axis=0) == 0).sum()
print(f"{dead} of 30 hidden units are 0 for all images")
assert dead == 3

# %%
# **Adam forgets.** With new moments in each step, Adam follows the sign of each gradient and
# ignores its size: every weight moves by the learning rate, however small its gradient.

after, *_ = step(normal, x, y)
moved = abs(after[1].w - normal[1].w).numpy()
print(f"moved by {np.median(moved):.4f}")
assert np.isclose(np.median(moved), 0.01, rtol=1e-3)

# %%
# Corrected
# ---------
# Pixels from 0 to 1; the start of He et al., which fits the size of the weights to the number of
# inputs; and an Adam that keeps its state.

plan = fnet.full_batch_plan(len(x), epochs=500)
start = fnet.init_params(net, seed=0, scheme="he_normal")
run = fnet.train(net, adam, start, x / 16, y, plan, validation=(x_test / 16, y_test))
report(run.history["loss"], list(run.history["validation_accuracy"]))
assert run.history["loss"][0] < 3
assert run.history["validation_accuracy"][-1] > 0.96

# %%
# The notes' network and this one, on the test images.

figure = Figure(figsize=(6, 3.2), layout="constrained")
axes = figure.subplots()
axes.plot(accuracies, "--", label="as in the notes")
axes.plot(run.history["validation_accuracy"], label="corrected")
axes.set(xlabel="epoch", ylabel="accuracy", ylim=(0, 1))
axes.legend()
figure

# %%
# The digits that it gets wrong, with what it says and what they are.

predicted = fnet.predict(net, run.params, x_test / 16).numpy().argmax(axis=1)
fnet.plots.misclassified(x_test.reshape(-1, 8, 8), y_test.argmax(axis=1), predicted)

# %%
# Exercises
# ---------
# 1. How many numbers does the network learn?
# 2. Change one thing only: the notes' start and pixels, but an Adam that keeps its state. Is that
#    enough?
# 3. What does the network say of an image without ink, and how sure is it?

# %%
# Answer 1
# --------
# 64 * 30 weights and 30 biases, then 30 * 10 weights and 10 biases: 2,260.

count = sum(layer.w.numpy().size + layer.b.numpy().size for layer in run.params)
print(count)
assert count == 64 * 30 + 30 + 30 * 10 + 10 == 2260

# %%
# Answer 2
# --------
# No. The start is still far off, and its dead units stay dead.

kept = fnet.train(net, adam, normal, x, y, plan)
accuracy = float(fnet.accuracy(fnet.predict(net, kept.params, x_test), y_test))
print(f"accuracy {accuracy:.2f}")
assert accuracy < run.history["validation_accuracy"][-1] - 0.02

# %%
# Answer 3
# --------
# It names a digit all the same. The probabilities add up to 1, so there is no way to say "none of
# them".

empty = fnet.predict(net, run.params, np.zeros((1, 64))).numpy()[0]
print(f"{empty.argmax()} with probability {empty.max():.2f}")
assert np.isclose(empty.sum(), 1)
