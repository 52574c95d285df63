"""Floor 2: gradients held against finite differences, and the cases that the CLI and the tests check."""

from minicnn.gradient_check.checker import GradientReport, InputReport, gradcheck

__all__ = ["GradientReport", "InputReport", "gradcheck"]
