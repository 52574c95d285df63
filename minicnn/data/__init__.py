"""From files to arrays that a model can learn from: uint8 images (N, H, W, C) and their labels (N,).

sources   what `--data` takes: the name of a set, a folder of IDX files, an .npz, a folder of class folders
dataset   the form in which they all arrive, and its checks
folders   a folder of class folders of image files
images    one image file
split     a class-balanced part of a set
checks    what images and labels must obey before anything is computed from them
"""
