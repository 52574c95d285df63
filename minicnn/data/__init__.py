"""From files to arrays and batches that a model can learn from.

Whole data sets, uint8 images (N, H, W, C) and their labels (N,), each file on those below it:

    sources   what `--data` takes: the name of a set, a folder of IDX files, an .npz, a folder of class folders
    folders   a folder of class folders of image files
    images    one image file
    split     a class-balanced part of a set
    dataset   the form in which all sets arrive
    checks    what images and labels must obey before anything is computed from them

Batches, which `fit` takes in the place of arrays:

    stream             what all of them are
    batches            arrays in memory
    loader             examples one by one, by several threads
    py_dataset         a class of one's own
    directory, files   a folder of class folders, read while the model trains
    image_generator, flows   the same, and arrays, changed by chance: Keras's ImageDataGenerator
    ahead, workers     threads that make batches in advance

Small changes to training images that do not change what they show: `augment` by name, `augmentations` with settings.
Beside them: `labels` (one-hot rows, class weights), `folds` (cross-validation), `pictures` (single images, Pillow).
"""
