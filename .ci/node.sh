# shellcheck shell=bash
# Finds what the checks with Node need. For scripts that source it; it changes no folder.
#
#   need_node    installs the npm packages of this folder where they are missing, and sets node to a Node that runs them
#   skip REASON  ends the script: well, because Node may be missing, but with REQUIRE_NODE=1 as a failure

npm_folder=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

skip() {
  if [ "${REQUIRE_NODE:-}" = 1 ]; then
    printf 'failed: %s; REQUIRE_NODE=1 asks for it\n' "$1" >&2
    exit 1
  fi
  printf 'skipped: %s\n' "$1"
  exit 0
}

# new_enough tells whether a Node runs and is at least 22.19, which the Inspector needs.
new_enough() {
  "$1" -e 'const [a, b] = process.versions.node.split("."); process.exit(a > 22 || a == 22 && b >= 19 ? 0 : 1)' 2>/dev/null
}

# install_packages runs npm ci in folder $1, unless the packages are there. npm writes its own lock file last: if that is
# newer than ours, an install has ended.
install_packages() {
  local lock=$1/node_modules/.package-lock.json said code
  [ ! "$lock" -nt "$1/package-lock.json" ] || [ ! "$lock" -nt "$1/package.json" ] || return 0
  command -v npm >/dev/null && npm --version >/dev/null 2>&1 || skip 'no Node (npm) here'
  said=$(cd "$1" && npm ci --ignore-scripts --loglevel=error 2>&1) && return
  code=$(printf '%s\n' "$said" | sed -n 's/^npm error code //p' | head -n 1)
  case $code in
    # These are faults of ours. Any other means that the registry cannot be reached.
    EUSAGE | EINTEGRITY | EJSONPARSE | ETARGET) printf '%s\n' "$said" | head -n 8 >&2; exit 1 ;;
  esac
  skip "no npm packages to be had here (${code:-npm ci failed})"
}

need_node() {
  local candidate
  install_packages "$npm_folder"
  for candidate in node "$npm_folder"/node_modules/node-*/bin/node; do
    if new_enough "$candidate"; then
      node=$(command -v "$candidate")
      return
    fi
  done
  skip 'no Node 22.19 or later here'
}
