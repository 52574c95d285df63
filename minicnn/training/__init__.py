"""Floor 4: the training loop, what watches it, and what it writes."""
