"""Optimizers that train small networks, and schedules, for parametrized tests.

Numbers are exact in float32, since Keras rounds its own to float32.
"""

BETAS = {"beta_1": 0.875, "beta_2": 1 - 2**-10, "epsilon": 2**-20}
RHO = {"rho": 0.875, "epsilon": 2**-20}

OPTIMIZERS = {
    "sgd": ("sgd", {"learning_rate": 2**-3}),
    "sgd_decay": ("sgd", {"learning_rate": 2**-3, "weight_decay": 2**-8}),
    "momentum": ("sgd", {"learning_rate": 2**-5, "momentum": 0.875}),
    "nesterov": ("sgd", {"learning_rate": 2**-5, "momentum": 0.875, "nesterov": True}),
    "adam": ("adam", {"learning_rate": 2**-5, **BETAS}),
    "adamw": ("adamw", {"learning_rate": 2**-5, "weight_decay": 2**-6, **BETAS}),
    "adamw_biases": (
        "adamw",
        {"learning_rate": 2**-5, "weight_decay": 2**-6, **BETAS, "decay_biases": True},
    ),
    "amsgrad": ("amsgrad", {"learning_rate": 2**-5, **BETAS}),
    "nadam": ("nadam", {"learning_rate": 2**-5, **BETAS}),
    "rmsprop": ("rmsprop", {"learning_rate": 2**-7, **RHO}),
    "rmsprop_momentum": ("rmsprop", {"learning_rate": 2**-9, **RHO, "momentum": 0.75}),
    "rmsprop_centered": ("rmsprop", {"learning_rate": 2**-7, **RHO, "centered": True}),
    "rmsprop_centered_momentum": (
        "rmsprop",
        {"learning_rate": 2**-9, **RHO, "momentum": 0.75, "centered": True, "weight_decay": 2**-6},
    ),
    "adagrad": (
        "adagrad",
        {"learning_rate": 2**-2, "initial_accumulator_value": 0.125, "epsilon": 2**-20},
    ),
    "lion": ("lion", {"learning_rate": 2**-8, "beta_1": 0.875, "beta_2": 1 - 2**-7}),
    "lion_decay": (
        "lion",
        {"learning_rate": 2**-8, "beta_1": 0.875, "beta_2": 1 - 2**-7, "weight_decay": 2**-4},
    ),
}
"""By name: the function that returns the optimizer, and its arguments. It has every kind."""

SCHEDULES = {
    "constant": ("constant", {"learning_rate": 2**-5}),
    "exponential": (
        "exponential",
        {"initial_learning_rate": 2**-4, "decay_steps": 16, "decay_rate": 0.75},
    ),
    "staircase": (
        "exponential",
        {"initial_learning_rate": 2**-4, "decay_steps": 16, "decay_rate": 0.75, "every": 16},
    ),
    "inverse_scaling": (
        "inverse_scaling",
        {"initial_learning_rate": 2**-4, "power": 0.75, "decay_steps": 8},
    ),
    "cosine": (
        "cosine",
        {"initial_learning_rate": 2**-4, "decay_steps": 40, "alpha": 0.125},
    ),
    "cosine_warm": (
        "cosine",
        {
            "initial_learning_rate": 2**-7,
            "decay_steps": 32,
            "alpha": 0.125,
            "warmup_target": 2**-4,
            "warmup_steps": 8,
        },
    ),
    "piecewise_constant": (
        "piecewise_constant",
        {"boundaries": [4, 9, 24], "values": [2**-4, 2**-6, 2**-5, 2**-7]},
    ),
    "log_cosine": ("log_cosine", {"learning_rate": 2**-4, "decay_steps": 40, "cycles": 3}),
}
"""By name: the function that returns the schedule, and its arguments. It has every kind."""


def optimizer(side, name, **changed):
    """The optimizer of this name, with some of its arguments changed."""
    function, arguments = OPTIMIZERS[name]
    return getattr(side, function)(**arguments | changed)


def schedule(side, name, **changed):
    """The schedule of this name on a side, with some of its arguments changed."""
    function, arguments = SCHEDULES[name]
    return getattr(side.schedules, function)(**arguments | changed)
