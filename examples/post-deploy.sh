#!/bin/bash
# Record the images of a Kubernetes deployment, after it was rolled out:
#   kubectl apply -f k8s/staging/ && kubectl rollout status deployment/myapp && ./post-deploy.sh default myapp staging
set -euo pipefail

namespace=${1:?usage: post-deploy.sh NAMESPACE DEPLOYMENT ENVIRONMENT}
deployment=${2:?usage: post-deploy.sh NAMESPACE DEPLOYMENT ENVIRONMENT}
environment=${3:?usage: post-deploy.sh NAMESPACE DEPLOYMENT ENVIRONMENT}

images=$(kubectl get deployment "$deployment" --namespace "$namespace" \
  --output jsonpath='{range .spec.template.spec.containers[*]}{.image}{"\n"}{end}')

set -f # names of images are no patterns of files
for image in $images; do
  echo "Recording $image as deployed to $environment"
  envscout environment "$environment" "$image"
done
