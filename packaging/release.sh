#!/bin/sh
# Makes a release of the commit that is checked out, in the directory $1: packages and binaries for every architecture, what
# is in them (SBOM), checksums, and with KEY=FILE, an SSH key, their signature. Everything is built twice, in two directories
# and with nothing kept between them, and must be the same to the byte.
set -eu
cd "$(dirname "$0")/.."
CYCLONE=github.com/CycloneDX/cyclonedx-gomod/cmd/cyclonedx-gomod@v1.9.0
out=$(mkdir -p "$1" && cd "$1" && pwd)
arches=${ARCHES:-armhf arm64 amd64}
[ -z "$(ls -A "$out")" ] || { echo "$out is not empty" >&2; exit 1; }
[ -z "$(git status --porcelain --untracked-files=no)" ] || echo "NOTE: there are changes that are not committed; the release is made of the commit without them"
work=$(mktemp -d)
trap 'chmod -R u+w "$work"; rm -rf "$work"' EXIT
export VERSION="${VERSION:-$(git describe --tags --always)}"

git clone -q . "$work/one"
git clone -q . "$work/elsewhere/with a longer name"
echo "== translations"
(cd "$work/one" && VIGIE_RELEASE=1 go test -count=1 -run '^TestReleaseIsTranslated$' ./words)
echo "== building $VERSION"
"$work/one/packaging/deb.sh" "$out" $arches
echo "== building it again, elsewhere"
GOCACHE="$work/cache" "$work/elsewhere/with a longer name/packaging/deb.sh" "$work/again" $arches
(cd "$work/again" && sha256sum -- *) | (cd "$out" && sha256sum --check --quiet -) || { echo "FAILED: the same commit was built into different bytes" >&2; exit 1; }
echo "both are the same, to the byte"

echo "== what is in it"
(cd "$work/one" && go run "$CYCLONE" app -json -noserial -licenses -main cmd/vigie -output "$work/sbom.json" .)
grep -v '^    "timestamp": ' "$work/sbom.json" >"$out/vigie.cdx.json" # the one thing that differs from day to day

cd "$out"
sha256sum -- * >"$work/SHA256SUMS"
mv "$work/SHA256SUMS" .
if [ -n "${KEY:-}" ]; then
	ssh-keygen -q -Y sign -f "$KEY" -n vigie-release SHA256SUMS
	echo "signed: SHA256SUMS.sig"
else
	echo "NOT SIGNED: give the release key with KEY=FILE, an SSH key that never was on a machine that builds"
fi
cat SHA256SUMS
