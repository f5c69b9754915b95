"""A Technitium DNS server as a target."""
