"""What the board is and is not."""

from dashboards.grafana.kinds import text

PANEL = text(
    1,
    "What this is",
    "Arousal against this person’s own usual, beside moments they tagged: **for discussion with a clinician; not a diagnosis**. "
    "Not a feeling, a cause or a comparison with others.",
    "The limits of this board. Where little was worn, little can be said. "
    "Tags are chosen, not assigned: everything here is “associated with”, never “because of”. Findings are those of the report, "
    "figure by figure; this board adds none. Days run from midnight here, in the report from 04:00.",
)
