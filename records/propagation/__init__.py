"""Every name of ours is asked for, all the time: do the DNS servers answer what we wrote?"""
