# Process 1 of a machine of its own: a root in memory with read-only folders of this one, and systemd.
# $1: an empty folder for the root · $2: the control file in it · the rest: folders to be seen, read-only.
# Nothing of this machine can be written from in here, and no unit of its distribution is known:
# a systemd that shares a root with others would tidy that up, /tmp first.
set -eu
PATH=/usr/sbin:/usr/bin:/sbin:/bin
root=$1
units=$2
shift 2
[ $$ -eq 1 ]
mount --make-rprivate /
mount -t tmpfs -o size=256m,mode=755 tmpfs "$root"
cd "$root"
mkdir usr proc sys dev run tmp var etc root srv old units
chmod 1777 tmp
for link in bin sbin lib lib64; do
  [ ! -L "/$link" ] || ln -s "usr/$link" "$link"
done
show() {
  mkdir -p ".$1"
  mount --rbind "$1" ".$1"
  mount -o remount,bind,ro ".$1"
}
show /usr
for folder in "$@"; do show "$folder"; done
cp -r "$units/." units/
cp /etc/ld.so.cache etc/ 2>/dev/null || true
printf 'root:x:0:0::/root:/bin/sh\napp:x:999:999::/srv:/bin/sh\n' >etc/passwd
printf 'root:x:0:\napp:x:999:\n' >etc/group
printf '0123456789abcdef0123456789abcdef\n' >etc/machine-id
mount -t proc proc proc
mount --bind proc/sys proc/sys
mount -o remount,bind,ro proc/sys
mount -t sysfs -o ro sysfs sys
mount -t cgroup2 cgroup sys/fs/cgroup
mount -t tmpfs -o mode=755 tmpfs dev
for device in null zero full random urandom tty; do
  touch "dev/$device"
  mount --bind "/dev/$device" "dev/$device"
done
ln -s /proc/self/fd dev/fd
mount -t tmpfs -o mode=755 tmpfs run
ip link set lo up 2>/dev/null || true
pivot_root . old
cd /
umount -l /old
# The last door: only in a root in memory, with nothing of the machine writable, may systemd run.
[ "$(stat -f -c %T /)" = tmpfs ]
[ "$(stat -f -c %T /tmp)" = tmpfs ]
for place in /usr/bin/env /proc/sys/kernel/hostname "$@"; do
  if [ -w "$place" ]; then exit 70; fi
  if touch -c "$place" 2>/dev/null; then exit 70; fi
done
mkdir -p /srv/app
cp -r /units/project/. /srv/app/
chown -R 999:999 /srv/app
mkdir -p /run/systemd/system
rm -r /units/project
mv /units/* /run/systemd/system/
exec env -i container=homeostat-test PATH=/usr/sbin:/usr/bin \
  SYSTEMD_UNIT_PATH=/run/systemd/system SYSTEMD_GENERATOR_PATH=/units SYSTEMD_LOG_TARGET=console SYSTEMD_LOG_LEVEL=info \
  /usr/lib/systemd/systemd --system --unit=only.target --show-status=0
