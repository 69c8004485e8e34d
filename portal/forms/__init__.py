"""The blanks to fill in: shapes of input and the sentences for what does not fit. No database, no policy."""
