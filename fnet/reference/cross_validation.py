"""Cross-validation whose folds are members, in NumPy. Twin of `engine/cross_validation.py`.

The part that both share is in `core/cross_validation.py`, the signature and the docstring in
`core/signatures/cross_validation.py`.
"""

from typing import Any

import numpy as np

from fnet.core import cross_validation, signatures
from fnet.core.aliases import Array
from fnet.core.cross_validation import CrossValidation
from fnet.core.network import Network
from fnet.core.optimizers import Optimizer
from fnet.core.signatures import cross_validation as public
from fnet.reference import functions, training, validation

ENGINE = cross_validation.Engine(
    functions.init_params, training.train, validation.held_out, np.asarray
)


@signatures.implements(public.cross_validate)
def cross_validate(
    net: Network,
    optimizer: Optimizer,
    x: Array,
    y: Array,
    splits: Any,
    plan: Any,
    **options: Any,
) -> CrossValidation:
    return cross_validation.cross_validate(ENGINE, net, optimizer, (x, y, splits, plan), options)
