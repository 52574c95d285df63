"""Mutants that change nothing here, each with the reason, found by hand. One that shows after all, fails."""

from __future__ import annotations

_ALL_LANES = "17, 8, 4, 2 and 1 lead from each lane to all others just as well as 16, 8, 4, 2 and 1"
_NO_CHANNEL = "a thread beyond the last channel sums no rows and stores nothing"
_NEGATIVE = "a window before the first has a negative number, which callers skip as they skip -1"
_ON_A_GPU = (
    "an operand of mma, which a GPU executes; here an exchange of registers stands for it, with mutants of its own"
)

REDUNDANT: dict[str, str] = {
    "batch_norm.cu combine_moments: 1 for 0 in center": "the first chunk moves it by all of its distance",
    "batch_norm.cu held_back_parameter_gradients: 1 for 0 in center": _NO_CHANNEL,
    "batch_norm.cu held_back_parameter_gradients: 1 for 0 in scale": _NO_CHANNEL,
    "batch_norm.cu parameter_gradients: 1 for 0 in center": _NO_CHANNEL,
    "batch_norm.cu parameter_gradients: 1 for 0 in scale": _NO_CHANNEL,
    "batch_norm.cu pooled_parameter_gradients: 1 for 0 in center": _NO_CHANNEL,
    "batch_norm.cu pooled_parameter_gradients: 1 for 0 in scale": _NO_CHANNEL,
    "dropout.cu dropout: never 4 * quad >= n": "each of the four is checked again: this saves ten rounds of Philox",
    "dropout.cu dropout: never i + 4 <= n": "number by number comes to the same: this saves loads",
    "patches.cuh phase_of: always last > tap": "without taps, the division gives 0 by itself",
    "pooling.cu max_pool2d_gradient: a loop ends at < size_h + 1": "no winner has a number so high",
    **{
        f"tensor_cores.cuh multiply_matrices: {operand} + 1": _ON_A_GPU
        for operand in (*(f"sum[{i}]" for i in range(4)), *(f"a[{i}]" for i in range(4)), "b[0]", "b[1]")
    },
    "tiles.cuh finish_each: a loop ends at < 2 + 1 (2)": "what it stores too much is stored over, or read by nobody",
    "tiles.cuh product_tile: never first_row >= rows": "rows beyond the last are left out later: this saves work",
    "tiles.cuh product_tile: a loop ends at < end + 1": "where the depth is full, one more tile of zeros is added",
    "warp.cuh warp_max: a loop begins with LANES / 2 + 1": _ALL_LANES,
    "warp.cuh warp_sum: a loop begins with LANES / 2 + 1": _ALL_LANES,
    "windows.cuh window_over: always start >= 0": _NEGATIVE,
    "windows.cuh window_over: never start < 0": _NEGATIVE,
}
