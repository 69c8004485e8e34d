"""What the vendor's staff do: sign in, keep their own list, and change logins and clients."""
