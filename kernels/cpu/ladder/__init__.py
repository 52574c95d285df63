"""The kernel ladder: the same operators step by step, from the definition to what the machine likes.

Step 1, `loops`: the sums of the definition as Python loops.
"""
