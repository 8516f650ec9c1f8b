"""The member axis: the seeds of members."""

import numpy as np
import numpy.typing as npt

from fnet.core import checks, philox
from fnet.core.checks.scalars import MAX_SEED


def member_seeds(seed: int, members: int) -> npt.NDArray[np.uint32]:
    """A seed for each member, drawn from one seed: that of member m depends on (seed, m) alone.

    They serve as seeds of starts, `init_params(net, member_seeds(0, M))`, and of dropout,
    `Tuning(dropout=0.1, seed=member_seeds(0, M))`, which draw different numbers from them.

    Args:
        seed: An integer from 0 to below 2**32.
        members: The number M of members, at least 1.

    Returns:
        The seeds, uint32 `[M]`.

    Raises:
        InvalidArgument: A number is outside its range.

    Example:
        >>> import fnet
        >>> int(fnet.member_seeds(0, 5)[2]) == int(fnet.member_seeds(0, 3)[2])
        True

    References:
        Salmon et al., "Parallel random numbers: as easy as 1, 2, 3" (2011).
    """
    seed = checks.integer("seed", seed, most=MAX_SEED)
    return philox.words(seed, philox.MEMBERS, checks.integer("members", members, least=1))
