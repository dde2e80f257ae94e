"""Reading and replacing files of the user's, and keeping portlint's own."""
