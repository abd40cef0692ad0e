"""What a clinician reads of one person, in the order of the report."""
