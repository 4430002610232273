"""A state's page of uncertainty: the same as a plan's, on a state's inputs."""

from __future__ import annotations

from calculator.ui import parts, uncertainty
from calculator.ui.inputs_medicaid import PAGE, sidebar
from calculator.ui.state import missing_groups, show_gap
from calculator.ui.widgets import calm


@calm
def render() -> None:
    """Draw the page."""
    form = parts.shared(PAGE, "state_uncertainty", sidebar)
    missing = missing_groups(form)
    if missing:
        show_gap(form, missing)
        return
    uncertainty.draw(form)
