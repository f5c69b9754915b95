"""Random histories of a zone, and a model of what must hold in them: tests/syncer/zone/test_machine.py."""
