"""The graph of an ONNX file, and its tensors with the operators of Python."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from onnx import TensorProto, helper, numpy_helper

TYPES: dict[Any, int] = {
    np.float32: TensorProto.FLOAT,
    np.float64: TensorProto.DOUBLE,
    np.int64: TensorProto.INT64,
    np.uint64: TensorProto.UINT64,
    np.bool_: TensorProto.BOOL,
    np.object_: TensorProto.STRING,
}
"""The type of each type of NumPy; text is an object."""


class Graph:
    """The nodes and constants of a graph. Every tensor has a name of its own, with a dot in it."""

    def __init__(self) -> None:
        self.nodes: list[Any] = []
        self.constants: list[Any] = []

    def constant(self, value: Any, dtype: Any = np.float32) -> str:
        """Add a constant and return its name."""
        name = f"constant.{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.asarray(value, dtype), name))
        return name

    def add(self, operator: str, *inputs: str, outputs: int = 1, **attributes: Any) -> str:
        """Add a node and return the name of its first output."""
        names = [f"tensor.{len(self.nodes)}.{i}" for i in range(outputs)]
        self.nodes.append(helper.make_node(operator, inputs, names, **attributes))
        return names[0]


@dataclass(frozen=True, eq=False)
class Tensor:
    """A tensor of a graph. Its operators add nodes; numbers beside it become constants.

    Attributes:
        graph: The graph.
        name: Its name there.
        dtype: Its type, one of `TYPES`.
    """

    graph: Graph
    name: str
    dtype: Any = np.float64

    def apply(
        self, operator: str, *others: Any, dtype: Any = None, outputs: int = 1, **attributes: Any
    ) -> "Tensor":
        """The first output of an operator of it and others, of its type if none is given."""
        names = [self.of(other, self.dtype).name for other in others]
        name = self.graph.add(operator, self.name, *names, outputs=outputs, **attributes)
        return Tensor(self.graph, name, self.dtype if dtype is None else dtype)

    def of(self, value: Any, dtype: Any) -> "Tensor":
        """A tensor, or a number or text as a constant."""
        if isinstance(value, Tensor):
            return value
        return Tensor(self.graph, self.graph.constant(value, dtype), dtype)

    def array(self, value: Any) -> "Tensor":
        """An array as a constant: stored as it is, and cast to this type."""
        value = np.asarray(value)
        found = Tensor(self.graph, self.graph.constant(value, value.dtype), value.dtype.type)
        return found if found.dtype == self.dtype else found.cast(self.dtype)

    def gather(self, indices: Any) -> "Tensor":
        """Its entries along the last axis."""
        return self.apply("Gather", self.of(list(indices), np.int64), axis=-1)

    def sorted(self) -> tuple["Tensor", "Tensor"]:
        """Its numbers along the last axis in ascending order, and their indices."""
        size = self.apply("Shape", dtype=np.int64, start=-1)
        found = self.apply("TopK", size, outputs=2, axis=-1, largest=0, sorted=1)
        return found, Tensor(self.graph, f"{found.name[:-1]}1", np.int64)

    def where(self, then: "Tensor", otherwise: Any) -> "Tensor":
        """`then` where it is true; otherwise the other, which may be a constant."""
        return self.apply("Where", then, then.of(otherwise, then.dtype), dtype=then.dtype)

    def cast(self, dtype: Any) -> "Tensor":
        """It as another type."""
        return self.apply("Cast", dtype=dtype, to=TYPES[dtype])

    def matches(self, pattern: str) -> "Tensor":
        """Whether texts match a pattern as a whole."""
        return self.apply("RegexFullMatch", dtype=np.bool_, pattern=pattern)

    def split(self, delimiter: str, count: int) -> list["Tensor"]:
        """Texts `[N, 1]` split into at most `count` parts; a part that is not there is "".

        The delimiter "" is any spaces, and those around do not count. A row that has all parts is
        put below the others, so that there are as many columns of parts as are wanted.
        """
        row = self.of([[(delimiter or " ").join("0" * count)]], np.object_)
        below = self.apply("Concat", row, axis=0)
        parts = below.apply("StringSplit", outputs=2, delimiter=delimiter, maxsplit=count - 1)
        first, last, axis = (self.of([i], np.int64) for i in (0, -1, 0))
        parts = parts.apply("Slice", first, last, axis)
        return [parts.apply("Gather", self.of(i, np.int64), axis=2) for i in range(count)]

    def without(self, text: str) -> "Tensor":
        """Texts without the first such part of them."""
        before, after = self.split(text, 2)
        return before.apply("StringConcat", after)

    def stripped(self) -> "Tensor":
        """Texts without spaces around."""
        return self.split("", 1)[0]

    def digits(self) -> "Tensor":
        """The whole numbers of texts of digits; 0 for none."""
        return self.of("0", np.object_).apply("StringConcat", self).cast(np.int64)

    def __add__(self, other: Any) -> "Tensor":
        return self.apply("Add", other)

    def __sub__(self, other: Any) -> "Tensor":
        return self.apply("Sub", other)

    def __mul__(self, other: Any) -> "Tensor":
        return self.apply("Mul", other)

    def __truediv__(self, other: Any) -> "Tensor":
        return self.apply("Div", other)

    def __floordiv__(self, other: Any) -> "Tensor":
        return self.apply("Div", other)  # of whole numbers

    def __mod__(self, other: Any) -> "Tensor":
        return self.apply("Mod", other)

    def __eq__(self, other: object) -> Any:
        return self.apply("Equal", other, dtype=np.bool_)

    def __lt__(self, other: Any) -> "Tensor":
        return self.apply("Less", other, dtype=np.bool_)

    def __le__(self, other: Any) -> "Tensor":
        return self.apply("LessOrEqual", other, dtype=np.bool_)

    def __gt__(self, other: Any) -> "Tensor":
        return self.apply("Greater", other, dtype=np.bool_)

    def __ge__(self, other: Any) -> "Tensor":
        return self.apply("GreaterOrEqual", other, dtype=np.bool_)

    def __and__(self, other: Any) -> "Tensor":
        return self.apply("And", other)

    def __or__(self, other: Any) -> "Tensor":
        return self.apply("Or", other)

    def __invert__(self) -> "Tensor":
        return self.apply("Not")
