#!/bin/bash
# Record the images of a compose file:
#   ./update-scout-env.sh staging compose.yaml
set -euo pipefail

environment=${1:?usage: update-scout-env.sh ENVIRONMENT COMPOSE_FILE}
file=${2:?usage: update-scout-env.sh ENVIRONMENT COMPOSE_FILE}

if docker compose version >/dev/null 2>&1; then
  # This also fills in variables and reads what the file includes.
  images=$(docker compose --file "$file" config --images)
else
  images=$(sed -n "s/^ *image: *[\"']\{0,1\}\([^\"' #]*\).*/\1/p" "$file")
fi

set -f # names of images are no patterns of files
for image in $images; do
  echo "Recording $image in $environment"
  envscout environment "$environment" "$image"
done
