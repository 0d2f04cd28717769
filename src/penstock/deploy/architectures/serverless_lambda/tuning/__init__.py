"""How much memory a worker is worth: the real package, at several sizes, on this machine."""
