"""The implementations that `benchmark.py` compares: one training job in each library.

The code is what users of the library write. Each function takes a Job, prepares, and returns a
function without arguments that trains for all epochs of the job's plan. It raises ImportError or
OSError if a library or tool is missing.

All implementations do the same: ReLU layers, softmax cross-entropy, Adam, float32, all rows once
per epoch in a new order, as many steps per epoch as the plan has.
"""

import ctypes
import functools
import shutil
import subprocess
import tempfile
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from threadpoolctl import threadpool_info

import fnet
from fnet import backends

Run = Callable[[], Any]
"""Trains once, from the first epoch to the last."""


class Job(NamedTuple):
    """A network, its data and its training.

    Attributes:
        sizes: Sizes of the layers, inputs first.
        x: Features `[N, D]`, float32.
        y: One-hot labels `[N, K]`, float32.
        learning_rate: Adam's learning rate.
        plan: The batches; all implementations follow its sizes, some follow its rows.
    """

    sizes: tuple[int, ...]
    x: npt.NDArray[np.float32]
    y: npt.NDArray[np.float32]
    learning_rate: float
    plan: Any

    @property
    def labels(self) -> npt.NDArray[np.int64]:
        """Integer labels `[N]`."""
        labels: npt.NDArray[np.int64] = self.y.argmax(axis=1)
        return labels

    @property
    def steps(self) -> int:
        """Steps of the whole run."""
        return int(self.plan.epochs * self.plan.steps)


def initial_params(job: Job) -> list[tuple[npt.NDArray[Any], npt.NDArray[Any]]]:
    """Initial params as pairs of NumPy arrays (weights, biases)."""
    params = fnet.reference.init_params(fnet.Network(job.sizes), seed=0)
    return [(np.array(layer.w), np.array(layer.b)) for layer in params]


def engine(job: Job) -> Run:
    """fnet on TensorFlow, compiled by XLA."""
    backends.import_tensorflow()
    return _fnet(fnet, job, xla=True)


def twin(job: Job) -> Run:
    """fnet in NumPy."""
    return _fnet(fnet.reference, job)


def _fnet(module: Any, job: Job, **options: Any) -> Run:
    """A run of fnet or of its twin."""
    net, optimizer = fnet.Network(job.sizes), module.adam(job.learning_rate)
    params = module.init_params(net, seed=0)
    return lambda: module.train(net, optimizer, params, job.x, job.y, job.plan, **options)


def notes(job: Job) -> Run:
    """The lecture notes' eager loop: a new Adam and accuracy in every step, folds as batches."""
    from sklearn.model_selection import KFold

    tf: Any = backends.import_tensorflow()
    layers = [(tf.Variable(w), tf.Variable(b)) for w, b in initial_params(job)]
    variables = [p for layer in layers for p in layer]

    def model(x: Any) -> Any:
        for w, b in layers[:-1]:
            x = tf.nn.relu(x @ w + b)
        w, b = layers[-1]
        return x @ w + b

    def step(x: Any, y: Any) -> tuple[Any, Any]:
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.nn.softmax_cross_entropy_with_logits(y, model(x)))
        grads = tape.gradient(loss, variables)
        adam = tf.keras.optimizers.Adam(job.learning_rate)
        adam.apply_gradients(zip(grads, variables, strict=True))
        correct = tf.equal(tf.argmax(y, axis=1), tf.argmax(model(x), axis=1))
        return loss, tf.reduce_mean(tf.cast(correct, tf.float32))

    def run() -> None:
        for _ in range(job.plan.epochs):
            for _, rows in KFold(job.plan.steps, shuffle=True).split(job.x):
                step(job.x[rows], job.y[rows])

    return run


def keras_default(job: Job) -> Run:
    """Keras `fit` with its defaults."""
    return _keras(job)


def keras_best(job: Job) -> Run:
    """Keras `fit` with `jit_compile` and all steps of an epoch in one execution."""
    return _keras(job, jit_compile=True, steps_per_execution=job.plan.steps)


def _keras(job: Job, **options: Any) -> Run:
    """A run of Keras `fit`; the options go to `compile`."""
    backends.import_tensorflow()
    import keras

    *hidden, outputs = job.sizes[1:]
    layers = [keras.layers.Dense(h, activation="relu") for h in hidden]
    model = keras.Sequential([keras.Input(job.sizes[:1]), *layers, keras.layers.Dense(outputs)])
    model.compile(
        optimizer=keras.optimizers.Adam(job.learning_rate),
        loss=keras.losses.CategoricalCrossentropy(from_logits=True),
        **options,
    )
    batch, epochs = job.plan.width, job.plan.epochs
    return lambda: model.fit(job.x, job.y, batch_size=batch, epochs=epochs, verbose=0)


