"""RecSys-DAN: its source-only row and the instances that adapt."""
