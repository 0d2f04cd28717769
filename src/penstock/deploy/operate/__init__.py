"""What is done with a build and with what was deployed: apply, look at, send again, take away."""
