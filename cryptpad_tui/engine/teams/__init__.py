"""Teams: shared folders with a signed roster, and the machines of admins and owners who keep to it."""
