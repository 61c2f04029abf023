"""From predictions to numbers: metrics, and whether a difference is more than noise."""
