#!/bin/sh
# Tries a package in a Debian root: lintian, install, what is where, verify and security of the unit, upgrade with a changed
# configuration, remove, purge, and that nothing is left. Needs root, debootstrap, lintian, systemd-analyze and Debian's mirror.
#   packaging/try.sh FILE.deb [ROOT]     ROOT is made by debootstrap where it is not there yet, and kept; default: a new one
set -eu
deb=$(realpath "$1")
root=${2:-}
say() { echo "== $*"; }
fail() { echo "FAILED: $*" >&2; exit 1; }
in_root() { chroot "$root" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive "$@"; }

work=$(mktemp -d)
[ -n "$root" ] || root=$work/root
end() {
	umount "$root/proc" 2>/dev/null || true
	rm -rf --one-file-system "$work"
}
trap end EXIT
if [ ! -e "$root/etc/debian_version" ]; then
	say "debootstrap into $root"
	debootstrap --variant=minbase "${SUITE:-bookworm}" "$root" >"$work/debootstrap.log" 2>&1 || { tail "$work/debootstrap.log"; fail debootstrap; }
fi
mountpoint -q "$root/proc" || mount -t proc proc "$root/proc"
in_root apt-get install -y -qq --no-install-recommends systemd udev procps >"$work/apt.log" 2>&1 || { tail "$work/apt.log"; fail "apt-get install systemd udev procps"; }
in_root dpkg --purge vigie >/dev/null 2>&1 || true
rm -f "$root/old.deb" "$root/new.deb" # of a try that failed

# All files and users, but for what dpkg and apt note about themselves.
state() {
	(cd "$root" && find . -xdev -path ./proc -prune -o -path ./var/lib/dpkg -prune -o -path ./var/cache -prune -o -path ./var/log -prune -o \
		-path ./var/lib/apt -prune -o ! -name '*-' ! -name '.pwd.lock' ! -name .updated ! -path ./run/systemd/systemd-units-load -printf '%p %u %g %m\n' | grep -v -e '^\./etc/\(passwd\|group\|shadow\|gshadow\|subuid\|subgid\) ' | LC_ALL=C sort)
	cat "$root/etc/passwd" "$root/etc/group"
}
state >"$work/before"

say lintian
lintian --fail-on error --tag-display-limit 0 "$deb" || fail lintian

say "install an older version"
dpkg-deb -R "$deb" "$work/old"
sed -i 's/^Version: .*/Version: 0~0-1/' "$work/old/DEBIAN/control"
dpkg-deb --root-owner-group -b "$work/old" "$root/old.deb" >/dev/null
cp "$deb" "$root/new.deb"
in_root dpkg -i /old.deb
in_root vigie --version
in_root vigie rules >/dev/null
in_root vigie man >/dev/null
[ "$(in_root stat -c '%U:%G %a' /var/lib/vigie)" = "vigie:vigie 700" ] || fail "/var/lib/vigie is not the service's own"
[ ! -e "$root/etc/systemd/system/multi-user.target.wants/vigie.service" ] || fail "installing it enabled it"
in_root test -f /usr/lib/udev/rules.d/70-vigie.rules
in_root udevadm verify /usr/lib/udev/rules.d/70-vigie.rules 2>/dev/null || true # since systemd 254

say "the unit"
in_root systemd-analyze verify --man=no /usr/lib/systemd/system/vigie.service || fail "systemd-analyze verify"
in_root systemd-analyze security --offline=true --threshold=20 /usr/lib/systemd/system/vigie.service | tail -n 1 || fail "exposure above 2.0"

say "upgrade: enabled, with a changed configuration and something recorded"
in_root systemctl --quiet enable vigie.service
echo '# mine' >>"$root/etc/vigie/vigie.toml"
in_root sh -c 'echo "{\"vigie\":1,\"sensor\":\"vigie\"}
{\"time\":\"2026-01-01T00:00:00Z\",\"state\":\"idle\"}" > /tmp/a.ndjson'
in_root setpriv --reuid vigie --regid vigie --clear-groups vigie replay --json --store /var/lib/vigie/vigie.db /tmp/a.ndjson
rm "$root/tmp/a.ndjson"
in_root dpkg -i /new.deb
grep -q '^# mine$' "$root/etc/vigie/vigie.toml" || fail "the upgrade changed the configuration"
[ -L "$root/etc/systemd/system/multi-user.target.wants/vigie.service" ] || fail "the upgrade disabled it"
[ -s "$root/var/lib/vigie/vigie.db" ] || fail "the upgrade lost the store"

say "remove keeps the configuration and the store"
in_root dpkg -r vigie
[ -s "$root/var/lib/vigie/vigie.db" ] && [ -e "$root/etc/vigie/vigie.toml" ] || fail "removing it lost what is the user's"
[ ! -e "$root/usr/bin/vigie" ] || fail "the program is still there"

say "purge leaves nothing"
in_root dpkg -P vigie
rm -f "$root/old.deb" "$root/new.deb"
state >"$work/after"
diff "$work/before" "$work/after" || fail "the purge left something, or took too much"
say "all is well"
