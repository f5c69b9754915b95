"""What the last release left behind, opened by this version."""
