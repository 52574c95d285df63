"""Convolution as one matrix product over explicit patches, its gradients as two more.

With the patches as the rows of a matrix, Y = P W; so dP = dY Wᵀ and dW = Pᵀ dY, as for any matrix product,
and dX is what col2im makes of dP. Source: Chellapilla, Puri and Simard, High performance convolutional neural
networks for document processing (2006). This is the only algorithm here, whichever is asked for.
"""

from __future__ import annotations

import numpy as np

from minicnn.backends.numpy.patches import col2im, im2col
from minicnn.geometry import Windows


def conv2d(
    x: np.ndarray, w: np.ndarray, b: np.ndarray | None, windows: Windows, groups: int, algorithm: str = "auto"
) -> np.ndarray:
    """x (N, H, W, C), w (R, S, C / groups, K) -> y (N, OH, OW, K)."""
    parts = [
        _patch_matrix(x_g, windows) @ w_g.reshape(-1, w_g.shape[-1])  # (N·OH·OW, R·S·C) @ (R·S·C, K)
        for x_g, w_g in zip(_split(x, groups), _split(w, groups), strict=True)
    ]
    y = _join(parts)
    if b is not None:
        y += b
    return y.reshape(len(x), *windows.outputs, w.shape[-1])


def conv2d_input_gradient(
    dy: np.ndarray, w: np.ndarray, windows: Windows, groups: int, algorithm: str = "auto"
) -> np.ndarray:
    """dy (N, OH, OW, K), w (R, S, C / groups, K) -> dx (N, H, W, C)."""
    parts = []
    for dy_g, w_g in zip(_split(dy, groups), _split(w, groups), strict=True):
        k = w_g.shape[-1]
        columns = dy_g.reshape(-1, k) @ w_g.reshape(-1, k).T  # (N·OH·OW, K) @ (K, R·S·C)
        parts.append(col2im(columns.reshape(*dy.shape[:3], *w_g.shape[:3]), windows))
    return _join(parts)


def conv2d_weight_gradient(
    x: np.ndarray, dy: np.ndarray, windows: Windows, groups: int, algorithm: str = "auto"
) -> np.ndarray:
    """x (N, H, W, C), dy (N, OH, OW, K) -> dw (R, S, C / groups, K)."""
    parts = [
        _patch_matrix(x_g, windows).T @ dy_g.reshape(-1, dy_g.shape[-1])  # (R·S·C, N·OH·OW) @ (N·OH·OW, K)
        for x_g, dy_g in zip(_split(x, groups), _split(dy, groups), strict=True)
    ]
    return _join(parts).reshape(*windows.size, x.shape[-1] // groups, dy.shape[-1])


def _patch_matrix(x: np.ndarray, windows: Windows) -> np.ndarray:
    """(N, H, W, C) -> (N·OH·OW, R·S·C): the copy that makes im2col a matrix."""
    (oh, ow), (r, s) = windows.outputs, windows.size
    return im2col(x, windows).reshape(len(x) * oh * ow, r * s * x.shape[-1])


def _split(a: np.ndarray, groups: int) -> list[np.ndarray]:
    """The last axis in `groups` equal parts: group g of the filters sees group g of the channels, no other."""
    return [a] if groups == 1 else np.split(a, groups, axis=-1)


def _join(parts: list[np.ndarray]) -> np.ndarray:
    return parts[0] if len(parts) == 1 else np.concatenate(parts, axis=-1)
