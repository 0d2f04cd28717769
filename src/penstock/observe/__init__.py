"""What a run shows: the live display, the text summary, the HTML report.

Reads the run report and the Program as plain JSON; knows nothing of compiler or runtime.
"""
