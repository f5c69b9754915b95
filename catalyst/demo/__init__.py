"""``catalyst-dns-sync demo``: the program, two servers to play with, and a story."""
