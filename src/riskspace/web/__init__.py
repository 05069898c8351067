"""What both HTTP edges share: problems, request ids, limits on bodies, HEAD."""
