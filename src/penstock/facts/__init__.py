"""What AWS charges and what it allows, as data: every number with its date and its source."""
