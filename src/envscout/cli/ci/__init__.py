"""What the GitHub Action does (`action.yml`): commands of this program, told in the ways that GitHub has for it."""
