#!/usr/bin/env bash
# Fetches further Redis and Valkey versions from Debian's other suites into .servers/, so that tests can run against
# them beside the machine's own redis-server. Nothing is installed: each package and every library it needs (the C
# library too) is unpacked into a folder of its own, and the binaries are pointed at that folder's loader.
#
#   scripts/fetch-servers.sh                     all of them
#   scripts/fetch-servers.sh redis-8.6 valkey-9.1    only these
#
# Needs apt (Debian), patchelf, and a Debian archive in the machine's own apt configuration; that archive is asked.
set -Eeuo pipefail
cd "$(dirname "$0")/.."
root=$PWD/.servers

# name, package that holds server and cli, the suite it is in, further suites that hold its libraries
known='redis-7.0  redis-tools  bookworm
redis-8.0  redis-tools  trixie
redis-8.6  redis-tools  experimental sid
valkey-8.0 valkey-tools bookworm-backports bookworm
valkey-8.1 valkey-tools trixie
valkey-9.1 valkey-tools forky'

fail() { echo "fetch-servers: $*" >&2; exit 1; }

wanted=("$@")
if [ ${#wanted[@]} -eq 0 ]; then
  mapfile -t wanted < <(awk '{print $1}' <<<"$known")
  # Bookworm's own redis-server is the same.
  case $(redis-server --version 2>/dev/null) in *' v=7.0.'*) wanted=("${wanted[@]:1}") ;; esac
fi
missing=()
for name in "${wanted[@]}"; do
  grep -q "^$name " <<<"$known" || fail "unknown server '$name'; known: $(awk '{print $1}' <<<"$known" | tr '\n' ' ')"
  [ -x "$root/$name/bin/server" ] || missing+=("$name")
done
[ ${#missing[@]} -gt 0 ] || exit 0

command -v apt-get >/dev/null || fail "apt-get is needed, and is not on this machine"
command -v patchelf >/dev/null || fail "patchelf is needed: apt-get install patchelf"

# The archive: where the machine's own apt finds Debian's main component, with the key it trusts it by.
targets=$(apt-get indextargets 'Created-By: Packages' 'Component: main' 'Origin: Debian' 2>/dev/null || true)
[ -n "$targets" ] || targets=$(apt-get indextargets 'Created-By: Packages' 'Component: main')
archive=$(awk '/^Repo-URI: / && $2 !~ /security/ && !seen++ {print $2}' <<<"$targets")
keyring=$(awk '/^Signed-By: / && !seen++ {print $2}' <<<"$targets")
[ -n "$archive" ] || fail "the machine's apt configuration names no Debian archive; run 'apt-get update' first"
[ -n "$keyring" ] || keyring=/usr/share/keyrings/debian-archive-keyring.gpg

work=$(mktemp -d "${TMPDIR:-/tmp}/slotctl-servers.XXXXXX")
trap 'rm -rf "$work" "$root"/*.partial' EXIT

# apt_for DIR ARGS…: apt-get with a configuration of its own under DIR and an empty list of installed packages, so
# that the closure of a package is downloaded whole and the machine's own state is neither read nor written.
apt_for() {
  local dir=$1; shift
  apt-get -qq -o Dir::Etc::SourceList="$dir/sources.list" -o Dir::Etc::SourceParts=/dev/null \
    -o Dir::Etc::Preferences=/dev/null -o Dir::Etc::PreferencesParts=/dev/null \
    -o Dir::State="$dir/state" -o Dir::State::status="$dir/status" -o Dir::State::Lists="$dir/lists" \
    -o Dir::Cache="$dir/cache" -o Acquire::Languages=none -o APT::Sandbox::User= -o Debug::NoLocking=1 \
    -o APT::Keep-Downloaded-Packages=true -o APT::Update::Post-Invoke::= -o DPkg::Post-Invoke::= "$@"
}

fetch() {
  local name=$1 package suite others dir=$work/$1
  read -r _ package suite others < <(grep "^$name " <<<"$known")
  mkdir -p "$dir"/{state,lists/partial,cache/archives/partial}
  : >"$dir/status"
  for s in $suite $others; do echo "deb [signed-by=$keyring] $archive $s main"; done >"$dir/sources.list"
  apt_for "$dir" update
  apt_for "$dir" -y --no-install-recommends --download-only -t "$suite" install "$package" >/dev/null

  local out=$root/$name.partial
  rm -rf "$out"; mkdir -p "$out/bin" "$out/lib" "$dir/unpacked"
  for deb in "$dir"/cache/archives/*.deb; do
    case ${deb##*/} in
      lib*|"$package"_*) dpkg-deb -x "$deb" "$dir/unpacked" ;;
    esac
  done
  # -L: some suites keep the loader and libc as links into folders that are not kept.
  find "$dir/unpacked" \( -type f -o -type l \) -regex '.*/lib/[^/]*-linux-[^/]*/[^/]*\.so[^/]*' \
    -exec cp -L -t "$out/lib" {} +
  local product=${package%-tools} loader version
  # The check-rdb program is the server: it looks at the name that it was called by.
  cp "$dir/unpacked/usr/bin/$product-check-rdb" "$out/bin/server"
  cp "$dir/unpacked/usr/bin/$product-cli" "$out/bin/cli"
  loader=$(basename "$(patchelf --print-interpreter "$out/bin/server")")
  for program in server cli; do
    # The final folder's name, not the partial one's: the loader is looked up when the program starts.
    patchelf --set-interpreter "$root/$name/lib/$loader" --force-rpath --set-rpath "$root/$name/lib" "$out/bin/$program"
  done
  rm -rf "${root:?}/$name"; mv "$out" "$root/$name"
  version=$("$root/$name/bin/server" --version) || { rm -rf "${root:?}/$name"; return 1; }
  echo "fetch-servers: $name is $version"
}

mkdir -p "$root"
for name in "${missing[@]}"; do
  # Not "fetch || fail": bash ignores set -e inside a command whose status is tested.
  trap 'echo "fetch-servers: $name could not be fetched" >&2' ERR
  fetch "$name"
done
