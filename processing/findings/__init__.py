"""What a person's moments say together: matched moments, comparisons, trends, offers (science, sections 3 and 4).

The one folder of `processing` that works on whole spans at once and with scipy and statsmodels: nothing here is a FINAL record, nothing
is cut into pieces, so sums of floats are allowed (docs/decisions/0023). Still no clock, file or dice of its own.
"""
