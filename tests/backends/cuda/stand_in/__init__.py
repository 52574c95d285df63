"""A stand-in for CuPy over the software GPU: what `on_cupy` calls, and nothing else.

It is stricter than CuPy, and more malicious. What is launched does not run until somebody waits for it, as if the GPU
were slow; or, with `early` copies, those overtake everything that they are not told to wait for. Memory that is freed
is given out again at once. So a wait that is missing gives wrong numbers here, every time.
"""

from tests.backends.cuda.stand_in.module import installed, stand_in

__all__ = ["installed", "stand_in"]
