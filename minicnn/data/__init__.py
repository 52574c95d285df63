"""From files to arrays that a model can learn from: uint8 images (N, H, W, C) and their labels (N,).

    sources   what `--data` takes: the name of a set, a folder of IDX files, an .npz, a folder of class folders
    folders   a folder of class folders of image files
    images    one image file
    split     a class-balanced part of a set
    dataset   the form in which all sets arrive
    checks    what images and labels must obey before anything is computed from them
    batches   the order in which a training loop walks through them
    augment   small changes to training images that do not change what they show

The first six build on one another in this order, each only on those below it; the last two stand for themselves.
"""
