"""The structure of a network: names and sizes, no numbers. Equal Networks share one program.

The tables here hold the names that both engines implement; their formulas stand under the same
names in `activations.py`, `losses.py`, `starts.py` and in the twin's files of the same names.
"""

from dataclasses import dataclass
from typing import NamedTuple

from fnet.core import checks, params

ACTIVATIONS = (
    *("identity", "relu", "leaky_relu", "elu", "selu", "gelu", "silu", "mish", "softplus"),
    *("sigmoid", "tanh"),
)

ALIASES = {"logistic": "sigmoid"}
"""Other names by which an activation is known; a Network keeps the first."""


class Loss(NamedTuple):
    """What a network must know of its loss.

    `link` turns the network's outputs into predictions; a loss with a link other than identity
    takes what comes before it (McCullagh and Nelder, Generalized Linear Models). `targets` says
    what y is: "real", "counts" (none below 0), "quantiles" (one number a row for all outputs),
    "multiclass" (integer labels, or one row of probabilities each) or "multilabel" (each 0 to 1).
    `tuning` names the numbers of a Tuning that it reads.
    """

    link: str
    targets: str
    tuning: tuple[str, ...] = ()


LOSSES = {
    "squared_error": Loss("identity", "real"),
    "absolute_error": Loss("identity", "real"),
    "huber": Loss("identity", "real", ("delta",)),
    "poisson": Loss("exp", "counts"),
    "pinball": Loss("sort", "quantiles", ("quantiles",)),
    "softmax_cross_entropy": Loss("softmax", "multiclass", ("label_smoothing",)),
    "sigmoid_cross_entropy": Loss("sigmoid", "multilabel", ("label_smoothing", "label_weights")),
}

SCHEMES = (
    *("glorot_uniform", "glorot_normal", "he_uniform", "he_normal"),
    *("lecun_uniform", "lecun_normal", "orthogonal", "normal", "ones", "zeros"),
)


@dataclass(frozen=True)
class Network:
    """A fully connected network: `sizes = (inputs, hidden..., outputs)`.

    `hidden` is one activation name, or one for each hidden layer (kept as a tuple of names);
    `output` the activation of the last layer, softmax among them: with a loss that has a link,
    `"identity"` or that link, which is then folded into the loss. `bias=False` leaves the biases
    out of every layer.

    Raises InvalidArgument for sizes that are not at least two whole numbers from 1, for names
    that are not known, and for an `output` that does not go with the loss.

    >>> Network((64, 30, 10), hidden="relu").layers
    ((64, 30), (30, 10))
    """

    sizes: tuple[int, ...]
    hidden: str | tuple[str, ...] = "relu"
    output: str = "identity"
    bias: bool = True
    loss: str = "softmax_cross_entropy"

    def __post_init__(self):
        sizes = checks.sizes(self.sizes)
        known = {**dict.fromkeys(ACTIVATIONS), **ALIASES}
        hidden = checks.one_per_layer("hidden", self.hidden, len(sizes) - 2, known)
        checks.one_of("loss", self.loss, LOSSES)
        if self.link == "identity":
            output = checks.one_of("output", self.output, (*known, "softmax"))
        else:
            output = ALIASES.get(self.output, self.output)
            checks.one_of(f"output under {self.loss}", output, ("identity", self.link))
        checks.boolean("bias", self.bias)
        object.__setattr__(self, "sizes", sizes)
        object.__setattr__(self, "hidden", tuple(ALIASES.get(name, name) for name in hidden))
        object.__setattr__(self, "output", ALIASES.get(output, output))
        object.__setattr__(self, "bias", bool(self.bias))

    @property
    def layers(self) -> tuple[tuple[int, int], ...]:
        """`(inputs, outputs)` of each dense layer."""
        return tuple(zip(self.sizes[:-1], self.sizes[1:], strict=True))

    @property
    def entries(self) -> tuple[tuple[type, tuple[int, ...]], ...]:
        """The kind and the sizes of each entry of its params, in order."""
        return tuple((params.Layer, sizes) for sizes in self.layers)

    @property
    def link(self) -> str:
        """What turns outputs into predictions under this network's loss."""
        return LOSSES[self.loss].link

    @property
    def targets(self) -> str:
        """What y is under this network's loss: see `Loss`."""
        return LOSSES[self.loss].targets

    @property
    def tuning(self) -> tuple[str, ...]:
        """The numbers of a Tuning that this network's loss reads."""
        return LOSSES[self.loss].tuning

    @property
    def has_class_labels(self) -> bool:
        """Whether the targets are classes."""
        return self.targets == "multiclass"

    @property
    def default_scheme(self) -> str:
        """How params start unless told: he_normal with relu, glorot_uniform without."""
        return "he_normal" if "relu" in self.hidden else "glorot_uniform"
