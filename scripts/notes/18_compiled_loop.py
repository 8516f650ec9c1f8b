"""
How the compiled loop works
===========================

Lesson 5 trained with a loop in Python, and ``fnet.train`` with one call. Inside is the same loop,
compiled. You will build a small one, see what makes it quick, and then be able to read fnet's.
"""

import time

import numpy as np

import fnet
from fnet import backends

tf = backends.import_tensorflow()  # without its start-up messages

# %%
# A loop in Python
# ----------------
# Two epochs of 22 steps on digits. Each step calls two compiled functions, ``grads`` and
# ``update``, from Python. (Times are those of your machine, so nothing is asserted about them.)

x, _, y, _ = fnet.datasets.load_digits(scale=True)
x, y = tf.constant(x, tf.float32), tf.constant(y, tf.float32)
net = fnet.Network((64, 30, 10))
start = fnet.init_params(net, seed=0)
adam = fnet.adam(0.005)
plan = fnet.minibatch_plan(len(x), batch_size=64, epochs=2, seed=0, drop_remainder=True)
rows = tf.constant(plan.batches(0, 2)[0].reshape(-1, 64))  # [44, 64]


def python_loop(params):
    state = adam.init(params)
    for batch in rows:
        grads = fnet.grads(net, params, tf.gather(x, batch), tf.gather(y, batch))
        params, state = fnet.update(adam, params, state, grads)
    return params


def microseconds(function, *arguments):
    begin = time.perf_counter()
    function(*arguments)
    return (time.perf_counter() - begin) / len(rows) * 1e6


by_python = python_loop(start)
print(f"{microseconds(python_loop, start):,.0f} microseconds a step")

# %%
# The step itself is a few small matrix products. Nearly all of the time is Python's: to check and
# hand over arguments, again for each step.

# %%
# Tracing
# -------
# ``tf.function`` runs the Python code once, with symbols in place of numbers, and keeps the graph
# of operations. Later calls run the graph. A counter shows it:

runs_of_python = []


@tf.function(autograph=False)
def double(value):
    runs_of_python.append(value)
    return 2 * value


results = [float(double(tf.constant(v))) for v in (1.0, 2.0, 3.0)]
print(f"results {results}, Python code run {len(runs_of_python)} time")
assert results == [2, 4, 6]
assert len(runs_of_python) == 1

# %%
# A Python number is no symbol: it is built into the graph, and each new one makes a new graph.

for number in (1.0, 2.0, 3.0):
    double(number)
print(f"Python code run {len(runs_of_python)} times")
assert len(runs_of_python) == 4

# %%
# That is why fnet makes tensors of all numbers that someone may tune. Another learning rate
# compiles nothing.

# %%
# The loop in the graph
# ---------------------
# ``tf.while_loop`` is an operation: a condition, a body, and the values that go round. Here these
# are the number of the step, the params and the optimizer's state. The body takes the rows of its
# batch, then does what the Python loop did.


def loop(params, state, rows):
    def step(k, params, state):
        runs_of_step.append(k)
        batch = tf.gather(x, rows[k]), tf.gather(y, rows[k])
        grads = fnet.grads(net, params, *batch)
        params, state = fnet.update(adam, params, state, grads)
        return k + 1, params, state

    count = rows.shape[0]
    _, params, state = tf.while_loop(lambda k, *_: k < count, step, (0, params, state))
    return params


runs_of_step = []
graph_loop = tf.function(loop, autograph=False)
state = tf.nest.map_structure(tf.constant, adam.init(start))
by_graph = graph_loop(start, state, rows)
print(f"{len(rows)} steps, Python code run {len(runs_of_step)} time")
print(f"{microseconds(graph_loop, start, state, rows):,.0f} microseconds a step")
assert len(runs_of_step) == 1


def difference(ours, theirs):
    return max(float(tf.reduce_max(abs(a.w - b.w))) for a, b in zip(ours, theirs, strict=True))


print(f"{difference(by_graph, by_python):.0e} apart")
assert difference(by_graph, by_python) < 1e-5

# %%
# XLA
# ---
# The graph still runs one operation after another, each with a cost of its own. XLA compiles the
# graph into machine code and fuses small operations. It takes about a second, once.

