"""Names of other libraries: what each is called here, and the errors that say so."""
