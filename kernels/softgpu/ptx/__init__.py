"""PTX, the assembler that CUDA's compilers write, on the software GPU: what they made of a kernel is what runs.

    module = ptx.translate(text, parameters={"scale": (...)}, name="scale.ptx")
    module.kernel("scale")((4,), (32,), (x, y, np.int32(100)))

`reading` takes the text apart, `instructions` turns each into C++, `runtime/cuda_ptx.h` says what they do. From there
it is a kernel like any other: the same fibers, the same checks at a launch, the same modes and thread orders.
"""

from minicnn.kernels.softgpu.ptx.translation import translate

__all__ = ["translate"]
