"""NVIDIA's linker, which turns PTX into what a GPU runs: without a driver, it says what that costs."""

from __future__ import annotations

import re

from tests.kernels.cuda.nvrtc import Cost


def cost(ptx: str, name: str, architecture: str) -> Cost:
    """What the one kernel of a PTX text costs on "sm_90", say."""
    from cuda.bindings import nvjitlink

    options = [f"-arch={architecture}", "-verbose"]
    linker = nvjitlink.create(len(options), options)
    try:
        code = ptx.encode()
        nvjitlink.add_data(linker, nvjitlink.InputType.PTX, code, len(code), name)
        nvjitlink.complete(linker)
        log = bytearray(nvjitlink.get_info_log_size(linker))
        nvjitlink.get_info_log(linker, log)
    finally:
        nvjitlink.destroy(linker)
    return _cost(log.decode())


def _cost(said: str) -> Cost:
    def number(pattern: str) -> int:
        return max((int(found) for found in re.findall(pattern, said)), default=0)

    spilled = number(r"(\d+) bytes spill stores") + number(r"(\d+) bytes spill loads")
    return Cost(number(r"(?i)used (\d+) registers"), number(r"(\d+) bytes smem"), number(r"(\d+) bytes stack"), spilled)
