"""A Kubernetes API server with memory, for tests, benchmarks and play. Never a part of the program."""

from tests.fakes.kubernetes.server import ApiServer

__all__ = ["ApiServer"]
