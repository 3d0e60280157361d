"""Matrix decompositions: eigenvalues, singular values, and the factors they come with."""
