"""Mutants that change nothing, each with the reason, found by hand. One that is listed and shows after all, fails."""

from __future__ import annotations

_OTHER_FACTOR = "a number beyond the depth meets a zero of the other factor, one beyond the rows is not stored"
_ALL_LANES = "17, 8, 4, 2 and 1 lead from each lane to all others just as well as 16, 8, 4, 2 and 1"
_NO_CHANNEL = "a thread beyond the last channel sums no rows and stores nothing"

REDUNDANT: dict[str, str] = {
    "batch_norm.cu combine_moments: 1 for 0 in center": "the first chunk moves it by all of its distance",
    "batch_norm.cu parameter_gradients: 1 for 0 in center": _NO_CHANNEL,
    "batch_norm.cu parameter_gradients: 1 for 0 in scale": _NO_CHANNEL,
    "dropout.cu dropout: never 4 * quad >= n": "each of the four is checked again: this saves ten rounds of Philox",
    "pooling.cu max_pool2d_gradient: a loop ends at < at.size_h + 1": "no winner has a number so high",
    "tiles.cuh product_tile: a loop ends at < end + 1": "where the depth is full, one more tile of zeros is added",
    "tiles.cuh product_tile: 1 for 0 in number": _OTHER_FACTOR,
    "tiles.cuh product_tile: 1 for 0 in number (2)": _OTHER_FACTOR,
    "warp.cuh warp_max: a loop begins with LANES / 2 + 1": _ALL_LANES,
    "warp.cuh warp_sum: a loop begins with LANES / 2 + 1": _ALL_LANES,
    "windows.cuh window_over: never start < 0": "a window before the first has a negative number, which callers skip",
}
