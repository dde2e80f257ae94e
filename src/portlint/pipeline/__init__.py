"""The stages in their order, and what a run needs around them."""
