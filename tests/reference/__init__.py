"""The outside reference: what PyTorch computes for the same numbers, kept in small files so that no test needs PyTorch.

`make_reference.py` makes the files; the `test_*.py` beside it hold minicnn against them.
"""
