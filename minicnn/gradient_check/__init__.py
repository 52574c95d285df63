"""Floor 2: gradients held against finite differences, and the cases that the CLI and the tests check."""

from minicnn.gradient_check.case import Case
from minicnn.gradient_check.cases import CASES, OperatorCheck, check_operator
from minicnn.gradient_check.checker import GradientReport, InputReport, gradcheck

__all__ = ["CASES", "Case", "GradientReport", "InputReport", "OperatorCheck", "check_operator", "gradcheck"]
