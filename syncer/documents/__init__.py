"""YAML and JSON that people wrote, as plain values: manifests, backups, kubeconfigs. Nothing in a text can make reading
it slow, large or dangerous, and every complaint says where.

``yamltext`` is imported where a text is read, not before: PyYAML takes memory that a syncer in a cluster never needs.
"""
