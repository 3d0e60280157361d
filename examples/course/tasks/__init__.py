"""What the learner is given: one file for each exercise, in which functions still have holes."""