def scikit_learn(job: Job) -> Run:
    """`MLPClassifier`, for a fixed number of epochs."""
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.neural_network import MLPClassifier

    labels = job.labels
    model = MLPClassifier(
        job.sizes[1:-1],
        alpha=0,
        batch_size=job.plan.width,
        learning_rate_init=job.learning_rate,
        max_iter=job.plan.epochs,
        tol=0,
        n_iter_no_change=job.plan.epochs + 1,
        random_state=0,
    )

    def run() -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            model.fit(job.x, labels)

    return run


def jax_users(job: Job) -> Run:
    """A scan over epochs around a scan over steps, the shuffle inside, Adam by Optax.

    All batches of a scan have the same size, N // steps rows. The few remaining rows of each
    shuffle are left out.
    """
    import jax

    compiled = jax.jit(functools.partial(_jax_shuffled, job))
    arguments = jax.device_put((initial_params(job), jax.random.key(0), job.x, job.y))
    return lambda: jax.block_until_ready(compiled(*arguments))


def jax_plan(job: Job) -> Run:
    """The same with fnet's plan; the time includes making the plan on the host."""
    import jax

    compiled = jax.jit(functools.partial(_jax_by_plan, job))
    arguments = jax.device_put((initial_params(job), job.x, job.y))
    return lambda: jax.block_until_ready(
        compiled(*arguments, *job.plan.batches(0, job.plan.epochs))
    )


def jax_members(job: Job, rates: npt.NDArray[Any], shared_batches: bool) -> Run:
    """`jax_plan` or `jax_users` by `vmap`: members with a start, a rate and a shuffle each.

    With `shared_batches`, all members share the batches of fnet's plan.
    """
    import jax

    def train(params: Any, rate: Any, key: Any, x: Any, y: Any, *batches: Any) -> Any:
        own = job._replace(learning_rate=rate)
        if shared_batches:
            return _jax_by_plan(own, params, x, y, *batches)
        return _jax_shuffled(own, params, key, x, y)

    members = len(rates)
    start = fnet.reference.init_params(fnet.Network(job.sizes), seed=np.arange(members))
    params = [(np.array(layer.w), np.array(layer.b)) for layer in start]
    keys = jax.random.split(jax.random.key(0), members)
    arguments = jax.device_put((params, np.float32(rates), keys, job.x, job.y))
    shared = (None, None) if shared_batches else ()
    compiled = jax.jit(jax.vmap(train, (0, 0, 0, None, None, *shared)))
    return lambda: jax.block_until_ready(
        compiled(*arguments, *(job.plan.batches(0, job.plan.epochs) if shared_batches else ()))
    )


