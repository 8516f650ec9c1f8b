"""The sides of `benchmark.py`: one training job, as the users of each library write it.

Each function takes a Job, prepares, and returns a function without arguments that trains for the
epochs of the job's plan, all of them, and returns when that is done. It raises ImportError or
OSError where what it needs is not there.

All sides do the same: ReLU layers, softmax cross-entropy, Adam, float32, every row once an epoch in
a new order, as many steps in an epoch as the plan has.
"""

import ctypes
import shutil
import subprocess
import tempfile
import warnings
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from threadpoolctl import threadpool_info

import fnet
from fnet import backends


class Job(NamedTuple):
    sizes: tuple[int, ...]
    x: np.ndarray  # [N, D], float32
    y: np.ndarray  # [N, K], one-hot, float32
    rate: float
    plan: Any

    @property
    def labels(self):
        return self.y.argmax(axis=1)

    @property
    def steps(self):
        return self.plan.epochs * self.plan.steps


def start(job):
    """The first params: pairs of NumPy arrays (w, b)."""
    drawn = fnet.reference.init_params(fnet.Network(job.sizes), seed=0)
    return [(np.array(w), np.array(b)) for w, b in drawn]


def engine(job):
    """fnet, compiled by XLA."""
    backends.import_tensorflow()
    return _fnet(fnet, job, xla=True)


def twin(job):
    """fnet's twin in NumPy."""
    return _fnet(fnet.reference, job)


def _fnet(side, job, **options):
    net, optimizer = fnet.Network(job.sizes), side.adam(job.rate)
    params = side.init_params(net, seed=0)
    return lambda: side.train(net, optimizer, params, job.x, job.y, job.plan, **options)


def notes(job):
    """The lecture notes' eager loop: a new Adam and the accuracy in each step, folds as batches."""
    from sklearn.model_selection import KFold

    tf = backends.import_tensorflow()
    layers = [(tf.Variable(w), tf.Variable(b)) for w, b in start(job)]
    variables = [p for layer in layers for p in layer]

    def model(x):
        for w, b in layers[:-1]:
            x = tf.nn.relu(x @ w + b)
        w, b = layers[-1]
        return x @ w + b

    def step(x, y):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.nn.softmax_cross_entropy_with_logits(y, model(x)))
        slopes = tape.gradient(loss, variables)
        tf.keras.optimizers.Adam(job.rate).apply_gradients(zip(slopes, variables, strict=True))
        right = tf.equal(tf.argmax(y, axis=1), tf.argmax(model(x), axis=1))
        return loss, tf.reduce_mean(tf.cast(right, tf.float32))

    def run():
        for _ in range(job.plan.epochs):
            for _, rows in KFold(job.plan.steps, shuffle=True).split(job.x):
                step(job.x[rows], job.y[rows])

    return run


def keras_default(job):
    """`fit` with nothing set."""
    return _keras(job)


def keras_best(job):
    """`fit` with `jit_compile` and an epoch's steps in one execution."""
    return _keras(job, jit_compile=True, steps_per_execution=job.plan.steps)


def _keras(job, **options):
    backends.import_tensorflow()
    import keras

    *hidden, outputs = job.sizes[1:]
    layers = [keras.layers.Dense(h, activation="relu") for h in hidden]
    model = keras.Sequential([keras.Input(job.sizes[:1]), *layers, keras.layers.Dense(outputs)])
    model.compile(
        optimizer=keras.optimizers.Adam(job.rate),
        loss=keras.losses.CategoricalCrossentropy(from_logits=True),
        **options,
    )
    batch, epochs = job.plan.width, job.plan.epochs
    return lambda: model.fit(job.x, job.y, batch_size=batch, epochs=epochs, verbose=0)


def scikit_learn(job):
    """`MLPClassifier`, for a fixed number of epochs."""
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.neural_network import MLPClassifier

    labels = job.labels
    model = MLPClassifier(
        job.sizes[1:-1],
        alpha=0,
        batch_size=job.plan.width,
        learning_rate_init=job.rate,
        max_iter=job.plan.epochs,
        tol=0,
        n_iter_no_change=job.plan.epochs + 1,
        random_state=0,
    )

    def run():
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            model.fit(job.x, labels)

    return run


