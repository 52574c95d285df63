"""Kernels for the CPU; `ladder` holds the steps from the definition to the fast ones.

Where the speed of a convolution comes from, from the inside out: `microkernel` (a tile of the result in registers),
`machine` (how large a tile this CPU can hold), `panels` (weights in the order of their use), `units` (work that stays
in a cache, and padding), `fetching` (memory asked for before it is needed), `correlation` (y), `input_gradient` and
`few_channels` (dx), `weight_gradient` (dw), `products`, `turned_products` and `streamed_products` (dense layers).
`llvm` compiles, `cache` keeps, `threads` shares out, `memory` recycles. `warping` and `resampling` prepare pictures.
"""
