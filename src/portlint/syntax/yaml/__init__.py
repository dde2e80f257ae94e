"""YAML as nodes with byte offsets."""
