"""Geometry and colours of images, in NumPy: what preprocessing layers and augmentation are made of.

resample    other sizes
warp        rotation, shear, zoom, shift: every pixel from somewhere else
colours     brightness, contrast, saturation, hue
"""
