"""Solutions of the course's exercises: right ones, and the common wrong ones."""
