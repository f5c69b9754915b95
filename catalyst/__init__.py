"""The glue around the engine: settings, logs, the console script."""

__version__ = "0.1.0"
