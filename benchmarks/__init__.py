"""Floor 6: how fast minicnn is and how much memory it takes, beside others and beside what the machine allows.

`minicnn bench NAME` runs a benchmark, and so does `python benchmarks/FILE.py`; README.md says what each one measures.
"""

# Name on the command line -> the module whose `main` it is. A module is imported when its benchmark is asked for.
BENCHMARKS = {
    "train-step": "minicnn.benchmarks.train_step",
    "inference": "minicnn.benchmarks.inference",
    "layers": "minicnn.benchmarks.layers",
    "memory": "minicnn.benchmarks.memory",
    "scaling": "minicnn.benchmarks.scaling",
    "input-path": "minicnn.benchmarks.input_path",
    "loader": "minicnn.benchmarks.loader",
    "cpu-vs-gpu": "minicnn.benchmarks.cpu_vs_gpu",
}
