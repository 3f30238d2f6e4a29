"""What is measured: every KPI defined once, computed by one engine, split by any segment."""
