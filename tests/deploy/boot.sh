# Becomes systemd as the first process, on a view of this machine that keeps nothing. In namespaces of its own alone:
#   unshare --mount --pid --fork --kill-child --uts --ipc --cgroup sh boot.sh FOLDER SOURCE...
# FOLDER is empty, and becomes the root. Each SOURCE is /FROM:/TO, and is seen there as well.
set -eu
folder=$1
shift
mount --make-rprivate /
mount -t tmpfs -o size=1g tmpfs "$folder"
mkdir "$folder/up" "$folder/work" "$folder/root"
mount -t overlay -o "lowerdir=/,upperdir=$folder/up,workdir=$folder/work" overlay "$folder/root"
root=$folder/root
for each; do
    mkdir -p "$root${each#*:}"
    mount --bind "${each%%:*}" "$root${each#*:}"
done
mount -t proc proc "$root/proc"
mount -t sysfs -o ro sysfs "$root/sys"
mount -t tmpfs tmpfs "$root/run"
mount -t tmpfs tmpfs "$root/tmp"
mount -t tmpfs tmpfs "$root/dev"
for each in null zero full random urandom tty; do
    touch "$root/dev/$each"
    mount --bind "/dev/$each" "$root/dev/$each"
done
mkdir "$root/dev/pts" "$root/dev/shm"
mount -t devpts -o newinstance,ptmxmode=0666 devpts "$root/dev/pts"
ln -s pts/ptmx "$root/dev/ptmx"
mount -t tmpfs tmpfs "$root/dev/shm"
if [ "$(stat -fc %T /sys/fs/cgroup)" = cgroup2fs ]; then
    mount -t cgroup2 cgroup2 "$root/sys/fs/cgroup"
else
    mount -t tmpfs tmpfs "$root/sys/fs/cgroup"
    mkdir "$root/sys/fs/cgroup/systemd"
    mount -t cgroup -o none,name=systemd cgroup "$root/sys/fs/cgroup/systemd"
fi
# Nothing that this machine would start is started.
rm -rf "$root/etc/systemd/system" "$root/etc/machine-id" "$root/etc/envscout"
mkdir -p "$root/etc/systemd/system" "$root/etc/envscout"
echo 0123456789abcdef0123456789abcdef >"$root/etc/machine-id"
printf '[Unit]\nRequires=dbus.service\n' >"$root/etc/systemd/system/test.target"
cd "$root"
pivot_root . .
umount -l .
cd /
# As systemd has it: what one service is to see is mounted beside it.
mount --make-rshared /
exec env -i container=other PATH=/usr/sbin:/usr/bin:/sbin:/bin /lib/systemd/systemd --unit=test.target --show-status=false
