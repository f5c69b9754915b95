"""A managed block of a hosts file as a target."""
