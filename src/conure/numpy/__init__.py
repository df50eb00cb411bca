"""NumPy, drop-in: `import conure.numpy as np`; every name that NumPy has, giving NumPy's answers.

>>> import conure.numpy as np
>>> np.linspace(0.0, 1.0, 3) + np.array([1, 2, 3])
array([1. , 2.5, 4. ])
"""

from __future__ import annotations

import numpy as _plain

from conure.numpy.arrays import ndarray
from conure.numpy.mirror import install, mirrored
from conure.numpy.ufuncs import ufunc

__all__ = [*_plain.__all__, "ndarray", "ufunc"]  # noqa: PLE0604 # NumPy's own list of names
__version__ = _plain.__version__

install()
__getattr__, __dir__ = mirrored(_plain, globals())
