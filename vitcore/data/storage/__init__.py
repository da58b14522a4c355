"""Archives, decoding, the decoded cache, downloads."""
