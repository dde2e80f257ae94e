"""What changes files after a run: each action plans its edits, proves them on a second reading, and writes."""
