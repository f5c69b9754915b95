"""The web process: admin, REST API and probes."""
