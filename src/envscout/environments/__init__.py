"""What runs where: folds, differences, who said it. Pure."""
