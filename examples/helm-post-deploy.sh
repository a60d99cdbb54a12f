#!/bin/bash
# Record the images of a Helm release, after it was rolled out:
#   helm upgrade --install --wait myapp ./chart --namespace shop && ./helm-post-deploy.sh shop myapp staging
set -euo pipefail

namespace=${1:?usage: helm-post-deploy.sh NAMESPACE RELEASE ENVIRONMENT}
release=${2:?usage: helm-post-deploy.sh NAMESPACE RELEASE ENVIRONMENT}
environment=${3:?usage: helm-post-deploy.sh NAMESPACE RELEASE ENVIRONMENT}

# The manifest holds what the cluster was given, with all values filled in.
manifest=$(helm get manifest "$release" --namespace "$namespace")
images=$(sed -n "s/^[- ]*image: *[\"']\{0,1\}\([^\"' #]*\).*/\1/p" <<<"$manifest" | sort -u)

set -f # names of images are no patterns of files
for image in $images; do
  echo "Recording $image as deployed to $environment"
  envscout environment "$environment" "$image"
done
