"""Functions that Penstock installs in an engine, in a schema of its own."""
