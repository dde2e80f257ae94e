"""What is known of no port, no file and no format."""
