"""One managed zone on one target: what waits, what is known, what is done."""
