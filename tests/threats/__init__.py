"""What people will try, one test for each attempt that no other test meets; ids as in docs/security.md."""
