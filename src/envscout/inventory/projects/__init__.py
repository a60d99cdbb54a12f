"""Lock files and manifests of source trees."""
