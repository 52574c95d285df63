"""Data sets in MNIST's form: four IDX files of 28x28 grey images and their labels. MNIST, and Zalando's drop-in twin.

Both use the same four file names, so that only the content tells them apart. The digests are of the uncompressed
content: one digest then holds for plain and gzipped files, whoever gzipped them (Debian's package of Fashion-MNIST
gzips anew, and the MD5 sums that Zalando publishes for its own gzip files do not hold there).
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from minicnn.datasets import download as downloading
from minicnn.datasets.idx import read_idx
from minicnn.datasets.keras_form import ARRAYS, KerasData, KerasForm
from minicnn.datasets.places import cache_folder, not_found, search_folders
from minicnn.errors import DataError

FILES = ("train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte")
"""The four files, in the order of `keras_form.ARRAYS`."""

_LARGEST_FILE = 64 * 2**20  # bytes; the training images are 47,040,016 unpacked
_FORM = KerasForm(image_shape=(28, 28))


def idx_file(folder: Path, stem: str) -> Path | None:
    """Which file in `folder` is `stem`: gzipped, plain, or as some archives spell it (`train-images.idx3-ubyte`)."""
    spellings = (f"{stem}.gz", stem, stem.replace("-idx", ".idx"))
    return next((folder / spelling for spelling in spellings if os.path.isfile(folder / spelling)), None)


@dataclass(frozen=True)
class MnistForm:
    """One data set in MNIST's form.

    name: of its folder and its `.npz`. title: what messages call it. url: the official folder of its `.gz` files.
    sha256: for each of FILES, the digest of the uncompressed content. class_names: what the labels 0 to 9 mean.
    """

    name: str
    title: str
    url: str
    sha256: Mapping[str, str]
    class_names: tuple[str, ...]

    def load(self, *, download: bool = False) -> KerasData:
        """Finds and reads the data set; see `mnist.load_data`, whose promise this keeps."""
        own = cache_folder() / self.name
        remarks = []
        for folder in search_folders(self.name):
            missing = [stem for stem in FILES if not idx_file(folder, stem)]
            twin = recognise(folder)
            if not missing and twin in (None, self):
                return self.read_folder(folder, repair=download and folder == own)
            if os.path.isfile(npz := folder / f"{self.name}.npz"):
                return _FORM.read_npz(npz)
            if twin not in (None, self):
                remarks.append(f"{folder} holds the files of {twin.title}, which have the same names.")
            elif 0 < len(missing) < len(FILES):
                remarks.append(f"{folder} holds only some of the files: {', '.join(missing)} missing.")
        if download:
            return self.read_folder(own, repair=True)
        forms = f"the four files {', '.join(FILES)} (plain or .gz) or {self.name}.npz"
        raise not_found(self.name, self.title, forms, self.url, remarks)

    def read_folder(self, folder: Path, *, repair: bool = False) -> KerasData:
        """The data set from the four IDX files in `folder`, their digests verified.

        repair: download each file that is missing or damaged, instead of raising DataError.
        """
        arrays = {}
        for key, stem in zip(ARRAYS, FILES, strict=True):
            path = idx_file(folder, stem)
            try:
                arrays[key] = read_idx(path or folder / stem, sha256=self.sha256[stem])
            except DataError:
                if not repair:
                    raise
                arrays[key] = read_idx(self._fetch(folder, stem), sha256=self.sha256[stem])
        return _FORM.check(str(folder), arrays)

    def _fetch(self, folder: Path, stem: str) -> Path:
        """Downloads one file. It is stored gzipped, the spelling that `idx_file` prefers to an old damaged one."""
        destination = folder / f"{stem}.gz"
        url = downloading.source_url(self.name, destination.name, self.url)
        downloading.fetch(
            url,
            destination,
            max_bytes=_LARGEST_FILE,
            verify=lambda temporary: read_idx(temporary, sha256=self.sha256[stem], name=url),
        )
        return destination


MNIST = MnistForm(
    name="mnist",
    title="MNIST",
    # The authors' own page no longer serves the files to programs; this is the copy that torchvision downloads.
    url="https://ossci-datasets.s3.amazonaws.com/mnist",
    sha256={
        "train-images-idx3-ubyte": "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
        "train-labels-idx1-ubyte": "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
        "t10k-images-idx3-ubyte": "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
        "t10k-labels-idx1-ubyte": "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
    },
    class_names=tuple("0123456789"),
)

FASHION_MNIST = MnistForm(
    name="fashion-mnist",
    title="Fashion-MNIST",
    # Zalando's bucket speaks plain HTTP only; the digests are what makes the download trustworthy.
    url="http://fashion-mnist.s3-website.eu-central-1.amazonaws.com",
    sha256={
        "train-images-idx3-ubyte": "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
        "train-labels-idx1-ubyte": "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
        "t10k-images-idx3-ubyte": "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
        "t10k-labels-idx1-ubyte": "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
    },
    class_names=(
        "T-shirt/top",
        "Trouser",
        "Pullover",
        "Dress",
        "Coat",
        "Sandal",
        "Shirt",
        "Sneaker",
        "Bag",
        "Ankle boot",
    ),
)


def recognise(folder: Path) -> MnistForm | None:
    """Which known data set the IDX files in `folder` are, judged by the test labels (10 kB); None for any other."""
    stem = FILES[3]
    path = idx_file(folder, stem)
    for known in (MNIST, FASHION_MNIST):
        try:
            if path is not None:
                read_idx(path, sha256=known.sha256[stem])
                return known
        except DataError:
            continue
    return None
