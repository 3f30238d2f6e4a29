"""What will happen: series, models, the race between them, ranges that add up, and the record of what was said."""
