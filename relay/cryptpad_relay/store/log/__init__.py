"""How a pad's log lies in the database."""
