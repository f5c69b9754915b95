"""The engine: host names from a Kubernetes cluster into DNS."""
