"""The outputs of `ports`: every port literal of the repository."""
