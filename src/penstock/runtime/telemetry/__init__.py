"""What a run tells the outside while it works and when it ends, where it is asked for.

Log lines (`logs`), CloudWatch metrics (`emf`), spans (`tracing`) and OpenLineage events
(`openlineage`) are observers of the run loop, opened together (`opening`). None can end a run,
and none is imported, or costs anything, before it is asked for.
"""
