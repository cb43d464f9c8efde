"""A folder of the drive and a folder on disk that follow each other."""
