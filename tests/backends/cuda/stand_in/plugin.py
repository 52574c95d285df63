"""For pytest: -p tests.backends.cuda.stand_in.plugin, and `import cupy` gives the stand-in for the whole run.

The variable STAND_IN_GPUS says how many GPUs there seem to be.
"""

from __future__ import annotations

import os

from tests.backends.cuda.stand_in.module import installed, stand_in

_installing = installed(stand_in(devices=int(os.environ.get("STAND_IN_GPUS", "1"))))
_installing.__enter__()
