"""One folder for each architecture that can be built."""
