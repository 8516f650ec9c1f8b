"""Rows stored as a sparse matrix, which take part in a network's products without a dense copy."""

from typing import Any, Self

import numpy as np
import numpy.typing as npt

from fnet.core.errors import InvalidArgument


class SparseRows:
    """Rows `[N, D]` of a sparse matrix, minus a shift that is the same for each row.

    It has what the twin asks of an array of rows: `x @ w`, `x.mT @ delta`, `take` and a product
    with a mask. The first two cost as much as the entries that are stored. Standardized rows have
    no zeros; the shift holds what they lack:

        (m - shift) @ w = m @ w - shift @ w
        (m - shift).T @ delta = m.T @ delta - outer(shift, sum of delta over rows)

    Attributes:
        matrix: The stored entries, a matrix of SciPy in the CSR format, `[N, D]`.
        shift: What to subtract from each row, `[D]`; None for nothing.
    """

    __array_ufunc__ = None  # NumPy leaves products with an array to this class
    ndim = 2

    def __init__(self, matrix: Any, shift: npt.NDArray[Any] | None = None) -> None:
        """Rows of a matrix of SciPy."""
        self.matrix = matrix.tocsr()
        self.shift = None if shift is None else shift.astype(matrix.dtype)

    @property
    def shape(self) -> tuple[int, int]:
        """`(N, D)`."""
        rows, columns = self.matrix.shape
        return int(rows), int(columns)

    @property
    def dtype(self) -> np.dtype[Any]:
        """The dtype of the entries."""
        found: np.dtype[Any] = self.matrix.dtype
        return found

    @property
    def mT(self) -> "_Transposed":
        """The transposed matrix, for products from the left."""
        return _Transposed(self)

    def __len__(self) -> int:
        """The number of rows."""
        return self.shape[0]

    def __matmul__(self, w: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """`x @ w`, `[N, H]`."""
        found: npt.NDArray[Any] = self.matrix @ w
        return found if self.shift is None else found - self.shift @ w

    def __mul__(self, mask: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """The product with an array `[N, D]`, dense."""
        found: npt.NDArray[Any] = np.asarray(self) * mask
        return found

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> npt.NDArray[Any]:
        """The rows as a dense array."""
        found: npt.NDArray[Any] = self.matrix.toarray()
        if self.shift is not None:
            found -= self.shift
        return found if dtype is None else found.astype(dtype, copy=False)

    def take(self, rows: npt.NDArray[Any], axis: int = 0) -> Self:
        """The rows with these numbers."""
        return type(self)(self.matrix[rows], self.shift)

    def astype(self, dtype: np.dtype[Any]) -> Self:
        """The rows in another dtype, which must be able to hold them."""
        if self.dtype == dtype:
            return self
        with np.errstate(over="ignore"):  # a number that becomes infinite is refused
            found = type(self)(self.matrix.astype(dtype), self.shift)
        if not np.isfinite(found.matrix.data).all():
            raise InvalidArgument(f"x in {dtype} must be finite; scale it, or use float64")
        return found

    def standardized(self, mean: npt.NDArray[Any], scale: npt.NDArray[Any]) -> Self:
        """The rows `(x - mean) / scale`; the stored entries stay as few."""
        matrix = self.matrix.astype(np.float64)  # a copy
        matrix.data /= np.asarray(scale)[matrix.indices]
        return type(self)(matrix.astype(self.dtype), np.asarray(mean / scale))


class _Transposed:
    """The transposed SparseRows, `[D, N]`."""

    def __init__(self, rows: SparseRows) -> None:
        self.rows = rows

    def __matmul__(self, delta: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """`x.T @ delta`, `[D, H]`."""
        found: npt.NDArray[Any] = self.rows.matrix.T @ delta
        shift = self.rows.shift
        return found if shift is None else found - np.outer(shift, delta.sum(axis=0))


def column_moments(
    matrix: Any, weights: npt.NDArray[Any] | None
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Means and standard deviations of the columns of a sparse matrix, `[D]`.

    The zeros that are not stored enter by their weight: the variance is
    `sum(s * (m - mean)**2 over stored entries) + (1 - sum(s over stored entries)) * mean**2`
    for the shares s of the rows. It has no difference of two large sums.

    Args:
        matrix: A matrix of SciPy in the CSR format, `[N, D]`.
        weights: Row weights `[N]`, or None.

    Returns:
        `(mean, deviation)`.
    """
    rows, width = matrix.shape
    own = np.ones(rows) if weights is None else np.asarray(weights, np.float64)
    shares = np.repeat(own / own.sum(), np.diff(matrix.indptr))

    def total(values: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
        return np.bincount(matrix.indices, values, minlength=width).astype(np.float64, copy=False)

    values = matrix.data.astype(np.float64)
    with np.errstate(over="ignore", invalid="ignore"):  # the caller looks at what is not finite
        mean = total(shares * values)
        stored = total(shares * (values - mean[matrix.indices]) ** 2)
        variance = stored + np.maximum(1 - total(shares), 0) * mean**2
    return mean, np.sqrt(variance)
