"""Their files and databases into our tables: read, mapped, checked, and nothing lost without a reason."""
