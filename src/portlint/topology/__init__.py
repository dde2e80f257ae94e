"""The topology stage: what runs, where it listens, who connects to it."""