xla_loop = tf.function(loop, autograph=False, jit_compile=True)
by_xla = xla_loop(start, state, rows)
print(f"{microseconds(xla_loop, start, state, rows):,.0f} microseconds a step")
assert difference(by_xla, by_python) < 1e-4

# %%
# A second is worth it for a long run only. ``train`` looks at the work of the whole plan, and uses
# XLA for small networks from about 5,000 steps; ``xla=`` overrides it.

run = fnet.train(net, adam, start, x, y, plan)
print(f"XLA: {run.xla}; {difference(run.params, by_python):.0e} apart")
assert not run.xla
assert difference(run.params, by_python) < 1e-5

# %%
# What fnet's loop adds
# ---------------------
# ``fnet/engine/compiled_loop.py`` holds it, in ``run_chunk``: a loop over epochs around a loop over
# steps.
#
# - **Chunks.** While a compiled program runs, Ctrl-C has to wait. So a call runs some of the steps,
#   a fraction of a second's worth, and comes back. The arrays of a chunk have a fixed size and a
#   number says how many rows count, so that all chunks share one program.
# - **The end of an epoch** is in the graph: it measures the validation rows, keeps the best params,
#   and stops.
# - **Row weights** pad short batches, and hold rows out of a fold.
# - **Members** that have stopped stay as they are, while the others go on.
# - **Not a number.** Steps keep no copy of what was before. A flag tells that a value became not
#   finite, and the chunk is run again up to the step before.
#
# Plans are drawn outside, by NumPy: XLA cannot shuffle quickly, and both engines get the same
# batches.

# %%
# Exercises
# ---------
# 1. Call ``graph_loop`` with the first 10 batches. Is it traced again? Avoid that.
# 2. Let the loop return the mean loss of its steps. Compare it with the history of ``train``.
# 3. Train three networks from three seeds with ``loop`` as it is.

# %%
# Answer 1
# --------
# Yes: 10 rows of batches are another shape than 44, and a graph belongs to shapes. Give the whole
# array and a number of steps, which is a tensor. This is how fnet's chunks work.

traces = []


def counted_loop(params, state, rows, count):
    traces.append(count)

    def step(k, params, state):
        grads = fnet.grads(net, params, tf.gather(x, rows[k]), tf.gather(y, rows[k]))
        params, state = fnet.update(adam, params, state, grads)
        return k + 1, params, state

    return tf.while_loop(lambda k, *_: k < count, step, (0, params, state))[1]


compiled = tf.function(counted_loop, autograph=False)
ten = compiled(start, state, rows, tf.constant(10))
every = compiled(start, state, rows, tf.constant(44))
graph_loop(start, state, rows[:10])
print(f"{len(traces)} trace by number, {graph_loop.experimental_get_tracing_count()} by shape")
assert len(traces) == 1
assert graph_loop.experimental_get_tracing_count() == 2
assert difference(every, by_graph) < 1e-6 < difference(ten, by_graph)

# %%
# Answer 2
# --------
# One more value goes round, the sum of the losses.


@tf.function(autograph=False)
def loop_with_loss(params, state, rows):
    def step(k, params, state, total):
        batch = tf.gather(x, rows[k]), tf.gather(y, rows[k])
        total += fnet.loss(net, params, *batch)
        params, state = fnet.update(adam, params, state, fnet.grads(net, params, *batch))
        return k + 1, params, state, total

    values = (0, params, state, tf.constant(0.0))
    count = rows.shape[0]
    return tf.while_loop(lambda k, *_: k < count, step, values)[3] / count


mean_loss = float(loop_with_loss(start, state, rows))
print(f"{mean_loss:.5f} {run.history['loss'].mean():.5f}")
assert np.isclose(mean_loss, run.history["loss"].mean(), rtol=1e-5)

# %%
# Answer 3
# --------
# Nothing changes. The params have one more axis, and every function of fnet takes it along.

three = fnet.init_params(net, seed=[0, 1, 2])
states = tf.nest.map_structure(tf.constant, adam.init(three))
members = graph_loop(three, states, rows)
first = tuple(fnet.Layer(w[0], b[0]) for w, b in members)
print(members[0].w.shape, f"{difference(first, by_graph):.0e} apart")
assert members[0].w.shape == (3, 64, 30)
assert difference(first, by_graph) < 1e-4
