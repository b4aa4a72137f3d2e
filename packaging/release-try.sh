#!/bin/sh
# Shows that a release in $1 can be checked as docs/releases.md says, and that one changed byte is noticed. The key is made here.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cp -r "$1" "$work/release"
rm -f "$work/release/SHA256SUMS.sig" # of the real key, whose secret half is not here
cd "$work"
ssh-keygen -q -t ed25519 -N '' -C '' -f key
ssh-keygen -q -Y sign -f key -n vigie-release release/SHA256SUMS
echo "vigie-release namespaces=\"vigie-release\" $(cat key.pub)" >allowed_signers
cd release
check() { ssh-keygen -q -Y verify -f ../allowed_signers -I vigie-release -n vigie-release -s SHA256SUMS.sig <SHA256SUMS && sha256sum --check --quiet --ignore-missing SHA256SUMS; }
check || { echo "FAILED: a good release does not check" >&2; exit 1; }
for f in *.deb SHA256SUMS; do
	cp "$f" ../kept
	printf x >>"$f"
	if check >/dev/null 2>&1; then echo "FAILED: $f was changed, and nobody noticed" >&2; exit 1; fi
	cp ../kept "$f"
done
echo "a good release checks; one byte more in a package, or in the checksums, does not"
