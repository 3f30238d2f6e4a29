"""Results made into what a person reads."""
