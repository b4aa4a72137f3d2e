#!/bin/sh
# Builds the Debian packages into the directory $1, for the architectures that are named after it (default: all three):
# the binaries, the manual page, and nfpm around them. The same commit gives the same bytes, wherever it is built.
set -eu
cd "$(dirname "$0")/.."
NFPM=github.com/goreleaser/nfpm/v2/cmd/nfpm@v2.45.2
out=$1
shift
[ $# -gt 0 ] || set -- armhf arm64 amd64
mkdir -p "$out"

version=${VERSION:-$(git describe --tags --always --dirty)}
commit_time() { TZ=UTC git log -1 --format=%cd --date="format-local:$1"; }
case $version in
v[0-9]*) deb_version=$(echo "$version" | sed 's/^v//; s/-/+/g') ;;
*) deb_version="0~$(commit_time %Y%m%d%H%M).$(echo "$version" | tr - .)" ;; # below every version that has a number
esac
maintainer=${DEB_MAINTAINER:-$(git log -1 --format='%an <%ae>')} # who made this package: whoever committed last
built=$(mktemp -d)
trap 'rm -rf "$built"' EXIT
export CGO_ENABLED=0 GOOS=linux GOFLAGS="${GOFLAGS:-} -trimpath -buildvcs=false"

# The pages of the manual, completion, the change logs and the licences.
(unset GOOS GOARCH GOARM && go build -ldflags "-X main.version=$version" -o "$built/here" ./cmd/vigie)
"$built/here" man --dir "$built/man"
for shell in bash zsh fish; do "$built/here" completion "$shell" >"$built/completion.$shell"; done
cp CHANGELOG.md "$built/changelog"
(unset GOOS GOARCH GOARM && go run ./tools/notices) >"$built/THIRD-PARTY-NOTICES"
cp "$built/THIRD-PARTY-NOTICES" "$out/THIRD-PARTY-NOTICES.txt" # next to the binaries, which contain what they are about
cat >"$built/changelog.Debian" <<END
vigie ($deb_version-1) unstable; urgency=medium

  * See /usr/share/doc/vigie/changelog.gz for what changed.

 -- $maintainer  $(LC_ALL=C commit_time '%a, %d %b %Y %H:%M:%S') +0000
END
gzip -9n "$built"/man/*.1 "$built/changelog" "$built/changelog.Debian" "$built/THIRD-PARTY-NOTICES"
cat >"$built/copyright" <<END
Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/
Upstream-Name: vigie

Files: *
Copyright: the Vigie authors
License: GPL-3.0+
 On Debian systems, the full text of the GNU General Public License version 3
 can be found in the file /usr/share/common-licenses/GPL-3.

$(sed 's/^/Comment: /; 1!s/^Comment:/ /; s/^  $/ ./' NOTICE)
END

for deb in "$@"; do
	case $deb in
	armhf) arch=arm6 GOARCH=arm GOARM=6 ;; # every Raspberry Pi
	*) arch=$deb GOARCH=$deb GOARM= ;;
	esac
	export GOARCH GOARM
	go build -ldflags "-s -w -X main.version=$version" -o "$built/vigie" ./cmd/vigie
	sed "s|@arch@|$arch|; s|@version@|$deb_version|; s|@maintainer@|$maintainer|; s|@time@|$(commit_time %Y-%m-%dT%H:%M:%SZ)|; s|@built@|$built|" \
		packaging/nfpm.yaml >"$built/nfpm.yaml"
	[ "$deb" = "$arch" ] || printf '  arch: %s\n' "$deb" >>"$built/nfpm.yaml"
	(unset GOOS GOARCH GOARM && go run "$NFPM" package --config "$built/nfpm.yaml" --packager deb --target "$out/vigie_${deb_version}_$deb.deb")
	cp "$built/vigie" "$out/vigie-linux-$deb"
done
