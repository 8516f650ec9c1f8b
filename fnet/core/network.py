"""The structure of a network: names and sizes, no numbers. Equal Networks share one program.

The tables list the names that both engines implement. The formulas are in each engine's
`activations.py`, `losses.py` and `initializers.py`, under the same names.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple, TypeAlias

from fnet.core import checks, params
from fnet.core.aliases import ActivationName, InitializerName, LossName, OutputName
from fnet.core.errors import attribute_error

ACTIVATIONS = (
    *("identity", "relu", "leaky_relu", "elu", "selu", "gelu", "silu", "mish", "softplus"),
    *("sigmoid", "tanh"),
)

ALIASES = {"logistic": "sigmoid"}
"""Other names of activations (scikit-learn's); a Network stores the name in ACTIVATIONS."""

TargetKind: TypeAlias = Literal["real", "counts", "quantiles", "multiclass", "multilabel"]


class Loss(NamedTuple):
    """What a network needs to know about its loss.

    Attributes:
        link: The function that turns outputs into predictions. A loss whose link is not identity
            takes the outputs before the link (McCullagh and Nelder, Generalized Linear Models).
        targets: The kind of y: "real" numbers, "counts" (at least 0), "quantiles" (one number a
            row, shared by all outputs), "multiclass" (integer labels or rows of probabilities) or
            "multilabel" (numbers from 0 to 1).
        tuning: The fields of a Tuning that the loss reads.
    """

    link: str
    targets: TargetKind
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

COSINE_PRODUCTS = 10
"""The products that take as long as a cosine."""

SCHEMES = (
    *("glorot_uniform", "glorot_normal", "he_uniform", "he_normal"),
    *("lecun_uniform", "lecun_normal", "orthogonal", "normal", "ones", "zeros"),
)


class Embedding(NamedTuple):
    """The structure of a `PeriodicEmbedding` of features.

    Attributes:
        features: The numbers of the features, counted from 0, in ascending order.
        frequencies: H, the number of frequencies of each feature.
        outputs: Q, the number of numbers that each feature becomes beside itself.
    """

    features: tuple[int, ...]
    frequencies: int = 16
    outputs: int = 4


class Codes(NamedTuple):
    """The structure of a `CodeEmbedding`: features that are codes of levels, not numbers.

    Attributes:
        features: The numbers of the features, counted from 0, in ascending order. Their values are
            whole: from 0 to the number of levels less 1.
        levels: The number of levels of each of them.
        outputs: Q, the number of numbers that each code becomes.
    """

    features: tuple[int, ...]
    levels: tuple[int, ...]
    outputs: int = 8


@dataclass(frozen=True, repr=False)
class Network:
    """The structure of a fully connected network.

    Frozen and hashable. It holds names and sizes; the numbers are params (`init_params`).

    Args:
        sizes: `(inputs, hidden..., outputs)`: D inputs, the units of each hidden layer, K outputs;
            at least two integers of at least 1.
        hidden: The activation of the hidden layers: one name, or a sequence with one for each.
        output: The activation of the last layer. Under a loss that has a link (softmax, sigmoid,
            exp, sort) it is "identity" or the name of that link, which then becomes part of the
            loss.
        bias: Whether layers have biases.
        loss: The loss of a row: softmax_cross_entropy for classes, sigmoid_cross_entropy for
            several labels per row, squared_error, absolute_error or huber for
            numbers, poisson for counts, pinball for quantiles.
        embedding: The `Embedding` of numbers among the features by periodic functions, as
            `fnet.Embedding((0, 2))`; None without.
        codes: The `Codes` among the features, each of whose levels has learned numbers of its own,
            as `fnet.Codes((1,), (79,))`; None without.

    Raises:
        InvalidArgument: Sizes are not at least two integers of at least 1, a name is unknown,
            `output` does not go with the loss, or `embedding` or `codes` names features that are
            not there, or the same ones.

    Example:
        >>> import fnet
        >>> fnet.Network((64, 30, 10), hidden="relu").layers
        ((64, 30), (30, 10))
    """

    sizes: tuple[int, ...]
    hidden: tuple[ActivationName, ...]
    output: OutputName
    bias: bool
    loss: LossName
    embedding: Embedding | None = None
    codes: Codes | None = None

    def __init__(
        self,
        sizes: Sequence[int],
        hidden: ActivationName | Sequence[ActivationName] = "relu",
        output: OutputName = "identity",
        bias: bool = True,
        loss: LossName = "softmax_cross_entropy",
        embedding: Embedding | None = None,
        codes: Codes | None = None,
    ) -> None:
        sizes = checks.sizes(sizes)
        known = (*ACTIVATIONS, *ALIASES)
        names = checks.one_per_layer("hidden", hidden, len(sizes) - 2, known)
        checks.one_of("loss", loss, LOSSES)
        link = LOSSES[loss].link
        plain: Any = ALIASES.get(output, output) if isinstance(output, str) else output
        if link == "identity":
            checks.one_of("output", plain, (*known, "softmax"))
        else:
            checks.one_of(f"output under {loss}", plain, ("identity", link))
        object.__setattr__(self, "sizes", sizes)
        object.__setattr__(self, "hidden", tuple(ALIASES.get(name, name) for name in names))
        object.__setattr__(self, "output", plain)
        object.__setattr__(self, "bias", checks.boolean("bias", bias))
        object.__setattr__(self, "loss", loss)
        if embedding is not None:
            embedding = Embedding(*checks.embedding(embedding, sizes[0]))
        object.__setattr__(self, "embedding", embedding)
        if codes is not None:
            embedded = () if embedding is None else embedding.features
            codes = Codes(*checks.codes_of_levels(codes, sizes[0], embedded))
        object.__setattr__(self, "codes", codes)

    def __repr__(self) -> str:
        """The call that makes this network, without arguments that have their defaults."""
        hidden = self.hidden[0] if len(set(self.hidden)) == 1 else self.hidden
        parts = [repr(self.sizes), f"hidden={hidden!r}" if hidden else ""]
        parts.append(f"output={self.output!r}" if self.output != "identity" else "")
        parts.append("" if self.bias else "bias=False")
        parts.append(f"loss={self.loss!r}")
        parts.append(f"embedding={tuple(self.embedding)}" if self.embedding else "")
        parts.append(f"codes={tuple(self.codes)}" if self.codes else "")
        return f"Network({', '.join(filter(None, parts))})"

    @property
    def layers(self) -> tuple[tuple[int, int], ...]:
        """`(inputs, outputs)` of each dense layer."""
        outputs = self.sizes[1:]
        coded = 0 if self.codes is None else len(self.codes.features)
        inputs = self.sizes[0] - coded + sum(self.added), *outputs
        return tuple(zip(inputs, outputs, strict=False))

    @property
    def entries(self) -> tuple[tuple[type, tuple[int, ...]], ...]:
        """The kind and the sizes of each entry of its params, in order."""
        blocks: list[tuple[type, tuple[int, ...]]] = []
        if self.embedding is not None:
            features, frequencies, outputs = self.embedding
            blocks.append((params.PeriodicEmbedding, (len(features), frequencies, outputs)))
        if self.codes is not None:
            blocks.append((params.CodeEmbedding, (sum(self.codes.levels), self.codes.outputs)))
        return (*blocks, *((params.Layer, sizes) for sizes in self.layers))

    @property
    def added(self) -> tuple[int, ...]:
        """How many numbers each entry before the dense layers adds to a row."""
        blocks = (self.embedding, self.codes)
        return tuple(len(each.features) * each.outputs for each in blocks if each is not None)

    @property
    def numbers(self) -> tuple[int, ...]:
        """The features that are no codes."""
        coded = () if self.codes is None else self.codes.features
        return tuple(i for i in range(self.sizes[0]) if i not in coded)

    @property
    def width(self) -> int:
        """The largest number of values that one row has on its way through the network."""
        widest = max(*self.sizes, self.layers[0][0])
        if self.embedding is None:
            return widest
        return max(widest, len(self.embedding.features) * self.embedding.frequencies)

    @property
    def products(self) -> int:
        """The number of products that one row takes on its way through the network."""
        count = sum(d * h for d, h in self.layers)
        if self.embedding is None:
            return count
        features, frequencies, outputs = self.embedding
        return count + len(features) * frequencies * (outputs + COSINE_PRODUCTS)

    @property
    def link(self) -> str:
        """The function that turns outputs into predictions under this network's loss."""
        return LOSSES[self.loss].link

    @property
    def targets(self) -> TargetKind:
        """The kind of y under this network's loss: see `Loss`."""
        return LOSSES[self.loss].targets

    @property
    def tuning(self) -> tuple[str, ...]:
        """The fields of a Tuning that this network's loss reads."""
        return LOSSES[self.loss].tuning

    @property
    def has_class_labels(self) -> bool:
        """Whether the targets are classes."""
        return self.targets == "multiclass"

    @property
    def default_scheme(self) -> InitializerName:
        """The default initializer: he_normal with relu, otherwise glorot_uniform."""
        return "he_normal" if "relu" in self.hidden else "glorot_uniform"


Network.__getattr__ = attribute_error("a Network", {"labelled": "has_class_labels"})  # type: ignore[attr-defined]
