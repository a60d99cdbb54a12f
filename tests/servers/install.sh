#!/bin/sh
# Installs the programs that the tests run, where that is ours to do: as root on Debian. Elsewhere says what is missing.

# program:package
wanted="dockerd:docker.io docker:docker.io containerd:containerd docker-registry:docker-registry skopeo:skopeo umoci:umoci
buildah:buildah htpasswd:apache2-utils openssl:openssl zstd:zstd tar:tar rpm:rpm db5.3_load:db5.3-util dpkg:dpkg dpkg-query:dpkg
busybox:busybox-static
bash:bash zsh:zsh fish:fish chromium:chromium npm:npm node:nodejs kubectl:kubernetes-client ssh-keygen:openssh-client
initdb:postgresql postgres:postgresql psql:postgresql-client pg_dump:postgresql-client pg_restore:postgresql-client setpriv:util-linux nsenter:util-linux pivot_root:util-linux systemctl:systemd systemd-run:systemd mmdebstrap:mmdebstrap
unshare:util-linux systemd-analyze:systemd dbus-daemon:dbus"

# Debian keeps initdb and postgres apart from the programs for everybody.
PATH="$PATH:/usr/sbin:/sbin:$(echo /usr/lib/postgresql/*/bin | tr ' ' :)"
programs=""
packages=""
for row in $wanted; do
    if ! command -v "${row%%:*}" >/dev/null; then
        programs="$programs ${row%%:*}"
        packages="$packages ${row##*:}"
    fi
done
[ -z "$programs" ] && exit 0

if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    echo "Installing for the tests:$packages" >&2
    export DEBIAN_FRONTEND=noninteractive
    # shellcheck disable=SC2086 # a list of words
    { apt-get update -q && apt-get install -q -y --no-install-recommends $packages; } >&2 && exit 0
    echo "Could not install them; the tests that need them are skipped, or fail if ENVSCOUT_REQUIRE_SERVERS=1." >&2
    exit 0
fi
echo "Missing, so the tests that use them are skipped:$programs" >&2
echo "On Debian: apt-get install$packages" >&2
