"""What Grafana shows instead of a value: its mappings, in their order, the first that fits (packages/grafana-data, valueMappings.ts)."""

from collections.abc import Mapping, Sequence
from typing import Any


def said(mappings: Sequence[Mapping[str, Any]], value: object) -> str | None:
    """The text, or None where the value is shown as it is. Both ends of a range belong to it."""
    for mapping in mappings:
        options = mapping["options"]
        if mapping["type"] == "value" and _key(value) in options:
            return str(options[_key(value)]["text"])
        if mapping["type"] == "range" and isinstance(value, (int, float)) and _within(value, options["from"], options["to"]):
            return str(options["result"]["text"])
        if mapping["type"] == "special" and options["match"] == "empty" and value == "":
            return str(options["result"]["text"])
    return None


def _key(value: object) -> str:
    """As JavaScript writes it: no decimals on a whole number, small letters for yes and no."""
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:g}" if isinstance(value, (int, float)) else str(value)


def _within(value: float, low: float | None, high: float | None) -> bool:
    return (low is None or value >= low) and (high is None or value <= high)
