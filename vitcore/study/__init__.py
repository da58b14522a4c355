"""Studies: a title, text, chosen tables, figures and runs as one offline file, and a bundle that opens elsewhere."""
