"""balance-calculator: what joining CMS's BALANCE model is worth to a payer."""

__version__ = "0.1.0"

from calculator.assumptions import load_assumptions
from calculator.decision import Decision, decide
from calculator.scenario import Scenario, load_scenario

__all__ = ["Decision", "Scenario", "decide", "load_assumptions", "load_scenario"]
