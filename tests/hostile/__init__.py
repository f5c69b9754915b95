"""``make hostile``: what someone may do to the program, done, with what it cost."""