def _jax_shuffled(job: Job, params: Any, key: Any, x: Any, y: Any) -> Any:
    """A scanned run with shuffles of its own."""
    import jax

    one_step, init = _jax_step(job)
    rows, steps = len(job.x), job.plan.steps

    def epoch(carry: Any, key: Any) -> Any:
        order = jax.random.permutation(key, rows)[: rows // steps * steps]
        carry, losses = jax.lax.scan(
            lambda carry, indices: one_step(carry, x[indices], y[indices]),
            carry,
            order.reshape(steps, -1),
        )
        return carry, losses.mean()

    return jax.lax.scan(epoch, init(params), jax.random.split(key, job.plan.epochs))


def _jax_by_plan(job: Job, params: Any, x: Any, y: Any, rows: Any, weights: Any) -> Any:
    """A scanned run with the batches of a plan."""
    import jax

    one_step, init = _jax_step(job)

    def step(carry: Any, batch: Any) -> Any:
        indices, weights = batch
        return one_step(carry, x[indices], y[indices], weights)

    def epoch(carry: Any, batches: Any) -> Any:
        carry, losses = jax.lax.scan(step, carry, batches)
        return carry, losses.mean()

    return jax.lax.scan(epoch, init(params), (rows, weights))


def _jax_step(job: Job) -> tuple[Callable[..., Any], Callable[[Any], Any]]:
    """A step of training, and a function that gives the first carry from params."""
    import jax
    import jax.numpy as jnp
    import optax

    optimizer = optax.adam(job.learning_rate, eps=1e-7)

    def loss(params: Any, x: Any, y: Any, weights: Any) -> Any:
        for w, b in params[:-1]:
            x = jax.nn.relu(x @ w + b)
        w, b = params[-1]
        return jnp.average(optax.softmax_cross_entropy(x @ w + b, y), weights=weights)

    def one_step(carry: Any, x: Any, y: Any, weights: Any = None) -> Any:
        params, state = carry
        value, grads = jax.value_and_grad(loss)(params, x, y, weights)
        updates, state = optimizer.update(grads, state)
        return (optax.apply_updates(params, updates), state), value

    return one_step, lambda params: (params, optimizer.init(params))


def _module(sizes: tuple[int, ...]) -> Any:
    """The network in PyTorch."""
    from torch import nn

    layers = [nn.Linear(d, h) for d, h in zip(sizes, sizes[1:], strict=False)]
    return nn.Sequential(
        *(module for layer in layers[:-1] for module in (layer, nn.ReLU())), layers[-1]
    )


def torch_eager(job: Job) -> Run:
    """PyTorch's usual eager loop on tensors, with the fused Adam."""
    import torch

    model = _module(job.sizes)
    optimizer = torch.optim.Adam(model.parameters(), lr=job.learning_rate, fused=True)
    cross_entropy = torch.nn.CrossEntropyLoss()
    x, labels = torch.from_numpy(job.x), torch.from_numpy(job.labels)

    def run() -> None:
        for _ in range(job.plan.epochs):
            for indices in torch.randperm(len(x)).split(job.plan.width):
                optimizer.zero_grad()
                cross_entropy(model(x[indices]), labels[indices]).backward()
                optimizer.step()

    return run


def skorch(job: Job) -> Run:
    """PyTorch behind scikit-learn's interface."""
    import torch
    from skorch import NeuralNetClassifier

    model = NeuralNetClassifier(
        _module(job.sizes),
        criterion=torch.nn.CrossEntropyLoss,
        optimizer=torch.optim.Adam,
        optimizer__fused=True,
        lr=job.learning_rate,
        batch_size=job.plan.width,
        max_epochs=job.plan.epochs,
        iterator_train__shuffle=True,
        train_split=None,
        verbose=0,
    )
    labels = job.labels
    return lambda: model.fit(job.x, labels)


def blas(job: Job) -> Run:
    """Only the matrix products of each step, by NumPy's BLAS.

    One product per layer forward and two backward; the first layer needs no gradient of its input.
    """
    params, width = initial_params(job), job.plan.width
    activations = [np.ones((width, size), np.float32) for size in job.sizes]
    products: list[tuple[Any, Any, Any]] = []
    for i, (w, _) in enumerate(params):
        x, z = activations[i], activations[i + 1]
        products.append((x, w, np.empty_like(z)))
        products.append((x.T, z, np.empty_like(w)))
        if i:
            products.append((z, w.T, np.empty_like(x)))

    def run() -> None:
        for _ in range(job.steps):
            for a, b, out in products:
                np.dot(a, b, out=out)

    return run


def c(job: Job) -> Run:
    """The whole step in C (`peers.c`) with NumPy's BLAS; the plan is made beforehand."""
    gemm, int64 = _sgemm()
    train = _compile().train
    train.restype = ctypes.c_double
    rows, weights = job.plan.batches(0, job.plan.epochs)
    normalized = (weights / weights.sum(axis=-1, keepdims=True)).astype(np.float32)
    params = np.concatenate([array.ravel() for pair in initial_params(job) for array in pair])
    sizes = np.array(job.sizes, np.int32)
    arrays = [np.ascontiguousarray(a) for a in (job.x, job.y, rows, normalized)]

    def run() -> Any:
        return train(
            gemm,
            ctypes.c_int(int64),
            ctypes.c_int(len(sizes) - 1),
            _pointer(sizes),
            _pointer(params.copy()),
            *map(_pointer, arrays),
            ctypes.c_int(job.plan.width),
            ctypes.c_int64(job.steps),
            ctypes.c_double(job.learning_rate),
        )

    return run


def _pointer(array: npt.NDArray[Any]) -> ctypes.c_void_p:
    """The address of an array's data."""
    return array.ctypes.data_as(ctypes.c_void_p)


def _sgemm() -> tuple[ctypes.c_void_p, bool]:
    """`cblas_sgemm` of a loaded BLAS, preferably NumPy's, and whether it takes 64-bit integers."""
    names = {"cblas_sgemm64_": True, "cblas_sgemm": False}
    files = [info["filepath"] for info in threadpool_info() if info["user_api"] == "blas"]
    for file in sorted(files, key=lambda file: "numpy" not in file):
        library = ctypes.CDLL(file)
        for name, int64 in names.items():
            for prefix in ("scipy_", ""):
                if hasattr(library, prefix + name):
                    return ctypes.cast(getattr(library, prefix + name), ctypes.c_void_p), int64
    raise OSError("no loaded BLAS has cblas_sgemm")


def _compile() -> ctypes.CDLL:
    """Compile `peers.c` and load it."""
    if shutil.which("cc") is None:
        raise OSError("no C compiler: cc was not found")
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "peers.so"
        flags: list[str | Path] = [
            "-O3",
            "-march=native",
            "-fno-math-errno",
            "-shared",
            "-fPIC",
            "-o",
            target,
        ]
        source = Path(__file__).with_suffix(".c")
        done = subprocess.run(["cc", *flags, source, "-lm"], capture_output=True, text=True)
        if done.returncode:
            raise OSError(f"cc failed: {done.stderr.strip()}")
        return ctypes.CDLL(str(target))