def jax_users(job):
    """A scan over epochs around a scan over steps, the shuffle inside, Adam by Optax.

    A batch has N // steps rows, and the few that remain of each shuffle are left out: batches in
    a scan have one size.
    """
    import jax

    one_step, begin = _jax_step(job)
    rows, steps = len(job.x), job.plan.steps

    @jax.jit
    def train(params, key, x, y):
        def epoch(carry, key):
            order = jax.random.permutation(key, rows)[: rows // steps * steps]
            carry, losses = jax.lax.scan(
                lambda carry, taken: one_step(carry, x[taken], y[taken]),
                carry,
                order.reshape(steps, -1),
            )
            return carry, losses.mean()

        return jax.lax.scan(epoch, begin(params), jax.random.split(key, job.plan.epochs))

    arguments = jax.device_put((start(job), jax.random.key(0), job.x, job.y))
    return lambda: jax.block_until_ready(train(*arguments))


def jax_plan(job):
    """The same on fnet's plan, which is drawn on the host in the time that counts."""
    import jax

    one_step, begin = _jax_step(job)

    @jax.jit
    def train(params, x, y, rows, weights):
        def step(carry, batch):
            taken, weights = batch
            return one_step(carry, x[taken], y[taken], weights)

        def epoch(carry, batches):
            carry, losses = jax.lax.scan(step, carry, batches)
            return carry, losses.mean()

        return jax.lax.scan(epoch, begin(params), (rows, weights))

    arguments = jax.device_put((start(job), job.x, job.y))
    return lambda: jax.block_until_ready(train(*arguments, *job.plan.batches(0, job.plan.epochs)))


def _jax_step(job):
    import jax
    import jax.numpy as jnp
    import optax

    optimizer = optax.adam(job.rate, eps=1e-7)

    def loss(params, x, y, weights):
        for w, b in params[:-1]:
            x = jax.nn.relu(x @ w + b)
        w, b = params[-1]
        return jnp.average(optax.softmax_cross_entropy(x @ w + b, y), weights=weights)

    def one_step(carry, x, y, weights=None):
        params, state = carry
        value, slopes = jax.value_and_grad(loss)(params, x, y, weights)
        updates, state = optimizer.update(slopes, state)
        return (optax.apply_updates(params, updates), state), value

    return one_step, lambda params: (params, optimizer.init(params))


def _module(sizes):
    from torch import nn

    layers = [nn.Linear(d, h) for d, h in zip(sizes, sizes[1:], strict=False)]
    return nn.Sequential(
        *(part for layer in layers[:-1] for part in (layer, nn.ReLU())), layers[-1]
    )


def torch_eager(job):
    """PyTorch's usual loop, eager, on tensors, with the fused Adam."""
    import torch

    model = _module(job.sizes)
    optimizer = torch.optim.Adam(model.parameters(), lr=job.rate, fused=True)
    cross_entropy = torch.nn.CrossEntropyLoss()
    x, labels = torch.from_numpy(job.x), torch.from_numpy(job.labels)

    def run():
        for _ in range(job.plan.epochs):
            for taken in torch.randperm(len(x)).split(job.plan.width):
                optimizer.zero_grad()
                cross_entropy(model(x[taken]), labels[taken]).backward()
                optimizer.step()

    return run


def skorch(job):
    """PyTorch behind scikit-learn's interface."""
    import torch
    from skorch import NeuralNetClassifier

    model = NeuralNetClassifier(
        _module(job.sizes),
        criterion=torch.nn.CrossEntropyLoss,
        optimizer=torch.optim.Adam,
        optimizer__fused=True,
        lr=job.rate,
        batch_size=job.plan.width,
        max_epochs=job.plan.epochs,
        iterator_train__shuffle=True,
        train_split=None,
        verbose=0,
    )
    labels = job.labels
    return lambda: model.fit(job.x, labels)


def blas(job):
    """A step's matrix products alone, by NumPy's BLAS: forwards, and backwards twice but once."""
    params, width = start(job), job.plan.width
    values = [np.ones((width, size), np.float32) for size in job.sizes]
    products = []
    for i, (w, _) in enumerate(params):
        x, z = values[i], values[i + 1]
        products.append((x, w, np.empty_like(z)))
        products.append((x.T, z, np.empty_like(w)))
        if i:
            products.append((z, w.T, np.empty_like(x)))

    def run():
        for _ in range(job.steps):
            for a, b, out in products:
                np.dot(a, b, out=out)

    return run


def c(job):
    """The whole step in C (`peers.c`), its products by NumPy's BLAS; the plan is drawn before."""
    gemm, wide = _sgemm()
    train = _compiled().train
    train.restype = ctypes.c_double
    rows, weights = job.plan.batches(0, job.plan.epochs)
    shares = (weights / weights.sum(axis=-1, keepdims=True)).astype(np.float32)
    params = np.concatenate([p.ravel() for layer in start(job) for p in layer])
    sizes = np.array(job.sizes, np.int32)
    arrays = [np.ascontiguousarray(a) for a in (job.x, job.y, rows, shares)]

    def run():
        return train(
            gemm,
            ctypes.c_int(wide),
            ctypes.c_int(len(sizes) - 1),
            _pointer(sizes),
            _pointer(params.copy()),
            *map(_pointer, arrays),
            ctypes.c_int(job.plan.width),
            ctypes.c_int64(job.steps),
            ctypes.c_double(job.rate),
        )

    return run


def _pointer(array):
    return array.ctypes.data_as(ctypes.c_void_p)


def _sgemm():
    """cblas_sgemm of a loaded BLAS, NumPy's before others; and whether it takes 64-bit integers."""
    names = {"cblas_sgemm64_": True, "cblas_sgemm": False}
    files = [found["filepath"] for found in threadpool_info() if found["user_api"] == "blas"]
    for file in sorted(files, key=lambda file: "numpy" not in file):
        library = ctypes.CDLL(file)
        for name, wide in names.items():
            for prefix in ("scipy_", ""):
                if hasattr(library, prefix + name):
                    return ctypes.cast(getattr(library, prefix + name), ctypes.c_void_p), wide
    raise OSError("no BLAS with a cblas_sgemm was found")


def _compiled():
    if shutil.which("cc") is None:
        raise OSError("there is no C compiler, cc")
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "peers.so"
        command = [
            "cc",
            "-O3",
            "-march=native",
            "-fno-math-errno",
            "-shared",
            "-fPIC",
            "-o",
            target,
        ]
        done = subprocess.run(
            [*command, Path(__file__).with_suffix(".c"), "-lm"], capture_output=True, text=True
        )
        if done.returncode:
            raise OSError(f"cc failed: {done.stderr.strip()}")
        return ctypes.CDLL(str(target))
