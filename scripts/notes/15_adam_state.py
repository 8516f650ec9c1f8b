"""
What Adam's state is for
========================

The notes make a new Adam in every step. Adam then forgets what it is made of: two running means.
This lesson writes Adam in six lines and shows what each mean does.
"""

import numpy as np

from fnet import datasets
from fnet import reference as fnet
from fnet.plots.canvas import Figure

# %%
# Six lines
# ---------
# m is a running mean of the gradient, v one of its square. Both start at 0 and are therefore too
# small at first, which the factors with t make up for. A step is ``learning_rate * m / sqrt(v)``.


def adam_step(w, gradient, state, rate=0.1, beta_1=0.9, beta_2=0.999):
    m, v, t = state
    t = t + 1
    m = beta_1 * m + (1 - beta_1) * gradient
    v = beta_2 * v + (1 - beta_2) * gradient**2
    m_hat, v_hat = m / (1 - beta_1**t), v / (1 - beta_2**t)
    return w - rate * m_hat / (np.sqrt(v_hat) + 1e-12), (m, v, t)


NEW = (0.0, 0.0, 0)

# %%
# The same as fnet's, for a network of one weight (epsilon apart, which keeps from dividing by 0):

params = (fnet.Layer(np.array([[1.0]])),)
adam = fnet.adam(0.1, epsilon=1e-12)
state = adam.init(params)
w, own = 1.0, NEW
for gradient in (3.0, -1.0, 0.5):
    params, state = fnet.update(adam, params, state, (fnet.Layer(np.array([[gradient]])),))
    w, own = adam_step(w, gradient, own)
    print(f"{w:.6f} {params[0].w.item():.6f}")
    assert np.isclose(w, params[0].w.item(), rtol=1e-9)

# %%
# Without a state
# ---------------
# In the first step both means hold one gradient g, and ``g / sqrt(g**2)`` is its sign. With a new
# Adam in every step each step is a first step: the learning rate, up or down, whatever the
# gradient.

for gradient in (1000.0, 0.001, -0.2):
    w, _ = adam_step(0.0, gradient, NEW)
    print(f"gradient {gradient:8}: step {w:+.3f}")
    assert np.isclose(w, -0.1 * np.sign(gradient))

# %%
# What m is for
# -------------
# m averages gradients that differ from batch to batch. Three batches, again and again: the
# gradients are 1, 1 and -10. Their mean is -2.7, so the loss falls to the right. Two of three signs
# say left.


def walk(gradient_of, keep, steps=300, w=0.0):
    path, state = [w], NEW
    for step in range(steps):
        w, after = adam_step(w, gradient_of(w, step), state)
        state = after if keep else NEW
        path.append(w)
    return path


def uneven(w, step):
    return (1.0, 1.0, -10.0)[step % 3]


kept, renewed = walk(uneven, keep=True), walk(uneven, keep=False)
print(f"after 300 steps: {kept[-1]:+.1f} with the state kept, {renewed[-1]:+.1f} with a new Adam")
assert kept[-1] > 5
assert renewed[-1] < -5

# %%
# The new Adam goes the wrong way: each batch counts the same, however large its gradient.

# %%
# What v is for
# -------------
# v knows how large gradients usually are. One that is small compared with them makes a small step,
# so Adam settles where the gradient vanishes. Take ``w**2 / 2`` with the gradient w, from 1.05.


def bowl(w, step):
    return w


kept, renewed = walk(bowl, keep=True, w=1.05), walk(bowl, keep=False, w=1.05)
print(f"after 300 steps: {abs(kept[-1]):.1e} from the lowest point, and {abs(renewed[-1]):.1e}")
assert abs(kept[-1]) < 1e-3
assert np.isclose(abs(renewed[-1]), 0.05)

# %%
# The new Adam jumps to and fro by 0.1 for ever.

figure = Figure(figsize=(6, 3.2), layout="constrained")
axes = figure.subplots()
axes.plot(renewed[:100], "--", label="a new Adam in each step")
axes.plot(kept[:100], label="the state kept")
axes.set(xlabel="step", ylabel="w")
axes.legend()
figure

# %%
# On digits
# ---------
# The same start and the same batches for both.

x, x_test, y, y_test = datasets.load_digits(scale=True)
net = fnet.Network((64, 30, 10))
adam = fnet.adam(0.01)
plan = fnet.minibatch_plan(len(x), batch_size=64, epochs=15, seed=0)
start = fnet.init_params(net, seed=0, dtype="float64")
kept = fnet.train(net, adam, start, x, y, plan)

params = start
rows, weights = plan.batches(0, plan.epochs)
for batch, own in zip(rows.reshape(-1, 64), weights.reshape(-1, 64), strict=True):
    grads = fnet.grads(net, params, x[batch], y[batch], own)
    params, _ = fnet.update(adam, params, adam.init(params), grads)

losses = [float(fnet.loss(net, found, x, y)) for found in (kept.params, params)]
print(f"training loss {losses[0]:.4f} kept, {losses[1]:.4f} renewed")
assert losses[0] < losses[1]

# %%
# The kept state is better, and yet the other run trains. To follow signs is a way to learn, too:
# the optimizer ``lion`` follows that of a running mean. The notes lost more by their start; see
# lesson 4.

# %%
# Going on
# --------
# A run that is interrupted has to keep the state as well. ``train`` takes a ``Run`` and goes on bit
# for bit; from its params alone it does not.

half = fnet.minibatch_plan(len(x), batch_size=64, epochs=7, seed=0)
first_half = fnet.train(net, adam, start, x, y, half)
resumed = fnet.train(net, adam, first_half, x, y, plan)
same = np.array_equal(resumed.params[0].w, kept.params[0].w)
print(
    f"{len(first_half.history['loss'])} epochs, then {len(resumed.history['loss'])}; equal: {same}"
)
assert same

# %%
# Exercises
# ---------
# 1. How many numbers does Adam keep for a 64-30-10 network?
# 2. The gradients of two steps are 1 and -1. How long is the second step, by hand?
# 3. Which of fnet's optimizers would not mind a new state in every step?

# %%
# Answer 1
# --------
# Two for each of the 2,260 numbers of the network, and the count of steps.

state = adam.init(start)
count = sum(array.size for moment in state.moments for layer in moment for array in layer)
print(count, "and", state.step.size)
assert count == 2 * 2260

# %%
# Answer 2
# --------
# m is first 0.1 and then ``0.9 * 0.1 - 0.1 = -0.01``. Divided by ``1 - 0.9**2 = 0.19`` it is
# -0.053. v is 1 after its correction. So the step is 0.0053 at a rate of 0.1: opposite gradients
# nearly cancel.

w, state = adam_step(0.0, 1.0, NEW)
after, _ = adam_step(w, -1.0, state)
print(f"{after - w:.5f}")
assert np.isclose(after - w, 0.1 * 0.01 / 0.19)

# %%
# Answer 3
# --------
# Only plain ``sgd``: it has no moments, as long as its rate is a constant.

optimizers = {
    "sgd": fnet.sgd(0.1),
    "sgd with momentum": fnet.sgd(0.1, momentum=0.9),
    "adam": fnet.adam(0.1),
    "rmsprop": fnet.rmsprop(0.1),
    "adagrad": fnet.adagrad(0.1),
    "lion": fnet.lion(0.1),
}
moments = {name: len(optimizer.init(start).moments) for name, optimizer in optimizers.items()}
print(moments)
assert [name for name, number in moments.items() if number == 0] == ["sgd"]
