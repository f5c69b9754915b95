"""What the program says while it runs, and what it must not say."""
