"""The tests, one file per room of the application; `machinery` has the real parts they run against."""
