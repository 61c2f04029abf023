"""From a suite to records: plan, cells in processes of their own, tuning, storage."""
