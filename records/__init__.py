"""What the program remembers about DNS, and the people who look at it."""
