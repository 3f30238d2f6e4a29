"""What if: quotas, capacity and pay, by pure functions that a slider, a table and a test call alike."""
